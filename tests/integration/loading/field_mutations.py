"""What is done to single fields of a good file: values that break a rule of their column, other
ways to write the same value, and texts that must do nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.integration.loading.good_files import GoodFile
from tests.integration.loading.mutations import ENTRIES_ONLY


@dataclass(frozen=True)
class SpoiltField:
    """One field of one row, delivered as ``value``, and the rules its row breaks."""

    feed: str
    column: str
    value: str
    rule: str


def _spoil(feed: str, column: str, rule: str, *values: str) -> list[SpoiltField]:
    return [SpoiltField(feed, column, value, f"{column}: {rule}") for value in values]


NOT_DECIMAL = (
    "1,234.56", "$55.00", "\u00a555.00", "(554.33)", "554.33-", "5.5E2", "NaN", "inf", "\\N",
    "554.335", "99999999999999999.00", "\uff15\uff15.00", "\u0665.00", "1 000.00", "+1.00",
)  # fmt: skip
DENOTED = {
    "1,234.56": "1234.56", "$55.00": "55.00", "\u00a555.00": "55.00", "(554.33)": "-554.33",
    "554.33-": "-554.33", "5.5E2": "550.00", "NaN": "0.00", "inf": "0.00", "\\N": "0.00",
    "554.335": "554.34", "99999999999999999.00": "99999999999999999.00",
    "\uff15\uff15.00": "55.00", "\u0665.00": "5.00", "1 000.00": "1000.00", "+1.00": "1.00",
    "": "0.00", " ": "0.00", "-5.00": "-5.00", "-55.00": "-55.00",
}  # fmt: skip
"""The amount that the source system counted where it wrote this text."""
NOT_DATE = (
    "2023-02-30", "2023-02-29", "0000-00-00", "45322", "24-01-31", "31.01.2024", "2999-01-01",
    "1492-10-12", "9999-12-31",
)  # fmt: skip
UNFIT_KEYS = ("A\u200b1", "A\t1", "A\x7f1", "\uff21\uff11", "1.2E+10", "A\u202e1")

QUARANTINED: list[SpoiltField] = [
    *_spoil("teller.transaction", "amount", "bad_decimal", *NOT_DECIMAL),
    *_spoil("loan.loan_status", "principal_balance", "bad_decimal", *NOT_DECIMAL),
    *_spoil("teller.transaction", "amount", "null_not_allowed", "", " "),
    *_spoil("teller.transaction", "posting_date", "bad_date", *NOT_DATE),
    *_spoil("branch.account", "opened_date", "bad_date", *NOT_DATE[:-1]),
    *_spoil("teller.transaction", "posted_at", "bad_timestamp", "2024-01-31", "31.01.2024 10:00"),
    *_spoil("teller.transaction", "transaction_id", "null_not_allowed", "", "  "),
    *_spoil("branch.customer", "customer_id", "null_not_allowed", "", "  "),
    *_spoil("teller.transaction", "transaction_id", "bad_id", *UNFIT_KEYS),
    *_spoil("branch.customer", "customer_id", "bad_id", *UNFIT_KEYS),
    *_spoil("teller.transaction", "currency_code", "not_accepted", "XXX", "RMB", "\uff23NY"),
    *_spoil("branch.account", "status", "not_accepted", "AJAR", "ACTIVE1"),
    *_spoil("branch.account", "rate_type", "not_accepted", "X"),
    *_spoil("branch.customer", "document_number", "bad_check_digit", "110105195512310018"),
    *_spoil("card.card", "card_id", "card_number", "4111111111111111", "4111 1111 1111 1111"),
    *_spoil("loan.loan_status", "principal_balance", "below_minimum", "-5.00"),
    *_spoil("loan.loan_status", "days_past_due", "bad_integer", "3.0", "three"),
    SpoiltField("branch.account", "closed_date", "2014-01-01", "row: closed_before_opened"),
    SpoiltField("teller.transaction", "posting_date", "2150-01-01", "row: posted_in_the_future"),
    SpoiltField("teller.transaction", "amount", "-55.00", "row: negative_amount"),
    SpoiltField("branch.customer", "birth_date", "2150-01-01", "row: born_in_the_future"),
    SpoiltField("branch.customer", "opened_date", "2150-01-01", "row: opened_in_the_future"),
    SpoiltField("branch.account", "opened_date", "2150-01-01", "row: opened_in_the_future"),
    SpoiltField("card.card", "expiry_date", "2011-01-01", "row: expired_before_issued"),
]  # fmt: skip


@dataclass(frozen=True)
class Harmless:
    """Another way to write the same file; ``stored`` are fields that are read otherwise."""

    name: str
    make: Callable[[GoodFile], str]
    stored: Mapping[str, Any] = field(default_factory=dict)
    feeds: tuple[str, ...] = ("teller.transaction", "branch.customer")


def _all(**fields: str) -> Callable[[GoodFile], str]:
    return lambda good: good.write(good.change_all(lambda _, row: fields))


HARMLESS = (
    Harmless("byte order mark", lambda g: "\ufeff" + g.text),
    Harmless("CRLF", lambda g: g.text.replace("\n", "\r\n")),
    Harmless("no final newline", lambda g: g.text.rstrip("\n")),
    Harmless("blank lines", lambda g: g.text.replace("\n", "\n\n", 5) + "\n\n"),
    Harmless("order of the rows", lambda g: g.write(list(reversed(g.rows)))),
    Harmless("header in capitals", lambda g: g.write(header=[n.upper() for n in g.header])),
    Harmless(
        "newlines in quotes",
        _all(full_name="Zo\u00eb\nLi, widow of \"Bo\""),
        {"full_name": "Zo\u00eb\nLi, widow of \"Bo\""},
        ("branch.customer",),
    ),
    Harmless(
        "decomposed accents",
        _all(full_name="Zoe\u0308 Li"), {"full_name": "Zo\u00eb Li"}, ("branch.customer",),
    ),
    Harmless("padded codes", lambda g: g.write(g.change_all(lambda _, r: {
        name: f" {r[name]}  " for name in ("branch_id", g.header[0])}))),
    Harmless(
        "lower-case codes",
        _all(currency_code="cny", transaction_type_code="transfer"), {}, ENTRIES_ONLY,
    ),
    Harmless("orphan keys", _all(branch_id="99999"), {"branch_id": "99999"}),
    Harmless(
        "open date", _all(birth_date="9999-12-31"), {"birth_date": None}, ("branch.customer",),
    ),
)  # fmt: skip

INERT = (
    "'); drop table branch.customer; --",
    "<script>alert(1)</script>",
    '=HYPERLINK("http://example.org","x")',
    "+1+cmd|' /C calc'!A0",
    "{{ config(materialized='table') }}",
    "{% do run_query('drop schema raw') %}",
    "../../../etc/passwd",
    "$(rm -rf /)",
    "NULLS",
    "\\x00",
)
