"""What dbt is spared takes hold in its pinned version, and changes nothing that anybody reads."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt_common.clients import system
from dbt_common.events import base_types, logger, types
from dbt_common.utils.encoding import JSONEncoder

from pipelines.build.dbt_shortcuts import install_shortcuts


@pytest.fixture(autouse=True)
def saved(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Dbt as the child has it, until the test ends."""
    for owner, name in (
        (DuckDBCredentials, "_connection_keys"),
        (logger._Logger, "write_line"),
        (system, "json"),
    ):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    install_shortcuts()
    yield


def connect(folder: str, schema: str = "marts") -> Any:
    credentials = DuckDBCredentials.from_dict(
        {"path": f"{folder}/bankcrm.duckdb", "database": "bankcrm", "schema": schema}
    )
    return list(credentials.connection_info())


def test_another_home_is_the_same_connection_and_another_schema_is_not() -> None:
    assert connect("/one") == connect("/other")
    assert connect("/one") != connect("/one", schema="staging")


@pytest.mark.parametrize(
    ("level", "lines"), [("debug", 0), ("info", 1), ("warn", 1), ("error", 1), ("print", 1)]
)
def test_an_event_below_the_level_of_a_log_is_not_even_written_as_a_line(
    monkeypatch: pytest.MonkeyPatch, level: str, lines: int
) -> None:
    stream = io.StringIO()
    config = logger.LoggerConfig(
        name=f"of a test at {level}",
        level=base_types.EventLevel.INFO,
        line_format=logger.LineFormat.Json,
        output_stream=stream,
    )
    create_line = Mock(return_value="a line")
    log = logger._JsonLogger(config)
    monkeypatch.setattr(log, "create_line", create_line)
    event = types.PrintEvent(msg="x") if level == "print" else types.Note(msg="x")
    heard = base_types.EventLevel.DEBUG if level == "print" else base_types.EventLevel(level)
    log.write_line(base_types.msg_from_base_event(event, level=heard))
    assert create_line.call_count == lines
    assert stream.getvalue() == "a line\n" * lines


def test_a_document_is_written_as_dbt_would_write_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    document = {"names": ["Žofie", None], "amount": Decimal("1.50"), "of": {"2": 3.25}}
    monkeypatch.setattr(json, "dump", None)
    system.write_json(str(tmp_path / "new" / "document.json"), document)
    monkeypatch.undo()
    expected = io.StringIO()
    json.dump(document, expected, cls=JSONEncoder)
    assert (tmp_path / "new" / "document.json").read_text("utf-8") == expected.getvalue()
    assert system.read_json(str(tmp_path / "new" / "document.json")) == json.loads(
        expected.getvalue()
    )
