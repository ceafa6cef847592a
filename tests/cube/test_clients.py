"""The official clients, unchanged, against a server on a port."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import cube_http
import httpx
import jwt
import pytest
from cube_http.exc import V1LoadError

from bankcrm.settings import Settings
from cube.serve import CubeServer
from cube.server.app import create_app
from tests.servers import free_port, get_address, wait_until
from tests.tools import NODE, find_node_modules, require

Serve = Callable[..., AbstractContextManager[CubeServer]]
PROJECT = Path(__file__).resolve().parents[2]
SECRET = "a secret of the tests that is long enough for HS256"
CLAIMS = {"sub": "analyst", "groups": ["analyst"], "exp": int(time.time()) + 3600}
TOKEN = jwt.encode(CLAIMS, SECRET, algorithm="HS256")
BRANCH = "balances.branch_name"
QUARTER = "balances.month_end_date.quarter"
MEASURES = ["balances.deposit_end_balance", "balances.fee_income_amount"]
QUERY: Any = {
    "measures": MEASURES,
    "dimensions": [BRANCH],
    "timeDimensions": [
        {
            "dimension": "balances.month_end_date",
            "granularity": "quarter",
            "dateRange": ["2024-01-01", "2024-06-30"],
        }
    ],
    "order": [["balances.month_end_date", "asc"], [BRANCH, "asc"]],
}
EXPECTED = """
select branch_name, strftime(date_trunc('quarter', month_end_date), '%Y-%m-%dT00:00:00.000'),
    sum(end_balance)
    filter (account_type = 'DEPOSIT' and month(month_end_date) in (3, 6)), sum(fee_income_amount)
from fct_account_monthly join dim_branch using (branch_key)
where month_end_date >= '2024-01-01' group by all order by 2, 1
"""


@pytest.fixture(scope="module")
def live(published: Settings, serve: Serve) -> Iterator[str]:
    """Address of a server on a loopback port that asks for a token."""
    app = create_app(published.model_copy(update={"api_secret": SECRET}))
    with serve(app) as server:
        yield f"{get_address(server)}/cubejs-api"


def test_the_python_client_reads_what_sql_says(
    live: str, sql: Callable[..., list[tuple[Any, ...]]]
) -> None:
    client = cube_http.Client({"url": live, "token": TOKEN})
    data = client.v1.load({"query": QUERY}).results[0].data
    assert [(r[BRANCH], r[QUARTER], *(r[m] for m in MEASURES)) for r in data] == [
        tuple(None if value is None else str(value) for value in row) for row in sql(EXPECTED)
    ]
    views = client.v1.meta().cubes or []
    assert {view.name for view in views} >= {"balances", "loans"}
    assert "SUM" in client.v1.sql({"query": QUERY}).sql.sql[0]


def test_the_python_client_shows_the_error(live: str) -> None:
    client = cube_http.Client({"url": live, "token": TOKEN})
    with pytest.raises(V1LoadError):
        client.v1.load({"query": {"measures": ["balances.end_balence"]}})
    stranger = cube_http.Client({"url": live, "token": "none"})
    with pytest.raises(V1LoadError):
        stranger.v1.load({"query": QUERY})


def test_the_pivot_of_the_javascript_client_equals_sql(
    live: str, sql: Callable[..., list[tuple[Any, ...]]]
) -> None:
    require(find_node_modules)
    script = Path(__file__).parent / "clients" / "load.mjs"
    command = [NODE, str(script), f"{live}/v1", TOKEN, json.dumps(QUERY)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 0, run.stderr
    shown = json.loads(run.stdout)
    pivot: dict[str, dict[str, Any]] = {}
    for branch, quarter, *values in sql(EXPECTED):
        row = pivot.setdefault(quarter, {QUARTER: quarter})
        for measure, value in zip(MEASURES, values, strict=True):
            row[f"{branch},{measure}"] = 0 if value is None else str(value)
    assert shown["pivot"] == list(pivot.values())
    assert len(shown["table"]) == len(shown["raw"]) > 0
    assert shown["raw"] == shown["compact"] == shown["columnar"]
    assert "balances" in shown["views"]
    assert shown["sql"].startswith("WITH")
    assert shown["refused"]["status"] == 400
    assert "did you mean 'balances.deposit_end_balance'" in shown["refused"]["message"]


def test_the_server_process_stops_on_request(published: Settings) -> None:
    port = free_port()
    code = "from cube.serve import run; from bankcrm.settings import Settings; "
    code += f"run(Settings(home={str(published.home)!r}, port={port}))"
    with subprocess.Popen([sys.executable, "-c", code], cwd=PROJECT, env=os.environ) as process:
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/readyz"))
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) in (0, -signal.SIGTERM)


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=1).status_code == 200
    except httpx.TransportError:
        return False
