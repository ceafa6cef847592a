"""Several dbt commands in one child: parsed once, and only the last may fail."""

from __future__ import annotations

from typing import Any

import dbt.cli.main
import pytest
from dbt.cli.main import dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest

from pipelines.build.dbt_child import run_commands, split_commands

PARSED = Manifest()
OUTCOMES = {
    "parse": dbtRunnerResult(success=True, result=PARSED),
    "good": dbtRunnerResult(success=True),
    "bad": dbtRunnerResult(success=False),
    "broken": dbtRunnerResult(success=False, exception=RuntimeError("logged by dbt")),
    "stopped": dbtRunnerResult(success=False, exception=KeyboardInterrupt()),
}


@pytest.fixture
def invoked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Manifest | None]]:
    """Commands that were run, each with the project it was given."""
    commands: list[tuple[str, Manifest | None]] = []

    class Runner:
        def __init__(self, manifest: Manifest | None = None) -> None:
            self.manifest = manifest

        def invoke(self, arguments: list[str]) -> Any:
            commands.append((arguments[0], self.manifest))
            return OUTCOMES[arguments[0]]

    monkeypatch.setattr(dbt.cli.main, "dbtRunner", Runner)
    return commands


def run(*names: str) -> int:
    return run_commands([[name] for name in names])


def test_commands_are_separated_by_then() -> None:
    line = ["parse", "--quiet", "--then", "build", "--then", "test"]
    assert split_commands(line) == [["parse", "--quiet"], ["build"], ["test"]]
    assert split_commands(["build"]) == [["build"]]


def test_the_project_is_parsed_once(invoked: list[tuple[str, Manifest | None]]) -> None:
    assert run("parse", "good", "good") == 0
    assert invoked == [("parse", None), ("good", PARSED), ("good", PARSED)]


@pytest.mark.parametrize(
    ("names", "exit_code", "runs"),
    [
        (["good"], 0, 1),
        (["bad"], 1, 1),
        (["broken"], 2, 1),
        (["parse", "bad", "good"], 1, 2),
        (["parse", "good", "bad"], 0, 3),
        (["parse", "good", "broken"], 2, 3),
    ],
)
def test_only_the_last_of_several_commands_may_fail(
    invoked: list[tuple[str, Manifest | None]], names: list[str], exit_code: int, runs: int
) -> None:
    assert run(*names) == exit_code
    assert len(invoked) == runs


@pytest.mark.usefixtures("invoked")
def test_what_dbt_does_not_log_is_raised() -> None:
    with pytest.raises(KeyboardInterrupt):
        run("stopped")
