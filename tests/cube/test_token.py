"""`bankcrm token`: for development, and only with a secret to sign by."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import jwt
import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner, Result

from bankcrm.errors import BankcrmError
from bankcrm.settings import Settings
from cube.security.auth import make_token
from cube.server.app import create_app
from pipelines.cli import app

SECRET = "a secret of the tests that is long enough for HS256"


def run(folder: Path, *arguments: str, secret: str | None = SECRET, **others: str) -> Result:
    environment = {"BANKCRM_HOME": str(folder), "BANKCRM_API_SECRET": secret, **others}
    return CliRunner().invoke(app, ["token", *arguments], env=environment)


def read(token: str, audience: str | None = None) -> dict[str, object]:
    claims: dict[str, object] = jwt.decode(
        token, SECRET, algorithms=["HS256"], audience=audience, options={"require": ["exp"]}
    )
    return claims


def test_the_token_of_a_branch_manager_opens_the_branch(published: Settings) -> None:
    arguments = ["--group", "branch_manager", "--branch", "B2", "--hours", "8"]
    token = run(published.home, *arguments).stdout.strip()
    claims = read(token)
    assert claims["groups"] == ["branch_manager"]
    assert claims["branch_id"] == "B2"
    assert "manager_id" not in claims
    assert 8 * 3600 - 60 < int(str(claims["exp"])) - time.time() <= 8 * 3600
    settings = published.model_copy(update={"api_secret": SECRET})
    query = {"query": {"dimensions": ["balances.branch_name"]}}
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as http:
        answer = http.post(
            "/cubejs-api/v1/load", json=query, headers={"Authorization": f"Bearer {token}"}
        )
    assert answer.json()["data"] == [{"balances.branch_name": "Branch 2"}]


def test_several_groups_and_the_audience_of_the_settings_stand_in_the_token(
    tmp_path: Path,
) -> None:
    arguments = ["--group", "analyst", "--group", "customer_manager", "--manager", "M7"]
    result = run(tmp_path, *arguments, BANKCRM_API_AUDIENCE="cubes")
    claims = read(result.stdout.strip(), "cubes")
    assert (claims["groups"], claims["manager_id"]) == (["analyst", "customer_manager"], "M7")


@pytest.mark.parametrize(
    ("arguments", "secret", "expected"),
    [
        (["--group", "admin"], None, "no secret"),
        (["--group", "admin"], "short", "shorter than 32 bytes"),
        (["--group", "brnch_manager"], SECRET, "did you mean 'branch_manager'"),
        (["--group", "admin", "--hours", "0"], SECRET, "longer than no time"),
        (["--group", "admin", "--hours", "-1"], SECRET, "longer than no time"),
    ],
)
def test_no_token_is_made_that_could_not_hold(
    tmp_path: Path, arguments: list[str], secret: str | None, expected: str
) -> None:
    result = run(tmp_path, *arguments, secret=secret)
    assert result.exit_code != 0
    assert expected in " ".join(result.output.split())
    assert "eyJ" not in result.output


def test_without_a_secret_nothing_is_signed(tmp_path: Path) -> None:
    with pytest.raises(BankcrmError, match="no secret"):
        make_token(Settings(home=tmp_path), ["admin"], timedelta(hours=1), {})
