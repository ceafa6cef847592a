"""The status page over HTTP: as the last run wrote it, and guarded like every other answer."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from starlette.testclient import TestClient

from bankcrm.settings import Settings
from cube.security.auth import make_token
from cube.server.app import create_app
from pipelines.monitoring.status_page import write_status_page

LOCAL = "http://127.0.0.1"


def test_the_page_of_the_last_run_is_shown(home: Settings) -> None:
    with TestClient(create_app(home), base_url=LOCAL) as http:
        assert http.get("/status").status_code == 404
        write_status_page(home)
        answer = http.get("/status")
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.content == home.status_page_file.read_bytes()
    assert "2024-06-28" in answer.text


def test_the_page_needs_a_token_where_there_is_a_secret(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, api_secret="s" * 32)
    write_status_page(settings)
    with TestClient(create_app(settings), base_url=LOCAL) as http:
        assert http.get("/status").status_code == 403
        for group, status in (("analyst", 403), ("admin", 200)):
            token = make_token(settings, [group], timedelta(hours=1), {})
            assert http.get("/status", headers={"Authorization": token}).status_code == status
