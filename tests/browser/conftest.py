"""A browser over a server over a small fabricated bank."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import pytest
from playwright import sync_api

from bankcrm.settings import PROJECT_FOLDER, Settings
from cube.security.auth import make_token
from cube.server.app import create_app
from pipelines.loading.deadlines import newest_due_date
from tests.cube.sample_marts import empty_made_facts, publish_version
from tests.servers import get_address, serve_app
from tests.tools import NODE, find_chromium, find_node_modules, require

BUSINESS_DATE = date(2024, 6, 28)
SECRET = "a secret of the browser tests, long enough"
# A name that a spreadsheet would run, and marts of the desks that the shared tables leave empty.
EXTRA_SQL = """
update marts.dim_customer set full_name = '=HYPERLINK("http://example.com","x")'
where customer_key = 5;
update marts.dim_customer set full_name = 'Customer 8' where customer_key = 7;
insert into marts.fct_customer_monthly by name
select i * 10 + month(month_end_date) customer_monthly_key, month_end_date, i::bigint customer_key,
    (100 + i)::bigint customer_durable_key, (1 + i % 3)::bigint branch_key, 1::bigint manager_key,
    ['A', 'B', 'C'][1 + i % 3] grade_code, true is_complete_month, i > 6 is_below_marginal_cost,
    case when i > 6 then 'COST_TO_SERVE' end below_cost_cause,
    (i * 1000 + month(month_end_date))::decimal(18, 2) aum_end_balance,
    (i * 10 - 65)::decimal(18, 2) net_contribution_amount
from range(1, 9) customers(i),
    (values (date '2024-04-30'), (date '2024-05-31')) months(month_end_date);
insert into marts.fct_manager_score by name
select i::bigint manager_score_key, date '2024-05-31' month_end_date, i::bigint manager_key,
    (10 * i)::bigint manager_durable_key, i::bigint branch_key, true is_complete_month,
    (100 - 10 * i)::double score, 100::double covered_weight, 100::double total_weight,
    1 rank_in_branch, 1 manager_count_in_branch, i::int rank_in_bank, 3 manager_count_in_bank
from range(1, 4) managers(i);
"""

PATIENCE_SECONDS = 10
T = TypeVar("T")
Sql = Callable[..., list[tuple[Any, ...]]]


@dataclass
class Visit:
    """An open page, and everything it should not have done."""

    page: sync_api.Page
    address: str
    problems: list[str] = field(default_factory=list)

    def open(self, place: str = "") -> None:
        """Go to a place such as ``#/profit`` and wait until nothing is asked any more."""
        self.page.goto(f"{self.address}/{place}")
        self.page.locator("main").wait_for()
        self.page.wait_for_load_state("networkidle")
        self.settle()

    def settle(self) -> None:
        """Wait until the page has asked for what it needs, has it, and has drawn it."""
        frames = "() => new Promise(done => setTimeout(() => requestAnimationFrame(done), 60))"
        self.page.evaluate(frames)
        busy = self.page.locator("[aria-busy=true], .pending")
        sync_api.expect(busy).to_have_count(0)
        self.page.evaluate(frames)

    def grid(self) -> list[list[str]]:
        """Texts of the grid: lines of the body, each with its header first."""
        script = """() => [...document.querySelectorAll('regular-table tbody tr')].map(
            row => [...row.children].map(cell => cell.textContent))"""
        rows: list[list[str]] = self.page.evaluate(script)
        return rows

    def lines(self) -> list[str]:
        """First cell of each line of the grid."""
        return [row[0] for row in self.grid()]

    def expect(self, read: Callable[[], T], expected: T) -> None:
        """Wait until the page shows what is expected; what it shows in the end is compared."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while read() != expected and time.monotonic() < deadline:
            self.page.wait_for_timeout(50)
        assert read() == expected


@pytest.fixture(scope="session")
def built() -> None:
    """The page, built from its sources as they are now."""
    vite = require(find_node_modules) / "vite" / "bin" / "vite.js"
    command = [NODE, str(vite), "build", "cube/explorer", "--logLevel", "error"]
    run = subprocess.run(command, cwd=PROJECT_FOLDER, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


@pytest.fixture(scope="session")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a home with one published version; not to be changed by a test."""
    settings = Settings(home=tmp_path_factory.mktemp("bank"), memory_limit="1GB")
    rows = f"{empty_made_facts()}; {EXTRA_SQL}"
    publish_version(settings.published_folder, "v1", BUSINESS_DATE, rows)
    return settings


