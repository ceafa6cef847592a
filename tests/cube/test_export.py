"""`bankcrm export`: the workbook opened again, as a reader of each role finds it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet
from typer.testing import CliRunner

from bankcrm.audit import read_entries
from bankcrm.settings import Settings
from cube.compiler.model import load_model
from cube.export import Order, export_workbook
from cube.export.definitions import InvalidExport, table_of_link
from cube.export.workbook import HEADER_ROW
from cube.security.access import AccessControl
from pipelines.cli import app
from tests.cube.sample_marts import publish_version

FORMULAS = ('=HYPERLINK("http://example.com","x")', "+1", "-1+1", "@SUM(A1)", "\tTab", "plain")
ADMINISTRATOR = {"groups": ["admin"], "sub": "Ann"}
FIRST, LAST = date(2024, 1, 1), date(2024, 6, 30)
MODEL = load_model()


@pytest.fixture(autouse=True, scope="module")
def one_model() -> Iterator[None]:
    """The model is the same for every export: it is read once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cube.export.export.load_model", lambda: MODEL)
        yield


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home whose customers have names that a spreadsheet would run."""
    settings = Settings(home=tmp_path_factory.mktemp("bank"), memory_limit="1GB")
    names = "".join(
        f"update marts.dim_customer set full_name = '{name}' where customer_key = {key};"
        for key, name in enumerate(FORMULAS, start=1)
    )
    publish_version(settings.published_folder, "v1", date(2024, 6, 28), names)
    return settings


@pytest.fixture(scope="module")
def workbook(bank: Settings) -> Any:
    """The workbook of an administrator."""
    path = bank.home / "all.xlsx"
    export_workbook(bank, ADMINISTRATOR, Order(output=path, first=FIRST))
    return openpyxl.load_workbook(path)


@pytest.fixture(scope="module")
def own(bank: Settings) -> Callable[..., list[dict[str, Any]]]:
    """Rows of a table of one's own, by the titles of its columns."""

    def ask(claims: dict[str, Any], **order: Any) -> list[dict[str, Any]]:
        path = bank.home / "own.xlsx"
        export_workbook(bank, claims, Order(output=path, first=FIRST, last=LAST, **order))
        return read_rows(openpyxl.load_workbook(path).worksheets[1])

    return ask


def read_rows(sheet: Worksheet) -> list[dict[str, Any]]:
    header, *rows = sheet.iter_rows(min_row=HEADER_ROW, values_only=True)
    return [dict(zip(map(str, header), row, strict=True)) for row in rows]


def test_each_question_is_an_excel_table_under_a_header_that_stays(workbook: Any) -> None:
    titles = [sheet.title for sheet in workbook]
    assert titles == [
        "About", "Profit", "Customer segments", "Balances", "Credit quality", "Transactions",
        "Manager scorecard", "Manager measures", "Refresh",
    ]  # fmt: skip
    for sheet in workbook.worksheets[1:-1]:
        (table,) = sheet.tables.values()
        assert table.name.startswith("bankcrm_")
        assert sheet.freeze_panes == f"A{HEADER_ROW + 1}"
        header = [cell.value for cell in sheet[HEADER_ROW]]
        assert [column.name for column in table.tableColumns] == header
        assert len({str(title).casefold() for title in header}) == len(header)
        assert table.ref == f"A{HEADER_ROW}:{sheet.dimensions.rpartition(':')[2]}"
        notes = " ".join(str(row[0]) for row in sheet.iter_rows(max_row=5, values_only=True))
        for said in (sheet.title, "2024-06-28", "v1", "2024-01-01 / 2024-06-30", "Ann", "admin"):
            assert said in notes


def test_the_first_sheet_says_what_the_workbook_holds(workbook: Any) -> None:
    cells = [row for row in workbook["About"].iter_rows(values_only=True) if row[0]]
    shown = {row[0]: row[1:] for row in cells}
    assert shown["Business date"][0] == datetime(2024, 6, 28)
    assert shown["Version"][0] == "v1"
    assert (shown["User"][0], shown["Rights of"][0]) == ("Ann", "admin")
    for sheet in workbook.worksheets[1:-1]:
        assert shown[sheet.title][1] == len(read_rows(sheet))
    assert any("Power Query" in str(row) or "Advanced Editor" in str(row) for row in cells)


