"""The routes of the explorer: files of the build and nothing else, headers, freshness."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from bankcrm.settings import Settings
from cube.engine.warehouse import Warehouse
from cube.server.app import create_app
from cube.server.explorer import Explorer

SECRET = "a secret of the tests that is long enough for HS256"
DUE = date(2024, 6, 30)
PAGE = b"<!doctype html><title>page</title>"
SCRIPT = b"console.log('explorer');" * 20


def _client(settings: Settings, folder: Path) -> TestClient:
    explorer = Explorer(settings, Warehouse(settings), lambda _: DUE, folder)
    return TestClient(Starlette(routes=explorer.routes()), base_url="http://127.0.0.1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A build of a page and one script, with a secret beside it."""
    (tmp_path / "secret.txt").write_text("no")
    build = tmp_path / "dist"
    (build / "assets").mkdir(parents=True)
    (build / "index.html").write_bytes(PAGE)
    (build / "assets" / "index-abc.js").write_bytes(SCRIPT)
    return build


@pytest.fixture
def explorer(published: Settings, folder: Path) -> Iterator[TestClient]:
    with _client(published, folder) as client:
        yield client


def test_the_page_may_load_nothing_from_elsewhere_and_run_nothing_inline(
    explorer: TestClient,
) -> None:
    answer = explorer.get("/")
    assert answer.content == PAGE
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "no-cache"
    rules = dict(
        rule.strip().split(" ", 1) for rule in answer.headers["content-security-policy"].split(";")
    )
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["connect-src"] == rules["style-src"] == "'self'"
    assert rules["frame-ancestors"] == "'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_files_are_compressed_for_those_who_can_read_it_and_kept_for_good(
    explorer: TestClient,
) -> None:
    with explorer.stream("GET", "/assets/index-abc.js") as packed:
        assert packed.headers["content-encoding"] == "gzip"
        assert gzip.decompress(b"".join(packed.iter_raw())) == SCRIPT
        assert "immutable" in packed.headers["cache-control"]
    plain = explorer.get("/assets/index-abc.js", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == SCRIPT


@pytest.mark.parametrize(
    "path", ["/assets/secret.txt", "/assets/..%2f..%2fsecret.txt", "/assets/%2e%2e/index.html"]
)
def test_no_path_leads_out_of_the_build(explorer: TestClient, path: str) -> None:
    assert explorer.get(path).status_code == 404


def test_a_page_that_is_not_built_says_how_to_build_it(published: Settings, tmp_path: Path) -> None:
    build = tmp_path / "none"
    with _client(published, build) as client:
        answer = client.get("/")
        assert answer.status_code == 503
        assert "make explorer" in answer.text
        build.mkdir()
        (build / "index.html").write_bytes(PAGE)
        assert client.get("/").content == PAGE


def test_the_freshness_names_the_version_and_who_asks(explorer: TestClient) -> None:
    freshness = explorer.get("/explorer/freshness").json()
    assert freshness["version"] == "v1"
    assert freshness["businessDate"] == "2024-06-28"
    assert freshness["groups"] == ["admin"]
    assert freshness["expectedDate"] == DUE.isoformat()
    assert freshness["businessDate"] < freshness["expectedDate"] < freshness["today"]


def test_the_freshness_is_for_those_with_a_token(published: Settings) -> None:
    app = create_app(published.model_copy(update={"api_secret": SECRET}))
    with TestClient(app) as client:
        assert client.get("/explorer/freshness").status_code == 403
