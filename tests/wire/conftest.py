"""Servers for PostgreSQL clients over the small fabricated bank, with and without tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from starlette.testclient import TestClient

from bankcrm.settings import Settings
from cube.engine.bridge import Bridge
from cube.engine.engine import Engine
from cube.server.app import create_app
from cube.wire.session.server import WireServer
from tests.cube.sample_marts import publish_version

SECRET = "a secret of the tests that is long enough"
BUSINESS_DATE = date(2024, 6, 28)
Rows = list[tuple[Any, ...]]


@pytest.fixture(scope="session")
def publish() -> Callable[..., Path]:
    """Publish a version of the fabricated bank into a folder."""
    function: Callable[..., Path] = publish_version
    return function


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory, publish: Callable[..., Path]) -> Settings:
    """Settings of a home with one published version, and a secret."""
    home = tmp_path_factory.mktemp("home")
    found = Settings(home=home, memory_limit="1GB", api_secret=SECRET, wire_port=0)
    publish(found.published_folder, "v1", BUSINESS_DATE)
    return found


@pytest.fixture(scope="session")
def http(settings: Settings) -> Iterator[TestClient]:
    """The REST server over the same version."""
    with TestClient(create_app(settings)) as client:
        yield client


@pytest.fixture(scope="session")
def engine(http: TestClient) -> Engine:
    """What both servers answer from."""
    found: Engine = http.app.state.engine  # type: ignore[attr-defined]
    return found


@pytest.fixture(scope="session")
def bridge(http: TestClient) -> Bridge:
    """The way to the queue and the cache of both servers."""
    found: Bridge = http.app.state.bridge  # type: ignore[attr-defined]
    return found


@contextmanager
def serve(engine: Engine, bridge: Bridge, settings: Settings) -> Iterator[WireServer]:
    server = WireServer(engine, bridge, settings)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def guarded(engine: Engine, bridge: Bridge, settings: Settings) -> Iterator[WireServer]:
    """The server that asks for tokens."""
    with serve(engine, bridge, settings) as server:
        yield server


@pytest.fixture(scope="session")
def server(engine: Engine, bridge: Bridge, settings: Settings) -> Iterator[WireServer]:
    """The server of a developer, who is an administrator."""
    own = settings.model_copy(update={"api_secret": None})
    with serve(engine, bridge, own) as server:
        yield server


@pytest.fixture
def connect(server: WireServer) -> Iterator[Callable[..., psycopg.Connection[Any]]]:
    """Connections of the developer, closed after the test."""
    opened: list[psycopg.Connection[Any]] = []

    def open_one(**options: Any) -> psycopg.Connection[Any]:
        options = {"autocommit": True, "user": "dev", "dbname": "bankcrm", **options}
        connection: psycopg.Connection[Any] = psycopg.connect(
            host="127.0.0.1", port=server.port, **options
        )
        opened.append(connection)
        return connection

    yield open_one
    for connection in opened:
        connection.close()


@pytest.fixture(scope="session")
def shared(server: WireServer) -> Iterator[psycopg.Connection[Any]]:
    """One connection of the developer for tests that change nothing of it."""
    with psycopg.connect(
        host="127.0.0.1", port=server.port, user="dev", dbname="bankcrm", autocommit=True
    ) as connection:
        yield connection


@pytest.fixture(scope="session")
def ask(shared: psycopg.Connection[Any]) -> Callable[..., Rows]:
    """Rows of a statement."""

    def run(sql: str, *parameters: Any) -> Rows:
        return shared.execute(sql, parameters or None).fetchall()

    return run


@pytest.fixture(scope="session")
def refuse(shared: psycopg.Connection[Any]) -> Callable[..., tuple[str, str]]:
    """SQLSTATE and message of the error that a statement is answered with."""

    def run(sql: str, *parameters: Any) -> tuple[str, str]:
        with pytest.raises(psycopg.Error) as caught:
            shared.execute(sql, parameters or None).fetchall()
        return str(caught.value.sqlstate), str(caught.value.diag.message_primary)

    return run
