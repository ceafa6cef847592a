"""Apache Superset on the cubes, really started: ``make proof-superset``.

Superset is installed into an environment of its own, connects to ``bankcrm serve`` as an analyst,
makes a dataset of a view with a measure, and two charts, all by its REST API. Their figures must be
those of the cubes' REST API. The charts are then opened in Chromium as their reader would; the
pictures stay in the folder.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import sync_playwright

from bankcrm.settings import PROJECT_FOLDER, Settings
from bankcrm.warehouse.versions import current_version
from cube.security.auth import make_token
from tests.servers import free_port, wait_until
from tests.tools import find_chromium

PACKAGES = [
    "apache-superset==6.1.0",
    # Superset needs these and does not say so, or says it too loosely.
    "flask-caching==2.3.1",
    "rich==15.0.0",
    "cachetools==8.0.1",
    "psycopg2-binary==2.9.13",
]
SECRET = "a secret of the proof that is long enough for it"
USER = {"username": "admin", "password": "admin"}
VIEW, TIME, GROUP, MEASURE = "balances", "month_end_date", "region_name", "deposit_end_balance"
BEST = 2
START_SECONDS = 300.0
CONFIG = """
SECRET_KEY = {secret!r}
SQLALCHEMY_DATABASE_URI = {database!r}
WTF_CSRF_ENABLED = False
TALISMAN_ENABLED = False
RATELIMIT_ENABLED = False
"""
Figures = dict[tuple[str, ...], float]


def main() -> int:
    """Prove it on the published version; exit code 1 where a figure differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("var/proof-superset"))
    folder = parser.parse_args().folder.resolve()
    if current_version(Settings()) is None:
        raise SystemExit("nothing is published; run `make refresh` first")
    scripts = install(folder)
    variables = prepare(scripts, folder)
    ports = {name: free_port() for name in ("cubes", "wire", "superset")}
    with ExitStack() as running:
        running.enter_context(serve_cubes(folder, ports))
        running.enter_context(serve_superset(scripts, variables, folder, ports["superset"]))
        cubes = httpx.Client(base_url=f"http://127.0.0.1:{ports['cubes']}", timeout=60)
        cubes.headers["Authorization"] = make_password()
        superset = log_in(f"http://127.0.0.1:{ports['superset']}")
        charts = make_charts(superset, ports["wire"])
        problems = [
            problem
            for name, chart in charts.items()
            for problem in compare(name, ask_chart(superset, chart), ask_cubes(cubes, name))
        ]
        take_pictures(str(superset.base_url), charts, folder)
    for problem in problems:
        print(problem)
    print(f"pictures in {folder}; " + ("figures differ" if problems else "figures are the same"))
    return 1 if problems else 0


# Installation


def install(folder: Path) -> Path:
    """An environment with Superset; returns the folder of its commands."""
    environment = folder / "venv"
    if not environment.exists():
        uv = str(Path(sys.executable).with_name("uv"))
        subprocess.run([uv, "venv", "--quiet", str(environment)], check=True)
        python = str(environment / "bin" / "python")
        subprocess.run([uv, "pip", "install", "--quiet", "--python", python, *PACKAGES], check=True)
    return environment / "bin"


def prepare(scripts: Path, folder: Path) -> dict[str, str]:
    """A Superset without anything in it; returns the variables that it is started with."""
    home = folder / "home"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    database = f"sqlite:///{home / 'superset.db'}"
    config = home / "superset_config.py"
    config.write_text(CONFIG.format(secret=SECRET, database=database), encoding="utf-8")
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL"))}
    ours = {
        "SUPERSET_CONFIG_PATH": str(config),
        "SUPERSET_HOME": str(home),
        "FLASK_APP": "superset",
    }
    variables = inherited | ours
    admin = ["--firstname", "a", "--lastname", "b", "--email", "a@example.org"]
    admin += ["--username", USER["username"], "--password", USER["password"]]
    for words in (["db", "upgrade"], ["fab", "create-admin", *admin], ["init"]):
        command = [str(scripts / "superset"), *words]
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"superset {words[0]}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return variables


# Servers


