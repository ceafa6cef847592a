"""Answers as CSV and Arrow: every row, exact values, the same rules, and a recognisable end.

The bank here has each entry 200 times, and one entry whose reversal flag cannot be read.
"""

from __future__ import annotations

import csv
import io
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from bankcrm.settings import Settings
from cube.compiler.model import load_model
from cube.engine.engine import build_engine
from cube.engine.interrupt import Interrupter
from cube.engine.warehouse import BATCH_ROWS
from cube.errors import NotAcceptable
from cube.security.auth import make_token
from cube.serve import CubeServer
from cube.server.app import create_app
from cube.server.envelope import parse_request
from cube.server.formats import (
    ARROW_TYPE,
    CSV_TYPE,
    JSON_TYPE,
    METADATA_KEY,
    ArrowEncoder,
    CsvEncoder,
    choose_type,
)
from cube.server.service import Service

Serve = Callable[..., AbstractContextManager[CubeServer]]
LOAD = "/cubejs-api/v1/load"
LOCAL = "http://127.0.0.1"
SECRET = "s" * 32
AMOUNT, CHANNEL = "transactions.amount", "transactions.channel_name"
MONTH, POSTED = "transactions.value_date.month", "transactions.booked_at"
BY_MONTH = {"dimension": "transactions.value_date", "granularity": "month"}
QUERY = {"measures": [AMOUNT], "dimensions": [CHANNEL, MONTH]}
ROWS = {"measures": [AMOUNT], "dimensions": [CHANNEL, POSTED], "ungrouped": True, "order": []}
COPIES, ENTRIES = 200, 80_000
WIDE = f"""
alter table marts.fct_transaction rename to entries;
create view marts.fct_transaction as
select * replace (case when range = {COPIES - 1} and transaction_key = 400
    then error('unreadable') else is_reversal end as is_reversal)
from range({COPIES}), marts.entries
"""


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory, publish: Callable[..., Path]) -> Settings:
    settings = Settings(
        home=tmp_path_factory.mktemp("wide"), memory_limit="1GB", api_secret=SECRET, cube_queries=1
    )
    publish(settings.published_folder, "v1", "2024-06-28", WIDE)
    return settings


@pytest.fixture(scope="module")
def http(wide: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(wide), base_url=LOCAL) as client:
        yield client


def headers(media_type: str, *groups: str, **claims: str) -> dict[str, str]:
    settings = Settings(api_secret=SECRET)
    token = make_token(settings, list(groups) or ["admin"], timedelta(hours=1), claims)
    return {"Accept": media_type, "Authorization": token}


def ask(http: TestClient, query: object, media_type: str, *groups: str, **claims: str) -> Any:
    answer = http.post(LOAD, json={"query": query}, headers=headers(media_type, *groups, **claims))
    assert answer.status_code == 200, answer.text
    return answer


def read_csv(answer: httpx.Response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.text, newline=""), strict=True))


def read_arrow(answer: httpx.Response) -> pa.Table:
    return pa.ipc.open_stream(answer.content).read_all()


