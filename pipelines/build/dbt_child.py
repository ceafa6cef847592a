"""dbt as a child process that dies with its parent.

The parent keeps the child's standard input open and writes nothing to it. However the parent ends,
even by ``kill -9``, that pipe is closed, and the child stops at once: an orphan would go on to
write the build file and to hold the raw database.

Commands separated by ``--then`` run one after the other in this process, so that dbt is imported
once; after ``parse``, the others use the project that it parsed. The first command that fails ends
the child. Only the last of several may fail: what its tests found is for the caller to read.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence

from pipelines.build.dbt_shortcuts import install_shortcuts

ORPHANED = 70
THEN = "--then"
FAILED, CRASHED = 1, 2
"""Exit codes as those of dbt's own command line: a node failed; dbt could not run."""


def die_with_parent() -> None:
    """Exit when standard input ends."""
    os.read(sys.stdin.fileno(), 1)
    os._exit(ORPHANED)


def split_commands(arguments: Sequence[str]) -> list[list[str]]:
    """The commands of a command line, each with its arguments."""
    commands: list[list[str]] = [[]]
    for argument in arguments:
        if argument == THEN:
            commands.append([])
        else:
            commands[-1].append(argument)
    return commands


def run_commands(commands: Sequence[list[str]]) -> int:
    """Run dbt commands in order; returns the exit code of the child."""
    # Takes seconds to import, in which the parent may die as well.
    from dbt.cli.exceptions import DbtUsageException  # noqa: PLC0415
    from dbt.cli.main import dbtRunner  # noqa: PLC0415
    from dbt.contracts.graph.manifest import Manifest  # noqa: PLC0415

    manifest: Manifest | None = None
    for place, command in enumerate(commands):
        done = dbtRunner(manifest).invoke(command)
        if isinstance(done.result, Manifest):
            manifest = done.result
        if isinstance(done.exception, DbtUsageException) or (
            done.exception is not None and not isinstance(done.exception, Exception)
        ):
            # dbt logs every other exception itself.
            raise done.exception
        if done.exception is not None:
            return CRASHED
        if not done.success:
            return 0 if 0 < place == len(commands) - 1 else FAILED
    return 0


def main() -> None:
    """Run dbt with the commands of the command line."""
    threading.Thread(target=die_with_parent, daemon=True).start()
    install_shortcuts()
    sys.exit(run_commands(split_commands(sys.argv[1:])))


if __name__ == "__main__":
    main()