@contextmanager
def serve_cubes(folder: Path, ports: dict[str, int]) -> Iterator[None]:
    command = [sys.executable, "-c", "from pipelines.cli import app; app()", "serve"]
    variables = {
        "BANKCRM_PORT": str(ports["cubes"]),
        "BANKCRM_WIRE_PORT": str(ports["wire"]),
        "BANKCRM_API_SECRET": SECRET,
    }
    address = f"http://127.0.0.1:{ports['cubes']}/readyz"
    with start(command, os.environ | variables, folder / "cubes.log", address):
        yield


@contextmanager
def serve_superset(
    scripts: Path, variables: dict[str, str], folder: Path, port: int
) -> Iterator[None]:
    command = [str(scripts / "superset"), "run", "-h", "127.0.0.1", "-p", str(port)]
    command.append("--with-threads")
    with start(command, variables, folder / "superset.log", f"http://127.0.0.1:{port}/health"):
        yield


@contextmanager
def start(command: list[str], variables: dict[str, str], log: Path, address: str) -> Iterator[None]:
    """A server that runs until the block ends; ``address`` answers once it is there."""
    with log.open("w", encoding="utf-8") as file:
        server = subprocess.Popen(
            command, env=variables, stdout=file, stderr=subprocess.STDOUT, cwd=PROJECT_FOLDER
        )
    try:
        wait_until(lambda: server.poll() is not None or answers(address), START_SECONDS)
        if server.poll() is not None:
            raise SystemExit(f"{command[0]} ended: {log.read_text(encoding='utf-8')[-2000:]}")
        yield
    finally:
        server.terminate()
        server.wait(60)


def answers(address: str) -> bool:
    """Whether something answers there."""
    try:
        return httpx.get(address, timeout=5).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


# Superset


def make_password() -> str:
    """The token of an analyst."""
    settings = Settings(api_secret=SECRET)
    return make_token(settings, ["analyst"], timedelta(hours=1), {"sub": "superset"})


def log_in(address: str) -> httpx.Client:
    """Superset's REST API as its administrator."""
    client = httpx.Client(base_url=address, timeout=120)
    body = {**USER, "provider": "db", "refresh": True}
    token = send(client, "/api/v1/security/login", body)["access_token"]
    client.headers["Authorization"] = f"Bearer {token}"
    return client


def send(client: httpx.Client, path: str, body: dict[str, Any], method: str = "POST") -> Any:
    """Body of a successful answer."""
    answer = client.request(method, path, json=body)
    if answer.is_error:
        raise SystemExit(f"{method} {path}: {answer.status_code} {answer.text[:2000]}")
    return answer.json()


def make_charts(superset: httpx.Client, port: int) -> dict[str, int]:
    """Add the database, a dataset on a view with a measure, and charts; their numbers by name."""
    address = f"postgresql+psycopg2://superset:{make_password()}@127.0.0.1:{port}/bankcrm"
    database = {"database_name": "bankcrm", "sqlalchemy_uri": address}
    send(superset, "/api/v1/database/test_connection/", database)
    number = send(superset, "/api/v1/database/", database)["id"]
    table = {"database": number, "schema": "cubes", "table_name": VIEW}
    dataset = send(superset, "/api/v1/dataset/", table)["id"]
    metric = {"metric_name": MEASURE, "expression": f"MEASURE({MEASURE})"}
    send(superset, f"/api/v1/dataset/{dataset}", {"metrics": [metric]}, "PUT")
    return {
        "regions": make_chart(superset, dataset, "pie", [GROUP], {"sort_by_metric": True}),
        "months": make_chart(superset, dataset, "echarts_timeseries_line", [GROUP], MONTHS),
    }


MONTHS: dict[str, Any] = {
    "x_axis": TIME,
    "time_grain_sqla": "P1M",
    "limit": BEST,
    "timeseries_limit_metric": MEASURE,
}


