"""Versions: the pointer moves while requests run, and a connection is no way out of its file."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest
from starlette.testclient import TestClient

from bankcrm.errors import NothingPublished
from bankcrm.settings import Settings
from cube.engine.warehouse import Version, Warehouse
from cube.planner.sql import Statement
from cube.server.app import create_app

Publish = Callable[..., Path]
COUNT = Statement("select count(*) from marts.fct_transaction", ())
QUERY = {"query": {"measures": ["transactions.transaction_count"]}}
EMPTY = "delete from marts.fct_transaction"


def count(version: Version) -> object:
    return version.fetch([COUNT], 10.0)[0][0][0]


def test_a_request_finishes_on_its_version_and_the_next_sees_the_new_one(
    home: Settings, publish: Publish
) -> None:
    warehouse = Warehouse(home)
    with warehouse.pin() as old:
        publish(home.published_folder, "v2", date(2024, 6, 29), EMPTY)
        with warehouse.pin() as new:
            assert (old.name, count(old)) == ("v1", 400)
            assert (new.name, count(new)) == ("v2", 0)
            assert new.business_date == date(2024, 6, 29)
        assert count(old) == 400
    with pytest.raises(duckdb.ConnectionException):
        old.connection.execute("select 1")
    warehouse.close()


def test_the_server_follows_the_pointer(home: Settings, publish: Publish) -> None:
    with TestClient(create_app(home), base_url="http://127.0.0.1") as http:
        first = http.post("/cubejs-api/v1/load", json=QUERY)
        publish(home.published_folder, "v2", date(2024, 6, 29), EMPTY)
        headers = {"If-None-Match": first.headers["etag"]}
        second = http.post("/cubejs-api/v1/load", json=QUERY, headers=headers)
    answers = [(a.json()["version"], a.json()["data"][0]) for a in (first, second)]
    name = "transactions.transaction_count"
    assert answers == [("v1", {name: "400"}), ("v2", {name: "0"})]


def test_who_waited_for_a_switch_follows_the_pointer_of_now_and_never_goes_back(
    home: Settings, publish: Publish, caplog: pytest.LogCaptureFixture
) -> None:
    """The version that it read of before it waited may be behind, or removed, by then."""
    warehouse = Warehouse(home)
    with warehouse.pin():
        pass
    seen: list[str] = []

    def read() -> None:
        with warehouse.pin() as version:
            seen.append(version.name)

    publish(home.published_folder, "v2", date(2024, 6, 29), EMPTY)
    waiting = threading.Thread(target=read)
    with warehouse._switching:
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()
        publish(home.published_folder, "v3", date(2024, 6, 30), EMPTY)
        (home.published_folder / "v2.duckdb").unlink()
    waiting.join()
    assert (seen, caplog.messages) == (["v3"], [])
    warehouse.close()


def test_readers_over_many_publishes_never_fail(home: Settings, publish: Publish) -> None:
    warehouse = Warehouse(home)
    seen: list[object] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            with warehouse.pin() as version:
                seen.append((version.name, count(version)))

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for number in range(2, 8):
        extra = f"delete from marts.fct_transaction where transaction_key > {number}"
        publish(home.published_folder, f"v{number}", date(2024, 6, 28), extra)
        with warehouse.pin() as version:
            assert count(version) == number
    stop.set()
    for reader in readers:
        reader.join()
    expected = {("v1", 400), *((f"v{n}", n) for n in range(2, 8))}
    assert set(seen) <= expected
    warehouse.close()


@pytest.mark.parametrize(
    "pointer", ["", "v9.duckdb", "../v1.duckdb", "/etc/passwd", "v1.duckdb\nv2.duckdb", None]
)
def test_a_bad_pointer_keeps_the_version_before(home: Settings, pointer: str | None) -> None:
    warehouse = Warehouse(home)
    with warehouse.pin():
        pass
    current = home.published_folder / "CURRENT"
    current.unlink() if pointer is None else current.write_text(pointer, encoding="utf-8")
    with warehouse.pin() as version:
        assert count(version) == 400
    warehouse.close()
    with pytest.raises(NothingPublished), Warehouse(home).pin():
        pass


@pytest.mark.parametrize("content", [b"", b"not a database", b"\0" * 8192])
def test_a_damaged_version_keeps_the_one_before(home: Settings, content: bytes) -> None:
    warehouse = Warehouse(home)
    with warehouse.pin():
        pass
    (home.published_folder / "v2.duckdb").write_bytes(content)
    (home.published_folder / "CURRENT").write_text("v2.duckdb", encoding="utf-8")
    with warehouse.pin() as version:
        assert (version.name, count(version)) == ("v1", 400)
    warehouse.close()


@pytest.mark.parametrize(
    "statement",
    [
        "delete from marts.fct_transaction",
        "create table marts.x as select 1",
        "select * from read_text('/etc/passwd')",
        "copy marts.dim_branch to '/tmp/branches.csv'",
        "attach '/tmp/other.duckdb'",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "set memory_limit = '90%'",
    ],
)
def test_a_connection_is_no_way_out_of_its_file(home: Settings, statement: str) -> None:
    warehouse = Warehouse(home)
    with warehouse.pin() as version, pytest.raises(duckdb.Error):
        version.connection.execute(statement)
    warehouse.close()
