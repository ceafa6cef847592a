"""`dbt build` works without our command, and builds what the refresh publishes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb

from pipelines.fingerprint import DBT_SCHEMAS, fingerprint_tables
from pipelines.settings import PROJECT_FOLDER, Settings
from pipelines.versions import open_published


def test_dbt_build_alone_passes_every_unit_test_and_equals_the_published_version(
    sample_bank: Settings, tmp_path: Path
) -> None:
    build_file = tmp_path / "dev.duckdb"
    command = [sys.executable, "-c", "from dbt.cli.main import cli; cli()"]
    command += ["--log-path", str(tmp_path / "logs"), "build"]
    command += ["--project-dir", str(PROJECT_FOLDER), "--profiles-dir", str(PROJECT_FOLDER)]
    command += ["--target-path", str(tmp_path / "target")]
    files = {"BANKCRM_RAW_FILE": str(sample_bank.raw_file), "BANKCRM_BUILD_FILE": str(build_file)}
    done = subprocess.run(
        command, env=os.environ | files, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:]
    assert "unit tests" in done.stdout

    with duckdb.connect(str(build_file), read_only=True) as connection:
        built = fingerprint_tables(connection)
    with open_published(sample_bank) as connection:
        assert built == fingerprint_tables(connection, DBT_SCHEMAS)
