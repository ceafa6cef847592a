"""Time the cube server against the same SQL in process, and its compiler against the stock one.

    .venv/bin/python -m benchmarks.cube_server [--rounds 100] [--clients 32]

The server is a process of its own over the published version of ``BANKCRM_HOME``.
"""

from __future__ import annotations

import argparse
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import httpx
from rich.console import Console
from rich.table import Table

from bankcrm.settings import Settings
from benchmarks.cube_models import write_model
from benchmarks.timing import describe_machine
from cube.compiler.model import MODEL_FOLDER, Model, load_model
from cube.engine.engine import build_engine
from cube.planner.planner import plan_query
from cube.planner.sql import Statement, write_statement
from cube.query.query import parse_query
from cube.security.access import grant_all
from cube.security.auth import DEVELOPER
from cube.server.formats import ARROW_TYPE, CSV_TYPE, JSON_TYPE
from tests.cube.stock.compiler import StockCompiler
from tests.tools import find_node_modules

LOAD = "/cubejs-api/v1/load"
COUNT, AMOUNT = "transactions.transaction_count", "transactions.amount"
ACCOUNT, DAY = "transactions.account_id", "transactions.value_date.day"
SIZES: dict[int, dict[str, Any]] = {
    1: {"measures": [COUNT, AMOUNT]},
    1_000: {"measures": [COUNT, AMOUNT], "dimensions": [ACCOUNT], "limit": 1_000},
    10_000: {"measures": [COUNT, AMOUNT], "dimensions": [ACCOUNT, DAY], "limit": 10_000},
}
SMALL = {"measures": [COUNT, AMOUNT], "dimensions": ["transactions.channel_name"]}
TODAY = date(2024, 6, 28)
Milliseconds = list[float]
Figures = dict[str, dict[str, float]]

console = Console(width=110)


def main() -> None:
    arguments = _read_arguments()
    settings = Settings()
    machine = describe_machine()
    console.print(", ".join(f"{name} {value}" for name, value in machine.items()))
    with serve(settings) as url:
        overhead = time_overhead(settings, url, arguments.rounds)
        crowd = time_crowd(url, arguments.clients, arguments.rounds)
    compiling = time_compilers(arguments.compiles)
    report = {"machine": machine, "overhead": overhead, "crowd": crowd, "compile": compiling}
    target = settings.home / "bench" / "cube_server.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(report, indent=2) + "\n")
    console.print(f"Written to {target}.", highlight=False)


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=100, help="turns of each contestant")
    parser.add_argument("--clients", type=int, default=32, help="clients at once")
    parser.add_argument("--compiles", type=int, default=5, help="times each model is compiled")
    return parser.parse_args()


