"""The PostgreSQL wire against REST: the same queries, turn by turn, on the published version.

Each round asks every query once over each way, in the same process and on kept connections; printed
is the median. ``python -m benchmarks.wire_overhead --home var``
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import psycopg

from bankcrm.settings import Settings
from cube.server.app import create_app
from cube.wire.session.server import WireServer
from tests.servers import get_address, serve_app

ROUNDS = 15
QUERIES = {
    1: ("balances", "deposit_end_balance", ()),
    1_000: ("balances", "deposit_end_balance", ("customer_name", "month_end_date")),
    10_000: ("transactions", "amount", ("customer_name", "booked_at")),
}
"""View, measure and dimensions by the number of rows."""


def write_sql(rows: int) -> str:
    view, measure, dimensions = QUERIES[rows]
    group = ", ".join(dimensions)
    shown = f"{group}, " if group else ""
    by = f" GROUP BY {group}" if group else ""
    return f"SELECT {shown}MEASURE({measure}) FROM {view}{by} LIMIT {rows}"


def write_query(rows: int) -> dict[str, object]:
    view, measure, dimensions = QUERIES[rows]
    names = [f"{view}.{name}" for name in dimensions]
    return {
        "measures": [f"{view}.{measure}"],
        "dimensions": names,
        "order": [[name, "asc"] for name in names],
        "limit": rows,
        "responseFormat": "compact",
    }


def measure(ways: dict[str, Callable[[], int]]) -> dict[str, float]:
    """Median seconds of each way, asked in turn."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, ask in ways.items():
            started = time.perf_counter()
            ask()
            times[name].append(time.perf_counter() - started)
    return {name: statistics.median(found) for name, found in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, default=Path("var"))
    parser.add_argument("--without-cache", action="store_true", help="compute every answer")
    arguments = parser.parse_args()
    settings = Settings(home=arguments.home, wire_port=0)
    if arguments.without_cache:
        settings = settings.model_copy(update={"cube_cache_bytes": 0})
    app = create_app(settings)
    wire = WireServer(app.state.engine, app.state.bridge, settings)
    wire.start()
    with serve_app(app) as server:
        compare(f"{get_address(server)}/cubejs-api/v1/load", wire.port)
        wire.stop()


def compare(address: str, port: int) -> None:
    """Print the medians of every way for every query."""
    options = {"host": "127.0.0.1", "port": port, "user": "me", "dbname": "bankcrm"}
    with (
        httpx.Client(timeout=60) as http,
        psycopg.connect(**options, autocommit=True) as client,  # type: ignore[arg-type]
    ):
        for rows in QUERIES:
            sql, body = write_sql(rows), {"query": write_query(rows)}
            ways: dict[str, Callable[[], int]] = {
                "REST": lambda body=body: len(  # type: ignore[misc]
                    http.post(address, json=body).json()["data"]["dataset"]
                ),
                "wire, text": lambda sql=sql: len(client.execute(sql).fetchall()),  # type: ignore[misc]
                "wire, binary": lambda sql=sql: len(  # type: ignore[misc]
                    client.execute(sql, binary=True).fetchall()
                ),
            }
            counts = {ask() for ask in ways.values()}
            found = measure(ways)
            words = ", ".join(f"{name} {1000 * value:.1f} ms" for name, value in found.items())
            print(f"{counts} rows: {words}")


if __name__ == "__main__":
    main()
