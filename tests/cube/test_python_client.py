"""``bankcrm.Client`` against a server on a port: pandas, Polars and Arrow, exact unless asked."""

from __future__ import annotations

import builtins
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import jwt
import pytest

import bankcrm
from bankcrm.settings import Settings
from cube.serve import CubeServer
from cube.server.app import create_app

Serve = Callable[..., AbstractContextManager[CubeServer]]
Sql = Callable[..., list[tuple[Any, ...]]]
SECRET = "a secret of the tests that is long enough for HS256"
CLAIMS = {"sub": "analyst", "groups": ["analyst"], "exp": int(time.time()) + 3600}
TOKEN = jwt.encode(CLAIMS, SECRET, algorithm="HS256")
AMOUNT, COUNT = "transactions.amount", "transactions.transaction_count"
CHANNEL, MONTH = "transactions.channel_name", "transactions.value_date.month"
QUERY = {"measures": [AMOUNT, COUNT], "dimensions": [CHANNEL, MONTH], "total": True}
EXPECTED = """
select channel_name, date_trunc('month', value_date)::timestamp, sum(amount), count(*)
from fct_transaction join dim_channel using (channel_key) group by all
"""


@pytest.fixture(scope="module")
def url(published: Settings, serve: Serve) -> Iterator[str]:
    app = create_app(published.model_copy(update={"api_secret": SECRET}))
    with serve(app) as server:
        yield f"http://127.0.0.1:{server.config.port}"


@pytest.fixture(scope="module")
def result(url: str) -> bankcrm.Result:
    return bankcrm.Client(url, TOKEN).load(QUERY)


def test_a_result_says_what_it_was_read_from(result: bankcrm.Result) -> None:
    assert (result.version, result.business_date) == ("v1", date(2024, 6, 28))
    assert (result.truncated, result.total) == (False, result.table.num_rows)
    assert result.annotation["measures"][AMOUNT]["title"]


def test_arrow_holds_what_sql_says_exactly(result: bankcrm.Result, sql: Sql) -> None:
    names = (CHANNEL, MONTH, AMOUNT, COUNT)
    rows = [tuple(row[name] for name in names) for row in result.to_arrow().to_pylist()]
    assert sorted(rows) == sorted(sql(EXPECTED))
    assert isinstance(rows[0][2], Decimal)


def test_pandas_adds_up_exactly_and_as_doubles_where_asked(
    result: bankcrm.Result, sql: Sql
) -> None:
    exact, doubles = result.to_pandas(), result.to_pandas(floats=True)
    total = sum(row[2] for row in sql(EXPECTED))
    assert exact[AMOUNT].sum() == total
    assert isinstance(exact[AMOUNT].sum(), Decimal)
    assert doubles[AMOUNT].dtype == "float64"
    assert doubles[AMOUNT].sum() == pytest.approx(float(total))
    assert exact[MONTH].min() == datetime(2023, 11, 1)


def test_polars_is_exact_and_knows_months(result: bankcrm.Result, sql: Sql) -> None:
    polars = pytest.importorskip("polars", reason="the extra polars is not installed")
    exact, doubles = result.to_polars(), result.to_polars(floats=True)
    assert exact[AMOUNT].sum() == sum(row[2] for row in sql(EXPECTED))
    assert isinstance(exact[AMOUNT].sum(), Decimal)
    assert doubles[AMOUNT].dtype == polars.Float64
    assert exact[MONTH].min() == datetime(2023, 11, 1)


def test_without_polars_the_error_names_the_extra(
    result: bankcrm.Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    importing = builtins.__import__

    def refuse(name: str, *others: Any, **more: Any) -> Any:
        if name == "polars":
            raise ImportError(name)
        return importing(name, *others, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(bankcrm.ClientError, match=r"Install bankcrm\[polars\]"):
        result.to_polars()


def test_a_cut_result_says_so(url: str) -> None:
    result = bankcrm.Client(f"{url}/cubejs-api/v1/", TOKEN).load({**QUERY, "limit": 2})
    assert (result.truncated, result.table.num_rows) == (True, 2)


@pytest.mark.parametrize(
    ("token", "member", "status", "message"),
    [
        (TOKEN, "transactions.amont", 400, "did you mean 'transactions.amount'"),
        ("nonsense", AMOUNT, 403, "Invalid token"),
        (None, AMOUNT, 403, "Authorization"),
    ],
)
def test_an_error_carries_the_words_of_the_server(
    url: str, token: str | None, member: str, status: int, message: str
) -> None:
    with pytest.raises(bankcrm.ClientError, match=message) as error:
        bankcrm.Client(url, token).load({"measures": [member]})
    assert error.value.status == status


def test_no_server_is_told_apart_from_a_refusal() -> None:
    with pytest.raises(bankcrm.ClientError, match="cannot be reached") as error:
        bankcrm.Client("http://127.0.0.1:9").load(QUERY)
    assert error.value.status is None


def test_an_answer_that_breaks_off_is_an_error(result: bankcrm.Result) -> None:
    class Broken(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            """Half of a chunk."""
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"fff\r\nhalf of a chunk")
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Broken) as server:
        thread = Thread(target=server.handle_request)
        thread.start()
        with pytest.raises(bankcrm.ClientError, match="broke off"):
            bankcrm.Client(f"http://127.0.0.1:{server.server_port}").load(QUERY)
        thread.join()


def test_an_error_that_is_no_json_is_shown_as_it_is() -> None:
    class Gateway(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """A proxy's own page."""
            self.send_error(502, "Bad Gateway")

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Gateway) as server:
        thread = Thread(target=server.handle_request)
        thread.start()
        with pytest.raises(bankcrm.ClientError, match="the server answered 502") as error:
            bankcrm.Client(f"http://127.0.0.1:{server.server_port}").load(QUERY)
        thread.join()
    assert error.value.status == 502
