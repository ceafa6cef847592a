"""Files as real tools write them: taken where nothing is lost, else refused with what to change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bankcrm.files import hash_file
from pipelines.contracts.contract import Contract, load_contracts
from pipelines.contracts.file_format import Format
from tests.integration.loading.good_files import GoodFile, make_customers, make_entries

if TYPE_CHECKING:
    from pipelines.loading.load import LoadResult
    from tests.integration.loading.conftest import Bank

NIGHT = date(2024, 1, 31)
BALANCES, ENTRIES = "branch.account_balance", "teller.transaction"
MOMENT = "posted_at"
"""The column of the entries that says when they were booked."""
ACCOUNTS = ("000001", "000002", "000003")
TWELVE = {"balance": Decimal("36.00")}


@pytest.fixture
def declare(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Contract]:
    """Have a contract say something else about how its files are written."""

    def declare(contract: Contract, **written: Any) -> Contract:
        described = Format.model_validate(contract.format.model_dump() | written)
        changed = contract.model_copy(update={"format": described})
        monkeypatch.setitem(load_contracts(), contract.name, changed)
        return changed

    return declare


def load_text(bank: Bank, good: GoodFile, text: str, encoding: str = "utf-8") -> LoadResult:
    path = bank.deliver_bytes(
        good.contract.name,
        NIGHT,
        text.encode(encoding),
        suffix=".csv",
        rows=12,
        totals=good.totals,
    )
    return bank.load(path)


def load_balances(bank: Bank, *lines: str, total: str = "36.00") -> LoadResult:
    totals = {"balance": Decimal(total)}
    return bank.load(bank.deliver_lines(BALANCES, NIGHT, [*lines], totals=totals))


# --- text


def test_null_words_of_columns_that_may_be_empty_are_no_value(bank: Bank) -> None:
    good = make_entries(NIGHT)
    words = ("NULL", r"\N", "N/A", "null")
    rows = good.change_all(
        lambda number, row: {"reversal_of": words[number % 4], "counterparty_account": "NULL"}
    )
    result = load_text(bank, good, good.write(rows))
    assert (result.problems, result.rows_accepted) == ((), 12)
    assert bank.query(
        "select count(*), count(reversal_of), count(counterparty_account) from teller.transaction"
    ) == [(12, 0, 0)]


def test_a_null_word_in_an_optional_number_or_date_is_no_value(bank: Bank) -> None:
    good = make_customers(NIGHT)
    rows = good.change_all(lambda _, row: {"birth_date": "NULL", "gender": "N/A"})
    result = load_text(bank, good, good.write(rows))
    assert (result.problems, result.rows_accepted) == ((), 12)
    assert bank.query("select count(birth_date), count(gender) from branch.customer") == [(0, 0)]


def test_a_null_word_is_no_id_and_stays_a_name(bank: Bank) -> None:
    good = make_customers(NIGHT)
    rows = good.change(4, full_name="NULL")
    rows[6]["customer_id"] = "NULL"
    result = load_text(bank, good, good.write(rows))
    assert result.rules == {"customer_id: null_not_allowed": 1}
    assert result.rows_accepted == 11


def test_a_contract_names_its_own_null_words(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    good = make_customers(NIGHT)
    columns = tuple(
        column.model_copy(update={"null_words": ("keine",)}) if column.name == "city" else column
        for column in good.contract.columns
    )
    changed = good.contract.model_copy(update={"columns": columns})
    monkeypatch.setitem(load_contracts(), changed.name, changed)
    rows = good.change_all(lambda number, row: {"city": "keine" if number % 2 else "NULL"})
    assert load_text(bank, good, good.write(rows)).problems == ()
    assert bank.query("select city, count(*) from branch.customer group by all order by all") == [
        ("NULL", 6),
        (None, 6),
    ]


@pytest.mark.parametrize("space", ["\u00a0", "\u3000", "\u2009", "\u202f", "\t", " \u00a0 "])
def test_unicode_spaces_around_ids_and_numbers_are_trimmed(bank: Bank, space: str) -> None:
    result = load_balances(
        bank, f"000001{space},12.00", f"{space}000002,{space}12.00{space}", "000003,12.00"
    )
    assert (result.problems, result.rows_accepted) == ((), 3)
    assert bank.query("select account_id from branch.account_balance order by all") == [
        (account,) for account in ACCOUNTS
    ]


def test_a_delimiter_at_the_end_of_every_line_opens_no_column(bank: Bank) -> None:
    good = make_entries(NIGHT)
    lines = good.text.splitlines()
    result = load_text(bank, good, "".join(f"{line}|\n" for line in lines))
    assert (result.problems, result.rows_accepted) == ((), 12)


def test_a_value_behind_the_last_column_is_refused(bank: Bank) -> None:
    good = make_entries(NIGHT)
    lines = [f"{line}|" for line in good.text.splitlines()]
    lines[3] += "12.00"
    (problem,) = load_text(bank, good, "\n".join(lines) + "\n").problems
    assert problem.startswith("1 rows have a value behind the delimiter at the end of the header")


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("utf-16", "Zo\u00eb \u5ba2\u6237"),
        ("cp1252", "Zo\u00eb \u0160imon \u20ac"),
        ("big5", "\u9577\u6c5f\u5927\u8def"),
        ("shift-jis", "\u6771\u4eac\u30bd\u30d5\u30c8"),
        ("cp932", "\u2460\u682a\u5f0f"),
        ("gb18030", "\u957f\u6c5f\u5927\u8def"),
    ],
)
def test_every_encoding_of_a_contract_is_read(
    bank: Bank, declare: Callable[..., Contract], encoding: str, name: str
) -> None:
    good = make_customers(NIGHT)
    declare(good.contract, encoding=encoding, delimiter="\t")
    good = replace(good, contract=load_contracts()[good.contract.name])
    rows = good.change_all(lambda _, row: {"full_name": name, "city": name})
    result = load_text(bank, good, good.write(rows), encoding)
    assert result.problems == ()
    assert bank.query("select distinct city from branch.customer") == [(name,)]


def test_utf_16_with_half_a_character_costs_its_row(
    bank: Bank, declare: Callable[..., Contract]
) -> None:
    good = make_customers(NIGHT)
    declare(good.contract, encoding="utf-16")
    rows = good.change(4, full_name="\u017ei\u017ekov")
    content = good.write(rows).encode("utf-16").replace(b"\x7e\x01", b"\x00\xd8")
    path = bank.deliver_bytes(good.contract.name, NIGHT, content, suffix=".csv", rows=12)
    result = bank.load(path)
    assert (result.problems, result.rules) == ((), {"full_name: bad_text": 1})


def test_utf_16_that_no_contract_announces_is_refused_with_what_to_change(bank: Bank) -> None:
    good = make_customers(NIGHT)
    (problem,) = load_text(bank, good, good.text, "utf-16").problems
    assert problem == (
        "is UTF-16, the contract says utf-8: write it in utf-8 (Excel: save as CSV UTF-8), or have"
        " `encoding: utf-16` put under `format` of the contract"
    )


# --- Parquet


def load_parquet(
    bank: Bank,
    feed: str,
    columns: dict[str, pa.Array[Any]],
    totals: dict[str, Decimal],
    *,
    int96: bool = False,
) -> LoadResult:
    path: Path = bank.deliver_bytes(feed, NIGHT, b"", suffix=".parquet", rows=3, totals=totals)
    pq.write_table(pa.table(columns), path, use_deprecated_int96_timestamps=int96)
    bank.restate(path, sha256=hash_file(path))
    return bank.load(path)


def balances(**changed: pa.Array[Any]) -> dict[str, pa.Array[Any]]:
    money = pa.array([Decimal("12.00")] * 3, pa.decimal128(18, 2))
    columns: dict[str, pa.Array[Any]] = {"account_id": pa.array(ACCOUNTS), "balance": money}
    return columns | changed


def entries(**changed: pa.Array[Any]) -> dict[str, pa.Array[Any]]:
    """Three entries, each column of the type of the contract."""
    good = make_entries(NIGHT)
    types = {"date": pa.date32(), "timestamp": pa.timestamp("us"), "amount": pa.decimal128(18, 2)}
    read: dict[str, Callable[[str], object]] = {
        "date": date.fromisoformat,
        "timestamp": datetime.fromisoformat,
        "amount": Decimal,
    }
    columns: dict[str, pa.Array[Any]] = {}
    for column in good.contract.columns:
        texts = [row[column.name] for row in good.rows[:3]]
        values = [read.get(column.type, str)(text) if text else None for text in texts]
        columns[column.name] = pa.array(values, types.get(column.type, pa.string()))
    return columns | changed


def totals_of_entries() -> dict[str, Decimal]:
    good = make_entries(NIGHT)
    return GoodFile(good.contract, NIGHT, good.rows[:3]).totals


def test_parquet_names_in_capitals_are_the_columns(bank: Bank) -> None:
    columns = {name.upper(): values for name, values in balances().items()}
    assert load_parquet(bank, BALANCES, columns, TWELVE).problems == ()


def test_parquet_names_that_differ_by_capitals_only_are_refused(bank: Bank) -> None:
    columns = balances() | {"BALANCE": balances()["balance"]}
    (problem,) = load_parquet(bank, BALANCES, columns, TWELVE).problems
    assert "columns balance are there twice, in capitals and in small letters" in problem


def test_an_optional_column_without_any_value_may_have_no_type(bank: Bank) -> None:
    columns = entries(
        reversal_of=pa.nulls(3), teller_id=pa.nulls(3), counterparty_account=pa.nulls(3, pa.int64())
    )
    assert load_parquet(bank, ENTRIES, columns, totals_of_entries()).problems == ()


def test_ids_as_numbers_are_refused_because_their_zeros_are_lost(bank: Bank) -> None:
    columns = balances(account_id=pa.array([1, 2, 3], pa.int64()))
    assert load_parquet(bank, BALANCES, columns, TWELVE).problems == (
        "column account_id is bigint, the contract says varchar: write it as a string; a number has"
        " lost the zeros in front of an id",
    )


def test_dates_as_midnights_are_dates_and_other_moments_are_refused(bank: Bank) -> None:
    name = make_entries(NIGHT).contract.effective
    assert name is not None
    days = [datetime(2024, 1, 31)] * 3
    moments = pa.array(days, pa.timestamp("ns"))
    totals = totals_of_entries()
    late = pa.array([*days[:2], datetime(2024, 1, 31, 10)], pa.timestamp("us"))
    (problem,) = load_parquet(bank, ENTRIES, entries(**{name.from_column: late}), totals).problems
    assert "some values have a time of day; write dates" in problem
    assert (
        load_parquet(bank, ENTRIES, entries(**{name.from_column: moments}), totals).problems == ()
    )


@pytest.mark.parametrize("kind", ["int96", "instant"])
def test_an_instant_is_refused_without_a_zone_and_local_time_with_it(
    bank: Bank, declare: Callable[..., Contract], kind: str
) -> None:
    zone = None if kind == "int96" else "UTC"
    moments = pa.array([datetime(2024, 1, 31, 1, 30)] * 3, pa.timestamp("us", zone))
    columns, totals = entries(**{MOMENT: moments}), totals_of_entries()
    (problem,) = load_parquet(bank, ENTRIES, columns, totals, int96=kind == "int96").problems
    assert "have `time_zone` put under `format` of the contract" in problem

    declare(load_contracts()[ENTRIES], time_zone="Asia/Shanghai")
    result = load_parquet(bank, ENTRIES, columns, totals, int96=kind == "int96")
    assert result.problems == ()
    assert bank.query(f"select distinct {MOMENT} from teller.transaction") == [
        (datetime(2024, 1, 31, 9, 30),)
    ]


def test_a_contract_with_a_zone_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no time zone 'Shanghai'"):
        Format(time_zone="Shanghai")
