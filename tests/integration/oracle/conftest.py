"""Each refreshed bank, its published tables, and what they should hold."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bankcrm.settings import Settings
from bankcrm.warehouse.versions import open_published
from tests.integration.oracle.bank import OracleBank, open_bank


@pytest.fixture(scope="session")
def sample(sample_bank: Settings) -> Iterator[OracleBank]:
    """The sample bank beside its published version."""
    with open_published(sample_bank) as connection:
        yield open_bank(sample_bank, connection)


@pytest.fixture(scope="session")
def berka(berka_bank: Settings) -> Iterator[OracleBank]:
    """The PKDD'99 bank beside its published version."""
    with open_published(berka_bank) as connection:
        yield open_bank(berka_bank, connection)


@pytest.fixture(scope="session", params=["sample", "berka"])
def bank(request: pytest.FixtureRequest) -> OracleBank:
    """Each bank; the second is skipped where its data is absent."""
    oracle: OracleBank = request.getfixturevalue(request.param)
    return oracle