def as_json(value: object) -> object:
    """A value of Arrow as the answer in JSON has it."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    return value if value is None or isinstance(value, str | bool) else str(value)


def test_csv_and_arrow_hold_the_rows_of_the_answer_in_json(http: TestClient) -> None:
    body = ask(http, QUERY, JSON_TYPE).json()
    rows = [{name: row[name] for name in (CHANNEL, MONTH, AMOUNT)} for row in body["data"]]
    assert len(rows) > 10
    assert read_csv(ask(http, QUERY, CSV_TYPE)) == rows
    table = read_arrow(ask(http, QUERY, ARROW_TYPE))
    assert [{k: as_json(v) for k, v in row.items()} for row in table.to_pylist()] == rows
    assert [str(kind) for kind in table.schema.types] == [
        "string",
        "timestamp[us]",
        "decimal128(38, 2)",
    ]


def test_a_stream_says_what_it_was_read_from(http: TestClient) -> None:
    answer = ask(http, {**QUERY, "limit": 3, "total": True}, ARROW_TYPE)
    headers = {name: value for name, value in answer.headers.items() if name.startswith("bankcrm")}
    total = len(ask(http, QUERY, JSON_TYPE).json()["data"])
    assert headers == {
        "bankcrm-version": "v1",
        "bankcrm-business-date": "2024-06-28",
        "bankcrm-truncated": "true",
        "bankcrm-total": str(total),
    }
    about = json.loads(read_arrow(answer).schema.metadata[METADATA_KEY])
    assert (about["version"], about["businessDate"]) == ("v1", "2024-06-28")
    assert (about["truncated"], about["total"]) == (True, total)
    assert about["annotation"]["measures"][AMOUNT]["format"] == "currency"


@pytest.mark.parametrize("media_type", [CSV_TYPE, ARROW_TYPE])
def test_every_row_comes_unless_a_limit_cuts_them_and_says_so(
    http: TestClient, media_type: str
) -> None:
    read: Callable[[Any], Any] = read_csv if media_type == CSV_TYPE else read_arrow
    everything = ask(http, ROWS, media_type)
    assert (len(read(everything)), everything.headers["bankcrm-truncated"]) == (ENTRIES, "false")
    for limit, offset, rows, truncated in (
        (60_000, 0, 60_000, "true"),
        (ENTRIES, 0, ENTRIES, "false"),
        (60_000, 20_000, 60_000, "false"),
    ):
        answer = ask(http, {**ROWS, "limit": limit, "offset": offset}, media_type)
        assert (len(read(answer)), answer.headers["bankcrm-truncated"]) == (rows, truncated)


def test_json_holds_fifty_thousand_rows_and_names_the_way_to_more(http: TestClient) -> None:
    query = {"query": {**ROWS, "limit": 50_001}}
    answer = http.post(LOAD, json=query, headers=headers(JSON_TYPE))
    assert (answer.status_code, ARROW_TYPE in answer.json()["error"]) == (400, True)


def test_a_stream_without_rows_has_its_header(http: TestClient) -> None:
    nothing = {"member": CHANNEL, "operator": "equals", "values": ["none"]}
    query = {**QUERY, "filters": [nothing]}
    assert ask(http, query, CSV_TYPE).text == f'"{CHANNEL}","{MONTH}","{AMOUNT}"\r\n'
    table = read_arrow(ask(http, query, ARROW_TYPE))
    assert (table.num_rows, table.column_names) == (0, [CHANNEL, MONTH, AMOUNT])


@pytest.mark.parametrize("media_type", [CSV_TYPE, ARROW_TYPE])
def test_row_rules_and_masks_hold_in_streams(http: TestClient, media_type: str) -> None:
    read: Callable[[Any], Any] = (
        read_csv if media_type == CSV_TYPE else lambda answer: read_arrow(answer).to_pylist()
    )
    branch, name = "transactions.branch_name", "transactions.customer_name"
    query = {"measures": [AMOUNT], "dimensions": [branch, name]}
    of_branch = read(ask(http, query, media_type, "branch_manager", branch_id="B3"))
    assert {row[branch] for row in of_branch} == {"Branch 3"}
    of_analyst = read(ask(http, query, media_type, "analyst"))
    assert {row[name] for row in of_analyst} == {"***"}
    assert read(ask(http, query, media_type, "branch_manager")) == []


def test_forms_and_users_have_etags_of_their_own(http: TestClient) -> None:
    tags = {
        ask(http, QUERY, media_type, *groups, **claims).headers["etag"]
        for media_type in (JSON_TYPE, CSV_TYPE, ARROW_TYPE)
        for groups, claims in ((("admin",), {}), (("branch_manager",), {"branch_id": "B1"}))
    }
    assert len(tags) == 6
    known = ask(http, QUERY, CSV_TYPE).headers["etag"]
    again = {**headers(CSV_TYPE), "If-None-Match": known}
    assert http.post(LOAD, json={"query": QUERY}, headers=again).status_code == 304


@pytest.mark.parametrize(
    "body",
    [
        {"query": [{"measures": [AMOUNT], "timeDimensions": [BY_MONTH]}] * 2},
        {"query": QUERY, "queryType": "multi"},
        {
            "query": {
                "measures": [AMOUNT],
                "timeDimensions": [{**BY_MONTH, "compareDateRange": ["this year", "last year"]}],
            }
        },
    ],
)
def test_several_results_do_not_fit_in_one_stream(http: TestClient, body: object) -> None:
    answer = http.post(LOAD, json=body, headers=headers(CSV_TYPE))
    assert (answer.status_code, "one result" in answer.json()["error"]) == (400, True)


def test_mistakes_before_the_first_row_have_their_status(http: TestClient) -> None:
    wrong = {"query": {"measures": ["transactions.amont"]}}
    assert http.post(LOAD, json=wrong, headers=headers(CSV_TYPE)).status_code == 400
    assert http.post(LOAD, json=wrong, headers={"Accept": CSV_TYPE}).status_code == 403
    other = http.post(LOAD, json={"query": QUERY}, headers=headers("application/pdf"))
    assert (other.status_code, CSV_TYPE in other.json()["error"]) == (406, True)


def test_a_failure_after_the_first_row_cuts_the_connection(
    wide: Settings, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    query = {"query": {**ROWS, "dimensions": [CHANNEL, "transactions.is_reversal"]}}
    with (
        caplog.at_level(logging.INFO, "bankcrm.cube.access"),
        serve(create_app(wide)) as server,
    ):
        url = f"http://127.0.0.1:{server.config.port}{LOAD}"
        with (
            httpx.stream("POST", url, json=query, headers=headers(CSV_TYPE)) as answer,
            pytest.raises(httpx.RemoteProtocolError),
        ):
            assert answer.status_code == 200
            answer.read()
    (line,) = [json.loads(r.getMessage()) for r in caplog.records if "access" in r.name]
    assert (line["error"], line["rows"] < ENTRIES) == ("OSError", True)


def test_who_hangs_up_amid_a_stream_gives_his_slot_back(
    wide: Settings, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.INFO, "bankcrm.cube.access"),
        serve(create_app(wide)) as server,
    ):
        url = f"http://127.0.0.1:{server.config.port}{LOAD}"
        many = {"query": {**ROWS, "dimensions": [CHANNEL, POSTED, "transactions.customer_name"]}}
        with httpx.stream("POST", url, json=many, headers=headers(CSV_TYPE)) as answer:
            next(answer.iter_raw(1_000))
        # There is one slot for streams.
        small = httpx.post(url, json={"query": QUERY}, headers=headers(CSV_TYPE), timeout=20)
        assert small.status_code == 200
    lines = [json.loads(record.getMessage()) for record in caplog.records]
    assert [line.get("cancelled", False) for line in lines] == [True, False]
    assert lines[0]["rows"] < ENTRIES
    assert (lines[1]["format"], lines[1]["bytes"]) == (CSV_TYPE, len(small.content))
    assert lines[1]["rows"] == len(read_csv(small))


def test_rows_are_computed_as_they_are_sent_from_one_version_to_the_end(
    home: Settings, publish: Callable[..., Path]
) -> None:
    publish(home.published_folder, "v2", "2024-06-28", WIDE)
    engine = build_engine(home, load_model())
    service = Service(engine)
    request = parse_request({"query": ROWS}, {"groups": ["admin"]})
    with ExitStack() as pins:
        prepared = service.prepare(request, CSV_TYPE, pins)
        stream = service.stream(prepared, Interrupter())
        next(stream.parts)
        assert stream.rows <= BATCH_ROWS
        publish(home.published_folder, "v3", "2024-06-29", "delete from marts.fct_transaction")
        with engine.warehouse.pin() as version:
            assert version.name == "v3"
        for _ in stream.parts:
            pass
        assert stream.rows == ENTRIES
    with pytest.raises(duckdb.ConnectionException):
        prepared.version.connection.execute("select 1")
    engine.warehouse.close()


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, JSON_TYPE),
        ("*/*", JSON_TYPE),
        ("text/html,application/xhtml+xml,*/*;q=0.8", JSON_TYPE),
        ("text/csv", CSV_TYPE),
        ("TEXT/CSV; charset=utf-8", CSV_TYPE),
        ("text/*", CSV_TYPE),
        ("application/json;q=0.5, text/csv;q=0.9", CSV_TYPE),
        (f"{ARROW_TYPE}, application/json;q=0.1", ARROW_TYPE),
        ("text/csv;q=0, */*", JSON_TYPE),
    ],
)
def test_the_form_is_the_one_that_the_client_likes_best(accept: str | None, chosen: str) -> None:
    assert choose_type(accept) == chosen


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0", "text/csv;q=much", ","])
def test_a_form_that_is_not_offered_is_refused(accept: str) -> None:
    with pytest.raises(NotAcceptable, match="application/json"):
        choose_type(accept)


TEXTS = st.none() | st.text(st.characters(codec="utf-8"), max_size=8)
SAMPLES = st.lists(
    st.tuples(
        TEXTS,
        st.none() | st.decimals(-(10**12), 10**12, places=8),
        st.none() | st.floats(allow_nan=False, allow_infinity=False),
        st.none() | st.booleans(),
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.none() | st.dates(),
    ),
    max_size=5,
)
SCHEMA = pa.schema(
    [
        ("text", pa.dictionary(pa.int32(), pa.string())),
        ("decimal", pa.decimal128(38, 8)),
        ("double", pa.float64()),
        ("flag", pa.bool_()),
        ("count", pa.int64()),
        ("day", pa.date32()),
    ]
)


@settings(max_examples=60, deadline=None)
@given(SAMPLES)
def test_any_value_survives_csv_and_arrow(rows: list[tuple[Any, ...]]) -> None:
    content = [dict(zip(SCHEMA.names, row, strict=True)) for row in rows]
    batch = pa.RecordBatch.from_pylist(content, schema=SCHEMA)
    text, arrow = CsvEncoder(), ArrowEncoder()
    written = text.start(SCHEMA, {}) + text.rows(batch) + text.end()
    header, *lines = csv.reader(io.StringIO(written.decode(), newline=""), strict=True)
    assert header == SCHEMA.names
    assert [tuple(map(parse, SCHEMA.names, line)) for line in lines] == [
        (row[0] or "", *row[1:]) for row in rows
    ]
    sent = arrow.start(SCHEMA, {}) + arrow.rows(batch) + arrow.end()
    received = pa.ipc.open_stream(sent).read_all().to_pylist()
    days = [row.pop("day") for row in received]
    assert [day and day.date() for day in days] == [row["day"] for row in content]
    assert received == [{k: v for k, v in row.items() if k != "day"} for row in content]


def parse(name: str, field: str) -> object:
    """A field of CSV as the value that was written; numbers have no exponent."""
    if name == "text":
        return field
    if field == "":
        return None
    if name in ("decimal", "double", "count"):
        assert "e" not in field.lower()
        return {"decimal": Decimal, "double": float, "count": int}[name](field)
    return field == "true" if name == "flag" else date.fromisoformat(field[:10])


def test_null_and_empty_text_differ_and_a_lone_null_is_no_blank_line() -> None:
    encoder = CsvEncoder()
    pair = pa.RecordBatch.from_pydict({"a": ["", None, 'say "x"'], "b": [1, None, 3]})
    assert encoder.rows(pair) == b'"",1\r\n,\r\n"say ""x""",3\r\n'
    assert encoder.rows(pa.RecordBatch.from_pydict({"b": [1, None]})) == b'1\r\n""\r\n'
