"""The HTTP face: shapes of answers, errors, caching, health."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from bankcrm.settings import Settings
from cube.compiler.model import MODEL_FOLDER
from cube.server.app import create_app

LOCAL = "http://127.0.0.1"
LOAD = "/cubejs-api/v1/load"
COUNT = "transactions.transaction_count"
CHANNEL = "transactions.channel_name"
MONTH = "transactions.value_date.month"
QUERY = {"measures": [COUNT], "dimensions": [CHANNEL, MONTH], "limit": 4}

Load = Callable[..., dict[str, Any]]


def test_a_bare_answer_is_the_first_result_of_the_multi_one(load: Load) -> None:
    multi = load(QUERY, queryType="multi")
    assert multi["results"] == [load(QUERY)]
    assert multi["queryType"] == multi["pivotQuery"]["queryType"] == "regularQuery"
    assert multi["pivotQuery"]["measures"] == [COUNT]
    assert multi["slowQuery"] is False


def test_an_answer_names_its_version_and_business_date(load: Load) -> None:
    body = load(QUERY)
    assert (body["version"], body["businessDate"]) == ("v1", "2024-06-28")
    assert body["lastRefreshTime"].endswith("Z")
    assert (body["dbType"], body["dataSource"], body["external"]) == ("duckdb", "default", False)


def test_the_members_are_compressed_for_those_who_can_read_it(client: TestClient) -> None:
    path = "/cubejs-api/v1/meta"
    plain = client.get(path, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    packed = client.get(path, headers={"accept-encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) * 5 < len(plain.content)
    assert packed.json() == plain.json()


def test_the_annotation_describes_every_key_of_the_rows(load: Load) -> None:
    body = load(QUERY)
    annotation = body["annotation"]
    keys = {key for part in annotation.values() for key in part}
    assert keys == set(body["data"][0])
    assert annotation["measures"][COUNT]["title"] == "Transactions"
    meta = annotation["measures"][COUNT]["meta"]
    assert meta["title_zh"] == "交易笔数"
    assert set(meta) == {"title_zh", "description_zh"}
    assert annotation["timeDimensions"][MONTH]["granularity"]["name"] == "month"


def test_compact_and_columnar_hold_the_same_values(load: Load) -> None:
    rows = load(QUERY)["data"]
    compact = load(QUERY | {"responseFormat": "compact"})["data"]
    columnar = load(QUERY | {"responseFormat": "columnar"})["data"]
    assert [dict(zip(compact["members"], row, strict=True)) for row in compact["dataset"]] == rows
    columns = dict(zip(columnar["members"], columnar["columns"], strict=True))
    assert columns == {key: [row[key] for row in rows] for key in rows[0]}


def test_an_empty_result_keeps_its_members(load: Load) -> None:
    nothing = {"member": CHANNEL, "operator": "equals", "values": ["none"]}
    query = QUERY | {"filters": [nothing], "responseFormat": "columnar", "total": True}
    body = load(query)
    assert body["data"]["columns"] == [[], [], [], []]
    assert body["total"] == 0


def test_values_are_exact_text_times_without_zone_and_real_booleans(load: Load) -> None:
    row = load(
        {
            "measures": ["transactions.amount"],
            "dimensions": ["transactions.is_reversal", "transactions.booked_at"],
            "limit": 1,
        }
    )["data"][0]
    assert row["transactions.is_reversal"] in (True, False)
    assert "." in row["transactions.amount"]
    assert len(row["transactions.booked_at"]) == len("2024-01-01T00:00:00.000")


def test_get_and_post_answer_alike(client: TestClient, load: Load) -> None:
    parameters = {"query": json.dumps(QUERY), "queryType": "multi"}
    assert client.get(LOAD, params=parameters).json() == load(QUERY, queryType="multi")


def test_sql_shows_placeholders_and_runs_nothing(client: TestClient) -> None:
    text = "'; drop table x"
    query = QUERY | {"filters": [{"member": CHANNEL, "operator": "equals", "values": [text]}]}
    body = client.post("/cubejs-api/v1/sql", json={"query": query}).json()
    statement, parameters = body["sql"]["sql"]
    assert text not in statement
    assert parameters == [text, "4", "0"]
    assert "$3" in statement


def test_meta_lists_the_public_views_only(client: TestClient) -> None:
    cubes = client.get("/cubejs-api/v1/meta").json()["cubes"]
    names = {cube["name"] for cube in cubes}
    assert names == {path.stem for path in (MODEL_FOLDER / "views").glob("*.yml")}
    balances = next(cube for cube in cubes if cube["name"] == "balances")
    measures = {measure["name"]: measure for measure in balances["measures"]}
    assert "balances.end_balance_of_months" not in measures
    end = measures["balances.deposit_end_balance"]
    assert (end["title"], end["shortTitle"]) == (
        "Balances Closing deposits",
        "Closing deposits",
    )
    assert (end["type"], end["aggType"], end["format"]) == ("number", "sum", "currency")
    assert client.get("/cubejs-api/v1/meta?onlyViews=true").status_code == 200
    assert "extended" in client.get("/cubejs-api/v1/meta?extended=true").json()["error"]


def test_a_known_etag_saves_the_answer(client: TestClient) -> None:
    first = client.post(LOAD, json={"query": QUERY})
    again = client.post(
        LOAD, json={"query": QUERY}, headers={"If-None-Match": first.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    other = client.post(LOAD, json={"query": QUERY | {"limit": 5}})
    assert other.headers["etag"] != first.headers["etag"]


@pytest.mark.parametrize(
    "body", ["", "{", "[]", '{"query": NaN}', "[" * 100_000, '{"queryType": "multi"}', b"\xff\xfe"]
)
def test_what_is_not_a_request_is_the_clients_mistake(
    client: TestClient, body: str | bytes
) -> None:
    answer = client.post(LOAD, content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_a_request_without_end_is_cut_off(client: TestClient) -> None:
    answer = client.post(LOAD, content=b" " * 1_100_000)
    assert (answer.status_code, "larger than" in answer.text) == (400, True)


def test_unknown_paths_and_methods_answer_in_json(client: TestClient) -> None:
    assert client.get("/cubejs-api/v1/none").json() == {"error": "Not Found"}
    assert client.delete(LOAD).status_code == 405


def test_health_needs_a_published_version(tmp_path: Path, client: TestClient) -> None:
    for path in ("/livez", "/readyz"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()) == (200, {"health": "HEALTH"})
    with TestClient(create_app(Settings(home=tmp_path)), base_url=LOCAL) as empty:
        assert empty.get("/livez").status_code == 200
        assert (empty.get("/readyz").status_code, empty.get("/readyz").json()["health"]) == (
            503,
            "DOWN",
        )
        answer = empty.post(LOAD, json={"query": QUERY})
        assert (answer.status_code, answer.json()) == (503, {"error": "no version is published"})


def test_an_internal_error_tells_the_client_nothing_but_where_to_look(
    home: Settings, publish: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    publish(home.published_folder, "v2", "2024-06-29", "drop table marts.dim_channel")
    app = create_app(home)
    with TestClient(app, base_url=LOCAL, raise_server_exceptions=False) as http:
        answer = http.post(LOAD, json={"query": QUERY}, headers={"x-request-id": "seven"})
    assert answer.status_code == 500
    assert "seven" in answer.json()["error"]
    assert "dim_channel" not in answer.text
    assert "dim_channel" in caplog.text


def test_a_request_leaves_one_line_in_the_log_without_its_values(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    secret = {"member": CHANNEL, "operator": "equals", "values": ["Jan Novak"]}
    with caplog.at_level(logging.INFO, "bankcrm.cube"):
        client.post(LOAD, json={"query": QUERY | {"filters": [secret]}})
    lines = [r.getMessage() for r in caplog.records if r.name == "bankcrm.cube.access"]
    assert len(lines) == 1
    entry = json.loads(lines[0])
    assert (entry["path"], entry["status"], entry["rows"]) == (LOAD, 200, 0)
    assert entry["version"] == "v1"
    assert "Novak" not in lines[0]


def test_a_query_that_runs_too_long_is_interrupted(
    home: Settings, publish: Callable[..., Path]
) -> None:
    slow = """
    drop table marts.dim_channel;
    create view marts.dim_channel as
    select 1::bigint channel_key, max(a.range * b.range)::varchar channel_name
    from range(10000000) a, range(10000000) b
    """
    publish(home.published_folder, "v2", "2024-06-29", slow)
    with TestClient(create_app(home, query_timeout_seconds=0.2), base_url=LOCAL) as http:
        answer = http.post(LOAD, json={"query": QUERY})
        assert (answer.status_code, "was stopped" in answer.json()["error"]) == (504, True)
        assert http.get("/readyz").status_code == 200
