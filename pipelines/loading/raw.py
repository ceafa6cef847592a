"""The raw database, opened for its one writer or for a reader."""

from __future__ import annotations

import time
from pathlib import Path

import duckdb

from bankcrm.errors import Busy
from bankcrm.settings import Settings
from bankcrm.sql import SOUND_OPTIMIZER, STORAGE_VERSION, quote_text
from pipelines.contracts.contract import load_contracts
from pipelines.identity.schema import create_identity_schema
from pipelines.loading.complete_through import create_complete_through
from pipelines.loading.raw_schema import create_raw_schema
from pipelines.privacy.vault import open_vault

SECONDS_TO_WAIT = 5.0
"""A build whose refresh was killed, or a status command, releases the file within this time."""


def open_raw(
    settings: Settings, wait_seconds: float = SECONDS_TO_WAIT, *, with_vault: bool = True
) -> duckdb.DuckDBPyConnection:
    """Open the raw database for writing and create or migrate its tables.

    The connection's current database is the raw file, attached as ``raw``; the vault is attached
    as ``vault`` for those who load, link, or show personal values. Only one process can hold them;
    another one waits so many seconds.

    Raises:
        ContractError: a contract changed the type of a stored column.
        Busy: another process holds the file, and does not release it within seconds.
        InvalidVault: key or vault are missing or do not belong to the raw database.
    """
    settings.raw_file.parent.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(
        config={
            "threads": settings.threads,
            "memory_limit": settings.memory_limit,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            **SOUND_OPTIMIZER,
        }
    )
    try:
        _attach_raw(connection, settings.raw_file, wait_seconds)
        connection.execute("use raw")
        create_raw_schema(connection, load_contracts().values())
        create_identity_schema(connection)
        create_complete_through(connection)
        if with_vault:
            open_vault(connection, settings)
    except BaseException:
        # The file would stay attached for as long as the error is kept.
        connection.close()
        raise
    return connection


def _attach_raw(connection: duckdb.DuckDBPyConnection, path: Path, wait_seconds: float) -> None:
    """Attach the raw file, waiting a little for a process that is just reading it."""
    last_moment = time.monotonic() + wait_seconds
    while True:
        try:
            connection.execute(
                f"attach {quote_text(str(path))} as raw (storage_version '{STORAGE_VERSION}')"
            )
            return
        except duckdb.IOException as error:
            if "Could not set lock" not in str(error):
                raise
            if time.monotonic() > last_moment:
                raise Busy(
                    f"Another process holds {path}: {str(error).partition('Conflicting ')[2]}",
                    "Wait for it to finish, or end it if it is yours.",
                ) from error
        time.sleep(0.1)