@pytest.fixture(scope="session")
def sql(bank: Settings) -> Sql:
    """Rows of hand-written SQL on a copy of the published version."""
    copy = bank.home / "reference.duckdb"
    shutil.copy(bank.published_folder / "v1.duckdb", copy)
    connection = duckdb.connect(str(copy), read_only=True)
    connection.execute("set search_path = 'marts'")

    def run(text: str, *parameters: object) -> list[tuple[Any, ...]]:
        return connection.execute(text, parameters).fetchall()

    return run


@contextmanager
def serve(settings: Settings) -> Iterator[str]:
    """Address of a server that runs until the block ends."""
    with serve_app(create_app(settings, newest_due=newest_due_date)) as server:
        yield get_address(server)


@pytest.fixture(scope="session")
def address(bank: Settings, built: None) -> Iterator[str]:
    """A server that takes everybody for an administrator."""
    with serve(bank) as found:
        yield found


@pytest.fixture(scope="session")
def guarded(bank: Settings, built: None) -> Iterator[str]:
    """A server that asks for a token."""
    with serve(bank.model_copy(update={"api_secret": SECRET})) as found:
        yield found


@pytest.fixture(scope="session")
def token(bank: Settings) -> Callable[..., str]:
    """A token of a group with claims."""
    settings = bank.model_copy(update={"api_secret": SECRET})

    def make(group: str, **claims: str) -> str:
        return make_token(settings, [group], timedelta(hours=1), {"sub": "Ann", **claims})

    return make


@pytest.fixture(scope="session")
def browser() -> Iterator[sync_api.Browser]:
    """A Chromium; the test is skipped where there is none."""
    found = require(find_chromium)
    with sync_api.sync_playwright() as playwright:
        opened = found.launch(playwright)
        yield opened
        opened.close()


@pytest.fixture
def visit_as(browser: sync_api.Browser, tmp_path: Path) -> Iterator[Callable[..., Visit]]:
    """Open a page; at the end it must have stayed at home and broken no rule of its own."""
    visits: list[tuple[Visit, sync_api.BrowserContext]] = []

    def open_page(address: str, locale: str = "en-GB", **options: Any) -> Visit:
        context = browser.new_context(
            viewport={"width": 1440, "height": 900}, locale=locale, accept_downloads=True, **options
        )
        context.set_default_timeout(10_000)
        visit = Visit(context.new_page(), address)
        _watch(visit)
        visits.append((visit, context))
        return visit

    yield open_page
    for visit, context in visits:
        context.close()
        assert visit.problems == []


@pytest.fixture
def visit(visit_as: Callable[..., Visit], address: str) -> Visit:
    """A page of an administrator, in English."""
    return visit_as(address)


def _watch(visit: Visit) -> None:
    """Note requests to elsewhere, errors of scripts, and what the security policy refused."""

    def note(request: sync_api.Request) -> None:
        if not request.url.startswith((visit.address, "data:", "blob:")):
            visit.problems.append(f"asked {request.url}")

    def listen(message: sync_api.ConsoleMessage) -> None:
        if message.type == "error" and "403" not in message.text:
            visit.problems.append(message.text)

    visit.page.on("request", note)
    visit.page.on("console", listen)
    visit.page.on("pageerror", lambda error: visit.problems.append(str(error)))
