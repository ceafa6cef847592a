"""The dbt project as files: its hash, and which of its tests concern identity."""

from __future__ import annotations

from bankcrm.files import hash_files
from bankcrm.settings import PROJECT_FOLDER

TESTS_FOLDER = PROJECT_FOLDER / "tests" / "dbt"


MODEL_FOLDERS = ("models", "macros", "seeds", "tests/dbt")


def hash_project() -> str:
    """Hash of the models, macros and tests: another hash means another warehouse.

    The rows of seeds are left out: each version knows its own, and they are compared row by row.
    """
    files = (path for name in MODEL_FOLDERS for path in sorted((PROJECT_FOLDER / name).rglob("*")))
    return hash_files(PROJECT_FOLDER, (path for path in files if path.suffix in {".sql", ".yml"}))


def identity_tests() -> set[str]:
    """Names of the tests under tests/dbt: each is an identity of the bank, reported as a
    sentence."""
    return {path.stem for path in TESTS_FOLDER.glob("*.sql")}
