"""A bad optional field is left empty and counted; its row lives."""

from __future__ import annotations

from datetime import date
from io import StringIO
from typing import TYPE_CHECKING

from rich.console import Console

from pipelines.cli.screens.quarantine import print_quarantine
from pipelines.cli.screens.status import print_status
from pipelines.contracts.contract import get_contract
from pipelines.loading.quarantine import list_nulled_fields
from pipelines.validation.check import check_file

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.loading.conftest import Bank

FEED = "branch.customer"
DAY = date(2024, 1, 31)
GOOD = {
    "customer_id": "C1", "customer_type": "PERSON", "full_name": "Ada Moss",
    "birth_date": "1980-02-28", "gender": "F", "city": "Xian",
}  # fmt: skip


def line(**changes: str) -> str:
    fields = GOOD | changes
    return ",".join(fields.get(name, "") for name in get_contract(FEED).column_names)


def deliver(bank: Bank, *lines: str) -> Path:
    return bank.deliver_lines(FEED, DAY, list(lines))


def test_a_birth_date_of_31_february_costs_no_customer(bank: Bank) -> None:
    rows = [
        line(), line(customer_id="C2", birth_date="31.02.1980"),
        line(customer_id="C3", gender="X", birth_date="1980-02-31"),
    ]  # fmt: skip
    result = bank.load(deliver(bank, *rows))
    assert (result.status, result.rows_accepted, result.rows_quarantined) == ("loaded", 3, 0)
    assert result.nulled_fields == {"birth_date: bad_date": 2, "gender: not_accepted": 1}
    assert result.warnings[0] == (
        "birth_date: bad_date: 2 optional fields left empty, the first on line 3."
        " Send a date as 2024-01-31, from 1850-01-01 to 2200-12-31."
    )
    assert bank.query(
        "select customer_id, birth_date, birth_date_token is null, gender, city"
        f" from {get_contract(FEED).raw_table} order by 1"
    ) == [
        ("C1", date(1980, 2, 1), False, "F", "Xian"),
        ("C2", None, True, "F", "Xian"),
        ("C3", None, True, None, "Xian"),
    ]
    (born, gender) = list_nulled_fields(bank.raw)
    assert (born.feed, born.rule, born.fields, born.first_line) == (
        FEED, "birth_date: bad_date", 2, 3,
    )  # fmt: skip
    assert (gender.rule, gender.fields, gender.first_line) == ("gender: not_accepted", 1, 4)
    bank.assert_books_balance()


def test_a_row_that_breaks_another_rule_is_quarantined_whole(bank: Bank) -> None:
    rows = [line(), line(customer_id="C2", birth_date="31.02.1980", customer_type="ALIEN")]
    result = bank.load(deliver(bank, *rows))
    assert (result.rows_accepted, result.rows_quarantined) == (1, 1)
    assert result.nulled_fields == {}
    assert result.rules == {"birth_date: bad_date": 1, "customer_type: not_accepted": 1}


def test_rows_that_are_equal_but_for_bad_optional_fields_are_collapsed(bank: Bank) -> None:
    rows = [line(gender="X"), line(gender="Y"), line(customer_id="C2")]
    result = bank.load(deliver(bank, *rows))
    assert (result.rows_accepted, result.rows_collapsed, result.rows_quarantined) == (2, 1, 0)
    bank.assert_books_balance()


def test_a_column_that_is_written_otherwise_throughout_still_rejects_the_file(bank: Bank) -> None:
    rows = [line(customer_id=f"C{n}", birth_date=f"{n + 10}.02.1980") for n in range(12)]
    result = bank.load(deliver(bank, *rows))
    assert result.status == "rejected"
    assert "every row breaks 'birth_date: bad_date'" in result.problems[0]


def test_day_and_month_swapped_throughout_still_reject_the_file(bank: Bank) -> None:
    rows = [line(customer_id=f"C{n}", birth_date=f"1980-{n + 8:02}-03") for n in range(12)]
    result = bank.load(deliver(bank, *rows))
    assert result.status == "rejected"
    assert "birth_date is written year, day, month throughout" in result.problems[0]


def test_check_status_and_quarantine_name_the_fields(bank: Bank) -> None:
    path = deliver(bank, line(), line(customer_id="C2", birth_date="31.02.1980"))
    report = check_file(path)
    assert report.is_fit and "left empty, the first on line 3" in report.warnings[0]
    bank.load(path)
    bank.raw.close()
    for show in (print_status, lambda c, s: print_quarantine(c, s, None, 50)):
        console = Console(file=StringIO(), width=250)
        show(console, bank.settings)
        assert isinstance(console.file, StringIO)
        shown = console.file.getvalue()
        assert "Optional fields left empty" in shown and "birth_date: bad_date" in shown
        assert "Send a date as 2024-01-31" in shown