@contextmanager
def serve(settings: Settings) -> Iterator[str]:
    """Address of a server in a process of its own, as ``bankcrm serve`` runs it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    code = (
        "from pathlib import Path; from cube.serve import run; "
        "from bankcrm.settings import Settings; "
        f"run(Settings(home=Path({str(settings.home)!r}), port={port}))"
    )
    project = Path(__file__).resolve().parent.parent
    url = f"http://127.0.0.1:{port}"
    with subprocess.Popen([sys.executable, "-c", code], cwd=project) as process:
        try:
            while not _is_ready(url):
                time.sleep(0.1)
            yield url
        finally:
            process.terminate()


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=60).status_code == 200
    except httpx.TransportError:
        return False


def time_overhead(settings: Settings, url: str, rounds: int) -> Figures:
    """Milliseconds of each form of an answer, and of its SQL in this process, in turns."""
    figures: Figures = {}
    with (
        closing(build_engine(settings, load_model())) as engine,
        httpx.Client(base_url=url, timeout=60) as http,
        engine.warehouse.pin() as version,
    ):
        access = engine.control.grant(DEVELOPER)
        for size, query in SIZES.items():
            statement = engine.prepare(parse_query(query), version, access).write(size + 1)
            cursor = version.connection.cursor()
            rows = _fetch(cursor, statement)
            if len(rows) < size:
                console.print(f"The bank has {len(rows):,} rows where {size:,} were wanted")
            contestants = _contestants(http, query)
            contestants["SQL in process"] = partial(_fetch, cursor, statement)
            figures |= _take_turns(f"{len(rows[:size]):,} rows", contestants, rounds)
    _print("One client", figures)
    return figures


def _fetch(cursor: duckdb.DuckDBPyConnection, statement: Statement) -> list[Any]:
    return cursor.execute(statement.sql, list(statement.parameters)).fetchall()


def _contestants(http: httpx.Client, query: dict[str, Any]) -> dict[str, Callable[[], object]]:
    def ask(media_type: str, cache: str, compact: bool = False) -> object:
        form = {"responseFormat": "compact"} if compact else {}
        body = {"query": query | form, "cache": cache}
        answer = http.post(LOAD, json=body, headers={"Accept": media_type})
        return answer.raise_for_status().content

    return {
        "JSON, computed": lambda: ask(JSON_TYPE, "no-cache"),
        "JSON compact, computed": lambda: ask(JSON_TYPE, "no-cache", compact=True),
        "CSV": lambda: ask(CSV_TYPE, "no-cache"),
        "Arrow": lambda: ask(ARROW_TYPE, "no-cache"),
        "JSON, from the cache": lambda: ask(JSON_TYPE, "must-revalidate"),
        "livez": lambda: http.get("/livez").content,
    }


def _take_turns(title: str, contestants: dict[str, Callable[[], object]], rounds: int) -> Figures:
    spent: dict[str, Milliseconds] = {name: [] for name in contestants}
    for round_number in range(rounds + 5):
        for name, work in contestants.items():
            started = time.perf_counter()
            work()
            if round_number >= 5:  # The first rounds warm up.
                spent[name].append((time.perf_counter() - started) * 1000)
    return {f"{title}: {name}": _summarise(values) for name, values in spent.items()}


def time_crowd(url: str, clients: int, rounds: int) -> Figures:
    """Milliseconds of small questions by many clients at once, each with a connection of its own.

    No two questions are the same, so none is answered together with another.
    """

    turns = max(5, rounds // 5)

    def ask(client: int, cache: str) -> Milliseconds:
        spent = []
        for turn in range(turns):
            query = SMALL | {"limit": 1_000 + client * turns + turn}
            started = time.perf_counter()
            crowd[client].post(LOAD, json={"query": query, "cache": cache}).raise_for_status()
            spent.append((time.perf_counter() - started) * 1000)
        return spent

    figures: Figures = {}
    with ExitStack() as stack:
        # Certificates are not read: that takes longer than many answers.
        crowd = [
            stack.enter_context(httpx.Client(base_url=url, timeout=60, verify=False))
            for _ in range(clients)
        ]
        pool = stack.enter_context(ThreadPoolExecutor(clients))
        for name, cache in (("computed", "no-cache"), ("from the cache", "must-revalidate")):
            started = time.perf_counter()
            spent = [v for some in pool.map(ask, range(clients), [cache] * clients) for v in some]
            rate = len(spent) / (time.perf_counter() - started)
            figures[f"{clients} clients: {name}"] = _summarise(spent) | {"per second": rate}
    _print("Many clients", figures)
    return figures


def time_compilers(times: int) -> Figures:
    """Milliseconds that each compiler needs for a model, and for one query on it."""
    figures: Figures = {}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        stock = stack.enter_context(StockCompiler()) if find_node_modules() else None
        for count in (50, 500):
            target = write_model(Path(folder) / str(count), count)
            query = {"measures": ["facts_0.amount"], "dimensions": ["facts_0.kind"]}
            figures |= _time_model(f"{count} cubes", target, query, stock, times)
        shipped = {"measures": [AMOUNT], "dimensions": ["transactions.branch_name", DAY]}
        figures |= _time_model("the shipped model", MODEL_FOLDER, shipped, stock, times)
    _print("Compilers", figures)
    return figures


def _time_model(
    title: str, folder: Path, query: dict[str, Any], stock: StockCompiler | None, times: int
) -> Figures:
    models: list[Model] = []
    ours = [_clock(lambda: models.append(load_model(folder))) for _ in range(times)]
    access = grant_all(models[0])

    def compile_query() -> None:
        write_statement(plan_query(parse_query(query), models[0], TODAY, access), models[0])

    figures = {f"{title}: ours, model": _summarise(ours)}
    figures[f"{title}: ours, query"] = _summarise([_clock(compile_query) for _ in range(50)])
    if stock is not None:
        # Once: it takes minutes for 500 cubes.
        figures[f"{title}: stock, model"] = _summarise([_clock(lambda: stock.load_model(folder))])
        asked = [_clock(lambda: stock.compile(folder, query, TODAY)) for _ in range(50)]
        figures[f"{title}: stock, query"] = _summarise(asked)
    return figures


def _clock(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def _summarise(values: Milliseconds) -> dict[str, float]:
    ordered = sorted(values)
    return {"p50": statistics.median(ordered), "p95": ordered[int(len(ordered) * 0.95)]}


def _print(title: str, figures: Figures) -> None:
    table = Table(title=title)
    for column in ("", "p50 ms", "p95 ms", "a second"):
        table.add_column(column, justify="right" if column else "left")
    for name, figure in figures.items():
        rate = f"{figure['per second']:,.0f}" if "per second" in figure else ""
        table.add_row(name, f"{figure['p50']:,.1f}", f"{figure['p95']:,.1f}", rate)
    console.print(table)


if __name__ == "__main__":
    main()
