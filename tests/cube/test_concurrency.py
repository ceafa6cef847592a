"""Many at once: slots and queue, disconnected clients, memory that runs out, a stopping server.

The bank here has a channel that is never read to its end, and a branch that waits for the test.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest
from starlette.testclient import TestClient

from bankcrm.settings import Settings
from cube.engine.interrupt import Interrupter
from cube.engine.single_flight import Flights
from cube.engine.slots import Slots
from cube.engine.threads import Threads
from cube.engine.warehouse import Version
from cube.errors import Disconnected, OutOfMemory, Overloaded, Stopping
from cube.serve import CubeServer
from cube.server.app import create_app
from cube.server.formats import CSV_TYPE, JSON_TYPE
from tests.servers import run_apart

Serve = Callable[..., AbstractContextManager[CubeServer]]
LOAD = "/cubejs-api/v1/load"
LOCAL = "http://127.0.0.1"
COUNT = "transactions.transaction_count"
QUICK = {"query": {"measures": [COUNT]}}
ENDLESS = {"query": {"measures": [COUNT], "dimensions": ["transactions.channel_name"]}}
LONG = {"query": {"measures": [COUNT], "dimensions": ["transactions.branch_name"]}}
FOREVER = "select max(a.range * b.range) from range(10000000) a, range(10000000) b"
SLOW = f"""
alter table marts.dim_channel rename to channels;
create view marts.dim_channel as select * from marts.channels where ({FOREVER}) > 0
"""


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory, publish: Callable[..., Path]) -> Settings:
    settings = Settings(
        home=tmp_path_factory.mktemp("slow"), memory_limit="1GB", cube_queries=1, cube_queue=1
    )
    publish(settings.published_folder, "v1", "2024-06-28", SLOW)
    return settings


@dataclass
class Held:
    """Queries by branch: how many have begun, and whether they may go on."""

    begun: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    released: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    """Hold queries by branch until the test lets them go on."""
    hold, fetch = Held(), Version.fetch

    def wait(version: Version, statements: Any, *others: Any) -> Any:
        if "branch_name" in statements[0].sql:
            hold.begun.release()
            assert hold.released.wait(20)
        return fetch(version, statements, *others)

    monkeypatch.setattr(Version, "fetch", wait)
    return hold


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Lines of the access log up to now."""
    with caplog.at_level(logging.INFO, "bankcrm.cube"):
        yield lambda: [
            json.loads(record.getMessage())
            for record in caplog.records
            if record.name == "bankcrm.cube.access"
        ]


