"""The page of commands and settings names every one of them, and no other."""

from __future__ import annotations

import re

from bankcrm.settings import PROJECT_FOLDER, Settings
from tests.unit.test_doc_links import list_commands

PAGE = (PROJECT_FOLDER / "docs" / "reference.md").read_text("utf-8")


def test_the_page_names_every_setting_and_no_other() -> None:
    named = set(re.findall(r"`BANKCRM_([A-Z_]+)`", PAGE))
    assert named == {name.upper() for name in Settings.model_fields}


def test_the_page_names_every_command_of_every_group() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| `bankcrm ")]
    named = {word for row in rows for word in re.findall(r"`(?:bankcrm )?([a-z ]+)", row)}
    named = {word for words in named for word in words.split()}
    commands = list_commands()
    assert {*commands, *(name for group in commands.values() for name in group)} <= named
