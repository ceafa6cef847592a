"""The dictionary over HTTP: only its own files, under strict rules, for those who have a token."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import jwt
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from bankcrm.settings import Settings
from cube.security.auth import make_token
from cube.server.app import create_app
from cube.server.docs import PASS, mount_docs

SECRET = "a secret of the tests that is long enough for HS256"
LOCAL = "http://127.0.0.1"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home with a dictionary of three pages, and a secret beside them."""
    settings = Settings(home=tmp_path)
    settings.docs_folder.mkdir()
    for name in ("index", "questions", "dbt"):
        (settings.docs_folder / f"{name}.html").write_text(f"<p>{name}</p>")
    (tmp_path / "secret.txt").write_text("no")
    (settings.docs_folder / "link.html").symlink_to(tmp_path / "secret.txt")
    return settings


@pytest.fixture
def http(settings: Settings) -> Iterator[TestClient]:
    with TestClient(Starlette(routes=[mount_docs(settings)]), base_url=LOCAL) as client:
        yield client


@pytest.fixture(scope="module")
def guarded(published: Settings) -> Iterator[TestClient]:
    """A server that asks for a token, of which nobody made the dictionary yet."""
    with TestClient(create_app(published.model_copy(update={"api_secret": SECRET}))) as client:
        yield client


def sign_in(http: TestClient, published: Settings) -> None:
    """Ask as the explorer does at first; the pass stays with the client."""
    secured = published.model_copy(update={"api_secret": SECRET})
    token = make_token(secured, ["analyst"], timedelta(hours=1), {})
    answer = http.get("/explorer/freshness", headers={"Authorization": token})
    assert answer.status_code == 200
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "path=/docs" in cookie
    assert "samesite=strict" in cookie


def test_the_pages_are_served_under_rules_that_forbid_everything_else(http: TestClient) -> None:
    for path in ("/docs/", "/docs", "/docs/index.html"):
        assert http.get(path).text == "<p>index</p>"
    page = http.get("/docs/questions.html")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    lineage = http.get("/docs/dbt.html").headers["content-security-policy"]
    assert "connect-src" not in lineage, "the default is that nothing is asked"
    assert "frame-ancestors 'none'" in lineage
    assert http.get("/docs/message.css").headers["content-type"].startswith("text/css")


@pytest.mark.parametrize(
    "path",
    [
        "/docs/none.html",
        "/docs/../secret.txt",
        "/docs/..%2fsecret.txt",
        "/docs/%2e%2e/secret.txt",
        "/docs/%2fetc/passwd",
        "/docs/link.html",
        "/docs/not_made.html",
        "/docs/base.html.j2",
    ],
)
def test_no_path_leads_out_of_the_pages(http: TestClient, path: str) -> None:
    answer = http.get(path)
    assert answer.status_code == 404
    assert "no" not in answer.text.split()


def test_nothing_can_be_changed(http: TestClient) -> None:
    assert http.post("/docs/index.html").status_code == 405


def test_a_dictionary_that_was_not_made_says_how_to_make_it(tmp_path: Path) -> None:
    app = Starlette(routes=[mount_docs(Settings(home=tmp_path))])
    with TestClient(app, base_url=LOCAL) as http:
        answer = http.get("/docs/questions.html")
        assert answer.status_code == 404
        assert "bankcrm docs" in answer.text
        assert "数据字典尚未生成" in answer.text
        assert http.get("/docs/message.css").status_code == 200


def test_where_there_is_a_secret_a_reader_signs_in_first(
    guarded: TestClient, published: Settings
) -> None:
    guarded.cookies.clear()
    answer = guarded.get("/docs/")
    assert answer.status_code == 403
    assert "Sign in to read the dictionary" in answer.text
    sign_in(guarded, published)
    assert guarded.get("/docs/").status_code == 404, (
        "it has not been made, and a reader with a token may know"
    )


def test_a_pass_opens_the_pages_and_nothing_else(guarded: TestClient, published: Settings) -> None:
    guarded.cookies.clear()
    sign_in(guarded, published)
    shown = str(guarded.cookies.get(PASS))
    for header in ({}, {"Authorization": shown}):
        assert guarded.get("/cubejs-api/v1/meta", headers=header).status_code == 403
    assert set(jwt.decode(shown, options={"verify_signature": False})) == {"aud", "exp"}


@pytest.mark.parametrize("wrong", ["", "nonsense", "a.b.c", "token"])
def test_what_is_no_pass_opens_nothing(
    guarded: TestClient, published: Settings, wrong: str
) -> None:
    secured = published.model_copy(update={"api_secret": SECRET})
    value = make_token(secured, ["admin"], timedelta(hours=1), {}) if wrong == "token" else wrong
    guarded.cookies.clear()
    answer = guarded.get("/docs/", headers={"Cookie": f"{PASS}={value}"})
    assert answer.status_code == 403


def test_a_token_opens_the_pages_to_programs_too(guarded: TestClient, published: Settings) -> None:
    guarded.cookies.clear()
    secured = published.model_copy(update={"api_secret": SECRET})
    token = make_token(secured, ["analyst"], timedelta(hours=1), {})
    assert guarded.get("/docs/", headers={"Authorization": token}).status_code == 404
