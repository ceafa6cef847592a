"""What leaves the page: clipboard, CSV and Excel hold what the grid shows, and nothing runs."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Sql, Visit

FORMULA = '=HYPERLINK("http://example.com","x")'
PLACE = (
    "#/pivot?v=balances&r=customer_name&m=deposit_end_balance:value,deposit_end_balance:share_of_total"
    '&f=[["customer_type","notEquals",["PERSON"]]]'
)
FIGURES = """
select full_name, sum(end_balance) filter (account_type = 'DEPOSIT')::double
from fct_account_monthly
join dim_customer using (customer_key)
where month_end_date = '2024-06-30' and customer_type is distinct from 'PERSON'
group by 1 order by 2 desc, 1
"""


@pytest.fixture
def visit(visit_as: Callable[..., Visit], address: str) -> Visit:
    """A page of which the clipboard can be read."""
    found = visit_as(address, permissions=["clipboard-read", "clipboard-write"])
    found.open(PLACE)
    return found


def save(visit: Visit, button: str, folder: Path) -> Path:
    with visit.page.expect_download() as started:
        visit.page.get_by_role("button", name=button, exact=True).click()
    path = folder / started.value.suggested_filename
    started.value.save_as(path)
    return path


def test_excel_has_numbers_as_numbers_and_formulas_as_text(
    visit: Visit, sql: Sql, tmp_path: Path
) -> None:
    path = save(visit, "Excel", tmp_path)
    assert path.name == "balances-2024-06-28.xlsx"
    sheet = openpyxl.load_workbook(path).active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0][0] == "Balances"
    notes = {row[0]: row[1] for row in rows[1:8]}
    assert notes["Business date"] == "2024-06-28"
    assert notes["Version"] == "v1"
    assert notes["User"] == "admin"
    assert notes["Filters"] == "Customer type is none of PERSON"
    assert notes["Period"] == "2024-06-01 – 2024-06-30"
    header = next(i for i, row in enumerate(rows) if row[0] == "Customer name")
    assert rows[header] == (
        "Customer name",
        "Closing deposits",
        "Closing deposits · share of total",
    )
    figures = sql(FIGURES)
    total = sum(value for _, value in figures if value is not None)
    expected = [("Total", pytest.approx(total)), *figures]
    assert [row[:2] for row in rows[header + 1 :]] == expected
    cells = {row[0].value: row for row in sheet.iter_rows(min_row=header + 2)}
    assert cells[FORMULA][0].data_type == "s"
    assert cells[FORMULA][1].data_type == "n"
    assert cells[FORMULA][1].number_format == "#,##0.00"
    assert cells["Total"][2].number_format == "0.0%"


def test_csv_and_the_clipboard_hold_full_figures_and_no_formula(
    visit: Visit, sql: Sql, tmp_path: Path
) -> None:
    path = save(visit, "CSV", tmp_path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        header, total, *lines = list(csv.reader(file))
    assert header == [
        "Customer name",
        "Closing deposits",
        "Closing deposits · share of total",
    ]
    figures = sql(FIGURES)
    names = [f"'{name}" if name.startswith("=") else name for name, _ in figures]
    assert [line[0] for line in lines] == names
    known = [float(line[1]) if line[1] else None for line in lines]
    assert known == [value for _, value in figures]
    assert float(total[1]) == pytest.approx(sum(value for value in known if value is not None))

    visit.page.get_by_role("button", name="Copy", exact=True).click()
    expect(visit.page.get_by_text("Copied as tab separated text")).to_be_visible()
    copied = visit.page.evaluate("navigator.clipboard.readText()")
    assert [line.split("\t") for line in copied.split("\n")] == [header, total, *lines]


def test_a_copied_link_is_the_address(visit: Visit) -> None:
    visit.page.get_by_role("button", name="Copy link").click()
    expect(visit.page.get_by_text("Link copied")).to_be_visible()
    assert visit.page.evaluate("navigator.clipboard.readText()") == visit.page.url
