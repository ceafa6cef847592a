"""The pivot: every cell is the figure that SQL says, however far it is opened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from playwright.sync_api import expect

from tests.browser.conftest import Sql, Visit

ROWS = "main_branch_name,branch_name"
BALANCES = {
    "v": "balances",
    "r": ROWS,
    "c": "pillar,product_name",
    "m": "deposit_end_balance:value,interest_income_amount:value",
    "p": "last_12_months",
}
# End balances are those of the last month, interest adds up over all months.
REFERENCE = """
select sum(end_balance)
filter (account_type = 'DEPOSIT' and month_end_date = '2024-06-30'), sum(interest_income_amount)
from fct_account_monthly join dim_branch using (branch_key) join dim_product using (product_key)
where {}
"""


def place(**parameters: str) -> str:
    return f"#/pivot?{urlencode(parameters)}"


def show(value: Any) -> str:
    """A figure as the grid shows it in the unit of one."""
    return "" if value is None else f"{value:,.2f}".replace("-", "−")


def use_ones(visit: Visit) -> None:
    visit.page.get_by_label("Unit").select_option("one")


def expected(sql: Sql, *conditions: str) -> list[str]:
    """Cells of one line: a condition on the row, then those of the columns."""
    row, *columns = conditions
    cells = [sql(REFERENCE.format(f"{row} and {column}"))[0] for column in columns]
    return [show(value) for cell in cells for value in cell]


def check(visit: Visit, sql: Sql, lines: dict[str, str], columns: list[str]) -> None:
    """The grid has exactly these lines, each with the figures of its condition."""
    grid = [[line, *expected(sql, condition, *columns)] for line, condition in lines.items()]
    visit.expect(visit.grid, grid)


def test_cells_equal_sql_in_every_state_of_rows_and_columns(visit: Visit, sql: Sql) -> None:
    visit.page.set_viewport_size({"width": 1600, "height": 900})
    visit.open(place(**BALANCES))
    use_ones(visit)
    everything = {"Total": "true"}
    mains = {f"Main {i}": f"main_branch_name = 'Main {i}'" for i in (2, 1, 3)}
    columns = ["true", "pillar = 'LIABILITY'", "pillar = 'ASSET'"]
    visit.settle()
    check(visit, sql, {**everything, **mains}, columns)

    visit.page.get_by_role("rowheader", name="Main 1").click()
    visit.settle()
    opened = {"Total": "true"}
    for name, condition in mains.items():
        opened[name] = condition
        if name == "Main 1":
            opened["Branch 1"] = f"{condition} and branch_name = 'Branch 1'"
    check(visit, sql, opened, columns)

    visit.page.get_by_role("columnheader", name="ASSET").click()
    visit.settle()
    wide = [*columns, "pillar = 'ASSET' and product_name = 'Product 2'"]
    check(visit, sql, opened, wide)

    visit.page.get_by_role("rowheader", name="Main 1").click()
    visit.page.get_by_role("columnheader", name="ASSET").click()
    visit.settle()
    check(visit, sql, {**everything, **mains}, columns)


def test_all_levels_open_at_once_equal_sql(visit: Visit, sql: Sql) -> None:
    visit.open(
        place(v="balances", r=ROWS, m="deposit_end_balance:value,interest_income_amount:value")
    )
    use_ones(visit)
    visit.page.get_by_label("Open to").select_option("2")
    visit.page.get_by_label("Period").select_option("last_12_months")
    visit.settle()
    lines = {"Total": "true"}
    for i in (2, 1, 3):
        lines[f"Main {i}"] = f"main_branch_name = 'Main {i}'"
        lines[f"Branch {i}"] = f"branch_name = 'Branch {i}'"
    check(visit, sql, lines, ["true"])


def test_balances_of_quarters_and_years_are_those_of_their_last_month(
    visit: Visit, sql: Sql
) -> None:
    periods = "year_number,quarter_number,month_number"
    visit.open(
        place(v="balances", r=periods, m="deposit_end_balance:value,account_count:value", p="all")
    )
    use_ones(visit)
    visit.page.get_by_role("rowheader", name="2024").click()
    visit.page.get_by_role("rowheader", name="2", exact=True).click()
    months = sql(
        """select year(month_end_date), quarter(month_end_date), month(month_end_date),
        sum(end_balance) filter (account_type = 'DEPOSIT')
        from fct_account_monthly group by all order by all"""
    )
    last = {key: show(value) for *keys, value in months for key in (keys[0], (keys[0], keys[1]))}
    expected = [["Total", last[2024]], ["2023", last[2023]], ["2024", last[2024]]]
    expected += [["1", last[2024, 1]], ["2", last[2024, 2]]]
    expected += [[str(month), show(value)] for y, q, month, value in months if (y, q) == (2024, 2)]
    visit.expect(lambda: [row[:2] for row in visit.grid()], expected)


def test_shares_and_changes_are_ratios_of_figures_of_the_server(visit: Visit, sql: Sql) -> None:
    shown = ("share_of_total", "month_before", "growth_on_month")
    values = ",".join(f"deposit_end_balance:{value}" for value in shown)
    visit.open(place(v="balances", r="branch_name", m=values, p="2024-04-01~2024-04-30"))
    use_ones(visit)
    visit.settle()
    query = """
        select branch_name, sum(end_balance)
        filter (account_type = 'DEPOSIT' and month_end_date = '2024-04-30') as now,
            sum(end_balance)
            filter (account_type = 'DEPOSIT' and month_end_date = '2024-03-31') as before
        from fct_account_monthly join dim_branch using (branch_key) group by 1 order by now desc
    """
    figures = sql(query)
    total = sum(now for _, now, _ in figures)
    lines = [
        [name, f"{now / total:.1%}", show(before), f"{(now - before) / before:.1%}"]
        for name, now, before in figures
    ]
    expected = [[cell.replace("-", "−") for cell in line] for line in lines]
    visit.expect(lambda: visit.grid()[1:], expected)


def test_headers_sort_and_the_top_leaves_totals_as_they_are(visit: Visit, sql: Sql) -> None:
    visit.open(place(v="balances", r="customer_name", m="deposit_end_balance:value"))
    use_ones(visit)
    header = visit.page.get_by_role("columnheader", name="Closing deposits")
    header.click()
    expect(header).to_have_attribute("aria-sort", "descending")
    header.click()
    expect(header).to_have_attribute("aria-sort", "ascending")
    visit.page.get_by_label("Show", exact=True).select_option("5")
    visit.settle()
    query = """
        select full_name, sum(end_balance) filter (account_type = 'DEPOSIT')
        from fct_account_monthly join dim_customer
        using (customer_key) where month_end_date = '2024-06-30' group by 1 order by 2
    """
    figures = sql(query)
    total = ["Total", show(sum(value for _, value in figures if value is not None))]
    least = [[name, show(value)] for name, value in figures[:5]]
    rest = [f"{len(figures) - 5} more, counted in the total", ""]
    visit.expect(visit.grid, [total, *least, rest])


def test_a_figure_opens_the_rows_behind_it(visit: Visit, sql: Sql) -> None:
    visit.open(place(v="transactions", r="transaction_group", m="amount:value", p="all"))
    visit.page.get_by_role("row", name="Cash").get_by_role("gridcell").click()
    dialog = visit.page.get_by_role("dialog", name="Rows behind the figure")
    [(count, total)] = sql(
        """select count(*), sum(amount) from fct_transaction join dim_transaction_type
        using (transaction_type_key) where transaction_group = 'Cash'"""
    )
    expect(dialog.get_by_role("status")).to_have_text(f"1 – 100 of {count}")
    seen = []
    for page in range(-(-count // 100)):
        if page > 0:
            dialog.get_by_role("button", name="Next").click()
            expect(dialog.get_by_role("status")).to_contain_text(f"{page * 100 + 1} – ")
        cells = dialog.locator("tbody td:last-child").all_text_contents()
        seen += [float(cell.replace(",", "").replace("−", "-")) for cell in cells]
    assert len(seen) == count
    assert round(sum(seen), 2) == float(total)


def test_a_balance_opens_the_accounts_behind_it(visit: Visit, sql: Sql) -> None:
    visit.open(
        place(v="balances", r="branch_name", m="deposit_end_balance:value", p="last_12_months")
    )
    visit.page.get_by_role("row", name="Branch 1").get_by_role("gridcell").click()
    dialog = visit.page.get_by_role("dialog", name="Rows behind the figure")
    query = """
        select sum(end_balance) filter (account_type = 'DEPOSIT')
        from fct_account_monthly join dim_branch using (branch_key)
        where month_end_date = '2024-06-30' and branch_name = 'Branch 1'
    """
    cells = dialog.locator("tbody td:last-child")
    expect(cells.first).not_to_be_empty()
    shown = [float(cell.replace(",", "")) for cell in cells.all_text_contents() if cell]
    assert round(sum(shown), 2) == float(sql(query)[0][0])


def test_customers_of_one_name_are_separate_rows(visit: Visit, sql: Sql) -> None:
    visit.open(place(v="customers", r="grade_code", m="aum_end_balance:value", p="last_month"))
    visit.page.get_by_role("row", name="Total").get_by_role("gridcell").click()
    dialog = visit.page.get_by_role("dialog", name="Rows behind the figure")
    [(count,)] = sql(
        "select count(*) from fct_customer_monthly where month_end_date = '2024-05-31'"
    )
    expect(dialog.get_by_role("status")).to_have_text(f"1 – {count} of {count}")
    expect(dialog.get_by_role("columnheader", name="Customer key")).to_be_visible()
    names = dialog.locator("tbody td:first-child").all_inner_texts()
    assert len(set(names)) < count


def test_members_are_dragged_into_zones_and_out_of_them(visit: Visit) -> None:
    visit.open(place(v="balances"))
    page = visit.page
    page.get_by_role("button", name="Accounts", exact=True).drag_to(
        page.locator("[data-zone=values]")
    )
    page.get_by_role("button", name="Product range").drag_to(page.locator("[data-zone=rows]"))
    visit.settle()
    visit.expect(visit.lines, ["Total", "LIABILITY", "ASSET"])
    assert page.locator("[data-zone=rows] li").all_inner_texts() == [
        "Pillar\n×", "Product line\n×", "Product family\n×", "Product\n×",
    ]  # fmt: skip
    page.get_by_label("Options of Pillar").drag_to(page.locator("[data-zone=columns]"))
    visit.settle()
    visit.expect(visit.lines, ["Total", "Retail", "Credit"])
    page.get_by_label("Remove: Pillar").click()
    visit.settle()
    assert "c=" not in page.url


def test_a_filter_keeps_what_was_ticked(visit: Visit, sql: Sql) -> None:
    visit.open(place(v="balances", r="branch_name", m="deposit_end_balance:value"))
    use_ones(visit)
    page = visit.page
    page.get_by_role("searchbox", name="Search members").fill("customer type")
    page.get_by_role("button", name="Customer type", exact=True).click()
    page.get_by_role("menuitem", name="Add to filters").click()
    page.get_by_role("checkbox", name="PERSON").check()
    visit.settle()
    query = """
        select sum(end_balance) filter (account_type = 'DEPOSIT')
        from fct_account_monthly join dim_customer using (customer_key)
        where month_end_date = '2024-06-30' and customer_type = 'PERSON'
    """
    visit.expect(lambda: visit.grid()[:1], [["Total", show(sql(query)[0][0])]])


def test_amounts_of_several_currencies_are_called_out(visit: Visit) -> None:
    parameters = {"v": "transactions", "r": "branch_name", "m": "amount:value", "p": "all"}
    visit.open(place(**parameters))
    notice = visit.page.get_by_text("Amounts of 2 currencies stand in one sum")
    expect(notice).to_be_visible()
    visit.open(place(**{**parameters, "c": "currency_code"}))
    expect(visit.page.get_by_role("columnheader", name="CZK")).to_be_visible()
    expect(notice).to_have_count(0)


def test_a_link_is_a_saved_view(visit: Visit, visit_as: Callable[..., Visit]) -> None:
    visit.open(place(**BALANCES))
    visit.page.get_by_role("rowheader", name="Main 1").click()
    visit.settle()
    again = visit_as(visit.address)
    again.page.goto(visit.page.url)
    again.settle()
    again.expect(again.grid, visit.grid())


def test_a_link_says_what_it_cannot_show(visit: Visit) -> None:
    visit.open(place(v="balances", r="branch_name,not_there", m="deposit_end_balance:value", f="{"))
    notice = visit.page.get_by_text("it does not exist: balances.not_there")
    expect(notice).to_be_visible()
    assert len(visit.grid()) > 1
