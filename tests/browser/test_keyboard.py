"""Everything can be done without a mouse, and a screen reader hears what it needs."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import Visit

FOCUSED = """() => {
    const it = document.activeElement;
    return it.getAttribute('aria-label') ?? it.labels?.[0]?.textContent ?? it.textContent;
}"""


def tab_to(visit: Visit, name: str) -> None:
    """Press Tab until something of this name has the focus."""
    for _ in range(120):
        visit.page.keyboard.press("Tab")
        if str(visit.page.evaluate(FOCUSED)).strip().endswith(name):
            return
    raise AssertionError(f"Tab does not lead to {name}")


def press(visit: Visit, *keys: str) -> None:
    for key in keys:
        visit.page.keyboard.press(key)


def test_a_pivot_is_made_opened_and_drilled_by_keys_alone(visit: Visit) -> None:
    visit.open("#/pivot?v=balances")
    tab_to(visit, "Search members")
    visit.page.keyboard.type("organisation")
    tab_to(visit, "Organisation")
    press(visit, "Enter", "Enter")
    for _ in range(12):
        visit.page.keyboard.press("Shift+Tab")
        if visit.page.evaluate(FOCUSED) == "Search members":
            break
    press(visit, "Control+a")
    visit.page.keyboard.type("accounts")
    tab_to(visit, "Accounts")
    press(visit, "Enter", "Enter")
    visit.settle()
    visit.expect(visit.lines, ["Total", "Head office"])

    tab_to(visit, "Total")
    press(visit, "ArrowDown", "ArrowRight")
    visit.settle()
    visit.expect(visit.lines, ["Total", "Head office", "North"])
    assert visit.page.evaluate(FOCUSED) == "Head office"
    press(visit, "ArrowRight", "Enter")
    dialog = visit.page.get_by_role("dialog", name="Rows behind the figure")
    expect(dialog.get_by_role("status")).to_contain_text("of ")
    press(visit, "Escape")
    expect(dialog).to_have_count(0)

    press(visit, "ArrowLeft", "ArrowLeft")
    visit.settle()
    visit.expect(visit.lines, ["Total", "Head office"])
    press(visit, "ArrowUp", "ArrowUp", "ArrowRight", "Enter")
    expect(visit.page.get_by_role("columnheader", name="Accounts")).to_have_attribute(
        "aria-sort", "descending"
    )


def test_the_first_tab_leads_past_the_navigation(visit: Visit) -> None:
    visit.open("#/profit")
    press(visit, "Tab")
    expect(visit.page.get_by_role("link", name="Skip to the content")).to_be_focused()


def test_the_grid_tells_where_a_line_stands(visit: Visit) -> None:
    visit.open("#/pivot?v=balances&r=main_branch_name,branch_name&m=account_count:value")
    grid = visit.page.get_by_role("treegrid")
    expect(grid).to_have_attribute("aria-rowcount", "4")
    row = visit.page.get_by_role("row", name="Main 1")
    expect(row).to_have_attribute("aria-expanded", "false")
    expect(row).to_have_attribute("aria-level", "2")
    expect(row).to_have_attribute("aria-setsize", "2")
    row.get_by_role("rowheader", name="Main 1", exact=True).click()
    expect(row).to_have_attribute("aria-expanded", "true")
    expect(visit.page.get_by_role("row", name="Branch 1")).to_have_attribute("aria-level", "3")


def test_everything_that_can_be_used_has_a_name(visit: Visit) -> None:
    script = """() => [...document.querySelectorAll('button, a, select, input, [role=img]')].filter(
        it => !(it.getAttribute('aria-label') || it.labels?.length || it.textContent.trim())
    ).map(it => it.outerHTML)"""
    for place in ("#/profit", "#/managers", "#/customer", "#/pivot?v=balances&r=pillar"):
        visit.open(place)
        assert visit.page.evaluate(script) == [], place
