"""Where tests find what the Python environment does not have, and what they say without it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests import tools


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine with no program on its path, and nothing beside the checkout."""
    for name in ("BANKCRM_CHROMIUM", "BANKCRM_BERKA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(tools, "PROJECT", tmp_path / "deep" / "checkout")
    monkeypatch.setattr(tools, "NODE_MODULES", tmp_path / "node_modules")
    monkeypatch.setattr(tools, "NPM_CHROMIUM", tmp_path / "npm")
    monkeypatch.setattr(tools, "JDBC_DRIVER", tmp_path / "postgresql.jar")
    monkeypatch.setattr(tools, "POSTGRES", tmp_path / "postgresql")
    return tmp_path


def test_a_bare_machine_lacks_everything_and_is_told_the_commands(bare_machine: Path) -> None:
    assert list(tools.missing_tools()) == list(tools.TOOLS)
    said = tools.write_missing()
    assert all(tool.name in said and tool.bring in said for tool in tools.TOOLS)


def test_a_test_that_needs_a_tool_says_what_brings_it(bare_machine: Path) -> None:
    with pytest.raises(pytest.skip.Exception, match=r"psql is missing: apt-get .*-client"):
        tools.require(tools.find_psql)


def test_a_named_chromium_comes_before_that_of_the_machine_and_that_before_npm(
    bare_machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unpacked = bare_machine / "npm" / "chromium"
    unpacked.parent.mkdir()
    unpacked.touch()
    found = tools.find_chromium()
    assert found is not None and found.path == str(unpacked)
    assert "--headless=shell" in found.arguments
    assert found.environment["FONTCONFIG_PATH"] == str(bare_machine / "npm" / "fonts")
    installed = bare_machine / "chromium"
    installed.touch(mode=0o755)
    assert tools.find_chromium() == tools.Chromium(str(installed))
    monkeypatch.setenv("BANKCRM_CHROMIUM", "/somewhere/else")
    assert tools.find_chromium() == tools.Chromium("/somewhere/else")


@pytest.mark.parametrize("has_libraries", [True, False])
def test_the_chromium_of_npm_brings_the_libraries_that_a_machine_lacks(
    bare_machine: Path, monkeypatch: pytest.MonkeyPatch, has_libraries: bool
) -> None:
    (bare_machine / "npm").mkdir()
    (bare_machine / "npm" / "chromium").touch()
    monkeypatch.setattr("ctypes.util.find_library", lambda name: name if has_libraries else None)
    found = tools.find_chromium()
    assert found is not None
    assert ("LD_LIBRARY_PATH" in found.environment) is not has_libraries


def test_the_files_of_the_real_bank_are_found_beside_the_checkout_or_above(
    bare_machine: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert tools.find_berka() is None
    for place in (bare_machine / tools.BERKA, bare_machine / "deep" / tools.BERKA):
        place.mkdir(parents=True)
        (place / "trans.asc").touch()
        assert tools.find_berka() == place
    monkeypatch.setenv("BANKCRM_BERKA", str(tmp_path / "named"))
    assert tools.find_berka() is None


def test_the_preflight_is_quiet_or_names_what_is_missing() -> None:
    command = [sys.executable, "-m", "tests.tools"]
    run = subprocess.run(command, cwd=tools.PROJECT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == tools.write_missing()