def test_numbers_are_numbers_with_formats_and_texts_are_texts(workbook: Any) -> None:
    sheet = workbook["Balances"]
    header = [cell.value for cell in sheet[HEADER_ROW]]
    cells = dict(zip(header, sheet[HEADER_ROW + 1], strict=True))
    assert (cells["Month"].data_type, cells["Month"].number_format) == ("d", "yyyy-mm")
    column = header.index("Closing deposits")
    rows = sheet.iter_rows(min_row=HEADER_ROW + 1)
    deposits = next(row[column] for row in rows if row[column].value is not None)
    assert (deposits.data_type, deposits.number_format) == ("n", "#,##0.00")
    assert cells["Open accounts"].number_format == "#,##0"
    assert cells["Region"].data_type == "s"


def test_a_text_that_begins_like_a_formula_is_a_text(bank: Settings) -> None:
    path = bank.home / "names.xlsx"
    order = Order(
        output=path, view="balances", dimensions=("customer_name",), measures=("account_count",)
    )
    export_workbook(bank, ADMINISTRATOR, order)
    sheet = openpyxl.load_workbook(path).worksheets[1]
    cells = {row[0].value: row[0] for row in sheet.iter_rows(min_row=HEADER_ROW + 1)}
    for name in FORMULAS:
        assert cells[name].data_type == "s"
        assert cells[name].quotePrefix == (name != "plain")


def test_exact_decimals_arrive_to_the_cent(own: Callable[..., Any], bank: Settings) -> None:
    rows = own(
        ADMINISTRATOR,
        view="balances",
        dimensions=("date.month",),
        measures=("deposit_end_balance",),
    )
    with duckdb.connect(str(bank.published_folder / "v1.duckdb"), read_only=True) as connection:
        expected = connection.execute(
            """select date_trunc('month', month_end_date)::timestamp, sum(end_balance)
                filter (account_type = 'DEPOSIT')
            from marts.fct_account_monthly
            where month_end_date between '2024-01-01' and '2024-06-30' group by 1 order by 1"""
        ).fetchall()
    assert [(row["Month"], Decimal(str(row["Closing deposits"]))) for row in rows] == expected


def test_a_branch_manager_gets_the_rows_of_the_branch(
    own: Callable[..., Any], bank: Settings
) -> None:
    asked = {"view": "balances", "dimensions": ("branch_name",), "measures": ("account_count",)}
    everybody = {row["Branch"]: row["Accounts"] for row in own(ADMINISTRATOR, **asked)}
    manager = {"groups": ["branch_manager"], "branch_id": "B1", "sub": "Bob"}
    mine = {row["Branch"]: row["Accounts"] for row in own(manager, **asked)}
    assert set(mine) == {"Branch 1", "Branch 2"}
    assert mine == {name: everybody[name] for name in mine}


def test_an_analyst_gets_masks_instead_of_names(own: Callable[..., Any]) -> None:
    rows = own(
        {"groups": ["analyst"]}, view="balances", dimensions=("customer_name",),
        measures=("account_count",),
    )  # fmt: skip
    assert {row["Customer name"] for row in rows} == {"***"}


def test_what_the_rights_leave_out_is_named(bank: Settings) -> None:
    control = AccessControl(MODEL)
    claims = {"groups": ["customer_manager"], "manager_id": "M1", "sub": "Carl"}
    assert "rewards" not in control.grant(claims).views
    written = export_workbook(bank, claims, Order(output=bank.home / "mine.xlsx", first=FIRST))
    about = openpyxl.load_workbook(written.path)["About"]
    said = " ".join(str(cell) for row in about.iter_rows(values_only=True) for cell in row)
    for table in written.filled.unseen:
        assert table.title in said
    for answer in written.filled.tables:
        for name in answer.left_out:
            assert name in said


def test_an_export_is_in_the_audit_log_before_the_file_is_there(
    bank: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = bank.home / "audited.xlsx"
    order = Order(output=path, view="balances", measures=("deposit_end_balance",))
    export_workbook(bank, ADMINISTRATOR, order)
    assert path.stat().st_mode & 0o777 == 0o600, "only who wrote it may read it"
    entry = read_entries(bank)[-1]
    assert (entry.action, entry.actor, entry.subject) == ("exported", "Ann", "v1")
    assert entry.details["workbook"] == str(path)
    assert entry.details["groups"] == ["admin"]
    assert entry.details["tables"] == {"balances.own": 1}
    before = path.read_bytes()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("cube.export.export.record", fail)
    with pytest.raises(InvalidExport, match="No space left"):
        export_workbook(bank, ADMINISTRATOR, order)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir() if "audited" in file.name] == [path.name]


