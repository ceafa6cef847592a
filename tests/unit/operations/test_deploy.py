"""The examples under deploy/: well formed, and every command in them exists."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bankcrm.settings import PROJECT_FOLDER
from pipelines.cli import app
from tests.tools import find_systemd_analyze, require

DEPLOY = PROJECT_FOLDER / "deploy"
NOT_INSTALLED = "bankcrm is not executable: No such file or directory"


@pytest.mark.parametrize(
    "path", sorted(p for p in DEPLOY.iterdir() if p.is_file()), ids=lambda path: path.name
)
def test_every_command_of_an_example_exists(path: Path) -> None:
    commands = set(re.findall(r'bankcrm"?,? "?([a-z]+)\b', path.read_text(encoding="utf-8")))
    known = {"refresh", "heartbeat", "serve"}
    assert commands & known or path.suffix == ".timer"
    for command in commands & known:
        assert CliRunner().invoke(app, [command, "--help"]).exit_code == 0


@pytest.mark.parametrize("name", ["dagster_definitions.py", "airflow_dag.py"])
def test_the_python_examples_can_be_parsed_and_name_the_target_that_starts_them(name: str) -> None:
    text = (DEPLOY / name).read_text(encoding="utf-8")
    said = " ".join((ast.get_docstring(ast.parse(text)) or "").split())
    target = f"proof-{name.partition('_')[0]}"
    assert f"`make {target}`" in said
    assert f"\n{target}:" in (PROJECT_FOLDER / "Makefile").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["dagster_definitions.py", "airflow_dag.py"])
def test_a_night_that_waits_or_is_held_is_no_failure_to_any_scheduler(name: str) -> None:
    text = (DEPLOY / name).read_text(encoding="utf-8")
    codes = set(map(int, re.findall(r"(?:^    |[|$ ])(\d+)(?=:|\||\))", text, re.MULTILINE)))
    assert {3, 4, 8, 14} <= codes and not {5, 9, 13, 15} & codes


def test_systemd_accepts_the_units() -> None:
    tool = require(find_systemd_analyze)
    units = [str(path) for path in DEPLOY.iterdir() if path.suffix in {".service", ".timer"}]
    done = subprocess.run(
        [tool, "verify", "--man=no", *units], capture_output=True, text=True, check=False
    )
    problems = [line for line in done.stderr.splitlines() if NOT_INSTALLED not in line]
    assert not [line for line in problems if "bankcrm" in line]
