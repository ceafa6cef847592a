"""The desks: figures as SQL has them, a table behind every chart, pictures, one customer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import Sql, Visit

# The business date is 28 June: May is the last month that has ended.
MAY = "month_end_date = '2024-05-31'"


def card(visit: Visit, name: str) -> Locator:
    return visit.page.get_by_role("region", name=name, exact=True).first


def table(found: Locator) -> list[list[str]]:
    rows: list[list[str]] = found.locator("tbody").evaluate(
        "body => [...body.rows].map(row => [...row.cells].map(cell => cell.textContent))"
    )
    return rows


def headline(visit: Visit, title: str) -> str:
    found = visit.page.locator(".headlines dl > div", has_text=title).first
    return found.locator("dd").first.inner_text().split(" ")[0]


def open_in_ones(visit: Visit, place: str) -> None:
    visit.open(place)
    visit.page.get_by_label("Unit").select_option("one")
    visit.settle()


def test_profit_shows_who_makes_it(visit: Visit, sql: Sql) -> None:
    open_in_ones(visit, "#/profit")
    [(net,)] = sql(f"select sum(net_contribution_amount) from fct_profit_monthly where {MAY}")
    visit.expect(lambda: headline(visit, "Net contribution"), f"{net:,.2f}")
    whale = card(visit, "Who makes the profit")
    expect(whale.get_by_role("img")).to_have_count(1)
    customers = sql(
        f"""select full_name, sum(net_contribution_amount) from fct_profit_monthly
        join dim_customer using (customer_key) where {MAY}
        group by full_name, dim_customer.customer_durable_key order by 2 desc, 1"""
    )
    best = -(-len(customers) * 20 // 100)
    share = sum(value for _, value in customers[:best]) / net
    expect(whale).to_contain_text(f"bring {share:.0%} of the net contribution")
    whale.get_by_role("button", name="Table").click()
    assert sorted(table(whale)) == sorted([name, f"{value:,.2f}"] for name, value in customers)


def test_the_statement_is_the_same_in_chart_and_table(visit: Visit, sql: Sql) -> None:
    open_in_ones(visit, "#/profit")
    statement = card(visit, "Lines of the contribution")
    statement.get_by_role("button", name="Table").click()
    lines = dict(table(statement))
    [(cost, net)] = sql(
        f"""select -sum(cost_to_serve_amount), sum(net_contribution_amount)
        from fct_profit_monthly where {MAY}"""
    )
    assert lines["Cost to serve"] == f"{cost:,.2f}".replace("-", "−")
    assert lines["Net contribution"] == f"{net:,.2f}"


def test_the_organisation_opens_in_place_and_as_a_pivot(visit: Visit) -> None:
    visit.open("#/profit")
    organisation = card(visit, "Organisation")
    organisation.get_by_role("rowheader", name="Main 1").click()
    visit.settle()
    visit.expect(lambda: "Branch 1" in visit.lines(), True)
    shown = visit.grid()
    organisation.get_by_role("link", name="Open as pivot").click()
    expect(visit.page.get_by_role("heading", level=1)).to_have_text("Profit contribution")
    visit.settle()
    visit.expect(lambda: [row[:3] for row in visit.grid()], [row[:3] for row in shown])


def test_credit_shows_classes_and_their_share(visit: Visit, sql: Sql) -> None:
    open_in_ones(visit, "#/credit")
    [(balance, npl)] = sql(
        f"""select sum(principal_balance), sum(principal_balance) filter (is_non_performing)
        from fct_loan_monthly where {MAY}"""
    )
    visit.expect(lambda: headline(visit, "Loan balance"), f"{balance:,.2f}")
    visit.expect(lambda: headline(visit, "NPL ratio"), f"{npl / balance:.1%}")
    classes = card(visit, "Loans by class over time")
    classes.get_by_role("button", name="Table").click()
    rows = [row for row in table(classes) if row[0] == "May 2024"]
    assert [row[1] for row in rows] == ["Normal", "Substandard"]
    assert rows[1][2] == f"{npl:,.2f}"


def test_transactions_are_counted_by_type_and_channel(visit: Visit, sql: Sql) -> None:
    visit.open("#/transactions")
    types = card(visit, "Types of transactions by channel")
    expect(types.get_by_role("img")).to_have_count(1)
    types.get_by_role("button", name="Table").click()
    query = """
        select transaction_type_name, channel_name, count(*) from fct_transaction
        join dim_transaction_type using (transaction_type_key) join dim_channel using (channel_key)
        where value_date between '2024-05-01' and '2024-05-31' group by all
    """
    expected = [[kind, channel, f"{count}"] for kind, channel, count in sql(query)]
    assert sorted(row[:3] for row in table(types)) == sorted(expected)


def test_managers_are_ranked(visit: Visit) -> None:
    visit.open("#/managers")
    scorecard = card(visit, "Scorecard")
    assert [row[:3] for row in table(scorecard)] == [
        ["1", "Manager 1", "90"],
        ["2", "Manager 2", "80"],
        ["3", "Manager 3", "70"],
    ]
    expect(card(visit, "Contacts kept")).to_contain_text("No rows")


def test_a_customer_is_found_and_shown(visit: Visit, sql: Sql) -> None:
    open_in_ones(visit, "#/customer")
    visit.page.get_by_role("searchbox", name="Find a customer").fill("小明")
    visit.page.get_by_role("link", name="王小明").click()
    expect(visit.page.get_by_role("heading", level=1)).to_have_text("王小明")
    visit.settle()
    visit.expect(lambda: headline(visit, "Assets under management"), "4,005.00")
    profile = {row[0]: row[1] for row in table(card(visit, "Profile"))}
    assert profile["Customer name"] == "王小明"
    assert profile["Customer type"] == "Company", "a code stands in words"
    products = card(visit, "Products and balances")
    products.get_by_role("button", name="Table").click()
    [(balance,)] = sql(
        f"select sum(end_balance) filter (account_type = 'DEPOSIT') from fct_account_monthly "
        f"where {MAY} and customer_key = 4"
    )
    shown = sum(float(row[2].replace(",", "")) for row in table(products) if row[2])
    assert shown == pytest.approx(float(balance))
    visit.page.get_by_label("Unit").select_option("million")
    visit.expect(lambda: headline(visit, "Assets under management"), "0.0040")


def test_another_month_is_another_desk(visit: Visit, sql: Sql) -> None:
    open_in_ones(visit, "#/profit")
    visit.page.get_by_label("Month", exact=True).select_option("2024-03")
    visit.settle()
    query = """select sum(net_contribution_amount) from fct_profit_monthly
        where month_end_date = '2024-03-31'"""
    visit.expect(lambda: headline(visit, "Net contribution"), f"{sql(query)[0][0]:,.2f}")
    assert "month=2024-03" in visit.page.url


def test_a_chart_is_saved_as_a_picture(visit: Visit, tmp_path: Path) -> None:
    visit.open("#/profit")
    whale = card(visit, "Who makes the profit")
    expect(whale.locator("canvas")).to_have_count(1)
    with visit.page.expect_download() as started:
        whale.get_by_role("button", name="Picture").click()
    path = tmp_path / started.value.suggested_filename
    started.value.save_as(path)
    assert path.name == "Who makes the profit.png"
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("desk", ["profit", "credit", "transactions", "managers", "customer"])
def test_every_desk_speaks_chinese(visit_as: Callable[..., Visit], address: str, desk: str) -> None:
    visit = visit_as(address, locale="zh-CN")
    visit.open(f"#/{desk}")
    titles = visit.page.locator("h1, h2, .headlines dt").all_inner_texts()
    assert titles
    latin = [title for title in titles if title.isascii() and title not in ("RAROC",)]
    assert latin == []
