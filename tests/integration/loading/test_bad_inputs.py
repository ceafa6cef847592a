"""Every bad input that is known, made from good files of feeds of different shape.

All of them go into one raw database, each on a date of its own, so that each must also leave alone
what the others left there.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pipelines.contracts.stored_columns import personal_columns
from pipelines.loading.complete_through import explain_incomplete_date
from pipelines.loading.quarantine import list_quarantine, read_fields
from tests.integration.loading.field_mutations import (
    DENOTED,
    HARMLESS,
    INERT,
    QUARANTINED,
    Harmless,
    SpoiltField,
)
from tests.integration.loading.good_files import MAKERS, GoodFile, make_customers, make_entries
from tests.integration.loading.mutations import (
    MOST_BYTES,
    REJECTED,
    SPOILT,
    SPOILT_LINE,
    WORDS,
    Delivered,
    Mutation,
)

if TYPE_CHECKING:
    from pipelines.loading.load import LoadResult
    from tests.integration.loading.conftest import Bank


def _dates() -> Iterator[date]:
    """Dates whose day is no month: swapped dates are found by that."""
    day = date(2020, 1, 13)
    while True:
        yield day
        day += timedelta(days=1)
        if day.day < 13:
            day = day.replace(day=13)


NIGHTS = _dates()


def deliver(bank: Bank, good: GoodFile, delivered: Delivered, rerun: int = 0) -> Path:
    stated = {"rows": len(good.rows), "totals": good.totals, "rerun": rerun} | dict(
        delivered.stated
    )
    shutil.rmtree(bank.settings.landing_folder, ignore_errors=True)
    return bank.deliver_bytes(
        good.contract.name,
        good.business_date,
        delivered.content,
        suffix=delivered.suffix,
        **stated,
    )


def load(bank: Bank, good: GoodFile, delivered: Delivered, rerun: int = 0) -> LoadResult:
    return bank.load(deliver(bank, good, delivered, rerun), MOST_BYTES)


def remember(bank: Bank, good: GoodFile, last: int) -> list[tuple[Any, ...]]:
    """Everything the raw database holds of the feed and the books, up to a load."""
    tables = [good.contract.raw_table, "ops.load", "ops.load_total", "ops.quarantine"]
    return [
        bank.query(f"select count(*), bit_xor(hash(t)) from {table} as t where load_id <= {last}")[
            0
        ]
        for table in tables
    ]


def last_load(bank: Bank) -> int:
    ((last,),) = bank.query("select coalesce(max(load_id), 0) from ops.load")
    return int(last)


def stored_rows(bank: Bank, good: GoodFile) -> list[tuple[Any, ...]]:
    """Rows of the night that count, as text, in order; personal values from the vault."""
    personal = {column.name for column in personal_columns(good.contract)}
    columns = ", ".join(
        f"(select max(value) from vault.entry where token = raw.{name}_token)"
        if name in personal
        else f"raw.{name}::varchar"
        for name in good.header
    )
    rows = bank.query(
        f"select {columns} from {good.contract.raw_table} as raw"
        " where load_id in (select load_id from ops.active_load)"
        f" and business_date = date '{good.business_date}'"
    )
    return sorted(rows)


def as_stored(good: GoodFile, changed: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    rows = [row | (changed or {}) for row in good.rows]
    return sorted(tuple(row[name] or None for name in good.header) for row in rows)


def assert_resend_loads(bank: Bank, good: GoodFile) -> None:
    """The good file, delivered as the next rerun, is loaded whole and is all that counts."""
    result = load(bank, good, Delivered(good.text.encode()), rerun=1)
    assert (result.status, result.problems) == ("loaded", ())
    assert stored_rows(bank, good) == as_stored(good)


@pytest.mark.parametrize(
    ("mutation", "feed"),
    [pytest.param(m, feed, id=f"{feed} {m.name}") for m in REJECTED for feed in m.feeds],
)
def test_a_bad_file_is_rejected_with_its_reason_and_a_good_one_follows(
    shared_bank: Bank, mutation: Mutation, feed: str
) -> None:
    good = MAKERS[feed](next(NIGHTS))
    last = last_load(shared_bank)
    before = remember(shared_bank, good, last)
    result = load(shared_bank, good, mutation.make(good))
    assert result.status == "rejected"
    expected = mutation.expected(feed)
    assert any(expected in problem for problem in result.problems), result.problems
    assert stored_rows(shared_bank, good) == []
    assert shared_bank.query(
        f"select status, rows_delivered from ops.load where load_id > {last}"
    ) == [("rejected", None)]
    assert remember(shared_bank, good, last) == before
    assert_resend_loads(shared_bank, good)


@pytest.mark.parametrize(
    "spoilt", QUARANTINED, ids=[f"{s.feed} {s.column} {s.value!a}" for s in QUARANTINED]
)
def test_a_bad_row_is_quarantined_by_its_line_and_rule_and_the_others_are_loaded(
    shared_bank: Bank, spoilt: SpoiltField
) -> None:
    good = MAKERS[spoilt.feed](next(NIGHTS))
    rows = good.change(SPOILT, **{spoilt.column: spoilt.value})
    if spoilt.rule.endswith("bad_check_digit"):
        rows = good.change(SPOILT, document_type="ID_CARD", document_number=spoilt.value)
    if spoilt.rule.endswith("closed_before_opened"):
        rows = good.change(SPOILT, closed_date=spoilt.value, status="CLOSED")
    last = last_load(shared_bank)
    before = remember(shared_bank, good, last)
    stated = {"totals": restate_readable(good, spoilt)}
    result = load(shared_bank, good, Delivered(good.write(rows).encode(), stated=stated))
    assert (result.status, result.problems) == ("loaded", ())
    assert (result.rows_accepted, result.rows_quarantined) == (len(good.rows) - 1, 1)
    (row,) = list_quarantine(shared_bank.raw, load_id=result.load_id)
    assert row.file_line == SPOILT_LINE
    assert spoilt.rule in row.rules
    if not spoilt.rule.endswith("card_number"):
        fields = read_fields(shared_bank.raw, [row])[SPOILT_LINE]
        assert (fields[spoilt.column] or "") == spoilt.value
    kept = GoodFile(good.contract, good.business_date, [*good.rows[:SPOILT], *good.rows[5:]])
    assert stored_rows(shared_bank, good) == as_stored(kept)
    shared_bank.assert_books_balance()
    assert remember(shared_bank, good, last) == before
    assert_resend_loads(shared_bank, good)


def restate_readable(good: GoodFile, spoilt: SpoiltField) -> dict[str, Decimal]:
    """Totals as the source counted them, over the amount that the spoilt text stands for."""
    amount = DENOTED.get(spoilt.value)
    if spoilt.column not in ("amount", "principal_balance") or amount is None:
        return good.totals
    return GoodFile(
        good.contract, good.business_date, good.change(SPOILT, **{spoilt.column: amount})
    ).totals


@pytest.mark.parametrize("make", [make_entries, make_customers])
def test_rows_of_one_key_that_differ_are_all_quarantined(shared_bank: Bank, make: Any) -> None:
    good = make(next(NIGHTS))
    rows = good.change(SPOILT, **{good.header[0]: good.rows[SPOILT + 1][good.header[0]]})
    result = load(shared_bank, good, Delivered(good.write(rows).encode()))
    assert (result.status, result.rows_quarantined) == ("loaded", 2)
    found = list_quarantine(shared_bank.raw, load_id=result.load_id)
    assert [row.file_line for row in found] == [SPOILT_LINE, SPOILT_LINE + 1]
    assert {row.rules for row in found} == {(f"{good.header[0]}: duplicate_key",)}
    shared_bank.assert_books_balance()
    assert_resend_loads(shared_bank, good)


@pytest.mark.parametrize("feed", ["teller.transaction", "branch.customer"])
def test_bytes_that_are_no_text_cost_their_row_alone(shared_bank: Bank, feed: str) -> None:
    good = MAKERS[feed](next(NIGHTS))
    rows = good.change(SPOILT, **{WORDS[feed]: "Zo@ Li"})
    result = load(shared_bank, good, Delivered(good.write(rows).encode().replace(b"@", b"\xff")))
    assert (result.status, result.rows_quarantined) == ("loaded", 1)
    (row,) = list_quarantine(shared_bank.raw, load_id=result.load_id)
    assert (row.file_line, row.rules) == (SPOILT_LINE, (f"{WORDS[feed]}: bad_text",))
    shared_bank.assert_books_balance()
    assert_resend_loads(shared_bank, good)


def test_a_card_number_is_kept_nowhere(shared_bank: Bank) -> None:
    good = MAKERS["card.card"](next(NIGHTS))
    rows = good.change(SPOILT, card_id="4111-1111-1111-1111")
    result = load(shared_bank, good, Delivered(good.write(rows).encode()))
    (row,) = list_quarantine(shared_bank.raw, load_id=result.load_id)
    assert read_fields(shared_bank.raw, [row])[SPOILT_LINE]["card_id"] == "411111******1111"
    for path in (path for path in shared_bank.settings.home.rglob("*") if path.is_file()):
        if shared_bank.settings.landing_folder not in path.parents:
            stored = path.read_bytes()
            assert b"4111111111111111" not in stored and b"4111-1111" not in stored, path


@pytest.mark.parametrize(
    ("harmless", "feed"),
    [pytest.param(h, feed, id=f"{feed} {h.name}") for h in HARMLESS for feed in h.feeds],
)
def test_a_harmless_way_of_writing_gives_the_same_rows(
    shared_bank: Bank, harmless: Harmless, feed: str
) -> None:
    good = MAKERS[feed](next(NIGHTS))
    result = load(shared_bank, good, Delivered(harmless.make(good).encode()))
    assert (result.status, result.problems, result.rows_quarantined) == ("loaded", (), 0)
    assert stored_rows(shared_bank, good) == as_stored(good, dict(harmless.stored))
    shared_bank.assert_books_balance()


@pytest.mark.parametrize("feed", ["teller.transaction", "branch.customer"])
def test_hostile_text_is_stored_as_it_is(shared_bank: Bank, feed: str) -> None:
    good = MAKERS[feed](next(NIGHTS))
    rows = good.change_all(lambda i, _: {WORDS[feed]: INERT[i % len(INERT)]})
    hostile = GoodFile(good.contract, good.business_date, rows)
    last = last_load(shared_bank)
    before = remember(shared_bank, good, last)
    result = load(shared_bank, good, Delivered(hostile.text.encode()))
    assert (result.status, result.rows_quarantined) == ("loaded", 0)
    assert stored_rows(shared_bank, good) == as_stored(hostile)
    assert remember(shared_bank, good, last) == before


def test_the_operator_reads_file_reason_and_next_step(bank: Bank) -> None:
    good = make_customers(next(NIGHTS))
    load(bank, good, Delivered(good.write(good.rows[:-1]).encode()))
    blocked = explain_incomplete_date(bank.raw)
    assert blocked is not None
    night = good.business_date
    assert f"customer_{night}_r0.csv was rejected: has 11 rows" in blocked.problem
    assert f"branch/customer/customer_{night}_r1.csv," in blocked.remedy
