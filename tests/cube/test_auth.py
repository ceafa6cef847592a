"""Who may ask: tokens, and hosts that may be served without any."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from starlette.routing import Route
from starlette.testclient import TestClient

from bankcrm.errors import BankcrmError
from bankcrm.settings import Settings
from cube.server.app import create_app

SECRET = "a secret of the tests that is long enough for HS256 and for HS512 too"
CONTENT: dict[str, object] = {"sub": "a", "groups": ["admin"], "exp": 4_000_000_000}
QUERY = {"query": {"measures": ["transactions.transaction_count"]}}
ENDPOINTS = [
    ("GET", "/cubejs-api/v1/load"),
    ("POST", "/cubejs-api/v1/load"),
    ("GET", "/cubejs-api/v1/sql"),
    ("POST", "/cubejs-api/v1/sql"),
    ("GET", "/cubejs-api/v1/dry-run"),
    ("POST", "/cubejs-api/v1/dry-run"),
    ("GET", "/cubejs-api/v1/explain"),
    ("POST", "/cubejs-api/v1/explain"),
    ("GET", "/cubejs-api/v1/distribution"),
    ("POST", "/cubejs-api/v1/distribution"),
    ("GET", "/cubejs-api/v1/meta"),
    ("GET", "/status"),
]
OPEN = [("GET", "/livez"), ("GET", "/readyz"), ("GET", "/openapi.json")]
LOCAL = "http://127.0.0.1"


def token(secret: str = SECRET, algorithm: str = "HS256", **claims: object) -> str:
    """A good token but for the claims that are given; those given as None are left out."""
    all_claims = {"groups": ["admin"], "exp": int(time.time()) + 60, **claims}
    content = {name: value for name, value in all_claims.items() if value is not None}
    return jwt.encode(content, secret, algorithm=algorithm)


def forge(header: dict[str, object], content: dict[str, object], key: bytes = b"") -> str:
    """A token put together by hand, signed by HMAC-SHA256 with any key, or not at all."""
    parts = [json.dumps(part).encode() for part in (header, content)]
    signed = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    signature = hmac.new(key, signed, "sha256").digest() if key else b""
    return (signed + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


@pytest.fixture(scope="module")
def guarded(published: Settings) -> Iterator[TestClient]:
    settings = published.model_copy(update={"api_secret": SECRET, "host": "0.0.0.0"})
    with TestClient(create_app(settings), base_url="http://bank.example") as http:
        yield http


def post(http: TestClient, authorization: str | None) -> Any:
    headers = {} if authorization is None else {"Authorization": authorization.encode("latin-1")}
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
        jwt.encode(CONTENT, "", algorithm="none"),
        forge({"alg": "None", "typ": "JWT"}, CONTENT),
        forge({"alg": "nOnE"}, CONTENT, SECRET.encode()),
        forge({"alg": "RS256"}, CONTENT, SECRET.encode()),
        forge({"alg": "hs256"}, CONTENT, SECRET.encode()),
        forge({"typ": "JWT"}, CONTENT, SECRET.encode()),
        forge({"alg": "HS256", "crit": ["bank"], "bank": 1}, CONTENT, SECRET.encode()),
        forge({"alg": "HS256", "jwk": {"kty": "oct", "k": "AAAA"}}, CONTENT, b"\0\0\0"),
        forge({"alg": "HS256", "kid": "/dev/null"}, CONTENT, b"x"),
        token(sub="a", exp=int(time.time()) - 60),
        token(sub="a", nbf=int(time.time()) + 600),
        token(sub="a", exp="never"),
        token(sub="a", exp=str(int(time.time()) + 60)),
        token(sub="a", exp=None),
        token(sub="a", iat=int(time.time()) + 600),
        token(sub="a", groups=None),
        token(sub="a", groups="admin"),
        token(sub="a", groups={"admin": True}),
        token(sub="a", groups=["admin", 1]),
        token(sub="a", aud="another service"),
        token(sub=7),
        jwt.encode(CONTENT, "x" * 32, algorithm="HS256"),
        "Bearer é.é.é",
        "a" * 10_000,
        token(sub="a")[:-4] + "AAAA",
        token(sub="a").rsplit(".", 1)[0] + ".",
    ],
)
def test_any_other_token_is_denied(guarded: TestClient, authorization: str | None) -> None:
    answer = post(guarded, authorization)
    assert answer.status_code == 403
    assert set(answer.json()) == {"error"}


def test_a_token_made_by_hand_with_the_secret_is_a_good_one(guarded: TestClient) -> None:
    """Else the forged ones above might be denied for being badly made."""
    good = forge({"alg": "HS256", "typ": "JWT"}, CONTENT, SECRET.encode())
    assert post(guarded, good).status_code == 200


def test_a_claim_changed_after_signing_is_denied(guarded: TestClient) -> None:
    head, _, signature = token(groups=["analyst"]).split(".")
    content = token(groups=["admin"]).split(".")[1]
    assert post(guarded, f"{head}.{content}.{signature}").status_code == 403


@pytest.mark.parametrize(
    ("audience", "status"),
    [("cubes", 200), (["portal", "cubes"], 200), ("portal", 403), ([], 403), (None, 403)],
)
def test_where_an_audience_is_set_a_token_must_name_it(
    published: Settings, audience: object, status: int
) -> None:
    update = {"api_secret": SECRET, "api_audience": "cubes"}
    with TestClient(create_app(published.model_copy(update=update)), base_url=LOCAL) as http:
        assert post(http, token(aud=audience)).status_code == status


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_every_endpoint_asks_for_the_token_first(
    guarded: TestClient, method: str, path: str
) -> None:
    assert guarded.request(method, path).status_code == 403


def test_every_route_of_the_server_is_listed_above(published: Settings) -> None:
    """The files of the explorer aside, which hold no data: tests/cube/test_explorer.py has them."""
    listed = (route for route in create_app(published).routes if isinstance(route, Route))
    routes = [route for route in listed if route.include_in_schema]
    served = {(method, r.path) for r in routes for method in r.methods or () if method != "HEAD"}
    assert served == {*ENDPOINTS, *OPEN}


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
