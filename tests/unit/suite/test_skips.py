"""Under CI a skip that nobody allowed fails, wherever it happens and on however many workers."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from fnmatch import translate
from pathlib import Path

import pytest

from tests.skips import ALLOWED_FILE, read_allowed
from tests.tools import PROJECT

SKIPS = {
    "test_marked.py": (
        "import pytest\n@pytest.mark.skipif(True, reason='no tool')\ndef test(): pass\n"
    ),
    "test_called.py": "import pytest\ndef test(): pytest.skip('no tool')\n",
    "test_fixture.py": (
        "import pytest\n@pytest.fixture\ndef tool(): pytest.skip('no tool')\ndef test(tool): pass\n"
    ),
    "test_module.py": "import pytest\npytest.skip('no tool', allow_module_level=True)\n",
    "test_import.py": "import pytest\npytest.importorskip('no_such_module', reason='no tool')\n",
}
ALLOWED = {
    "tests/faults/test_disk_full.py": (
        "import pytest\ndef test(): pytest.skip('no small disk can be made here: denied')\n"
    ),
    "test_expected.py": "import pytest\n@pytest.mark.xfail\ndef test(): assert False\n",
    "test_passes.py": "def test(): pass\n",
}


def run_pytest(folder: Path, files: dict[str, str], is_ci: bool, workers: int = 0) -> str:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "tests.skips", "-n", str(workers), "-ra"]
    command += ["--continue-on-collection-errors"]
    run = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PROJECT), "CI": str(is_ci).lower()},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return f"{run.stdout}\nexit code {run.returncode}"


@pytest.mark.parametrize("workers", [0, 2])
def test_a_skip_fails_under_ci(tmp_path: Path, workers: int) -> None:
    output = run_pytest(tmp_path, SKIPS, is_ci=True, workers=workers)
    for name in SKIPS:
        assert re.search(rf"(FAILED|ERROR) {name}.*no tool. Under CI that fails", output), name
    assert "exit code 1" in output and "skipped" not in output


def test_what_is_allowed_and_what_is_expected_to_fail_does_not(tmp_path: Path) -> None:
    output = run_pytest(tmp_path, ALLOWED, is_ci=True)
    assert "1 passed, 1 skipped, 1 xfailed" in output and "exit code 0" in output


def test_elsewhere_a_skip_is_a_skip(tmp_path: Path) -> None:
    output = run_pytest(tmp_path, SKIPS, is_ci=False)
    assert f"{len(SKIPS)} skipped" in output and "failed" not in output


def test_every_entry_of_the_list_names_a_file_and_a_reason() -> None:
    for entry in read_allowed(ALLOWED_FILE):
        assert (PROJECT / entry.tests.split("::")[0]).is_file(), entry
        assert entry.reason and translate(entry.tests)
