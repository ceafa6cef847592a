"""How many customers linkage finds among records that nobody here made: FEBRL 1, 500 pairs.

``make proof-linkage`` does the same with FEBRL 2 to 4; docs/identity.md has the figures.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.identity.conftest import Bank
from tests.unit.identity.febrl import link_people, read_people

FEBRL_1 = Path(__file__).parent / "data" / "febrl_dataset1.csv"


@pytest.mark.parametrize(
    ("with_documents", "recall", "merged"), [(False, 0.96, 0.53), (True, 0.99, 0.87)]
)
def test_as_many_pairs_are_found_as_the_documentation_says(
    bank: Bank, with_documents: bool, recall: float, merged: float
) -> None:
    with FEBRL_1.open(encoding="utf-8", newline="") as lines:
        people = read_people(lines, with_documents=with_documents)
    found = link_people(bank, people)
    assert found.true == 500
    assert found.recall >= recall
    assert found.merged_recall >= merged
    assert found.wrong == 0
