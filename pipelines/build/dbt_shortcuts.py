"""Shortcuts inside the pinned dbt: work that a small bank would pay for in every refresh."""

from __future__ import annotations

from typing import Any, TextIO


def install_shortcuts() -> None:
    """Spare dbt a third of its work on a small bank, in the process that runs it.

    The version of dbt is pinned; tests/unit/build/test_dbt_shortcuts.py fails when one of
    these no longer works.
    """
    _reuse_parsed_project()
    _skip_events_below_level()
    _write_json_at_once()


def _reuse_parsed_project() -> None:
    """Reuse in one home what was parsed for another.

    dbt parses every model again when the connection differs, and counts the paths of its files to
    that. No model or macro asks where they lie.
    """
    from dbt.adapters.duckdb.credentials import DuckDBCredentials  # noqa: PLC0415

    def connection_keys(_: DuckDBCredentials) -> tuple[str, ...]:
        return ("database", "schema")

    DuckDBCredentials._connection_keys = connection_keys  # type: ignore[method-assign]


def _skip_events_below_level() -> None:
    """Skip events below the level of a log; dbt formats each as a line and then drops it."""
    from dbt_common.events import logger  # noqa: PLC0415
    from dbt_common.events.base_types import EventLevel, EventMsg  # noqa: PLC0415

    write_line = logger._Logger.write_line

    def write_logged_line(self: logger._Logger, msg: EventMsg) -> None:
        is_logged = (
            logger._log_level_map[EventLevel(msg.info.level)] >= logger._log_level_map[self.level]
        )
        if is_logged or logger._is_print_event(msg):
            write_line(self, msg)

    logger._Logger.write_line = write_logged_line  # type: ignore[method-assign]


def _write_json_at_once() -> None:
    """Encode a document in one call, which runs in C; dbt streams it through Python."""
    import json  # noqa: PLC0415
    from types import SimpleNamespace  # noqa: PLC0415

    from dbt_common.clients import system  # noqa: PLC0415

    def dump(data: object, stream: TextIO, **options: Any) -> None:
        stream.write(json.dumps(data, **options))

    vars(system)["json"] = SimpleNamespace(dump=dump, load=json.load)
