"""One figure, four ways: the delivered files, SQL on the published version, two cube clients."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import cube_http
import jwt
import pandas as pd
import pytest

from bankcrm.settings import PROJECT_FOLDER, Settings
from bankcrm.warehouse.versions import open_published
from cube.server.app import create_app
from tests.servers import get_address, serve_app
from tests.tools import NODE, find_node_modules, require

SECRET = "a secret of the tests that is long enough for HS256"
CLAIMS = {"sub": "analyst", "groups": ["analyst"], "exp": int(time.time()) + 3600}
TOKEN = jwt.encode(CLAIMS, SECRET, algorithm="HS256")
QUERY: Any = {
    "measures": ["transactions.amount", "transactions.transaction_count"],
    "dimensions": ["transactions.channel_code"],
    "timeDimensions": [{"dimension": "transactions.value_date", "granularity": "month"}],
    "order": {"transactions.value_date": "asc", "transactions.channel_code": "asc"},
}
SQL = """
    select strftime(date_trunc('month', value_date), '%Y-%m'), channel_code,
        sum(amount), count(*)
    from marts.fct_transaction inner join marts.dim_channel using (channel_key)
    group by all order by all"""
Figures = list[tuple[str, str, Decimal, int]]


@pytest.fixture(scope="module")
def address(sample_bank: Settings) -> Iterator[str]:
    app = create_app(sample_bank.model_copy(update={"api_secret": SECRET}))
    with serve_app(app) as server:
        yield f"{get_address(server)}/cubejs-api"


@pytest.fixture(scope="module")
def from_sql(sample_bank: Settings) -> Figures:
    with open_published(sample_bank) as connection:
        return connection.execute(SQL).fetchall()


def to_figures(rows: list[dict[str, Any]]) -> Figures:
    return [
        (
            row["transactions.value_date.month"][:7],
            row["transactions.channel_code"],
            Decimal(row["transactions.amount"]),
            int(row["transactions.transaction_count"]),
        )
        for row in rows
    ]


def test_plain_sql_equals_the_delivered_files_read_with_pandas(
    sample_bank: Settings, from_sql: Figures
) -> None:
    landing = sample_bank.landing_folder
    feeds = {"teller/transaction": "|", "card/card_transaction": ";"}
    frames = [
        pd.read_csv(path, sep=delimiter, dtype=str)
        for feed, delimiter in feeds.items()
        for path in sorted((landing / feed).glob("*.csv.gz"))
    ]
    entries = pd.concat(frames)
    entries["month"] = entries["posting_date"].str[:7]
    entries["amount"] = entries["amount"].map(Decimal)
    grouped = entries.groupby(["month", "channel_code"])["amount"].agg(["sum", "size"])
    expected = [tuple(row) for row in grouped.reset_index().itertuples(index=False)]
    assert from_sql == expected


def test_the_python_client_gets_the_figures_of_plain_sql(address: str, from_sql: Figures) -> None:
    client = cube_http.Client({"url": address, "token": TOKEN})
    response = client.v1.load({"query": QUERY})
    rows = response.model_dump(by_alias=True)["results"][0]["data"]
    assert to_figures(rows) == from_sql


def test_the_javascript_client_gets_the_figures_of_plain_sql(
    address: str, from_sql: Figures
) -> None:
    require(find_node_modules)
    script = Path(PROJECT_FOLDER / "tests/cube/clients/load.mjs")
    done = subprocess.run(
        [NODE, str(script), f"{address}/v1", TOKEN, json.dumps(QUERY)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert to_figures(json.loads(done.stdout)["raw"]) == from_sql
