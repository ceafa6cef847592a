"""What the report says about a version that is not today's, also while a refresh is running."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from bankcrm.settings import Settings
from pipelines.documents.report.freshness import read_freshness
from pipelines.loading.raw import open_raw

HOLD_RAW = """
import sys
from pathlib import Path
from bankcrm.settings import Settings
from pipelines.loading.raw import open_raw
with open_raw(Settings(home=Path(sys.argv[1])), with_vault=False):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held_by_another_process(settings: Settings) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD_RAW, str(settings.home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield
        finally:
            process.communicate()


@pytest.fixture
def version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> duckdb.DuckDBPyConnection:
    """As much of a version as its freshness is read from."""
    (tmp_path / "_seeds.yml").write_text("seeds: []\n")
    monkeypatch.setattr("pipelines.documents.report.freshness.SEEDS_FOLDER", tmp_path)
    connection = duckdb.connect()
    connection.execute("create schema meta; create schema marts")
    connection.execute("create table meta.version as select date '2024-03-01' as business_date")
    connection.execute(
        """create table marts.fct_account_monthly as
        select date '2024-02-29' as month_end_date, true as is_complete_month"""
    )
    return connection


def test_a_running_refresh_is_a_notice_and_no_error(
    tmp_path: Path, version: duckdb.DuckDBPyConnection
) -> None:
    settings = Settings(home=tmp_path)
    with open_raw(settings):
        pass
    assert read_freshness(settings, version, "2024-03-01-001").notices == []
    with held_by_another_process(settings):
        freshness = read_freshness(settings, version, "2024-03-01-001")
    assert freshness.notices == ["A refresh is running; these are the figures of 2024-03-01."]


def test_a_raw_database_that_cannot_be_read_is_an_error_and_no_running_refresh(
    tmp_path: Path, version: duckdb.DuckDBPyConnection
) -> None:
    settings = Settings(home=tmp_path)
    settings.raw_file.parent.mkdir(parents=True)
    settings.raw_file.write_bytes(b"no database" * 1000)
    with pytest.raises(duckdb.IOException, match="not a valid DuckDB"):
        read_freshness(settings, version, "2024-03-01-001")