LINK = "http://127.0.0.1:4000/#/pivot?v=balances"


def test_a_link_of_the_explorer_becomes_a_flat_table(own: Callable[..., Any]) -> None:
    rows = own(
        ADMINISTRATOR,
        link=f"{LINK}&r=branch_name&c=date.month&m=account_count:value,account_count:share_of_row"
        '&f=[["customer_type","equals",["PERSON"]],["pillar","equals",[]]]&p=2024-01-01~2024-03-31',
    )
    assert list(rows[0]) == ["Branch", "Month", "Accounts"]
    assert {row["Month"].month for row in rows} <= {1, 2, 3}
    assert sum(row["Accounts"] for row in rows) > 0


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("this_month", "2024-06-01", "2024-06-30"),
        ("last_month", "2024-05-01", "2024-05-31"),
        ("this_quarter", "2024-04-01", "2024-06-30"),
        ("this_year", "2024-01-01", "2024-06-30"),
        ("last_12_months", "2023-07-01", "2024-06-30"),
        ("2024-02-03~2024-03-04", "2024-02-03", "2024-03-04"),
    ],
)
def test_the_period_of_a_link_is_that_of_the_pivot(period: str, first: str, last: str) -> None:
    table = table_of_link(f"{LINK}&m=deposit_end_balance:value&p={period}", date(2024, 6, 28))
    assert table.period == (date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ({"view": "balnces", "measures": ("deposit_end_balance",)}, "did you mean 'balances'"),
        (
            {"view": "balances", "measures": ("deposit_end_balnce",)},
            "did you mean 'deposit_end_balance'",
        ),
        ({"view": "balances"}, "no columns"),
        ({"measures": ("deposit_end_balance",)}, "has no view"),
        ({"view": "balances", "link": LINK}, "both name a table"),
        ({"link": "http://127.0.0.1:4000/#/profit"}, "does not lead to a pivot"),
        ({"link": f"{LINK}&m=deposit_end_balance:value&f=[1]"}, "filters of the link"),
        ({"link": f"{LINK}&m=deposit_end_balance:value&p=always"}, "'always'"),
        ({"first": LAST, "last": FIRST}, "before it begins"),
        ({"first": date(2030, 1, 1), "last": date(2030, 2, 1)}, "leave no row"),
        ({"output": Path("/does/not/exist.xlsx")}, "cannot be written"),
    ],
)
def test_what_cannot_be_a_workbook_is_refused_with_a_way_out(
    bank: Settings, order: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidExport, match=said) as caught:
        export_workbook(bank, ADMINISTRATOR, Order(**{"output": bank.home / "no.xlsx", **order}))
    assert caught.value.remedy
    assert not (bank.home / "no.xlsx").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--group", "analyst", "--token", "x"], "both say whose rights"),
        (["--token", "x"], "cannot be checked without the secret"),
        (["--group", "analist"], "did you mean 'analyst'"),
    ],
)
def test_the_command_asks_whose_rights_clearly(
    bank: Settings, options: list[str], said: str
) -> None:
    ran = CliRunner().invoke(app, ["export", "--home", str(bank.home), *options])
    assert ran.exit_code == 1
    assert said in " ".join(ran.output.split())


def test_the_command_writes_in_chinese_with_the_rights_of_a_group(bank: Settings) -> None:
    path = bank.home / "zh.xlsx"
    options = ["--group", "branch_manager", "--branch", "B1", "--user", "Bob", "--language", "zh"]
    command = ["export", "--home", str(bank.home), "-o", str(path), "--from", "2024-01-01"]
    ran = CliRunner().invoke(app, [*command, *options])
    assert ran.exit_code == 0, ran.output
    sheets = openpyxl.load_workbook(path)
    assert sheets.sheetnames[:3] == ["说明", "利润贡献", "客户细分"]
    assert "月份" in [cell.value for cell in sheets["余额"][HEADER_ROW]]
    assert read_entries(bank)[-1].actor == "Bob"
