"""The programs and files of other projects that some tests need: where they are, who brings them.

``python -m tests.tools`` names those that are missing, and the command that brings each.
"""

from __future__ import annotations

import ctypes.util
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

T = TypeVar("T")

PROJECT = Path(__file__).resolve().parent.parent
NODE_MODULES = PROJECT / "node_modules"
NODE = str(Path(sys.executable).with_name("node"))
"""Node of the environment."""
NPM_CHROMIUM = NODE_MODULES / ".chromium"
"""Where `make install` unpacks the Chromium of the npm package."""
DEBIAN_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
JDBC_DRIVER = Path("/usr/share/java/postgresql.jar")
POSTGRES = Path("/usr/lib/postgresql/15/bin")
ODBC_DRIVERS = "*/odbc/psqlodbcw.so"
BERKA = Path("shared/data/berka")


@dataclass(frozen=True)
class Chromium:
    """A Chromium, and how Playwright has to start it."""

    path: str
    arguments: tuple[str, ...] = ("--no-sandbox",)
    environment: dict[str, str] = field(default_factory=dict)

    def launch(self, playwright: Playwright) -> Browser:
        """Start it."""
        return playwright.chromium.launch(
            executable_path=self.path,
            args=list(self.arguments),
            env={**os.environ, **self.environment},
        )


def find_chromium() -> Chromium | None:
    """The Chromium named in BANKCRM_CHROMIUM, else that of the machine, else that of npm."""
    named = os.environ.get("BANKCRM_CHROMIUM")
    found = named or next(filter(None, map(shutil.which, DEBIAN_CHROMIUM)), None)
    if found:
        return Chromium(found)
    unpacked = NPM_CHROMIUM / "chromium"
    return _npm_chromium(unpacked) if unpacked.is_file() else None


def _npm_chromium(path: Path) -> Chromium:
    """It is a headless shell only; it brings fonts, and the libraries that a bare machine lacks."""
    environment = {"FONTCONFIG_PATH": str(path.parent / "fonts")}
    if ctypes.util.find_library("nss3") is None:
        known = os.environ.get("LD_LIBRARY_PATH", "")
        environment["LD_LIBRARY_PATH"] = f"{path.parent / 'al2023' / 'lib'}:{known}".rstrip(":")
    return Chromium(str(path), ("--headless=shell", "--no-sandbox", "--no-zygote"), environment)


def find_berka() -> Path | None:
    """Folder of the PKDD'99 files: BANKCRM_BERKA, else shared/data/berka beside the checkout.

    A worktree lies deeper than the checkout that it belongs to, so every folder above is asked.
    """
    named = os.environ.get("BANKCRM_BERKA")
    places = [Path(named)] if named else [folder / BERKA for folder in PROJECT.parents]
    return next((place for place in places if (place / "trans.asc").is_file()), None)


def find_node_modules() -> Path | None:
    """Folder of the npm packages, once all of them are installed."""
    return NODE_MODULES if (NODE_MODULES / ".ready").is_file() else None


def find_psql() -> str | None:
    """PostgreSQL's command line."""
    return shutil.which("psql")


def find_postgres() -> Path | None:
    """Folder of the programs of a PostgreSQL 15 server."""
    return POSTGRES if (POSTGRES / "initdb").is_file() else None


def find_systemd_analyze() -> str | None:
    """The program that checks units of systemd."""
    return shutil.which("systemd-analyze")


def find_jdbc() -> Path | None:
    """PostgreSQL's JDBC driver, where there is a JDK to run a program that uses it."""
    return JDBC_DRIVER if JDBC_DRIVER.is_file() and shutil.which("javac") else None


def find_odbc() -> Path | None:
    """PostgreSQL's ODBC driver, where there is the command line of unixODBC."""
    found = next(Path("/usr/lib").glob(ODBC_DRIVERS), None)
    return found if shutil.which("isql") else None


@dataclass(frozen=True)
class Tool:
    """Something that tests need and the Python environment does not have."""

    name: str
    find: Callable[[], object]
    bring: str
    """The command that brings it."""


APT = "apt-get install --yes --no-install-recommends "
TOOLS = (
    Tool("node_modules", find_node_modules, "make install"),
    Tool("Chromium", find_chromium, "make install"),
    Tool("psql", find_psql, APT + "postgresql-client"),
    Tool(
        "the JDBC driver or a JDK",
        find_jdbc,
        APT + "libpostgresql-jdbc-java default-jdk-headless",
    ),
    Tool("the ODBC driver or unixODBC", find_odbc, APT + "odbc-postgresql unixodbc"),
    Tool("PostgreSQL 15", find_postgres, APT + "postgresql-15"),
    Tool("systemd-analyze", find_systemd_analyze, APT + "systemd"),
    Tool(
        "the PKDD'99 files",
        find_berka,
        f"set BANKCRM_BERKA to their folder, or put them at ../{BERKA}",
    ),
)


def missing_tools() -> Iterator[Tool]:
    """Those that are not here."""
    return (tool for tool in TOOLS if tool.find() is None)


def write_missing() -> str:
    """What is missing, and what brings it; empty where nothing is."""
    lines = [f"  {tool.name}: {tool.bring}" for tool in missing_tools()]
    return "\n".join(["Missing; tests that need them are skipped:", *lines]) if lines else ""


def require(find: Callable[[], T | None]) -> T:
    """What a function of this module finds; the test is skipped where it is missing."""
    found = find()
    if found is None:
        tool = next(tool for tool in TOOLS if tool.find is find)
        pytest.skip(f"{tool.name} is missing: {tool.bring}")
    return found


def main() -> None:
    """Say what is missing."""
    sys.stdout.write(write_missing() + "\n" if write_missing() else "")


if __name__ == "__main__":
    main()
