"""The table of faults names tests that exist, and every fault has one."""

from __future__ import annotations

import re

from bankcrm.settings import PROJECT_FOLDER

PAGE = PROJECT_FOLDER / "docs" / "faults.md"
LINK = re.compile(r"\[`(\w+)(?:\.py)?`\]\(\.\./(tests/[\w/]+\.py)\)")


def test_every_fault_has_a_test_and_every_test_named_exists() -> None:
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    faults = [row for row in rows if not row.startswith("| fault |")]
    assert len(faults) > 40
    for row in faults:
        named = LINK.findall(row)
        assert named, row
        for name, path in named:
            source = (PROJECT_FOLDER / path).read_text("utf-8")
            assert path.endswith(f"/{name}.py") or f"def {name}(" in source, (name, path)
