"""A small published warehouse with the tables of the marts, and a server over it."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import pytest
from starlette.testclient import TestClient

from bankcrm.settings import Settings
from cube.compiler.model import Model, load_model
from cube.engine.engine import build_engine
from cube.planner.planner import plan_query
from cube.planner.sql import write_statement
from cube.query.query import parse_query
from cube.rollups.build import build_rollups, list_rollups
from cube.security.access import grant_all
from cube.serve import CubeServer
from cube.server.app import create_app
from cube.server.service import Service
from tests.servers import serve_app

LOCAL = "http://127.0.0.1"
BUSINESS_DATE = date(2024, 6, 28)

Query = dict[str, Any]
Load = Callable[..., dict[str, Any]]
Serve = Callable[..., AbstractContextManager[CubeServer]]
Sql = Callable[..., list[tuple[Any, ...]]]


def _import_sibling(name: str) -> ModuleType:
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"tests_cube_{name}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


publish_version = _import_sibling("sample_marts").publish_version


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a home with one published version; not to be changed by a test.

    It has the rollups of the model, so that whatever they answer is compared with plain SQL.
    """
    settings = Settings(home=tmp_path_factory.mktemp("home"), memory_limit="1GB")
    path = publish_version(settings.published_folder, "v1", BUSINESS_DATE)
    build_rollups(settings, path, BUSINESS_DATE, list_rollups())
    return settings


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    """Settings of a home of the test's own, with one published version."""
    settings = Settings(home=tmp_path, memory_limit="1GB")
    publish_version(settings.published_folder, "v1", BUSINESS_DATE)
    return settings


@pytest.fixture(scope="session")
def publish() -> Callable[..., Path]:
    """Publish another version into a folder."""
    function: Callable[..., Path] = publish_version
    return function


@pytest.fixture(scope="session")
def client(published: Settings) -> Iterator[TestClient]:
    """HTTP client of a server over the shared version."""
    with TestClient(create_app(published), base_url=LOCAL) as http:
        yield http


@pytest.fixture(scope="session")
def serve() -> Serve:
    """Serve an application on a loopback port for as long as a block runs."""

    return serve_app


@pytest.fixture(scope="session")
def load(client: TestClient) -> Load:
    """Body of a successful answer to a query."""

    def send(query: Query, **others: Any) -> dict[str, Any]:
        answer = client.post("/cubejs-api/v1/load", json={"query": query, **others})
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    return send


@pytest.fixture(scope="session")
def refuse(client: TestClient) -> Callable[..., str]:
    """Message of the 400 that a query is answered with."""

    def send(query: object, **others: Any) -> str:
        answer = client.post("/cubejs-api/v1/load", json={"query": query, **others})
        assert answer.status_code == 400, answer.text
        return str(answer.json()["error"])

    return send


@pytest.fixture(scope="session")
def sql(published: Settings) -> Sql:
    """Rows of hand-written SQL on a copy of the published version."""
    source = published.published_folder / "v1.duckdb"
    copy = published.home / "reference.duckdb"
    copy.write_bytes(source.read_bytes())
    connection = duckdb.connect(str(copy), read_only=True)
    connection.execute("set search_path = 'marts'")

    def run(text: str, *parameters: object) -> list[tuple[Any, ...]]:
        return connection.execute(text, parameters).fetchall()

    return run


@pytest.fixture(scope="session")
def ask_tiny() -> Callable[..., list[tuple[Any, ...]]]:
    """Rows of a query on the tiny bank: columns, then measures, times as text."""
    folder = Path(__file__).with_name("tiny")
    model = load_model(folder / "model")
    access = grant_all(model)
    connection = duckdb.connect()
    connection.execute((folder / "tables.sql").read_text(encoding="utf-8"))

    def ask(query: Query) -> list[tuple[Any, ...]]:
        plan = plan_query(parse_query(query), model, date(2024, 10, 31), access)
        statement = write_statement(plan, model)
        rows = connection.execute(statement.sql, list(statement.parameters)).fetchall()
        return [tuple(v.isoformat() if isinstance(v, datetime) else v for v in row) for row in rows]

    return ask


@pytest.fixture(scope="session")
def model() -> Model:
    """The model of the bank."""
    return load_model()


@pytest.fixture(scope="session")
def service(model: Model, published: Settings) -> Iterator[Service]:
    """What the REST API answers from, over the shared version."""
    engine = build_engine(published, model)
    yield Service(engine)
    engine.close()
