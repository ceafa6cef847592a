"""Who may ask: tokens, and hosts that may be served without any."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from starlette.testclient import TestClient

from cube.server.app import create_app
from pipelines.errors import BankcrmError
from pipelines.settings import Settings

SECRET = "a secret of the tests that is long enough for HS256 and for HS512 too"
QUERY = {"query": {"measures": ["transactions.transaction_count"]}}
ENDPOINTS = [
    ("GET", "/cubejs-api/v1/load"),
    ("POST", "/cubejs-api/v1/load"),
    ("GET", "/cubejs-api/v1/sql"),
    ("POST", "/cubejs-api/v1/sql"),
    ("GET", "/cubejs-api/v1/meta"),
]


def token(secret: str = SECRET, algorithm: str = "HS256", **claims: object) -> str:
    return jwt.encode(claims, secret, algorithm=algorithm)


@pytest.fixture(scope="module")
def guarded(published: Settings) -> Iterator[TestClient]:
    settings = published.model_copy(update={"api_secret": SECRET, "host": "0.0.0.0"})
    with TestClient(create_app(settings), base_url="http://bank.example") as http:
        yield http


def post(http: TestClient, authorization: str | None) -> Any:
    headers = {} if authorization is None else {"Authorization": authorization}
    return http.post("/cubejs-api/v1/load", json=QUERY, headers=headers)


@pytest.mark.parametrize("scheme", ["", "Bearer ", "bearer "])
def test_a_good_token_is_accepted_with_and_without_scheme(guarded: TestClient, scheme: str) -> None:
    good = token(sub="analyst", exp=int(time.time()) + 60, nbf=int(time.time()) - 60)
    assert post(guarded, scheme + good).status_code == 200


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "nonsense",
        f"Basic {token(sub='a')}",
        token(secret="another secret that is long enough as well", sub="a"),
        token(algorithm="HS512", sub="a"),
        jwt.encode({"sub": "a"}, "", algorithm="none"),
        token(sub="a", exp=int(time.time()) - 60),
        token(sub="a", nbf=int(time.time()) + 600),
        token(sub="a", exp="never"),
        token(sub="a")[:-4] + "AAAA",
        token(sub="a").rsplit(".", 1)[0] + ".",
    ],
)
def test_any_other_token_is_denied(guarded: TestClient, authorization: str | None) -> None:
    answer = post(guarded, authorization)
    assert answer.status_code == 403
    assert set(answer.json()) == {"error"}


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_every_endpoint_asks_for_the_token_first(
    guarded: TestClient, method: str, path: str
) -> None:
    assert guarded.request(method, path).status_code == 403


def test_health_is_open_to_the_load_balancer(guarded: TestClient) -> None:
    assert guarded.get("/livez").status_code == guarded.get("/readyz").status_code == 200


def test_two_users_never_share_an_etag(guarded: TestClient) -> None:
    first, second = (post(guarded, token(sub=name)).headers["etag"] for name in ("a", "b"))
    assert first != second


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.1", "bank.example", "::"])
def test_without_a_secret_only_this_machine_is_served(published: Settings, host: str) -> None:
    with pytest.raises(BankcrmError, match="no secret"):
        create_app(published.model_copy(update={"host": host}))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_loopback_needs_no_secret(published: Settings, host: str) -> None:
    create_app(published.model_copy(update={"host": host}))


def test_a_short_secret_is_refused(published: Settings) -> None:
    with pytest.raises(BankcrmError, match="shorter than 32 bytes"):
        create_app(published.model_copy(update={"api_secret": "secret"}))


def test_without_a_secret_a_page_of_another_site_gets_nothing(client: TestClient) -> None:
    answer = client.post("/cubejs-api/v1/load", json=QUERY, headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert "transaction_count" not in answer.text
