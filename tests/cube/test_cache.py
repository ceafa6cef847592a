"""Answers that are kept: whose they are, for how long, and how much they may hold."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from bankcrm.settings import Settings
from cube.engine.cache import Answer, AnswerCache
from cube.engine.warehouse import Version
from cube.security.auth import make_token
from cube.server.app import create_app

LOAD = "/cubejs-api/v1/load"
LOCAL = "http://127.0.0.1"
COUNT = "transactions.transaction_count"
BRANCH = "transactions.branch_name"
QUERY = {"measures": [COUNT], "dimensions": [BRANCH]}
EMPTY = "delete from marts.fct_transaction"

Executed = list[str]


@pytest.fixture
def executed(monkeypatch: pytest.MonkeyPatch) -> Executed:
    """SQL of the statements that reach DuckDB."""
    statements: Executed = []
    fetch = Version.fetch

    def note(version: Version, asked: Any, *others: Any) -> Any:
        statements.extend(statement.sql for statement in asked)
        return fetch(version, asked, *others)

    monkeypatch.setattr(Version, "fetch", note)
    return statements


@pytest.fixture(scope="module")
def http(published: Settings) -> Iterator[TestClient]:
    settings = published.model_copy(update={"api_secret": "s" * 32})
    with TestClient(create_app(settings), base_url=LOCAL) as client:
        yield client


@pytest.fixture
def ask(http: TestClient, published: Settings) -> Callable[..., httpx.Response]:
    """Answer to a query for an administrator, or for the claims given."""
    settings = published.model_copy(update={"api_secret": "s" * 32})

    def send(query: object, *groups: str, **claims: str) -> httpx.Response:
        token = make_token(settings, list(groups) or ["admin"], timedelta(hours=1), claims)
        answer: httpx.Response = http.post(
            LOAD, json={"query": query}, headers={"Authorization": token}
        )
        assert answer.status_code == 200, answer.text
        return answer

    return send


def test_the_same_question_in_other_words_is_computed_once(
    ask: Callable[..., httpx.Response], executed: Executed, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "bankcrm.cube"):
        first = ask({**QUERY, "timezone": "UTC"}, sub="words")
        again = ask({"dimensions": [BRANCH], "measures": [COUNT], "limit": 10_000}, sub="words")
    assert len(executed) == 1
    assert (again.content, again.headers["etag"]) == (first.content, first.headers["etag"])
    lines = [json.loads(r.getMessage()) for r in caplog.records if r.name == "bankcrm.cube.access"]
    assert [line["cache"] for line in lines] == ["miss", "hit"]
    assert lines[0]["rows"] == lines[1]["rows"] == len(first.json()["data"]) > 0
    assert lines[0]["bytes"] == lines[1]["bytes"] == len(first.content)


def test_no_cache_asks_for_a_new_computation(
    ask: Callable[..., httpx.Response], executed: Executed
) -> None:
    query = {**QUERY, "limit": 77}
    for policy in ("stale-if-slow", "must-revalidate", "stale-while-revalidate"):
        ask({**query, "cache": policy})
    assert len(executed) == 1
    ask({**query, "cache": "no-cache"})
    assert len(executed) == 2


def test_no_claims_are_answered_with_the_copy_of_others(
    ask: Callable[..., httpx.Response], executed: Executed
) -> None:
    users: list[tuple[tuple[str, ...], dict[str, str]]] = [
        (("admin",), {}),
        (("branch_manager",), {"branch_id": "B1"}),
        (("branch_manager",), {"branch_id": "B3"}),
        (("customer_manager",), {"manager_id": "M1"}),
        (("analyst", "branch_manager"), {"branch_id": "B3"}),
    ]
    query = {**QUERY, "limit": 78}
    first = [ask(query, *groups, **claims).json()["data"] for groups, claims in users]
    assert len(executed) == len(users)
    again = [ask(query, *groups, **claims).json()["data"] for groups, claims in users]
    assert len(executed) == len(users)
    assert again == first
    assert {row[BRANCH] for row in first[1]} == {"Branch 1", "Branch 2"}
    assert {row[BRANCH] for row in first[2]} == {"Branch 3"}


def test_a_new_version_drops_every_answer_of_the_one_before(
    home: Settings, publish: Callable[..., Path]
) -> None:
    with TestClient(create_app(home), base_url=LOCAL) as http:
        query = {"query": {"measures": [COUNT]}}
        answers = [http.post(LOAD, json=query).json() for _ in range(2)]
        publish(home.published_folder, "v2", "2024-06-29", EMPTY)
        answers += [http.post(LOAD, json=query).json() for _ in range(2)]
    counts = [(answer["version"], answer["data"][0][COUNT]) for answer in answers]
    assert counts == [("v1", "400"), ("v1", "400"), ("v2", "0"), ("v2", "0")]


def test_identical_questions_at_the_same_time_are_computed_once(
    ask: Callable[..., httpx.Response], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, released, fetch = threading.Semaphore(0), threading.Event(), Version.fetch

    def wait(version: Version, *others: Any) -> Any:
        begun.release()
        released.wait(10)
        return fetch(version, *others)

    monkeypatch.setattr(Version, "fetch", wait)
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(ask, {**QUERY, "limit": 79}) for _ in range(7)]
        answers.append(pool.submit(ask, {**QUERY, "limit": 80}))
        assert begun.acquire(timeout=10) and begun.acquire(timeout=10)
        released.set()
        bodies = [answer.result().json() for answer in answers]
    assert not begun.acquire(blocking=False), "more than one computation of each question"
    assert all(body == bodies[0] for body in bodies[:7])
    assert bodies[7]["query"]["limit"] == 80


def test_the_least_recently_used_answers_make_room() -> None:
    cache = AnswerCache(5_000)
    assert cache.get("v1", "a") is None
    for name in "abc":
        cache.put("v1", name, Answer(b"x" * 1_000, 1))
    assert cache.get("v1", "a") is not None
    cache.put("v1", "d", Answer(b"x" * 1_000, 1))
    assert [cache.get("v1", name) is not None for name in "abcd"] == [True, False, True, True]
    assert 0 < cache.bytes <= 5_000


def test_what_is_too_large_or_of_another_version_is_not_kept() -> None:
    cache = AnswerCache(5_000)
    cache.get("v2", "a")
    cache.put("v2", "a", Answer(b"x" * 6_000, 1))
    cache.put("v1", "b", Answer(b"x", 1))
    assert cache.bytes == 0
    assert cache.get("v2", "a") is cache.get("v2", "b") is None


def test_without_memory_for_answers_none_is_kept(published: Settings, executed: Executed) -> None:
    settings = published.model_copy(update={"cube_cache_bytes": 0})
    with TestClient(create_app(settings), base_url=LOCAL) as http:
        for _ in range(2):
            assert http.post(LOAD, json={"query": QUERY}).status_code == 200
    assert len(executed) == 2
