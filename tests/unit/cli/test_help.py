"""`bankcrm --help`: quick, grouped by readers, and a plain line for each command."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from pipelines.cli import COMMANDS, GROUPS, app

LONGEST_LINE = 62
"""What fits beside the longest name on a screen of 80 columns."""
HEAVY = ("pandas", "pyarrow", "duckdb", "pydantic", "dbt", "sqlglot", "jinja2", "yaml", "numpy")
PRINT_MODULES = """
import sys
from pipelines.cli import app
try:
    app(["--help"])
finally:
    print(*sorted(sys.modules), file=sys.stderr)
"""


def test_the_help_imports_no_library_of_a_command() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PRINT_MODULES], capture_output=True, text=True, check=True
    )
    modules = done.stderr.split()
    assert "typer" in modules and "Operations" in done.stdout
    assert [name for name in HEAVY if name in modules] == []


@pytest.mark.parametrize("panel", COMMANDS)
def test_the_help_lists_the_commands_of_each_reader_together(panel: str) -> None:
    screen = CliRunner().invoke(app, ["--help"], terminal_width=80).output
    listed = screen.partition(f" {panel} ")[2].partition("╰")[0]
    names = [line.split()[1] for line in listed.splitlines() if line.startswith("│ ")]
    expected = [command.__name__ for command in COMMANDS[panel]]
    assert names == expected + (list(GROUPS) if panel == "Operations" else [])


def test_each_command_has_one_plain_line_of_help() -> None:
    command = get_command(app)
    pending = [(name, part) for name, part in command.commands.items()]  # type: ignore[attr-defined]
    seen = 0
    while pending:
        name, part = pending.pop()
        line = (part.help or "").strip().partition("\n\n")[0]
        assert len(line) <= LONGEST_LINE and "\n" not in line, (name, line)
        assert line.endswith(".") and line[0].isupper(), (name, line)
        pending += [(f"{name} {sub}", c) for sub, c in getattr(part, "commands", {}).items()]
        seen += 1
    assert seen > sum(map(len, COMMANDS.values())) + len(GROUPS)
