"""dbt as a child process that dies with its parent.

The parent keeps the child's standard input open and writes nothing to it. However the parent ends,
even by ``kill -9``, that pipe is closed, and the child stops at once: an orphan would go on to
write the build file and to hold the raw database.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Any, TextIO

ORPHANED = 70


def die_with_parent() -> None:
    """Exit when standard input ends."""
    os.read(sys.stdin.fileno(), 1)
    os._exit(ORPHANED)


def save_work() -> None:
    """Spare dbt a third of its work on a small bank: what it does for nobody, and what it has done.

    The version of dbt is pinned; tests/unit/operations/test_dbt_child.py tells when one of these
    no longer takes hold.
    """
    _reuse_parsed_project()
    _drop_unheard_events()
    _write_json_at_once()


def _reuse_parsed_project() -> None:
    """Reuse in one home what was parsed for another.

    dbt reads every model anew when the connection differs, and counts the paths of its files to
    that. No model or macro asks where they lie.
    """
    from dbt.adapters.duckdb.credentials import DuckDBCredentials  # noqa: PLC0415

    def connection_keys(_: DuckDBCredentials) -> tuple[str, ...]:
        return ("database", "schema")

    DuckDBCredentials._connection_keys = connection_keys  # type: ignore[method-assign]


def _drop_unheard_events() -> None:
    """Leave out events below the level of a log; dbt writes each as a line and then drops it."""
    from dbt_common.events import logger  # noqa: PLC0415
    from dbt_common.events.base_types import EventLevel, EventMsg  # noqa: PLC0415

    write_line = logger._Logger.write_line

    def write_heard_line(self: logger._Logger, msg: EventMsg) -> None:
        is_heard = logger._log_level_map[EventLevel(msg.info.level)] >= logger._log_level_map[self.level]
        if is_heard or logger._is_print_event(msg):
            write_line(self, msg)

    logger._Logger.write_line = write_heard_line  # type: ignore[method-assign]


def _write_json_at_once() -> None:
    """Encode a document in one call, which runs in C; the way of dbt goes through Python."""
    import json  # noqa: PLC0415
    from types import SimpleNamespace  # noqa: PLC0415

    from dbt_common.clients import system  # noqa: PLC0415

    def dump(data: object, stream: TextIO, **options: Any) -> None:
        stream.write(json.dumps(data, **options))

    vars(system)["json"] = SimpleNamespace(dump=dump, load=json.load)


def main() -> None:
    """Run dbt with the arguments of the command line."""
    threading.Thread(target=die_with_parent, daemon=True).start()
    # Takes seconds to import, in which the parent may die as well.
    from dbt.cli.main import cli  # noqa: PLC0415

    save_work()
    cli()


if __name__ == "__main__":
    main()