def make_chart(
    superset: httpx.Client, dataset: int, kind: str, groups: list[str], options: dict[str, Any]
) -> int:
    """A chart of the measure by groups, with the query that Superset's page would save with it."""
    by_time = "x_axis" in options
    metrics: dict[str, Any] = {"metrics": [MEASURE]} if by_time else {"metric": MEASURE}
    form = {
        "datasource": f"{dataset}__table",
        "viz_type": kind,
        "groupby": groups,
        "row_limit": 1000,
        "adhoc_filters": [],
        **metrics,
        **options,
    }
    time = {
        "timeGrain": "P1M",
        "columnType": "BASE_AXIS",
        "sqlExpression": TIME,
        "label": TIME,
        "expressionType": "SQL",
    }
    limit = {"series_columns": groups, "series_limit": BEST, "series_limit_metric": MEASURE}
    query: dict[str, Any] = {
        "columns": [*([time] if by_time else []), *groups],
        "metrics": [MEASURE],
        "orderby": [[MEASURE, False]],
        "row_limit": 1000,
        "filters": [],
        **(limit if by_time else {}),
    }
    context = {
        "datasource": {"id": dataset, "type": "table"},
        "queries": [query],
        "result_format": "json",
        "result_type": "full",
        "form_data": form,
    }
    chart = {
        "slice_name": f"{MEASURE} by {'month' if by_time else groups[0]}",
        "viz_type": kind,
        "datasource_id": dataset,
        "datasource_type": "table",
        "params": json.dumps(form),
        "query_context": json.dumps(context),
    }
    number: int = send(superset, "/api/v1/chart/", chart)["id"]
    return number


def ask_chart(superset: httpx.Client, chart: int) -> Figures:
    """Figures of a chart by its groups, months before others."""
    answer = superset.get(f"/api/v1/chart/{chart}/data/", params={"force": "true"})
    if answer.is_error:
        raise SystemExit(f"chart {chart}: {answer.text[:2000]}")
    rows = answer.json()["result"][0]["data"]
    return {(*find_month(row), str(row[GROUP])): float(row[MEASURE]) for row in rows}


def find_month(row: dict[str, Any]) -> tuple[str, ...]:
    """Month of a row, whose time Superset sends in milliseconds; nothing where it has none."""
    if TIME not in row:
        return ()
    return (datetime.fromtimestamp(row[TIME] / 1000, UTC).strftime("%Y-%m"),)


# What must come out


def ask_cubes(cubes: httpx.Client, chart: str) -> Figures:
    """The same figures by the REST API of the cubes."""
    totals = load(cubes, {"dimensions": [f"{VIEW}.{GROUP}"]})
    if chart == "regions":
        return {(str(row[f"{VIEW}.{GROUP}"]),): float(row[f"{VIEW}.{MEASURE}"]) for row in totals}
    best = sorted(totals, key=lambda row: -float(row[f"{VIEW}.{MEASURE}"]))[:BEST]
    names = {str(row[f"{VIEW}.{GROUP}"]) for row in best}
    time = {"dimension": f"{VIEW}.{TIME}", "granularity": "month"}
    rows = load(cubes, {"dimensions": [f"{VIEW}.{GROUP}"], "timeDimensions": [time]})
    return {
        (row[f"{VIEW}.{TIME}.month"][:7], row[f"{VIEW}.{GROUP}"]): float(row[f"{VIEW}.{MEASURE}"])
        for row in rows
        if row[f"{VIEW}.{GROUP}"] in names
    }


def load(cubes: httpx.Client, query: dict[str, Any]) -> list[dict[str, Any]]:
    body = {"query": {"measures": [f"{VIEW}.{MEASURE}"], **query}}
    rows: list[dict[str, Any]] = send(cubes, "/cubejs-api/v1/load", body)["data"]
    return rows


def compare(name: str, ours: Figures, theirs: Figures) -> list[str]:
    """Words for every figure that differs, or that only one of the two has."""
    if not theirs:
        return [f"{name}: the cubes have no figures"]
    return [
        f"{name} {key}: Superset {ours.get(key)}, cubes {theirs.get(key)}"
        for key in sorted(ours.keys() | theirs.keys())
        if ours.get(key) != theirs.get(key)
    ]


def take_pictures(address: str, charts: dict[str, int], folder: Path) -> None:
    """Open each chart in Chromium, as its reader would, and keep a picture."""
    with sync_playwright() as playwright:
        found = find_chromium()
        assert found is not None, "no Chromium: run `make install`"
        browser = found.launch(playwright)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(f"{address}/login/")
        page.fill("#username", USER["username"])
        page.fill("#password", USER["password"])
        page.click("[type=submit]")
        page.wait_for_url("**/superset/welcome/**")
        for name, chart in charts.items():
            page.goto(f"{address}/explore/?slice_id={chart}")
            page.wait_for_selector(".chart-container canvas", timeout=120_000)
            page.wait_for_timeout(2_000)
            page.screenshot(path=str(folder / f"{name}.png"))
        browser.close()


if __name__ == "__main__":
    raise SystemExit(main())
