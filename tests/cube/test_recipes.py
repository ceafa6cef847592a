"""Power Query recipes: the request that each makes is sent, and brings the rows of the workbook."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from bankcrm.settings import PROJECT_FOLDER, Settings
from cube.export.definitions import AFTER_ALL, load_tables, own_table
from cube.export.filled import FilledTable, FilledTables, fill_tables
from cube.export.recipe import TOKEN_PLACEHOLDER, recipe_of, write_recipe
from cube.security.auth import make_token
from cube.server.app import create_app

SECRET = "a secret of the tests that is long enough for HS256"
PERIOD = (date(2024, 1, 1), date(2024, 6, 30))
ADMINISTRATOR = {"groups": ["admin"]}


@dataclass(frozen=True)
class MRequest:
    """What ``Web.Contents`` of a recipe sends, read from its text."""

    method: str
    path: str
    headers: dict[str, str]
    body: str
    renamed: dict[str, str]
    typed: dict[str, str]

    def send(self, http: TestClient, token: str) -> list[list[str]]:
        """Lines of the answer, with a token in the place that the recipe has for it."""
        headers = {k: token if v == TOKEN_PLACEHOLDER else v for k, v in self.headers.items()}
        answer = http.request(self.method, self.path, headers=headers, content=self.body.encode())
        assert answer.status_code == 200, answer.text
        return list(csv.reader(io.StringIO(answer.content.decode("utf-8"), newline="")))


def read_recipe(text: str) -> MRequest:
    """The request of a recipe in the language M: its texts, the call, and its headers."""
    texts = {
        name: unquote(value) for name, value in re.findall(r"^ +(\w+) = (\".*\"),$", text, re.M)
    }
    call = re.search(r"Web\.Contents\(Server, \[(.*?)\n    \]\)", text, re.S)
    assert call is not None
    listed = re.search(r"Headers = \[(.*?)\n        \]", call[1], re.S)
    path = re.search(r"RelativePath = (\".*\")", call[1])
    assert listed is not None and path is not None
    headers = {
        name.removeprefix("#").strip('"'): texts.get(value) or unquote(value)
        for name, value in re.findall(r"^ +(#?\"[^\"]+\"|\w+) = (.*?),?$", listed[1], re.M)
    }
    content = re.search(r"Content = Text\.ToBinary\((\w+)\)", call[1])
    pairs = re.findall(r"\{(\"[^\"]+\"), (\"(?:[^\"]|\"\")*\"|[\w. ]+)\}", text)
    return MRequest(
        "POST" if content else "GET",
        f"/{unquote(path[1])}",
        headers,
        texts[content[1]] if content else "",
        {unquote(k): unquote(v) for k, v in pairs if v.startswith('"')},
        {unquote(k): v for k, v in pairs if not v.startswith('"')},
    )


def unquote(literal: str) -> str:
    """A text literal of M without its quotes."""
    assert literal[0] == literal[-1] == '"', literal
    return literal[1:-1].replace('""', '"').replace("#(#)", "#")


@pytest.fixture(scope="module")
def http(published: Settings) -> Iterator[TestClient]:
    """A client of a server that asks for a token."""
    guarded = published.model_copy(update={"api_secret": SECRET})
    with TestClient(create_app(guarded)) as client:
        yield client


@pytest.fixture(scope="module")
def token(published: Settings) -> str:
    settings = published.model_copy(update={"api_secret": SECRET})
    return make_token(settings, ["admin"], timedelta(hours=1), {})


@pytest.fixture(scope="module")
def answers(http: TestClient) -> FilledTables:
    """The tables of every workbook, as an administrator has them."""
    engine = http.app.state.engine  # type: ignore[attr-defined]
    return fill_tables(engine, ADMINISTRATOR, load_tables(), PERIOD, "en")


def in_cells(answer: FilledTable) -> list[list[Any]]:
    return [list(row) for row in zip(*answer.rows.to_pydict().values(), strict=True)]


def test_a_recipe_brings_the_rows_of_its_table(
    http: TestClient, token: str, answers: FilledTables
) -> None:
    assert sum(answer.rows.num_rows for answer in answers.tables) > 50
    for answer in answers.tables:
        request = read_recipe(recipe_of(answer, "https://bank.example", (PERIOD[0], AFTER_ALL)))
        header, *lines = request.send(http, token)
        assert header == [column.name for column in answer.columns]
        assert list(request.renamed) == list(request.typed) == header
        assert [column.title for column in answer.columns] == list(request.renamed.values())
        rows = in_cells(answer)
        assert len(lines) == len(rows)
        for line, row in zip(lines, rows, strict=True):
            for text, value, column in zip(line, row, answer.columns, strict=True):
                if value is None:
                    assert text == ""
                elif column.kind in ("amount", "ratio", "number", "count", "integer"):
                    assert float(text) == float(value)
                elif column.kind in ("month", "day", "time"):
                    assert text == value.strftime("%Y-%m-%dT%H:%M:%S.000")
                else:
                    assert text.casefold() == str(value).casefold()


def test_the_documented_recipe_is_what_export_writes_and_the_server_answers(
    http: TestClient, token: str
) -> None:
    text = (PROJECT_FOLDER / "docs" / "connect.md").read_text(encoding="utf-8")
    (documented,) = re.findall(r"```powerquery\n(.*?)```", text, re.S)
    request = read_recipe(documented)
    query = json.loads(request.body)["query"]
    table = own_table("balances", query["measures"], query["dimensions"])
    engine = http.app.state.engine  # type: ignore[attr-defined]
    period = (date.fromisoformat(query["timeDimensions"][0]["dateRange"][0]), AFTER_ALL)
    (answer,) = fill_tables(engine, ADMINISTRATOR, [table], period, "en").tables
    assert recipe_of(answer, "https://bank.example", period) == documented
    assert request.method == "POST"
    assert request.path == "/cubejs-api/v1/load"
    assert set(request.headers) == {"Authorization", "Accept", "Content-Type"}
    header, *lines = request.send(http, token)
    assert header == ["balances.date.month", "balances.region_name", *query["measures"]]
    assert len(lines) == answer.rows.num_rows > 3


def test_a_recipe_says_what_the_server_says_when_the_token_has_ended(http: TestClient) -> None:
    request = read_recipe(write_recipe("https://bank.example", {"measures": ["x.y"]}, []))
    answer = http.post(request.path, headers=request.headers, content=request.body)
    assert answer.status_code == 403
    assert answer.json()["error"]


@given(st.text(st.characters(exclude_categories=("Cs", "Cc"))))
def test_any_text_survives_the_quotes_of_a_recipe(value: str) -> None:
    query = {"measures": ["balances.deposit_end_balance"], "filters": [{"values": [value]}]}
    request = read_recipe(write_recipe("https://bank.example", query, []))
    assert json.loads(request.body)["query"] == query
