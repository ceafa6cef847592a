"""The fast path never says anything else than the general path."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from pipelines.contracts.contract import Contract, load_contracts
from pipelines.contracts.file_format import Format
from pipelines.validation import fast_path, text_file
from pipelines.validation.examination import Examination, examine_file
from pipelines.validation.source import typed_sql
from pipelines.validation.text_file import TextFile, Workspace, open_text

FREE: dict[str, object] = {"nullable": True}
COLUMNS: dict[str, tuple[str, dict[str, object]]] = {
    "id": ("id", {}),
    "name": ("text", FREE),
    "kind": ("code", FREE),
    "status": ("code", FREE | {"accepted": ["OPEN", "SHUT", "half", "IN USE"]}),
    "day": ("date", {}),
    "due": ("date", FREE),
    "moment": ("timestamp", FREE),
    "number": ("integer", FREE | {"minimum": 1, "maximum": 1000}),
    "amount": ("amount", {}),
    "rate": ("rate", FREE | {"minimum": -1}),
    "share": ("share", FREE),
    "flag": ("boolean", FREE),
}
BUSINESS_DATE = date(2024, 1, 31)


def make_contract(delimiter: str) -> Contract:
    return Contract.model_validate(
        {
            "source": "branch",
            "feed": "sample",
            "title": "Sample",
            "description": "Every kind of column.",
            "delivery": "full",
            "grain": "one row",
            "key": ["id"],
            "effective": {"from": "due"},
            "format": {"delimiter": delimiter},
            "control_totals": [
                {"column": "amount"},
                {"column": "amount", "where": {"status": "OPEN"}},
            ],
            "columns": [
                {"name": name, "type": kind, "description": name, "needed_by": ["x"]} | more
                for name, (kind, more) in COLUMNS.items()
            ],
            "rules": [{"name": "in_the_future", "sql": "day <= business_date", "remedy": "Wait."}],
        }
    )


CONTRACTS = {delimiter: make_contract(delimiter) for delimiter in (",", "|", "|+|", "\t")}

PLAIN: dict[str, list[str]] = {
    "id": ["A1", "A2", "007", "12E5", "B 2", "\u5ba2\u6237", "x"],
    "name": ["", "Zo\u00e9", "Li Wei", "O'Brien", "a  b", "#1", "1.2E+10", "+86"],
    "kind": ["", "USD", "A/B", "A B", "[X]"],
    "status": ["", "OPEN", "SHUT", "IN USE"],
    "day": ["2024-01-31", "1850-01-01", "2000-02-29"],
    "due": ["", "2024-01-31", "2200-12-31"],
    "moment": ["", "2024-01-31 23:59:59.5", "2024-01-31T00:00:00", "2024-02-29 10:00:00.123456"],
    "number": ["", "1", "0010", "1000"],
    "amount": ["-0.5", "0", "-0", "9999999999999999.99", "0000000000000001.10", "12.30"],
    "rate": ["", "0.04350001", "-1", "9999.99999999"],
    "share": ["", "1", "0.123456", "999.999999"],
    "flag": ["", "true", "False", "TRUE", "fALSE"],
}
DIRTY = [
    "", " ", "  A1", "A1 ", '"A1"', '"a,b"', '"', "Zoe\u0301", "\u212b", "A\u200b1", "\u00ad",
    "\u0660", "\uff11", "\ufeffA", "\u00df", "\u01c4", "\u0149", "\u1e9e", "\u03a9", "\u2126",
    "\uac00", "1E-5", "1.5e+3", "2.0E-7x",
    "usd", "half", "HALF", "open", "AJAR", "\u00e9", "2024-02-30", "2023-02-29", "9999-12-31",
    "1849-12-31", "2200-12-31", "2201-01-01", "2024-02-01", "24-01-31", "2024-01-31 24:00:00",
    "2024-01-31 10:00:60", "2024-01-31 10:00:00+08", "2024-01-31 10:00:00.1234567", "0", "1001",
    "9999999999", "2147483648", "-1", "+1", "1.", ".5", "1.005", "1,5", "5.5E2", "NaN", "inf",
    "-1.5", "12345", "12345.1", "99999999999999999", "0.1234567", "0.123456789", "1234", "y", "N",
    "t", "1", "maybe", "id", "ID", "name", "a\tb", "a|b", "a|+|b", "a;b", "\r", "a\rb", "\x00",
    "\x7f", "\x85", "NULL", "null", "\\N", "N/A", "NULLS", "\u00a0A1", "A1\u3000", "A1\t",
    "\u2028", "a\nb", "\x0b", "\x1c",
]  # fmt: skip


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[Contract, bytes]:
    """A contract and a file: mostly plain fields, some dirty ones, now and then odd lines."""
    contract = CONTRACTS[draw(st.sampled_from(sorted(CONTRACTS)))]
    mark = contract.format.delimiter
    dirt = draw(st.sampled_from([0, 0, 1, 3]))
    rows = [[draw(st.sampled_from(PLAIN[name])) for name in COLUMNS] for _ in range(draw(ROWS))]
    for number, row in enumerate(rows):
        row[0] += str(number) if draw(st.integers(0, 5)) else ""
    for _ in range(dirt if rows else 0):
        row = rows[draw(st.integers(0, len(rows) - 1))]
        row[draw(st.integers(0, len(row) - 1))] = draw(st.one_of(st.sampled_from(DIRTY), st.text()))
    lines = [mark.join(contract.column_names), *(mark.join(row) for row in rows)]
    if draw(st.integers(0, 9)) == 0:
        odd = st.sampled_from(["", mark.join(contract.column_names).upper(), "A1", mark * 20])
        lines.insert(draw(st.integers(1, len(lines))), draw(odd))
    end = draw(st.sampled_from(["\n", "\n", "\n", "\r\n"]))
    content = end.join(lines) + draw(st.sampled_from([end, end, ""]))
    return contract, content.encode("utf-8", "replace")


ROWS = st.integers(0, 4)


def examine(path: Path, contract: Contract) -> tuple[Examination, list[tuple[Any, ...]]]:
    """Examination of a file, and its rows with their disposition."""
    with duckdb.connect(config={"threads": 1}) as connection:
        found = examine_file(connection, path, contract, BUSINESS_DATE, control=None)
        if not found.relation:
            return found, []
        names = ", ".join(contract.column_names)
        query = f"select file_line, row_rules, raw_row, {names} from {found.relation} order by 1"
        return found, connection.execute(query).fetchall()


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(delivery=deliveries())
def test_the_fast_path_and_the_general_path_agree(
    tmp_path: Path, delivery: tuple[Contract, bytes]
) -> None:
    contract, content = delivery
    path = tmp_path / "delivered.csv"
    path.write_bytes(content)
    fast, fast_rows = examine(path, contract)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(fast_path, "is_plain", lambda text, contract: False)
        general, general_rows = examine(path, contract)
    assert fast_rows == general_rows
    assert vars(fast) | {"relation": ""} == vars(general) | {"relation": ""}
    event(f"clean: {bool(fast.rows and not fast.broken_rules)}")


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    with Workspace() as opened:
        yield opened


def write(path: Path, contract: Contract, rows: list[dict[str, str]]) -> Path:
    first = {name: texts[0] for name, texts in PLAIN.items()}
    mark = contract.format.delimiter
    lines = [mark.join((first | row).values()) for row in rows]
    path.write_text("\n".join([mark.join(contract.column_names), *lines, ""]), encoding="utf-8")
    return path


def read(path: Path, workspace: Workspace, delimiter: str = ",") -> TextFile:
    return open_text(path, Format(delimiter=delimiter), workspace, 1 << 30)


@pytest.mark.parametrize("delimiter", sorted(CONTRACTS))
def test_every_plain_text_is_recognised_and_read_as_its_type(
    tmp_path: Path, workspace: Workspace, delimiter: str
) -> None:
    contract = CONTRACTS[delimiter]
    rows = [{name: text} for name, texts in PLAIN.items() for text in texts if "+" not in text]
    rows = [row | {"id": f"A{n}"} if "id" not in row else row for n, row in enumerate(rows)]
    text = read(write(tmp_path / "d.csv", contract, rows), workspace, delimiter)
    assert fast_path.is_plain(text, contract)
    with duckdb.connect() as connection:
        connection.execute(fast_path.plain_rows_sql(contract, typed_sql(text, contract)))
        assert connection.execute("select count(*) from checked_row").fetchone() == (len(rows),)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("name", '"quoted"'), ("name", " padded"), ("name", "padded "), ("name", "Zoe\u0301"),
        ("id", ""), ("id", "1E-5"), ("id", "A\u200b1"), ("kind", "usd"), ("kind", "\u00e9"),
        ("status", "AJAR"), ("status", "half"), ("due", "9999-12-31"), ("day", "1849-12-31"),
        ("amount", "1.005"), ("number", "1234567890"), ("rate", "12345"), ("flag", "y"),
    ],
)  # fmt: skip
def test_a_text_that_needs_a_closer_look_is_not_plain(
    tmp_path: Path, workspace: Workspace, column: str, value: str
) -> None:
    contract = CONTRACTS[","]
    text = read(write(tmp_path / "d.csv", contract, [{column: value}]), workspace)
    assert not fast_path.is_plain(text, contract)


def test_a_large_file_takes_the_general_path(
    tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "d.csv", CONTRACTS[","], [{}])
    monkeypatch.setattr(text_file, "SMALL_FILE", path.stat().st_size)
    assert read(path, workspace).rows is not None
    monkeypatch.setattr(text_file, "SMALL_FILE", path.stat().st_size - 1)
    assert read(path, workspace).rows is None


def test_the_fast_sql_of_every_contract_runs() -> None:
    for contract in load_contracts().values():
        with duckdb.connect() as connection:
            columns = ", ".join(f'"{c.name}" {c.sql_type}' for c in contract.columns)
            connection.execute(f"create table delivered ({columns})")
            connection.execute(fast_path.plain_rows_sql(contract, "delivered"))
            row = connection.execute(
                fast_path.plain_figures_sql(contract, BUSINESS_DATE)
            ).fetchone()
            assert row is not None and row[:2] == (False, 0)
