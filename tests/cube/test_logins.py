"""Logins in the audit log: each token once a day, and no access without a trace."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from starlette.testclient import TestClient

from bankcrm.audit import FOLDER_NAME, read_entries
from bankcrm.settings import Settings
from cube.security import logins
from cube.security.auth import make_token
from cube.server.app import create_app

LOCAL = "http://127.0.0.1"
META = "/cubejs-api/v1/meta"


def logged_in(settings: Settings) -> list[tuple[str, object]]:
    entries = [entry for entry in read_entries(settings) if entry.action == "cube_login"]
    return [(entry.actor, entry.details["groups"]) for entry in entries]


def test_a_token_is_entered_once_a_day_and_its_value_never(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = home.model_copy(update={"api_secret": "s" * 32})
    token, other = (
        make_token(settings, [group], timedelta(days=2), {"sub": user})
        for group, user in (("admin", "ann"), ("analyst", "bob"))
    )
    with TestClient(create_app(settings), base_url=LOCAL) as http:
        for shown in (token, token, other, token):
            assert http.get(META, headers={"Authorization": shown}).status_code == 200
        assert http.get(META, headers={"Authorization": token + "x"}).status_code == 403
        assert logged_in(settings) == [("ann", ["admin"]), ("bob", ["analyst"])]
        monkeypatch.setattr(logins, "today", lambda: date(2999, 1, 1))
        assert http.get(META, headers={"Authorization": token}).status_code == 200
    assert logged_in(settings)[2:] == [("ann", ["admin"])]
    log = (settings.home / FOLDER_NAME / "audit-0001.jsonl").read_text()
    assert token not in log and token.rpartition(".")[2] not in log


def test_without_a_secret_the_developer_is_entered(home: Settings) -> None:
    with TestClient(create_app(home), base_url=LOCAL) as http:
        assert http.get(META).status_code == http.get(META).status_code == 200
        assert http.get("/livez").status_code == 200
    assert logged_in(home) == [(logins.ANONYMOUS, ["admin"])]


def test_a_login_that_cannot_be_recorded_is_refused_until_it_can(home: Settings) -> None:
    blocker = home.home / FOLDER_NAME
    blocker.write_text("a file where the folder should be")
    with TestClient(create_app(home), base_url=LOCAL) as http:
        answer = http.get(META)
        assert answer.status_code == 503
        assert "audit log" in answer.json()["error"]
        blocker.unlink()
        assert http.get(META).status_code == 200
    assert len(logged_in(home)) == 1
