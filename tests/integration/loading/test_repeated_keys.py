"""Entries that come again: equal ones are collapsed and counted, others are told and held."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from pipelines.checks.findings import Finding
from pipelines.checks.volume_checks import compare_with_weeks_before
from pipelines.contracts.contract import get_contract

if TYPE_CHECKING:
    from pipelines.loading.load import LoadResult
    from tests.integration.loading.conftest import Bank

ENTRIES, SURVEYS = "teller.transaction", "contact.survey"
FIRST, SECOND, THIRD = date(2024, 1, 30), date(2024, 1, 31), date(2024, 2, 1)


@dataclass(frozen=True)
class Entry:
    """An entry: id, day, amount."""

    number: str
    day: date
    amount: int = 100

    @property
    def line(self) -> str:
        """As the teller system writes it."""
        fields = {
            get_contract(ENTRIES).key[0]: self.number, "account_id": "A1",
            "posting_date": str(self.day), "transaction_type_code": "TRANSFER",
            "debit_credit": "C", "amount": f"{self.amount}.00", "fee_amount": "0.00",
            "currency_code": "CNY",
        }  # fmt: skip
        return "|".join(fields.get(name, "") for name in get_contract(ENTRIES).column_names)


def deliver(bank: Bank, day: date, *entries: Entry, rerun: int = 0) -> LoadResult:
    total = Decimal(sum(entry.amount for entry in entries))
    totals = {
        "amount": total, "amount[debit_credit=D]": Decimal(0), "amount[debit_credit=C]": total,
        "fee_amount": Decimal(0),
    }  # fmt: skip
    lines = [entry.line for entry in entries]
    path = bank.deliver_lines(ENTRIES, day, lines, totals=totals, rerun=rerun)
    result = bank.load(path)
    assert result.status == "loaded", result.problems
    bank.assert_books_balance()
    return result


def findings(bank: Bank) -> list[Finding]:
    rules = (f"repeated_keys:{ENTRIES}", f"repeated_keys:{SURVEYS}")
    return [f for f in compare_with_weeks_before(bank.raw, ()) if f.rule in rules]


def test_entries_of_the_day_before_are_collapsed_counted_and_told(bank: Bank) -> None:
    earlier = [Entry("1", FIRST), Entry("2", FIRST, 250)]
    deliver(bank, FIRST, *earlier)
    result = deliver(bank, SECOND, Entry("3", SECOND, 40), *earlier)
    assert (result.rows_delivered, result.rows_accepted) == (3, 1)
    assert (result.rows_collapsed, result.rows_quarantined) == (2, 0)
    assert result.earliest_affected_date == SECOND
    assert bank.query(
        "select delivered, accepted, quarantined, collapsed from ops.load_total"
        f" where load_id = {result.load_id} and label = 'amount'"
    ) == [(390, 40, 0, 350)]
    assert bank.query(f"select sum(amount) from {get_contract(ENTRIES).raw_table}") == [(390,)]
    (finding,) = findings(bank)
    assert finding.severity == "warn"
    assert (
        "2 of 3 rows were delivered before and are left out:"
        " transaction_2024-01-31_r0.csv.gz line 3 repeats line 2 of"
        " transaction_2024-01-30_r0.csv.gz"
    ) in finding.message


def test_ids_that_begin_again_are_quarantined_and_hold_the_business_date(bank: Bank) -> None:
    deliver(bank, FIRST, Entry("1", FIRST), Entry("2", FIRST, 250))
    result = deliver(bank, SECOND, Entry("1", SECOND, 7), Entry("2", SECOND, 8), Entry("3", SECOND))
    assert (result.rows_accepted, result.rows_quarantined, result.rows_collapsed) == (1, 2, 0)
    assert result.rules == {"transaction_id: repeated_key": 2}
    (finding,) = findings(bank)
    assert (finding.severity, finding.business_date) == ("hold", SECOND)
    assert (
        "2 of 3 rows have a transaction_id that was delivered before with other content, and are in"
        " quarantine: transaction_2024-01-31_r0.csv.gz line 2 repeats line 2 of"
        " transaction_2024-01-30_r0.csv.gz"
    ) in finding.message


def test_a_rerun_repeats_its_own_business_date(bank: Bank) -> None:
    deliver(bank, FIRST, Entry("1", FIRST), Entry("2", FIRST, 250))
    result = deliver(bank, FIRST, Entry("1", FIRST), Entry("2", FIRST, 300), rerun=1)
    assert (result.rows_accepted, result.rows_collapsed) == (2, 0)
    assert findings(bank) == []


def test_a_later_file_without_repeats_stores_none(bank: Bank) -> None:
    deliver(bank, FIRST, Entry("1", FIRST))
    deliver(bank, SECOND, Entry("2", SECOND), Entry("1", FIRST))
    deliver(bank, THIRD, Entry("4", THIRD))
    assert bank.query("select count(*) from ops.repeated_row") == [(1,)]


def test_a_correction_that_takes_the_original_away_asks_for_the_repeat_again(bank: Bank) -> None:
    moved = Entry("2", FIRST, 250)
    deliver(bank, FIRST, Entry("1", FIRST), moved)
    second = deliver(bank, SECOND, Entry("3", SECOND), moved)
    deliver(bank, FIRST, Entry("1", FIRST), rerun=1)
    (finding,) = [f for f in findings(bank) if f.severity == "hold"]
    assert (finding.load_id, finding.business_date) == (second.load_id, SECOND)
    assert "1 rows of transaction_2024-01-31_r0.csv.gz, the first on line 3" in finding.message
    deliver(bank, SECOND, Entry("3", SECOND), moved, rerun=1)
    assert findings(bank) == []
    assert bank.query(
        f"select sum(amount) from {get_contract(ENTRIES).raw_table}"
        " semi join ops.active_load using (load_id)"
    ) == [(450,)]


def test_equal_answers_of_a_survey_are_collapsed_by_what_is_stored_of_them(bank: Bank) -> None:
    contract = get_contract(SURVEYS)
    values = {
        "id": "'S1'", "text": "'good'", "code": "'WEB'", "date": f"date '{FIRST}'",
        "timestamp": f"timestamp '{FIRST} 10:00:00'", "integer": "5", "amount": "1.00",
        "rate": "0.1", "share": "0.5", "boolean": "true",
    }  # fmt: skip
    columns = ", ".join(
        f"{repr(c.accepted[0]) if c.accepted else values[c.type]} as {c.name}"
        for c in contract.columns
    )
    for day in (FIRST, SECOND):
        result = bank.load(bank.deliver(SURVEYS, day, f"select {columns}"))
        assert (result.status, result.rules) == ("loaded", {})
    assert (result.rows_accepted, result.rows_collapsed) == (0, 1)
    (finding,) = findings(bank)
    assert finding.severity == "warn"
