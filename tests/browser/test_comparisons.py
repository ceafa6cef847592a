"""Comparisons: complete periods on both sides, both named, or the reason why there is none."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import openpyxl
import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import Sql, Visit

Range = tuple[str, str]
CHANGE = """
select branch_name,
    sum(interest_income_amount) filter (month_end_date between ? and ?)
    - sum(interest_income_amount) filter (month_end_date between ? and ?) as change
from fct_account_monthly join dim_branch using (branch_key)
group by 1 order by change desc nulls last
"""


def place(**parameters: str) -> str:
    return f"#/pivot?{urlencode(parameters)}"


def balances(show: str, period: str, measure: str = "interest_income_amount") -> str:
    return place(v="balances", r="branch_name", m=f"{measure}:{show}", p=period)


def headers(visit: Visit) -> list[str]:
    labels: list[str] = visit.page.locator("thead th.measure").evaluate_all(
        "cells => cells.map(cell => cell.getAttribute('aria-label'))"
    )
    return labels


def show(value: Any) -> str:
    return "" if value is None else f"{value:,.2f}".replace("-", "−")


@pytest.mark.parametrize(
    ("period", "periods", "ranges"),
    [
        (
            "this_quarter",
            "Apr – May 2024 vs Jan – Feb 2024",
            (("2024-04-01", "2024-05-31"), ("2024-01-01", "2024-02-29")),
        ),
        (
            "2024-05-01~2024-05-31",
            "May 2024 vs Apr 2024",
            (("2024-05-01", "2024-05-31"), ("2024-04-01", "2024-04-30")),
        ),
        (
            "2024-04-01~2024-06-30",
            "Apr – May 2024 vs Jan – Feb 2024",
            (("2024-04-01", "2024-05-31"), ("2024-01-01", "2024-02-29")),
        ),
    ],
)
def test_a_period_is_compared_with_its_own_predecessor_by_complete_months(
    visit: Visit, sql: Sql, period: str, periods: str, ranges: tuple[Range, Range]
) -> None:
    visit.open(balances("change_on_month", period))
    visit.page.get_by_label("Unit").select_option("one")
    visit.settle()
    now, base = ranges
    assert headers(visit) == [f"Interest income · change on period: {periods}"]
    lines = [[name, show(change)] for name, change in sql(CHANGE, *now, *base)]
    visit.expect(lambda: sorted(visit.grid()[1:]), sorted(lines))


@pytest.mark.parametrize(
    ("period", "reason"),
    [
        ("this_year", "No comparison: Jan – May 2023 begins before the data"),
        ("last_12_months", "No comparison: Jul 2022 – May 2023 begins before the data"),
        ("this_month", "No comparison: Jun 2024 has no complete month yet"),
    ],
)
def test_what_cannot_be_compared_says_why(visit: Visit, period: str, reason: str) -> None:
    visit.open(balances("growth_on_month", period))
    expect(visit.page.get_by_role("note").filter(has_text=reason)).to_be_visible()
    assert {row[1] for row in visit.grid()} == {""}


def test_headlines_name_the_month_before_and_refuse_one_without_data(visit: Visit) -> None:
    visit.open("#/profit?month=2024-05")
    first = visit.page.locator(".headlines dl > div").filter(has_text="below marginal cost")
    expect(first).to_contain_text("on Apr 2024")
    visit.open("#/profit?month=2024-04")
    expect(first).to_contain_text("Mar 2024 begins before the data")


def test_the_change_of_a_ratio_is_in_percentage_points(
    visit: Visit, sql: Sql, tmp_path: Path
) -> None:
    share = """
        select count(*) filter (is_electronic)::double / count(*) filter (is_electronic is not null)
        from fct_transaction join dim_channel using (channel_key)
        where value_date between ? and ?
    """
    visit.open(place(v="transactions", r="branch_name", m="electronic_share:value", p="last_month"))
    visit.page.get_by_label("Compare").select_option("month")
    visit.settle()
    title = "change on period, pp: May 2024 vs Apr 2024"
    assert [header.rpartition(" · ")[2] for header in headers(visit)][1:] == [title]
    [[now]], [[base]] = (
        sql(share, "2024-05-01", "2024-05-31"),
        sql(share, "2024-04-01", "2024-04-30"),
    )
    points = (now - base) * 100
    visit.expect(lambda: visit.grid()[0][2], f"{points:.1f} pp".replace("-", "−"))
    with visit.page.expect_download() as started:
        visit.page.get_by_role("button", name="Excel", exact=True).click()
    started.value.save_as(tmp_path / "pivot.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "pivot.xlsx").active
    assert sheet is not None
    cells = {row[0].value: row for row in sheet.iter_rows()}
    assert cells["Total"][2].value == pytest.approx(points)
    assert cells["Total"][2].number_format == '0.0" pp"'


def test_red_is_bad_by_the_direction_of_the_measure(visit: Visit) -> None:
    visit.open(
        place(
            v="balances",
            m="interest_income_amount:change_on_month,interest_expense_amount:change_on_month",
            p="2024-05-01~2024-05-31",
        )
    )
    cells = visit.page.locator("tbody td")
    income, expense = cells.nth(0), cells.nth(1)
    assert [text.startswith("−") for text in visit.grid()[0][1:]] == [True, True]
    expect(income).to_have_class(re.compile(r"\bbad\b"))
    expect(expense).not_to_have_class(re.compile(r"\bbad\b"))


def test_nothing_is_exported_while_another_period_is_computed(visit: Visit) -> None:
    visit.open(balances("value", "last_month"))
    excel = visit.page.get_by_role("button", name="Excel", exact=True)
    expect(excel).to_be_enabled()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    visit.page.route("**/cubejs-api/v1/load*", hold)
    visit.page.get_by_label("Period").select_option("last_12_months")
    expect(excel).to_be_disabled()
    for route in held:
        route.continue_()
    expect(excel).to_be_enabled()


def rows_of(visit: Visit) -> list[float]:
    cells = visit.page.get_by_role("dialog").locator("tbody td:last-child").all_inner_texts()
    return [float(cell.replace(",", "").replace("−", "-")) for cell in cells if cell]


def test_a_change_opens_the_rows_of_both_its_sides(visit: Visit, sql: Sql) -> None:
    visit.open(balances("change_on_month", "2024-05-01~2024-05-31"))
    visit.page.get_by_role("row", name="Branch 1").get_by_role("gridcell").click()
    dialog = visit.page.get_by_role("dialog", name="Rows behind the figure")
    figure = """
        select sum(interest_income_amount)::double from fct_account_monthly
        join dim_branch using (branch_key) where branch_name = 'Branch 1' and month_end_date = ?
    """
    for side, month in (("May 2024", "2024-05-31"), ("Apr 2024", "2024-04-30")):
        dialog.get_by_role("button", name=f"Branch 1 · {side}").click()
        visit.settle()
        [[expected]] = sql(figure, month)
        assert sum(rows_of(visit)) == pytest.approx(expected)
        expect(dialog.locator("tfoot td")).to_have_text(show(expected))


def test_a_share_opens_its_part_and_its_whole(visit: Visit) -> None:
    visit.open(balances("share_of_total", "2024-05-01~2024-05-31"))
    visit.page.get_by_role("row", name="Branch 1").get_by_role("gridcell").click()
    sides = visit.page.get_by_role("group", name="Sides of the figure").get_by_role("button")
    expect(sides).to_have_text(["Branch 1 · May 2024", "Total · May 2024"])


def test_rows_that_a_count_leaves_out_are_not_behind_it(visit: Visit, sql: Sql) -> None:
    visit.open(place(v="transactions", m="electronic_transaction_count:value", p="last_month"))
    visit.page.get_by_role("gridcell").first.click()
    [(count,)] = sql(
        """select count(*) filter (is_electronic) from fct_transaction
        join dim_channel using (channel_key)
        where value_date between '2024-05-01' and '2024-05-31'"""
    )
    visit.settle()
    rows = rows_of(visit)
    assert min(rows) >= 1
    assert sum(rows) == count
    expect(visit.page.get_by_role("dialog").locator("tfoot td")).to_have_text(str(count))


def test_customers_behind_a_number_of_customers_are_as_many(visit: Visit) -> None:
    visit.open(place(v="transactions", m="customer_count:value", p="last_month"))
    figure = visit.grid()[0][1]
    visit.page.get_by_role("gridcell").first.click()
    dialog = visit.page.get_by_role("dialog")
    expect(dialog.get_by_role("status")).to_have_text(f"1 – {figure} of {figure}")
    dialog.get_by_role("button", name="Customer name").click()
    visit.settle()
    names = dialog.locator("tbody td:nth-child(2)").all_inner_texts()
    assert names == sorted(names)


def test_the_rows_leave_as_a_file(
    visit_as: Callable[..., Visit], address: str, sql: Sql, tmp_path: Path
) -> None:
    visit = visit_as(address)
    visit.open(place(v="transactions", m="amount:value", p="all"))
    visit.page.get_by_role("gridcell").first.click()
    dialog = visit.page.get_by_role("dialog")
    with visit.page.expect_download() as started:
        dialog.get_by_role("button", name="CSV").click()
    started.value.save_as(tmp_path / "rows.csv")
    lines = (tmp_path / "rows.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == sql("select count(*) + 1 from fct_transaction")[0][0]
