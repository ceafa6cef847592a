"""What dbt parsed of the project, kept in ``target`` for every home that the tests make.

``python -m tests.parsed_project`` parses it. A home of a test has nothing parsed before, and
parsing takes an eighth of the first refresh of a small bank. What changed since is parsed anew as
ever.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.tools import PROJECT

VARIABLE = "DBT_PARTIAL_PARSE_FILE_PATH"
FOLDER = PROJECT / "target" / "parsed"
PARSED = FOLDER / "partial_parse.msgpack"


def offer_parsed_project() -> None:
    """Have every dbt that a test starts read the kept file, where there is one."""
    if PARSED.is_file():
        os.environ.setdefault(VARIABLE, str(PARSED))


def parse_project(build_file: Path) -> bool:
    """Parse the project, as the refresh with that build file would; whether that went well."""
    from dbt.cli.main import dbtRunner

    from pipelines.build.dbt_shortcuts import install_shortcuts

    os.environ["BANKCRM_BUILD_FILE"] = str(build_file)
    install_shortcuts()
    options = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
    command = ["--quiet", "parse", *options, "--target-path", str(FOLDER)]
    return bool(dbtRunner().invoke(command).success)


if __name__ == "__main__":
    from pipelines.publishing.publish import BUILD_NAME

    sys.exit(not parse_project(FOLDER / BUILD_NAME))
