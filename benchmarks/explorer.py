"""Time the explorer in a browser: bytes of the page, first paint, a turn of the pivot, scrolling.

    .venv/bin/python -m benchmarks.explorer --runs 7

Needs a published version below BANKCRM_HOME, the built page (`make explorer`) and a Chromium. Every
run is a browser without a cache. A turn is the time from the change of the address to the last cell
drawn, of figures that neither the page nor the server's answer before has computed.
"""

from __future__ import annotations

import argparse
import gzip
import os
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from cube.server.explorer import DIST
from tests.tools import Chromium, find_chromium

PORT = 4199
ADDRESS = f"http://127.0.0.1:{PORT}"
START = "#/pivot?v=profit_contribution&r=region_name,main_branch_name,branch_name"
TURNS = {
    "another measure": "&m=net_contribution_amount:value,raroc:value&p=this_month",
    "open two levels": "&m=net_contribution_amount:value&p=this_month&ro=[3,[]]",
    "months in columns": "&m=fee_income_amount:value&c=date.month&p=last_12_months",
    "compare with the month before": (
        "&m=cost_to_serve_amount:value,cost_to_serve_amount:growth_on_month&p=last_month"
    ),
}
MANY_CELLS = (
    "#/pivot?v=transactions&r=account_id&c=value_date.day&p=all"
    "&m=transaction_count:value,amount:value,fee_income_amount:value,net_inflow_amount:value"
    ",debit_amount:value,credit_amount:value,net_amount:value,fee_amount:value"
)
TURN = """async (address) => {
    performance.clearMarks();
    const last = name => performance.getEntriesByName(name).at(-1)?.startTime ?? Infinity;
    const start = performance.now();
    location.hash = address;
    const isDone = () => document.querySelector('[aria-busy=false] regular-table') &&
        last('pivot-drawn') > last('pivot-asked');
    do await new Promise(done => setTimeout(done, 5)); while (!isDone());
    return last('pivot-drawn') - start;
}"""
PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
DRAWN = "performance.getEntriesByName('pivot-drawn')[0].startTime"
SCROLL = """async () => {
    const table = document.querySelector('regular-table');
    const times = [];
    for (let step = 1; step <= 40; step++) {
        const start = performance.now();
        table.scrollTop = step * table.scrollHeight / 50;
        table.scrollLeft = step * 40;
        await table.draw();
        times.push(performance.now() - start);
    }
    return times;
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    figures: dict[str, list[float]] = defaultdict(list)
    with serve(), sync_playwright() as playwright:
        browser = find_or_exit().launch(playwright)
        for _ in range(runs):
            measure(browser, figures)
        cells = measure_scrolling(browser, figures)
        browser.close()
    print_bytes()
    print(f"\n| milliseconds, {runs} runs | median | fastest | slowest |\n|---|---|---|---|")
    for name, times in figures.items():
        print(f"| {name} | {statistics.median(times):.0f} | {min(times):.0f} | {max(times):.0f} |")
    print(f"\nscrolled over {cells:,} cells")


def measure(browser: Browser, figures: dict[str, list[float]]) -> None:
    """First paint and first figures of a fresh browser, then each turn."""
    page = open_page(browser, f"{START}&m=customer_count:value&p=this_month")
    figures["first paint"].append(page.evaluate(PAINT))
    figures["first figures of a pivot"].append(page.evaluate(DRAWN))
    for name, change in TURNS.items():
        figures[f"turn: {name}"].append(page.evaluate(TURN, START + change))
    page.context.close()


def measure_scrolling(browser: Browser, figures: dict[str, list[float]]) -> int:
    """Draws while a large grid scrolls; the number of its cells."""
    page = open_page(browser, MANY_CELLS)
    figures["draw while scrolling"] += page.evaluate(SCROLL)
    grid = page.get_by_role("treegrid")
    rows, columns = (int(grid.get_attribute(f"aria-{n}count") or 0) for n in ("row", "col"))
    page.context.close()
    return rows * columns


def open_page(browser: Browser, place: str) -> Page:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(f"{ADDRESS}/{place}")
    page.locator("regular-table td").first.wait_for(timeout=120_000)
    return page


def print_bytes() -> None:
    """Size of what the first page loads, and of what comes when it is needed."""
    sizes = {
        path.name: len(gzip.compress(path.read_bytes(), mtime=0))
        for path in DIST.rglob("*")
        if path.is_file()
    }
    later = {name: size for name, size in sizes.items() if name.startswith(("draw-", "excel-"))}
    first = sum(sizes.values()) - sum(later.values())
    print(f"first load, compressed: {first / 1000:.1f} kB")
    for name, size in later.items():
        print(f"when needed: {name.split('-')[0]} {size / 1000:.1f} kB")


def find_or_exit() -> Chromium:
    found = find_chromium()
    if found is None:
        sys.exit("no Chromium: run `make install`, or set BANKCRM_CHROMIUM to its path")
    return found


@contextmanager
def serve() -> Iterator[None]:
    """The server of the project as a process of its own."""
    command = [str(Path(sys.executable).with_name("bankcrm")), "serve"]
    environment = {**os.environ, "BANKCRM_PORT": str(PORT)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 60
        while not is_ready():
            if time.monotonic() > deadline or process.poll() is not None:
                sys.exit("the server did not start: is a version published below BANKCRM_HOME?")
            time.sleep(0.1)
        yield
        process.terminate()


def is_ready() -> bool:
    try:
        with urllib.request.urlopen(f"{ADDRESS}/readyz", timeout=1) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


if __name__ == "__main__":
    main()
