"""Figures of the kept sample bank over the PostgreSQL protocol: casts, functions and lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from starlette.testclient import TestClient

from bankcrm.settings import Settings
from cube.server.app import create_app
from cube.wire.session.server import WireServer

Ask = Callable[[str], list[tuple[Any, ...]]]

MOMENT, HOUR, AMOUNT, CUSTOMERS = "booked_at", "hour_number", "amount", "customer_count"
COUNT = "select count(*) from transactions where "


@pytest.fixture(scope="module")
def ask(kept_sample: Settings) -> Iterator[Ask]:
    """Rows of a statement on the bank, as an administrator."""
    settings = kept_sample.model_copy(update={"wire_port": 0})
    with TestClient(create_app(settings)) as http:
        state = http.app.state  # type: ignore[attr-defined]
        server = WireServer(state.engine, state.bridge, settings)
        server.start()
        with psycopg.connect(
            host="127.0.0.1", port=server.port, user="dev", dbname="bankcrm", autocommit=True
        ) as connection:
            yield lambda sql: connection.execute(sql.encode()).fetchall()
        server.stop()


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (f"select count(distinct {MOMENT}::date) from transactions", 60),
        (f"{COUNT} {MOMENT}::date in ('2024-01-30', '2024-01-31')", 918),
        (f"{COUNT} {MOMENT}::date not in ('2024-01-30')", 32_035),
        (f"select sum(trunc({AMOUNT})) from transactions", 238_206_606),
        (f"{COUNT} {HOUR}::text > '5'", 1_439),
        (
            "select count(*) from (select 1 from transactions "
            f"group by {HOUR}::boolean) as groups_of_hours",
            1,
        ),
        (
            f"select count(distinct {CUSTOMERS}) from (select * from transactions) t "
            "where region_name = 'West Region'",
            590,
        ),
        (
            "select sum(deposit_end_balance) + sum(lending_end_balance) "
            "from (select * from balances) t",
            Decimal("262100537.22"),
        ),
        (
            "select share from (select region_name, "
            f"round(measure({AMOUNT}_share)::numeric, 5) as share from transactions group by 1) t "
            "where region_name = 'East Region'",
            Decimal("0.34518"),
        ),
    ],
)
def test_a_figure_of_the_sample_bank(ask: Ask, sql: str, expected: object) -> None:
    assert ask(sql) == [(expected,)]