def wait_for(happened: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def test_slots_are_taken_in_turn_and_a_full_queue_refuses() -> None:
    async def crowd() -> list[str]:
        slots, order = Slots(1, 1, 5.0), list[str]()

        async def work(name: str) -> None:
            async with slots.take():
                order.append(name)
                await asyncio.sleep(0.01)

        first, second = asyncio.create_task(work("first")), asyncio.create_task(work("second"))
        await asyncio.sleep(0)
        assert slots.waiting == 1
        with pytest.raises(Overloaded, match="1 queries wait already") as refusal:
            await work("third")
        assert refusal.value.retry_seconds == 5
        await asyncio.gather(first, second)
        await work("fourth")
        return order

    assert run_apart(crowd()) == ["first", "second", "fourth"]


def test_who_waits_too_long_is_refused_and_leaves_the_queue() -> None:
    async def crowd() -> None:
        slots = Slots(1, 5, 0.02)
        async with slots.take() as slot:
            assert slot.waited < 1
            with pytest.raises(Overloaded, match=r"waited 0\.02 seconds"):
                async with slots.take():
                    pass
            assert slots.waiting == 0
        async with slots.take():
            pass

    run_apart(crowd())


def test_a_stop_refuses_who_waits_and_interrupts_who_runs() -> None:
    async def crowd() -> None:
        slots = Slots(1, 5, 5.0)

        async def wait() -> None:
            async with slots.take():
                pass

        async with slots.take() as slot:
            waiting = asyncio.create_task(wait())
            await asyncio.sleep(0)
            slots.stop()
            with (
                duckdb.connect() as cursor,
                pytest.raises(Stopping),
                slot.interrupter.guard(cursor, 5),
            ):
                cursor.execute("select 1")
        with pytest.raises(Stopping):
            await waiting

    run_apart(crowd())


def test_work_goes_on_until_the_last_who_waits_has_left() -> None:
    async def join() -> None:
        flights, ended, held = Flights[int](), list[str](), list[str]()

        def start(stack: ExitStack) -> Any:
            stack.callback(held.append, "released")

            async def work() -> int:
                try:
                    await asyncio.sleep(0.05)
                except asyncio.CancelledError:
                    ended.append("cancelled")
                    raise
                return 7

            return work()

        one, two = (asyncio.create_task(flights.join("key", start)) for _ in range(2))
        await asyncio.sleep(0.01)
        one.cancel()
        assert (await two, ended, held) == (7, [], ["released"])
        three = asyncio.create_task(flights.join("key", start))
        await asyncio.sleep(0.01)
        three.cancel()
        await asyncio.sleep(0.01)
        assert (ended, held, "key" in flights) == (["cancelled"], ["released"] * 2, False)

    run_apart(join())


@pytest.mark.parametrize("delay", [0.0, 0.0003, 0.001, 0.003, 0.05])
def test_a_stop_holds_whenever_it_comes(delay: float) -> None:
    """DuckDB forgets an interrupt that comes before it has begun to execute."""
    interrupter = Interrupter()
    with duckdb.connect() as cursor:
        threading.Timer(delay, interrupter.stop, [Disconnected()]).start()
        with pytest.raises(Disconnected), interrupter.guard(cursor, 30):
            cursor.execute(FOREVER).fetchall()
        with pytest.raises(Disconnected), interrupter.guard(cursor, 30):
            cursor.execute("select 1")
        assert cursor.execute("select 1").fetchall() == [(1,)]


def test_a_stop_amid_the_rows_of_a_stream_is_told_by_its_reason() -> None:
    """Arrow's reader raises DuckDB's errors in its own way."""
    interrupter = Interrupter()
    rows = "select range from range(1000000000000) where range < 500000 or hash(range) = 1"
    with duckdb.connect(config={"threads": 1}) as cursor:
        reader = cursor.execute(rows).to_arrow_reader(1_000)
        with interrupter.guard(cursor, 30):
            assert next(reader).num_rows == 1_000
        threading.Timer(0.1, interrupter.stop, [Disconnected()]).start()
        with pytest.raises(Disconnected), interrupter.guard(cursor, 30):
            for _ in reader:
                pass


@pytest.mark.parametrize(
    ("given", "raised"),
    [
        (duckdb.OutOfMemoryException("failed to allocate"), OutOfMemory),
        (OSError("Out of Memory Error: failed to allocate"), OutOfMemory),
        (OSError("Invalid Input Error: unreadable"), OSError),
        (duckdb.ConversionException("unreadable"), duckdb.ConversionException),
    ],
)
def test_memory_that_ran_out_is_told_apart_from_other_errors(
    given: Exception, raised: type[Exception]
) -> None:
    with duckdb.connect() as cursor, pytest.raises(raised), Interrupter().guard(cursor, 30):
        raise given


def test_cancelled_work_has_ended_when_the_cancellation_is_told() -> None:
    ended = threading.Event()

    def work() -> None:
        time.sleep(0.1)
        ended.set()

    async def cancel() -> None:
        threads = Threads(1)
        task = asyncio.create_task(threads.run(work))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended.is_set()
        threads.close()

    run_apart(cancel())


def test_more_queries_than_slots_and_queue_are_told_when_to_come_back(
    slow: Settings, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    settings = slow.model_copy(update={"cube_wait_seconds": 0.3})
    app = create_app(settings, query_timeout_seconds=1.5)
    with TestClient(app, base_url=LOCAL) as http, ThreadPoolExecutor(3) as pool:
        endless = pool.submit(http.post, LOAD, json=ENDLESS)
        time.sleep(0.5)
        waiting = pool.submit(http.post, LOAD, json=QUICK)
        time.sleep(0.1)
        refused = http.post(LOAD, json=LONG)
        assert http.get("/readyz").status_code == 200
        assert http.post("/cubejs-api/v1/dry-run", json=QUICK).status_code == 200
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert "1 queries wait already" in refused.json()["error"]
    assert (waiting.result().status_code, waiting.result().headers["retry-after"]) == (503, "1")
    assert "waited 0.3 seconds for others" in waiting.result().json()["error"]
    assert endless.result().status_code == 504
    assert "Ask for fewer dimensions" in endless.result().json()["error"]


@pytest.mark.parametrize("media_type", [JSON_TYPE, CSV_TYPE])
def test_a_client_that_disconnects_stops_its_query(
    slow: Settings, serve: Serve, lines: Callable[[], list[dict[str, Any]]], media_type: str
) -> None:
    accept = {"Accept": media_type}
    with serve(create_app(slow)) as server:
        url = f"http://127.0.0.1:{server.config.port}{LOAD}"
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(url, json=ENDLESS, headers=accept, timeout=0.7)
        wait_for(lines)
        # The only slot is given back when the thread has ended, so an answer proves the interrupt.
        assert "400" in httpx.post(url, json=QUICK, headers=accept, timeout=20).text
    assert (lines()[0]["cancelled"], lines()[0]["status"]) == (True, 499)
    assert lines()[0]["milliseconds"] < 5_000


def test_one_of_two_who_ask_the_same_may_hang_up(
    slow: Settings, serve: Serve, held: Held, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    with serve(create_app(slow)) as server, ThreadPoolExecutor(1) as pool:
        url = f"http://127.0.0.1:{server.config.port}{LOAD}"
        stays = pool.submit(httpx.post, url, json=LONG, timeout=30)
        assert held.begun.acquire(timeout=20)
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(url, json=LONG, timeout=0.3)
        wait_for(lines)
        held.released.set()
        assert len(stays.result().json()["data"]) > 1
    assert [line["status"] for line in lines()] == [499, 200]


def test_a_query_beyond_memory_says_so_and_the_next_one_is_answered(
    home: Settings, publish: Callable[..., Path]
) -> None:
    hungry = """
    alter table marts.dim_channel rename to channels;
    create view marts.dim_channel as select * from marts.channels
    where (select max(len(l)) from (select list(range) l from range(20000000))) > 0
    """
    publish(home.published_folder, "v2", "2024-06-29", hungry)
    settings = home.model_copy(update={"memory_limit": "60MB"})
    with TestClient(create_app(settings), base_url=LOCAL) as http:
        answer = http.post(LOAD, json=ENDLESS)
        assert (answer.status_code, "retry-after" in answer.headers) == (503, False)
        assert answer.json()["error"].startswith(OutOfMemory().problem)
        assert "BANKCRM_MEMORY_LIMIT" in answer.json()["error"]
        assert http.post(LOAD, json=QUICK).json()["data"] == [{COUNT: "400"}]


def test_a_stopping_server_finishes_what_it_can_and_interrupts_the_rest(
    slow: Settings, serve: Serve, held: Held
) -> None:
    settings = slow.model_copy(update={"cube_queries": 2})
    with serve(create_app(settings), grace_seconds=2.0) as server, ThreadPoolExecutor(2) as pool:
        url = f"http://127.0.0.1:{server.config.port}{LOAD}"
        endless = pool.submit(httpx.post, url, json=ENDLESS, timeout=30)
        quick = pool.submit(httpx.post, url, json=LONG, timeout=30)
        assert held.begun.acquire(timeout=20)
        time.sleep(0.2)
        server.should_exit = True
        time.sleep(0.5)
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"http://127.0.0.1:{server.config.port}/livez")
        held.released.set()
        assert quick.result().status_code == 200
        assert endless.result().status_code == 503
        assert "the server is stopping" in endless.result().json()["error"]
