"""dbt as a child process that dies with its parent.

The parent keeps the child's standard input open and writes nothing to it. However the parent ends,
even by ``kill -9``, that pipe is closed, and the child stops at once: an orphan would go on to
write the build file and to hold the raw database.
"""

from __future__ import annotations

import os
import sys
import threading

ORPHANED = 70


def die_with_parent() -> None:
    """Exit when standard input ends."""
    os.read(sys.stdin.fileno(), 1)
    os._exit(ORPHANED)


def main() -> None:
    """Run dbt with the arguments of the command line."""
    threading.Thread(target=die_with_parent, daemon=True).start()
    # Takes seconds to import, in which the parent may die as well.
    from dbt.cli.main import cli  # noqa: PLC0415

    cli()


if __name__ == "__main__":
    main()
