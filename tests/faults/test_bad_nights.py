"""Five bad nights: the screens of docs/operations.md are what an operator sees, line by line."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.testing import CliRunner

from bankcrm.settings import PROJECT_FOLDER, Settings
from pipelines.cli import app
from pipelines.landing.control import control_path
from tests.faults.homes import NINTH, TENTH, deliver, start_refresh, wait_for_dbt
from tests.integration.banks import Redelivery

PAGE = PROJECT_FOLDER / "docs" / "operations.md"
WIDTH = "112"
GAP = "..."
CHANGING = (
    (re.compile(r"\s+"), " "),
    (re.compile(r"20(?:2[5-9]|[3-9]\d)-\d\d-\d\d \d\d:\d\d"), "<moment>"),
    (re.compile(r"[\d,]+ MB are free"), "<megabytes> MB are free"),
    (re.compile(r"\b\d+\.\d │ (published|rejected|waiting)"), r"<seconds> │ \1"),
    (re.compile(r"\S+/logs/dbt/dbt\.log"), "<log>"),
    (re.compile(r"(on the disk of|decided by) \S+"), r"\1 <somewhere>"),
    (re.compile(r"│ (?:\w+ +)│ One cent"), "│ <somebody> │ One cent"),
    (re.compile(r"version (\S+), [\d,]+ models"), r"version \1, <many> models"),
    (re.compile("[━─┏┓┡┩┃└┘┴┳╇┼]+"), "─"),
)
"""What no two runs share, and how wide a table is drawn."""


class Command(NamedTuple):
    """A command of the page, the passages that it says the screen shows, and the exit code."""

    line: str
    passages: tuple[str, ...]
    exit_code: int


def read_nights() -> dict[str, list[Command]]:
    """The commands of each night, by its heading."""
    section = PAGE.read_text(encoding="utf-8").partition("\n## Five bad nights\n")[2]
    section = section.partition("\n## ")[0]
    nights = {}
    for night in section.split("\n### ")[1:]:
        title, _, text = night.partition("\n")
        blocks = "\n".join(re.findall(r"```\n(.*?)```", text, re.DOTALL))
        shown = re.findall(r"\$ (.*?)\n(.*?)\[exit code (-?\d+)\]", blocks, re.DOTALL)
        nights[title] = [
            Command(line, tuple(passages(screen)), int(code)) for line, screen, code in shown
        ]
    return nights


def passages(screen: str) -> Iterator[str]:
    """What is shown between the gaps."""
    for passage in re.split(rf"^{re.escape(GAP)}$", screen, flags=re.MULTILINE):
        if passage.strip():
            yield settle(passage)


def settle(screen: str) -> str:
    """A screen without line breaks and without what no two runs share."""
    for pattern, word in CHANGING:
        screen = pattern.sub(word, screen)
    return screen.strip()


@dataclass
class Stage:
    """A bank whose eighth night is published, and what its source systems do next."""

    settings: Settings
    later: Path

    @property
    def bank(self) -> Redelivery:
        return Redelivery(self.settings)

    def keep_a_file_back(self) -> None:
        deliver(self.later, self.settings, NINTH)
        for path in self._late():
            path.rename(self.settings.home / path.name)

    def deliver_it_without_a_row(self) -> None:
        for path in self._late():
            (self.settings.home / path.name).rename(path)
        rows = self.bank.read("teller.transaction", NINTH)
        self.bank.write("teller.transaction", NINTH, rows[:-1], stated=rows)
        self.lost = rows

    def deliver_the_correction(self) -> None:
        self.bank.write("teller.transaction", NINTH, self.lost, rerun=1)

    def break_the_ledger(self) -> None:
        deliver(self.later, self.settings, TENTH)
        month_end = date(2024, 1, 31)
        ledger = self.bank.read("finance.gl_balance", month_end)
        line = next(row for row in ledger if float(row["balance"]) > 1000)
        line["balance"] = f"{float(line['balance']) + 0.01:.2f}"
        self.bank.write("finance.gl_balance", month_end, ledger, rerun=1)

    def nothing(self) -> None:
        """The machine is at fault."""

    def _late(self) -> tuple[Path, Path]:
        path = self.bank.path("teller.transaction", NINTH)
        return path, control_path(path)

    def run(self, command: Command) -> tuple[int, str]:
        """Exit code and screen of a command."""
        if command.exit_code < 0:
            process = start_refresh(self.settings)
            wait_for_dbt(process)
            process.kill()
            process.communicate()
            return process.returncode, ""
        *assigned, _, _ = re.split(r"(bankcrm) ", command.line, maxsplit=1)
        words = shlex.split(command.line.partition("bankcrm ")[2])
        variables = {"BANKCRM_DISK_RESERVE_BYTES": "0", "COLUMNS": WIDTH}
        variables |= dict(pair.split("=") for pair in shlex.split(assigned[0]))
        runner = CliRunner(env=variables)
        result = runner.invoke(app, [*words, "--home", str(self.settings.home)])
        return result.exit_code, result.output


EVENTS: dict[str, Callable[[Stage], None]] = {
    "A late file": Stage.keep_a_file_back,
    "A wrong total": Stage.deliver_it_without_a_row,
    "A full disk": Stage.deliver_the_correction,
    "A killed build": Stage.nothing,
    "A break of the general ledger": Stage.break_the_ledger,
}


@pytest.mark.parametrize("nights", [3, pytest.param(5, marks=pytest.mark.slow)])
def test_the_screens_of_five_bad_nights_are_those_of_the_page(
    bank: Settings, later: Path, nights: int
) -> None:
    """The first three build nothing; all five, one after the other, take minutes."""
    stage, told = Stage(bank, later), read_nights()
    assert list(told) == list(EVENTS)
    for title in list(EVENTS)[:nights]:
        EVENTS[title](stage)
        assert told[title], title
        for command in told[title]:
            exit_code, screen = stage.run(command)
            print(f"### {title}\n$ {command.line}\n{screen}[exit code {exit_code}]")
            assert exit_code == command.exit_code, screen
            rest = settle(screen)
            for passage in command.passages:
                assert passage in rest, f"{title}: {command.line}\n{passage}\n\n{rest}"
                rest = rest.partition(passage)[2]
