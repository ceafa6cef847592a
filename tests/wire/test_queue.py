"""Statements take the way of the REST API: queue, single flight, cache, access log.

The bank here has a channel that is never read to its end.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from starlette.testclient import TestClient

from bankcrm.settings import Settings
from cube.engine.bridge import Bridge
from cube.engine.warehouse import Version
from cube.security.auth import make_token
from cube.server.app import create_app
from cube.wire.session import runner as running
from cube.wire.session.server import WireServer
from tests.servers import wait_until

SECRET = "a secret of the tests that is long enough"
FOREVER = "select max(a.range * b.range) from range(10000000) a, range(10000000) b"
SLOW = f"""
alter table marts.dim_channel rename to channels;
create view marts.dim_channel as select * from marts.channels where ({FOREVER}) > 0
"""
ENDLESS = "select channel_name, measure(transaction_count) from transactions group by 1"
OTHER = "select channel_name, measure(amount) from transactions group by 1"
QUICK = "select measure(transaction_count) from transactions"
ROWS = "select account_id, measure(deposit_end_balance) from balances group by 1 order by 1"
Connection = psycopg.Connection[Any]
Lines = Callable[[], list[dict[str, Any]]]


@dataclass
class Bank:
    """A server with a queue of its own; to call it is to connect."""

    bridge: Bridge
    server: WireServer
    opened: ExitStack

    def __call__(self, **options: Any) -> Connection:
        return self.opened.enter_context(connect_to(self.server, **options))


def connect_to(server: WireServer, **options: Any) -> Connection:
    return psycopg.connect(
        host="127.0.0.1",
        port=server.port,
        user="me",
        dbname="bankcrm",
        autocommit=True,
        **options,
    )


@contextmanager
def serve(settings: Settings) -> Iterator[Bank]:
    app = create_app(settings)
    with TestClient(app):
        server = WireServer(app.state.engine, app.state.bridge, settings)
        server.start()
        with ExitStack() as opened:
            yield Bank(app.state.bridge, server, opened)
        server.stop()


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory, publish: Callable[..., Path]) -> Settings:
    settings = Settings(home=tmp_path_factory.mktemp("quick"), memory_limit="1GB", wire_port=0)
    publish(settings.published_folder, "v1", "2024-06-28")
    return settings


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory, publish: Callable[..., Path]) -> Settings:
    settings = Settings(home=tmp_path_factory.mktemp("slow"), memory_limit="1GB", wire_port=0)
    publish(settings.published_folder, "v1", "2024-06-28", SLOW)
    return settings


@pytest.fixture
def busy(slow: Settings) -> Iterator[Bank]:
    """One statement at a time, one that waits."""
    with serve(slow.model_copy(update={"cube_queries": 1, "cube_queue": 1})) as connect:
        yield connect


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[Lines]:
    """Lines of the access log about what was read of the warehouse."""
    with caplog.at_level(logging.INFO, "bankcrm.cube"):
        yield lambda: [
            line
            for record in caplog.records
            if record.name == "bankcrm.cube.access"
            and (line := json.loads(record.getMessage())).get("place") == "warehouse"
        ]


@contextmanager
def begun(connection: Connection, sql: str) -> Iterator[Callable[[], str | None]]:
    """Run a statement beside the test; what is yielded cancels it and gives its SQLSTATE."""

    def run() -> str | None:
        try:
            connection.execute(sql)
        except psycopg.Error as error:
            return error.sqlstate
        return "00000"

    def cancel() -> str | None:
        # One that has not begun cannot be cancelled, so more than once.
        deadline = time.monotonic() + 20
        while not outcome.done() and time.monotonic() < deadline:
            connection.cancel_safe()
            time.sleep(0.05)
        return outcome.result(1)

    with ThreadPoolExecutor(1) as thread:
        outcome = thread.submit(run)
        try:
            yield cancel
        finally:
            cancel()


def test_statements_queue_and_a_full_queue_refuses(busy: Bank) -> None:
    first, second, third = busy(), busy(), busy()
    with begun(first, ENDLESS) as cancel_first, begun(second, OTHER) as cancel_second:
        wait_until(lambda: busy.bridge.waiting == 1)
        with pytest.raises(psycopg.Error, match="1 queries wait already") as refused:
            third.execute(QUICK)
        assert refused.value.sqlstate == "53000"
        assert (cancel_second(), cancel_first()) == ("57014", "57014")
    assert third.execute(QUICK).fetchone() is not None


def test_who_leaves_a_shared_statement_does_not_stop_it_for_others(
    busy: Bank,
) -> None:
    first, second = busy(), busy()
    with begun(first, ENDLESS) as cancel_first, begun(second, ENDLESS) as cancel_second:
        time.sleep(0.3)
        assert cancel_first() == "57014"
        with pytest.raises(psycopg.errors.QueryCanceled):
            busy(options="-c statement_timeout=200ms").execute(OTHER)
        assert cancel_second() == "57014"


def test_a_server_that_stops_tells_those_who_wait(slow: Settings) -> None:
    app = create_app(slow)
    server = WireServer(app.state.engine, app.state.bridge, slow)
    server.start()
    with ThreadPoolExecutor(1) as thread:
        with TestClient(app):
            connection = connect_to(server)
            outcome = thread.submit(connection.execute, ENDLESS)
            time.sleep(0.5)
            assert not outcome.done()
        assert getattr(outcome.exception(20), "sqlstate", None) == "57P01"
        with pytest.raises(psycopg.errors.AdminShutdown):
            connection.execute(QUICK)
        connection.close()
    server.stop()


def test_the_same_statement_is_computed_once(quick: Settings, lines: Lines) -> None:
    settings = quick.model_copy(update={"api_secret": SECRET})
    managers = [{"sub": name, "branch_id": branch} for name, branch in [("a", "B1"), ("b", "B2")]]

    def token(group: str, claims: dict[str, str]) -> str:
        return make_token(settings, [group], timedelta(minutes=5), claims)

    with serve(settings) as connect:
        ann, bob = (connect(password=token("analyst", {"sub": name})) for name in ("ann", "bob"))
        answers = [someone.execute(ROWS).fetchall() for someone in (ann, bob, ann)]
        assert answers[0] == answers[1] == answers[2]
        assert [line["cache"] for line in lines()] == ["miss", "hit", "hit"]
        assert ann.execute(ROWS, binary=True).fetchall() == answers[0]
        assert lines()[-1]["cache"] == "miss"
        others = [connect(password=token("branch_manager", claims)) for claims in managers]
        ours = [other.execute(ROWS).fetchall() for other in others]
        assert ours[0] != ours[1]
        assert [line["cache"] for line in lines()[-2:]] == ["miss", "miss"]
    last = lines()[-1]
    assert (last["user"], last["version"], last["status"]) == ("b", "v1", "00000")
    assert last["rows"] == len(ours[1])
    assert last["milliseconds"] > 0
    assert "balance" not in json.dumps(last)


def test_who_reads_the_version_before_leaves_the_cache_alone(
    tmp_path: Path, publish: Callable[..., Path], lines: Lines
) -> None:
    settings = Settings(home=tmp_path, memory_limit="1GB", wire_port=0)
    publish(settings.published_folder, "v1", "2024-06-28")
    with serve(settings) as connect:
        late, new = connect(), connect()
        late.execute("begin")
        late.execute(ROWS)
        publish(settings.published_folder, "v2", "2024-06-28")
        for connection in (new, late, new):
            connection.execute(ROWS)
    logged = [(line["version"], line["cache"]) for line in lines()]
    assert logged == [("v1", "miss"), ("v2", "miss"), ("v1", "miss"), ("v2", "hit")]


def test_long_answers_are_fetched_in_parts_and_their_slot_is_given_back(
    quick: Settings, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = quick.model_copy(update={"cube_queries": 1})
    monkeypatch.setattr(running, "_BATCH_ROWS", 3)
    with serve(settings) as connect:
        connection = connect()
        whole = connection.execute(ROWS).fetchall()
        monkeypatch.setattr(running, "MOST_VALUES", 8)
        parts = f"{ROWS} limit 10000"
        for binary in (False, True, False):
            assert connection.execute(parts, binary=binary).fetchall() == whole
        assert [line["cache"] for line in lines()] == ["miss", "stream", "stream", "stream"]
        with connection.transaction(), connection.cursor("named") as cursor:
            cursor.itersize = 2
            cursor.execute(ROWS)
            assert list(cursor) == whole
            with connect().cursor() as other:
                assert other.execute(parts).fetchall() == whole


def test_a_cursor_that_waits_takes_no_slot(busy: Bank) -> None:
    first, second = busy(), busy()
    with first.transaction(), first.cursor("waits") as cursor:
        cursor.execute("select account_id from balances")
        assert cursor.fetchone() is not None
        with second.transaction(), second.cursor("too") as other:
            other.execute("select account_id from balances")
            assert other.fetchone() is not None


def test_many_clients_run_few_statements_at_a_time(
    quick: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = quick.model_copy(update={"cube_queries": 2})
    lock, now, most = threading.Lock(), [0], [0]
    compute = running.Runner._compute

    def count(runner: running.Runner, version: Version, *others: Any) -> Any:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.02)
        try:
            return compute(runner, version, *others)
        finally:
            with lock:
                now[0] -= 1

    monkeypatch.setattr(running.Runner, "_compute", count)
    with serve(settings) as connect, ThreadPoolExecutor(30) as threads:
        clients = [connect() for _ in range(30)]

        def ask(place: int) -> int:
            return len(clients[place].execute(f"{ROWS} limit {place + 1}").fetchall())

        assert sum(threads.map(ask, range(30))) > 30
    wait_until(lambda: now[0] == 0)
    assert most[0] == 2
