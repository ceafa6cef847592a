"""The page goes on: filters by mouse and keys, odd dates, scripts that fail, narrow screens."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from bankcrm.settings import PROJECT_FOLDER
from tests.browser.conftest import Visit
from tests.tools import NODE, find_node_modules, require

PLACE = "#/pivot?v=balances&r=branch_name&m=deposit_end_balance:value&p=last_month"


def test_the_word_of_a_value_ticks_it(visit: Visit) -> None:
    visit.open(PLACE + "&" + urlencode({"f": json.dumps([["branch_name", "equals", []]])}))
    editor = visit.page.get_by_role("dialog", name="Branch")
    editor.locator("label", has_text="Branch 2").click(position={"x": 50, "y": 8})
    expect(editor.get_by_label("Branch 2")).to_be_checked()
    visit.expect(visit.lines, ["Total", "Branch 2"])


def test_a_filter_added_by_keys_stays_open_at_the_next_tab(visit: Visit) -> None:
    visit.open(PLACE)
    visit.page.get_by_role("searchbox", name="Search members").fill("customer type")
    visit.page.get_by_role("button", name="Customer type", exact=True).press("Enter")
    visit.page.get_by_role("menuitem", name="Add to filters").press("Enter")
    editor = visit.page.get_by_role("dialog", name="Customer type")
    expect(editor.get_by_role("combobox")).to_be_focused()
    visit.page.keyboard.press("Tab")
    expect(editor.get_by_role("searchbox")).to_be_focused()


@pytest.mark.parametrize(
    ("field", "text", "reason"),
    [
        ("To", "2024-04-30", "From is after To"),
        ("To", "12024-05-31", "not a date between 1900 and 2199"),
    ],
)
def test_a_range_that_is_none_is_refused_beside_the_field(
    visit: Visit, field: str, text: str, reason: str
) -> None:
    visit.open(PLACE.replace("last_month", "2024-05-01~2024-05-31"))
    before = visit.grid()
    box = visit.page.get_by_label(field, exact=True)
    # What a browser hands on for a year of five digits cannot be filled in by the test.
    set_value = """(field, text) => {
        field.type = 'text';
        field.value = text;
        field.dispatchEvent(new Event('change', {bubbles: true}));
    }"""
    box.evaluate(set_value, text)
    expect(visit.page.get_by_role("alert").filter(has_text=reason)).to_be_visible()
    expect(box).to_have_attribute("aria-invalid", "true")
    assert visit.grid() == before
    assert "p=2024-05-01%7E2024-05-31" in visit.page.url or "p=2024-05-01~" in visit.page.url


def test_a_page_that_cannot_be_drawn_leaves_the_others(visit: Visit) -> None:
    visit.open("#/profit")
    # Every desk sorts its months while it is drawn.
    visit.page.evaluate("() => { Array.prototype.toSorted = () => { throw new Error('broken') } }")
    visit.page.get_by_role("link", name="Credit").click()
    expect(visit.page.get_by_role("alert")).to_contain_text("broken")
    visit.page.get_by_role("link", name="Pivot").click()
    expect(visit.page.get_by_role("button", name="Suggest a start")).to_be_visible()


def test_a_desk_whose_script_failed_is_loaded_again(visit: Visit) -> None:
    visit.open(PLACE)
    script = re.compile(r"/assets/Desk-.*\.js")
    visit.page.route(script, lambda route: route.abort())
    visit.page.get_by_role("link", name="Profit").click()
    alert = visit.page.get_by_role("alert")
    expect(alert).to_contain_text("The server does not answer")
    visit.page.unroute(script)
    again = alert.get_by_role("button", name="Try again")
    again.click()
    heading = visit.page.get_by_role("heading", name="Profit contribution")
    expect(heading.or_(again).first).to_be_visible()
    expect(heading).to_be_visible()
    assert visit.page.url.endswith("#/profit")
    visit.problems[:] = [text for text in visit.problems if "ERR_FAILED" not in text]


def test_the_way_past_the_navigation_leaves_the_view_as_it_is(visit: Visit) -> None:
    visit.open(PLACE)
    address = visit.page.url
    visit.page.keyboard.press("Tab")
    visit.page.keyboard.press("Enter")
    expect(visit.page.locator("main")).to_be_focused()
    assert visit.page.url == address
    assert len(visit.lines()) > 1


@pytest.mark.parametrize(
    ("width", "locale"),
    [(390, "en-GB"), (1010, "zh-CN"), (1180, "en-GB"), (1280, "en-GB"), (1400, "en-GB")],
)
def test_no_screen_scrolls_sideways_while_the_date_is_stale(
    visit_as: Callable[..., Visit], guarded: str, token: Callable[..., str], width: int, locale: str
) -> None:
    visit = visit_as(guarded, locale=locale)
    visit.page.add_init_script(f"sessionStorage.setItem('bankcrm.token', '{token('admin')}')")
    visit.page.set_viewport_size({"width": width, "height": 800})
    visit.open(PLACE)
    expect(visit.page.locator(".as-of.stale")).to_be_visible()
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
    out = visit.page.locator(".user button").bounding_box()
    assert out is not None
    assert out["x"] + out["width"] <= width


def test_a_build_keeps_the_assets_of_the_build_before(tmp_path: Path) -> None:
    vite = require(find_node_modules) / "vite" / "bin" / "vite.js"
    folder = tmp_path / "explorer"
    (folder / "src").mkdir(parents=True)
    (folder / "index.html").write_text('<script type="module" src="/src/main.ts"></script>')
    config = PROJECT_FOLDER / "cube" / "explorer" / "vite.config.ts"

    def build(text: str) -> set[str]:
        (folder / "src" / "main.ts").write_text(f"document.title = '{text}';")
        command = [NODE, str(vite), "build", str(folder), "--config", str(config)]
        run = subprocess.run(
            command, cwd=PROJECT_FOLDER, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stderr
        return {path.name for path in (folder / "dist" / "assets").iterdir()}

    first = build("one")
    assert len(first) == 1
    second = build("two")
    assert first < second
    assert build("two") == second
    third = build("three")
    assert len(third) == 2
    assert not first & third
