"""Around the pivot: sign-in and rights, business date, a version published meanwhile, languages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from bankcrm.settings import Settings
from tests.browser.conftest import Sql, Visit, serve
from tests.cube.sample_marts import publish_version

BALANCES = "#/pivot?v=balances&r=branch_name&m=account_count:value"


def sign_in(visit: Visit, token: str, field: str = "Token", button: str = "Sign in") -> None:
    visit.page.get_by_label(field).fill(token)
    visit.page.get_by_role("button", name=button).click()


def test_a_page_asks_for_a_token_and_says_when_it_is_refused(
    visit_as: Callable[..., Visit], guarded: str, token: Callable[..., str]
) -> None:
    visit = visit_as(guarded)
    visit.open(BALANCES)
    sign_in(visit, "nonsense")
    expect(visit.page.get_by_role("alert")).to_contain_text("did not accept this token")
    sign_in(visit, token("admin"))
    expect(visit.page.get_by_role("rowheader", name="Branch 2")).to_be_visible()
    visit.page.reload()
    expect(visit.page.get_by_role("rowheader", name="Branch 2")).to_be_visible()
    assert visit.page.evaluate("localStorage.getItem('bankcrm.token')") is None
    visit.page.get_by_role("button", name="Sign out").click()
    expect(visit.page.get_by_label("Token")).to_be_visible()
    assert visit.page.evaluate("sessionStorage.length") == 0


def test_a_token_that_ends_while_the_page_is_open_leads_to_the_sign_in(
    visit_as: Callable[..., Visit], guarded: str, token: Callable[..., str]
) -> None:
    visit = visit_as(guarded)
    visit.open(BALANCES)
    sign_in(visit, token("admin"))
    expect(visit.page.get_by_role("rowheader", name="Branch 2")).to_be_visible()
    visit.page.route("**/v1/load?*", lambda route: route.fulfill(status=403, json={"error": "no"}))
    visit.page.get_by_label("Period").select_option("all")
    expect(visit.page.get_by_label("Token")).to_be_visible()
    expect(visit.page.get_by_role("alert")).to_contain_text("It may have expired")


# Claims of each role, and the rows that they open.
ROLES: dict[str, tuple[dict[str, str], str]] = {
    "branch_manager": ({"branch_id": "B1"}, "branch_key in (1, 2)"),
    "customer_manager": ({"manager_id": "M1"}, "customer_durable_key in (101, 103, 106)"),
    "analyst": ({}, "true"),
}


@pytest.mark.parametrize("group", ROLES)
def test_figures_and_the_rows_behind_them_are_those_of_the_role(
    visit_as: Callable[..., Visit],
    guarded: str,
    token: Callable[..., str],
    sql: Sql,
    group: str,
) -> None:
    claims, rows = ROLES[group]
    visit = visit_as(guarded)
    visit.open(BALANCES)
    sign_in(visit, token(group, **claims))
    query = f"""
        select branch_name, count(distinct account_durable_key) from fct_account_monthly
        join dim_branch using (branch_key) where month_end_date = '2024-06-30' and {rows}
        group by 1 order by 2 desc, 1
    """
    figures = [[name, str(count)] for name, count in sql(query)]
    total = str(sum(int(count) for _, count in figures))
    expect(visit.page.get_by_role("rowheader", name=figures[0][0])).to_be_visible()
    visit.settle()
    visit.expect(lambda: sorted(visit.grid()), sorted([["Total", total], *figures]))
    visit.page.get_by_role("row", name="Total").get_by_role("gridcell").click()
    dialog = visit.page.get_by_role("dialog")
    # To an analyst the masked accounts of a product are one.
    accounts = total if group != "analyst" else ""
    expect(dialog.get_by_role("status")).to_contain_text(f"of {accounts}")
    heads = dialog.locator("thead th").all_text_contents()
    names = dialog.locator(f"tbody td:nth-child({heads.index('Customer name') + 1})")
    assert (set(names.all_text_contents()) == {"***"}) == (group == "analyst")


def test_who_may_see_nothing_is_told_so(
    visit_as: Callable[..., Visit], guarded: str, token: Callable[..., str]
) -> None:
    visit = visit_as(guarded)
    visit.open(BALANCES)
    sign_in(visit, token("auditor"))
    expect(visit.page.get_by_text("Your rights give access to no view")).to_be_visible()


def test_cards_out_of_reach_say_so(
    visit_as: Callable[..., Visit], guarded: str, token: Callable[..., str]
) -> None:
    visit = visit_as(guarded)
    visit.open("#/credit")
    sign_in(visit, token("branch_manager", branch_id="B1"))
    card = visit.page.get_by_role("region", name="Migration between classes")
    expect(card).to_contain_text("You have no access to the figures")


def test_a_version_published_meanwhile_is_announced_and_never_mixed_in(
    tmp_path: Path, built: None, visit_as: Callable[..., Visit]
) -> None:
    settings = Settings(home=tmp_path, memory_limit="1GB")
    publish_version(settings.published_folder, "v1", date(2024, 6, 28))
    with serve(settings) as address:
        visit = visit_as(address)
        visit.open("#/pivot?v=balances&r=main_branch_name,branch_name&m=account_count:value")
        before = visit.grid()
        publish_version(
            settings.published_folder,
            "v2",
            date(2024, 6, 29),
            "delete from marts.fct_account_monthly where branch_key = 1",
        )
        visit.page.get_by_label("Open to").select_option("2")
        banner = visit.page.locator(".banner")
        expect(banner).to_contain_text("Version v2 has been published")
        expect(visit.page.get_by_text("28 Jun 2024")).to_be_visible()
        assert visit.page.get_by_role("rowheader", name="Branch 2").count() == 0
        visit.page.get_by_label("Open to").select_option("1")
        expect(visit.page.get_by_role("rowheader", name="Main 1")).to_be_visible()
        visit.settle()
        visit.expect(visit.grid, before)
        banner.get_by_role("button", name="Show the new version").click()
        expect(visit.page.get_by_text("29 Jun 2024")).to_be_visible()
        visit.settle()
        visit.expect(visit.lines, ["Total", "Main 2"])
        visit.page.close()


def test_an_old_night_is_red_and_the_newest_is_not(visit: Visit) -> None:
    told = {"expectedDate": "2024-06-30", "today": "2024-07-01"}

    def expect_night(route: Route) -> None:
        route.fulfill(json={**route.fetch().json(), **told})

    colour = "node => getComputedStyle(node).color"
    as_of = visit.page.locator(".as-of")
    visit.open(BALANCES)
    expect(as_of).to_contain_text("days old")
    red = as_of.locator("strong").evaluate(colour)
    visit.page.route("**/explorer/freshness", expect_night)
    visit.page.reload()
    expect(as_of).to_contain_text("2 days behind")
    expect(as_of).to_contain_text("Business date 30 Jun 2024 should be published by now")
    assert as_of.locator("strong").evaluate(colour) == red
    told["expectedDate"] = "2024-06-28"
    visit.page.reload()
    expect(as_of).to_contain_text("28 Jun 2024")
    expect(as_of).not_to_contain_text("behind")
    assert as_of.locator("strong").evaluate(colour) != red


def test_the_dictionary_explains_a_member_to_who_has_signed_in(
    visit_as: Callable[..., Visit], guarded: str, token: Callable[..., str], bank: Settings
) -> None:
    bank.docs_folder.mkdir(exist_ok=True)
    for name in ("index", "questions"):
        text = '<p id="balances.account_count">Distinct accounts</p>'
        (bank.docs_folder / f"{name}.html").write_text(text, encoding="utf-8")
    visit = visit_as(guarded, locale="zh-CN")
    visit.open(BALANCES)
    sign_in(visit, token("analyst"), "令牌", "登录")
    member = visit.page.locator(".members").get_by_role("button", name="账户数", exact=True)
    member.focus()
    visit.page.keyboard.press("Enter")
    about = "期间内有记录的账户、贷款和卡数，去重计算，包括此后已销户的。"
    expect(visit.page.locator(".menu .about")).to_have_text(about)
    with visit.page.expect_popup() as opened:
        visit.page.keyboard.press("End")
        visit.page.keyboard.press("Enter")
    assert opened.value.url.endswith("/docs/questions.html#balances.account_count")
    expect(opened.value.get_by_text("Distinct accounts")).to_be_visible()
    link = visit.page.get_by_role("navigation").get_by_role("link", name="数据字典")
    expect(link).to_have_attribute("href", "/docs/questions.html")
    anonymous = visit.page.context.browser
    assert anonymous is not None
    stranger = anonymous.new_page()
    stranger.goto(f"{guarded}/docs/")
    expect(stranger.get_by_role("heading", name="Sign in to read the dictionary")).to_be_visible()
    stranger.close()


def test_nothing_published_is_explained(
    tmp_path: Path, built: None, visit_as: Callable[..., Visit]
) -> None:
    with serve(Settings(home=tmp_path, memory_limit="1GB")) as address:
        visit = visit_as(address)
        visit.page.goto(address)
        expect(visit.page.get_by_text("Nothing is published yet")).to_be_visible()
        visit.problems.clear()
        visit.page.close()


def test_the_page_speaks_both_languages(visit_as: Callable[..., Visit], address: str) -> None:
    visit = visit_as(address, locale="zh-CN")
    visit.open(BALANCES)
    page = visit.page
    expect(page.get_by_role("heading", level=1)).to_have_text("余额")
    expect(page.get_by_role("columnheader", name="账户数")).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    expect(page).to_have_title("透视分析 · bankcrm")
    visit.expect(lambda: visit.lines()[:1], ["合计"])
    page.get_by_label("语言").select_option("en")
    expect(page.get_by_role("heading", level=1)).to_have_text("Balances")
    visit.expect(lambda: visit.lines()[:1], ["Total"])
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Balances")


def test_units_divide_amounts_and_nothing_else(visit: Visit, sql: Sql) -> None:
    visit.open("#/pivot?v=balances&r=pillar&m=deposit_end_balance:value,account_count:value")
    query = (
        "select sum(end_balance) filter (account_type = 'DEPOSIT') from "
        "fct_account_monthly where month_end_date = '2024-06-30'"
    )
    amount = float(sql(query)[0][0])
    units = {"one": amount, "thousand": amount / 1e3, "wan": amount / 1e4, "million": amount / 1e6}
    counts = set()
    for unit, value in units.items():
        visit.page.get_by_label("Unit").select_option(unit)
        shown = f"{value:,.2f}" if unit == "one" else f"{value:,.1f}"
        visit.expect(lambda: [row[1] for row in visit.grid()[:1]], [shown])
        counts.add(visit.grid()[0][2])
    assert len(counts) == 1


def test_dark_is_dark(visit: Visit) -> None:
    visit.open(BALANCES)
    body = visit.page.locator("body")
    expect(body).to_have_css("background-color", "rgb(244, 246, 249)")
    visit.page.get_by_label("Appearance").select_option("dark")
    expect(body).to_have_css("background-color", "rgb(16, 22, 29)")


def test_a_slow_answer_and_a_failed_one_say_what_to_do(visit: Visit) -> None:
    visit.page.clock.install()
    held: list[Route] = []
    is_away = False

    def hold(route: Route) -> None:
        if is_away:
            route.abort()
        else:
            held.append(route)

    visit.page.route("**/v1/load?*", hold)
    visit.page.goto(f"{visit.address}/{BALANCES}")
    expect(visit.page.get_by_text("Loading")).to_be_visible()
    visit.page.clock.fast_forward(4000)
    expect(visit.page.get_by_text("A shorter period or fewer members")).to_be_visible()
    visit.page.clock.resume()
    is_away = True
    for route in held:
        route.abort()
    alert = visit.page.get_by_role("alert")
    expect(alert).to_contain_text("The server does not answer")
    visit.page.unroute("**/v1/load?*")
    alert.get_by_role("button", name="Try again").click()
    expect(visit.page.get_by_role("rowheader", name="Branch 2")).to_be_visible()
    visit.problems.clear()
