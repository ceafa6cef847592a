"""`dbt build` works without our command, and builds what the refresh publishes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from bankcrm.settings import PROJECT_FOLDER, Settings
from bankcrm.sql import SOUND_OPTIMIZER, quote_text
from bankcrm.warehouse.fingerprint import DBT_SCHEMAS, fingerprint_tables
from bankcrm.warehouse.versions import open_published

EQUALITY = re.compile(r"\((\w+) = (\w+)\)")
JOINED_TO_RULES = {"int_risk__exposures"}
"""Models that compare every row with a dozen rules, by columns that may hold any value."""


@dataclass(frozen=True)
class Built:
    """What dbt alone left: its output, the database, the statements as compiled."""

    said: str
    returned: int
    file: Path
    compiled: Path


@pytest.fixture(scope="module")
def built(sample_bank: Settings, tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("dbt")
    build_file = folder / "dev.duckdb"
    command = [sys.executable, "-c", "from dbt.cli.main import cli; cli()"]
    command += ["--log-path", str(folder / "logs"), "build"]
    command += ["--project-dir", str(PROJECT_FOLDER), "--profiles-dir", str(PROJECT_FOLDER)]
    command += ["--target-path", str(folder / "target")]
    files = {"BANKCRM_RAW_FILE": str(sample_bank.raw_file), "BANKCRM_BUILD_FILE": str(build_file)}
    done = subprocess.run(
        command, env=os.environ | files, capture_output=True, text=True, timeout=300, check=False
    )
    compiled = folder / "target" / "compiled" / "bankcrm" / "models"
    return Built(done.stdout, done.returncode, build_file, compiled)


def test_dbt_build_alone_passes_every_unit_test_and_equals_the_published_version(
    sample_bank: Settings, built: Built
) -> None:
    assert built.returned == 0, built.said[-4000:]
    assert "unit tests" in built.said

    with duckdb.connect(str(built.file), read_only=True) as connection:
        alone = fingerprint_tables(connection)
    with open_published(sample_bank) as connection:
        assert alone == fingerprint_tables(connection, DBT_SCHEMAS)


Node = dict[str, Any]


def walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node["children"]:
        yield from walk(child)


def test_no_model_compares_every_row_of_a_table_with_every_row_of_another(
    sample_bank: Settings, built: Built
) -> None:
    """DuckDB does so where a left join has a condition on one of its sides, beside equal keys: such
    a model takes a hundred times as long in a bank ten times as large."""
    # Tests are compiled into folders that are named as the file that declares them.
    statements = built.compiled.rglob("*.sql")
    models = [path for path in statements if not any(".yml" in part for part in path.parts)]
    found = set()
    with duckdb.connect(str(built.file), read_only=True, config=SOUND_OPTIMIZER) as connection:
        connection.execute(f"attach {quote_text(str(sample_bank.raw_file))} as raw (read_only)")
        for path in models:
            statement = path.read_text(encoding="utf-8")
            ((_, told),) = connection.execute(f"explain (format json) {statement}").fetchall()
            for node in (node for root in json.loads(told) for node in walk(root)):
                condition = str(node["extra_info"].get("Condition"))
                if node["name"].startswith("BLOCKWISE_NL_JOIN") and EQUALITY.search(condition):
                    found.add(path.stem)
    assert len(models) > 150
    assert found == JOINED_TO_RULES
