"""Whatever is done to the rows of a file, its books balance and nothing is lost unseen."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.integration.loading.conftest import Bank

AMOUNTS = st.decimals(min_value=-9999, max_value=9999, places=2).map(str)
BROKEN = st.sampled_from(
    ["", " ", "1e5", "NaN", "1,5", "\uff11\uff12", "--1", "99999999999999999999", "1.005", "\\N"]
)
DENOTED = {
    "1e5": "100000.00",
    "1,5": "1.50",
    "\uff11\uff12": "12.00",
    "--1": "-1.00",
    "99999999999999999999": "99999999999999999999.00",
    "1.005": "1.01",
}
"""What a broken text stands for; nothing, where it is not here."""
CODES = st.sampled_from(["D", "C", "d", " C ", "X", "", "\uff24"])
ENTRY = st.tuples(
    st.sampled_from(["T1", "T2", "T3", "T4", "T5", "", "1.0E+12", "T\u200b1"]),
    CODES,
    st.one_of(AMOUNTS, BROKEN),
    st.one_of(st.just("0"), AMOUNTS, BROKEN),
)
Entry = tuple[str, str, str, str]
DAYS = (date(1990, 1, 1) + timedelta(days=number) for number in count())


def write_entry(day: date, entry: tuple[str, str, str, str]) -> str:
    transaction, debit_credit, amount, fee = entry
    fields = [transaction, "A1", str(day), "", "TRANSFER", "ATM", "", "", debit_credit]
    return "|".join([*fields, amount, fee, "CNY", "T0", ""])


def count_unreadable(entries: list[Entry], label: str) -> Decimal:
    """What the source counted of the amounts that the loader cannot read."""
    column, _, side = label.partition("[debit_credit=")
    place = 3 if column == "fee_amount" else 2
    return sum(
        (
            Decimal(DENOTED.get(entry[place], 0))
            for entry in entries
            if not side or entry[1].strip().upper() == side[0]
        ),
        Decimal(0),
    )


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    entries=st.lists(ENTRY, max_size=9), stated=st.lists(st.integers(0, 99), min_size=4, max_size=4)
)
def test_delivered_is_accepted_plus_quarantined_plus_collapsed(
    bank: Bank, entries: list[tuple[str, str, str, str]], stated: list[int]
) -> None:
    day = next(DAYS)
    labels = ["amount", "amount[debit_credit=D]", "amount[debit_credit=C]", "fee_amount"]
    totals = dict(zip(labels, map(Decimal, stated), strict=True))
    lines = [write_entry(day, entry) for entry in entries]
    path = bank.deliver_lines("teller.transaction", day, lines, totals=totals, rows=len(lines))
    result = bank.load(path)
    if result.status == "rejected":
        # Only a total can differ; state what the file holds and it is loaded.
        assert all("sums to" in problem for problem in result.problems), result.problems
        held = {p.split(" sums to ")[0]: p.split(" sums to ")[1] for p in result.problems}
        totals |= {
            label: Decimal(text.split(",")[0]) + count_unreadable(entries, label)
            for label, text in held.items()
        }
        bank.restate(path, totals=totals)
        result = bank.load(path)
    assert result.status == "loaded", result.problems
    assert result.rows_delivered == len(entries)
    bank.assert_books_balance()
    kept = bank.query(
        f"select file_line from teller.transaction where load_id = {result.load_id}"
        f" union all select file_line from ops.quarantine where load_id = {result.load_id}"
    )
    lines_kept = [line for (line,) in kept]
    assert len(set(lines_kept)) == len(lines_kept) == len(entries) - result.rows_collapsed
    accepted = bank.query(
        "select coalesce(sum(amount), 0), coalesce(sum(fee_amount), 0)"
        f" from teller.transaction where load_id = {result.load_id}"
    )
    stored = bank.query(
        f"select accepted from ops.load_total where load_id = {result.load_id}"
        " and label in ('amount', 'fee_amount') order by label"
    )
    assert accepted == [(stored[0][0], stored[1][0])]


@pytest.mark.parametrize("rows", [0, 1])
def test_an_empty_night_is_a_delivery_when_its_control_file_says_so(bank: Bank, rows: int) -> None:
    path = bank.deliver_lines("branch.account_balance", date(2024, 1, 1), [], rows=rows)
    assert bank.load(path).status == ("rejected" if rows else "loaded")
