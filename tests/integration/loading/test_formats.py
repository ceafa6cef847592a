"""Encodings, delimiters, archives and Parquet: what a contract may say, and what is refused."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from bankcrm.files import hash_file
from pipelines.contracts.contract import Contract, load_contracts
from pipelines.landing.control import ControlFile, control_path
from pipelines.landing.delivery import write_control
from pipelines.landing.folder import Delivery
from pipelines.loading.load import LoadResult, load_delivery
from pipelines.sources.extract import ExtractWriter
from pipelines.validation.check import check_file
from tests.integration.loading.good_files import (
    MAKERS,
    GoodFile,
    make_customers,
    make_entries,
    make_loan_positions,
)

if TYPE_CHECKING:
    from tests.integration.loading.conftest import Bank

NIGHT = date(2024, 1, 31)
NAMES = {
    "utf-8": "Zoë 客户 ŁŻ",
    "gbk": "长江大路 客户",
    "gb18030": "\U00020000\u9fa6 客户 Zoë",
    "iso-8859-2": "Łódź Žižkov",
}


def written_as(good: GoodFile, **changes: Any) -> GoodFile:
    """The file under a contract that says it is written otherwise."""
    written = good.contract.format.model_copy(update=changes)
    return replace(good, contract=good.contract.model_copy(update={"format": written}))


def load(bank: Bank, good: GoodFile, content: bytes, suffix: str = ".csv") -> LoadResult:
    path = bank.deliver_bytes(
        good.contract.name, NIGHT, content, suffix=suffix, rows=12, totals=good.totals
    )
    found = bank.find(path)
    return load_delivery(bank.raw, Delivery(good.contract, found.control, path), 4_000_000)


@pytest.mark.parametrize("encoding", NAMES)
@pytest.mark.parametrize("delimiter", [",", "|+|", "||", "\t", "~^~"])
def test_every_encoding_and_delimiter_reads_what_was_written(
    bank: Bank, encoding: str, delimiter: str
) -> None:
    good = written_as(make_customers(NIGHT), encoding=encoding, delimiter=delimiter)
    rows = good.change_all(lambda _, row: {"full_name": NAMES[encoding], "city": 'a, "b" c'})
    result = load(bank, good, good.write(rows).encode(encoding))
    assert result.problems == ()
    stored = """select distinct value, city from branch.customer
        left join vault.entry on token = full_name_token"""
    assert bank.query(stored) == [(NAMES[encoding], 'a, "b" c')]


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "iso-8859-2"])
def test_utf_8_where_another_encoding_is_due_is_rejected(bank: Bank, encoding: str) -> None:
    good = written_as(make_customers(NIGHT), encoding=encoding)
    rows = good.change_all(lambda _, row: {"full_name": "长江大路"})
    result = load(bank, good, good.write(rows).encode())
    assert f"is UTF-8, the contract says {encoding}: write that" in result.problems[-1]


def test_windows_1250_where_latin_2_is_due_costs_the_rows_that_differ(bank: Bank) -> None:
    good = written_as(make_customers(NIGHT), encoding="iso-8859-2")
    rows = good.change(4, full_name="Šimon")
    result = load(bank, good, good.write(rows).encode("cp1250"))
    assert (result.status, result.rules) == ("loaded", {"full_name: bad_text": 1})


def pack(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../outside/of/the/folder.csv", content)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("suffix", "compress"), [(".csv.gz", gzip.compress), (".csv.zip", pack), (".csv", bytes)]
)
def test_an_archive_is_read_whatever_the_contract_prefers_and_never_unpacked_by_name(
    bank: Bank, tmp_path: Path, suffix: str, compress: Callable[[bytes], bytes]
) -> None:
    good = make_entries(NIGHT)
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert load(bank, good, compress(good.text.encode()), suffix).status == "loaded"
    after = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert {path.parent.name for path in after - before} <= {"transaction", "warehouse"}


@pytest.mark.parametrize("control", ["file", "records"])
@pytest.mark.parametrize("compression", ["none", "gzip", "zip"])
def test_what_is_written_for_a_contract_is_read_by_it(
    bank: Bank, monkeypatch: pytest.MonkeyPatch, compression: str, control: str
) -> None:
    good = written_as(make_loan_positions(NIGHT), compression=compression, control=control)
    monkeypatch.setitem(load_contracts(), good.contract.name, good.contract)
    with duckdb.connect() as source:
        path = ExtractWriter(bank.settings.landing_folder, source).write(
            good.contract, NIGHT, "select 'L1' as loan_id, 1.5 as principal_balance,"
            " 0 as overdue_principal, 0 as overdue_interest, 0 as days_past_due",
        )  # fmt: skip
    assert path is not None and path.name.endswith(good.contract.format.suffix)
    assert bank.load(path).status == "loaded"


def test_a_pattern_of_the_contract_finds_leading_zeros_lost_throughout(bank: Bank) -> None:
    good = with_pattern(make_customers(NIGHT), "branch_id", "[0-9]{5}")
    rows = good.change_all(lambda _, row: {"branch_id": "45"})
    result = load(bank, good, good.write(rows).encode())
    assert "every row breaks 'branch_id: bad_pattern'" in result.problems[0]
    one = good.change(4, branch_id="45")
    assert load(bank, good, good.write(one).encode()).rules == {"branch_id: bad_pattern": 1}


def with_pattern(good: GoodFile, name: str, pattern: str) -> GoodFile:
    columns = tuple(
        column.model_copy(update={"pattern": pattern}) if column.name == name else column
        for column in good.contract.columns
    )
    return replace(good, contract=good.contract.model_copy(update={"columns": columns}))


def test_a_file_that_grows_while_it_is_read_is_rejected(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = make_customers(NIGHT)
    path = bank.deliver_bytes(good.contract.name, NIGHT, good.text.encode(), rows=12)
    real = hash_file

    def hash_and_grow(hashed: Path) -> str:
        digest = real(hashed)
        with hashed.open("a") as stream:
            stream.write("\n")
        return digest

    monkeypatch.setattr("pipelines.validation.examination.hash_file", hash_and_grow)
    result = bank.load(path)
    assert result.status == "rejected"
    assert "changed while it was read" in result.problems[0]


@dataclass(frozen=True)
class ParquetFault:
    """``columns`` are written in place of those of the contract, None to leave one out."""

    name: str
    columns: dict[str, str | None]
    says: str


FEEDS = ("teller.transaction", "loan.loan_status")
AMOUNT = {"teller.transaction": "amount", "loan.loan_status": "principal_balance"}
PARQUET_FAULTS = (
    ParquetFault("cents as integers", {"AMOUNT": "(AMOUNT * 100)::bigint"}, "AMOUNT is bigint"),
    ParquetFault("double", {"AMOUNT": "AMOUNT::double"}, "column AMOUNT is double"),
    ParquetFault("other scale", {"AMOUNT": "AMOUNT::decimal(18,4)"}, "AMOUNT is decimal(18,4)"),
    ParquetFault("text", {"AMOUNT": "AMOUNT::varchar"}, "column AMOUNT is varchar"),
    ParquetFault("nested", {"AMOUNT": "[AMOUNT]"}, "column AMOUNT is decimal(18,2)[]"),
    ParquetFault("missing column", {"AMOUNT": None}, "header: missing columns AMOUNT"),
    ParquetFault("added column", {"colour": "'red'"}, "columns colour are not in the contract"),
    ParquetFault(
        "all-null column",
        {"AMOUNT": "null::decimal(18,2)"},
        "every row breaks 'AMOUNT: null_not_allowed'",
    ),
    ParquetFault("times a hundred", {"AMOUNT": "(AMOUNT * 100)::decimal(18,2)"}, "AMOUNT sums to"),
)


def deliver_parquet(
    bank: Bank, good: GoodFile, columns: dict[str, str | None] | None = None
) -> Path:
    """The rows of a good file as Parquet, some columns written otherwise."""
    path = bank.deliver_bytes(
        good.contract.name, NIGHT, b"", suffix=".parquet", rows=12, totals=good.totals
    )
    table = "(select * from (values " + ", ".join(map(typed_values(good), good.rows)) + ")"
    table += f" as t({', '.join(good.header)}))"
    written = {name: name for name in good.header} | (columns or {})
    chosen = ", ".join(f"{sql} as {name}" for name, sql in written.items() if sql is not None)
    duckdb.execute(f"copy (select {chosen} from {table}) to '{path}' (format parquet)")
    restate_hash(path)
    return path


def typed_values(good: GoodFile) -> Callable[[dict[str, str]], str]:
    types = {column.name: column.sql_type for column in good.contract.columns}
    return lambda row: (
        "(" + ", ".join(f"nullif('{row[name]}', '')::{types[name]}" for name in good.header) + ")"
    )


def restate_hash(path: Path) -> None:
    control = ControlFile.model_validate_json(control_path(path).read_bytes())
    write_control(path, control.model_copy(update={"sha256": hash_file(path)}))


@pytest.mark.parametrize("feed", FEEDS)
@pytest.mark.parametrize("fault", PARQUET_FAULTS, ids=[fault.name for fault in PARQUET_FAULTS])
def test_a_bad_parquet_file_is_rejected_and_a_good_one_follows(
    shared_bank: Bank, feed: str, fault: ParquetFault
) -> None:
    good = MAKERS[feed](NIGHT)
    amount = AMOUNT[feed]
    columns = {
        name.replace("AMOUNT", amount): sql and sql.replace("AMOUNT", amount)
        for name, sql in fault.columns.items()
    }
    shared_bank.raw.execute(f"delete from {good.contract.raw_table}; delete from ops.load")
    result = shared_bank.load(deliver_parquet(shared_bank, good, columns))
    assert result.status == "rejected"
    says = fault.says.replace("AMOUNT", amount)
    assert any(says in problem for problem in result.problems), result.problems
    assert shared_bank.load(deliver_parquet(shared_bank, good)).rows_accepted == 12


@pytest.mark.parametrize("feed", FEEDS)
def test_a_damaged_parquet_file_never_gives_other_sums(shared_bank: Bank, feed: str) -> None:
    good = MAKERS[feed](NIGHT)
    path = deliver_parquet(shared_bank, good)
    whole = path.read_bytes()
    for place in range(0, len(whole), len(whole) // 40):
        shared_bank.raw.execute("delete from ops.load; delete from ops.load_total")
        damaged = bytearray(whole)
        damaged[place] ^= 0x55
        path.write_bytes(damaged)
        assert "SHA-256" in shared_bank.load(path).problems[0]
        restate_hash(path)
        result = shared_bank.load(path)
        assert result.status == "rejected" or result.rows_delivered == 12
        shared_bank.assert_books_balance()


@pytest.mark.parametrize("end", [-8, 100, 3])
def test_a_cut_parquet_file_is_rejected(bank: Bank, end: int) -> None:
    path = deliver_parquet(bank, make_entries(NIGHT))
    path.write_bytes(path.read_bytes()[:end])
    restate_hash(path)
    assert "is no whole Parquet file" in bank.load(path).problems[0]


def test_a_parquet_file_that_would_swell_is_rejected_before_it_is_read(bank: Bank) -> None:
    good = make_loan_positions(NIGHT)
    path = deliver_parquet(bank, good)
    columns = ", ".join(f"any_value({name}) as {name}" for name in good.header)
    duckdb.execute(
        f"copy (select t.* from (select {columns} from '{path}') as t, range(1_000_000))"
        f" to '{path}.swollen' (format parquet)"
    )
    Path(f"{path}.swollen").replace(path)
    assert path.stat().st_size < 200_000
    restate_hash(path)
    result = load_delivery(bank.raw, bank.find(path), max_bytes=1_000_000)
    assert result.problems == ("holds more than 1,000,000 bytes when decompressed",)


def test_brackets_and_stars_of_a_folder_are_no_wildcards(tmp_path: Path) -> None:
    good = make_loan_positions(NIGHT)
    folder = tmp_path / "a[1]*"
    folder.mkdir()
    path = folder / "loan_status_2024-01-31_r0.parquet"
    nulls = ", ".join(f"null::{c.sql_type} as {c.name}" for c in good.contract.columns)
    target = tmp_path / "x.parquet"
    duckdb.execute(f"copy (select {nulls} from range(3)) to '{target}' (format parquet)")
    (tmp_path / "x.parquet").rename(path)
    assert check_file(path, contract=good.contract).rows is not None


def problems_of(bank: Bank, good: GoodFile, content: str, **stated: Any) -> tuple[list[str], Any]:
    path = bank.deliver_bytes(good.contract.name, NIGHT, content.encode(), suffix=".csv", **stated)
    report = check_file(path)
    return [*report.problems, *report.rules], report


def assert_told(found: list[str], *expected: str) -> None:
    for words in expected:
        assert any(words in problem for problem in found), (words, found)


def test_check_tells_rows_sums_and_statement_at_once(bank: Bank) -> None:
    good = make_entries(NIGHT)
    rows = good.change(4, currency_code="XXX")[:-1]
    found, report = problems_of(
        bank, good, good.write(rows), rows=12, totals=good.totals, schema_version=2
    )
    assert_told(
        found, "schema version 2", "has 11 rows", "amount sums to", "currency_code: not_accepted"
    )
    assert report.bad_rows[0].file_line == 6


def test_check_tells_bytes_header_and_hash_at_once(bank: Bank) -> None:
    good = make_customers(NIGHT)
    text = good.write(header=["number", *good.header[1:]]).replace("\n", "\r\n", 3)
    found, _ = problems_of(bank, good, text.replace("Zoë", '"Zoë', 1), sha256="0" * 64)
    assert_told(
        found,
        "SHA-256 differs",
        "mixes line ends",
        "line 2: a quote that is not closed",
        "missing columns customer_id",
        "unknown columns number",
    )


def test_check_tells_lines_that_cannot_be_split_and_rules_other_rows_break(bank: Bank) -> None:
    good = make_customers(NIGHT)
    rows = good.change(4, gender="X")
    rows[7]["birth_date"] = "1992-02-30"
    text = good.write(rows).replace(",Chongqing", "", 1)
    found, _ = problems_of(bank, good, text, schema_version=3)
    assert_told(
        found,
        "schema version 3",
        "line 2: 12 fields where the header has 13",
        "1 of its other rows break 'gender: not_accepted'",
        "1 of its other rows break 'birth_date: bad_date'",
    )


def test_a_contract_cannot_ask_for_check_digits_of_a_number_type() -> None:
    raw = make_entries(NIGHT).contract.model_dump(by_alias=True)
    raw["columns"][9]["pattern"] = "[0-9]+"
    with pytest.raises(ValueError, match="pattern, check_digits and token are for columns"):
        Contract.model_validate(raw)
