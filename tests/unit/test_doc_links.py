"""Links between the Markdown pages lead somewhere, and commands that they name exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from bankcrm.settings import PROJECT_FOLDER
from pipelines.cli import app

GENERATED = ("node_modules", "target", "var")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ +(.*?) *$", re.MULTILINE)
CODE = re.compile(r"^```\w*\n(.*?)^```|`([^`\n]+)`", re.MULTILINE | re.DOTALL)
TASK = re.compile(r"\bmake ([a-z]+(?:-[a-z]+)*)")
CALLED = re.compile(r"(?<![=\w-])(?<!from )bankcrm ([a-z]+)(?: ([a-z]+))?")
TARGET = re.compile(r"^([a-z-]+):", re.MULTILINE)


def list_pages() -> list[Path]:
    """The Markdown pages of the project."""
    folders = [path for path in PROJECT_FOLDER.iterdir() if path.is_dir()]
    written = [path for path in folders if path.name not in GENERATED and path.name[0] != "."]
    pages = [*PROJECT_FOLDER.glob("*.md"), *(page for at in written for page in at.rglob("*.md"))]
    return sorted(pages)


def each(pages: list[Path]) -> pytest.MarkDecorator:
    names = [str(page.relative_to(PROJECT_FOLDER)) for page in pages]
    return pytest.mark.parametrize("page", pages, ids=names)


PAGES = each(list_pages())
PRESENT_PAGES = each([page for page in list_pages() if page.name != "CHANGELOG.md"])
"""Those that say what is there now; the changelog also names what was renamed."""


def read_anchors(page: Path) -> set[str]:
    """The anchors of a page, as GitHub makes them of its headings."""
    anchors: set[str] = set()
    for heading in HEADING.findall(FENCE.sub("", page.read_text("utf-8"))):
        words = LINK.sub(lambda link: link[0].partition("]")[0], heading)
        anchor = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
        same = sum(1 for known in anchors if re.fullmatch(rf"{re.escape(anchor)}(-\d+)?", known))
        anchors.add(f"{anchor}-{same}" if same else anchor)
    return anchors


def find_dead_links(page: Path) -> list[str]:
    """Relative links of a page whose file or anchor does not exist."""
    dead = []
    for link in LINK.findall(FENCE.sub("", page.read_text("utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        known = target.exists() and (
            not anchor or (target.suffix == ".md" and anchor in read_anchors(target))
        )
        if not known:
            dead.append(link)
    return dead


def list_commands() -> dict[str, set[str]]:
    """The commands of ``bankcrm`` and, of each group, its own."""
    root = typer.main.get_command(app)
    return {
        name: set(getattr(command, "commands", {}))
        for name, command in getattr(root, "commands", {}).items()
    }


def find_unknown_commands(page: Path) -> list[str]:
    """What a page calls and neither the command line nor the Makefile knows."""
    commands = list_commands()
    tasks = set(TARGET.findall((PROJECT_FOLDER / "Makefile").read_text("utf-8")))
    unknown = []
    for block, span in CODE.findall(page.read_text("utf-8")):
        code = block or span
        for name, second in CALLED.findall(code):
            if name not in commands:
                unknown.append(f"bankcrm {name}")
            elif commands[name] and second and second not in commands[name]:
                unknown.append(f"bankcrm {name} {second}")
        unknown += [f"make {task}" for task in TASK.findall(code) if task not in tasks]
    return unknown


def test_every_page_is_found() -> None:
    assert {"README.md", "CHANGELOG.md", "glossary.md", "operations.md"} <= {
        page.name for page in list_pages()
    }


@PAGES
def test_every_relative_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    assert find_dead_links(page) == []


@PRESENT_PAGES
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    assert find_unknown_commands(page) == []


def test_a_dead_file_and_a_dead_anchor_are_found(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# Who sees *what*\n\n```\n# No heading\n```\n", "utf-8")
    page = tmp_path / "page.md"
    page.write_text(
        "[a](other.md#who-sees-what) [b](other.md#no-heading) [c](none.md) [d](#here)\n# Here\n"
        "[e](https://example.com/none) `[f](none.md)`\n",
        "utf-8",
    )
    assert find_dead_links(page) == ["other.md#no-heading", "none.md", "none.md"]


def test_a_command_and_a_task_that_do_not_exist_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "`bankcrm status`, `bankcrm nothing`, bankcrm is a name\n\n"
        "```\n.venv/bin/bankcrm audit list\nbankcrm audit nothing\n```\n"
        "`make refresh`, `make nothing`\n",
        "utf-8",
    )
    assert find_unknown_commands(page) == [
        "bankcrm nothing",
        "bankcrm audit nothing",
        "make nothing",
    ]
