"""The vault: the clear values of personal columns, by their tokens, in a file of its own.

A token is an HMAC-SHA256 (RFC 2104) of kind and value under the key of the vault, cut to 128 bits:
without the key it can be neither made nor guessed, and equal values have equal tokens. The folder
holds ``vault.duckdb`` (token and value), ``key`` and ``erasures.jsonl``; it is its owner's alone.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import duckdb

from bankcrm.errors import InvalidVault
from bankcrm.settings import Settings
from bankcrm.sql import STORAGE_VERSION, quote_text
from pipelines.privacy.comparable import MATCH_RULES, create_macros
from pipelines.privacy.register import read_erasures

KEY_BYTES = 32
KEY_NAME = "key"
HOW_TO_RETURN = "Mount it, or bring it back with `bankcrm restore --vault`."
BLOCK_BYTES = 64
"""Bytes of a block of SHA-256, to which HMAC pads its key."""

TOKEN_MACRO = """create or replace temp macro keyed_token(kind, value) as
    kind || '_' || left(sha256(getvariable('outer_pad') || unhex(sha256(
        getvariable('inner_pad') || encode(kind || ':' || value)))), 32)"""
TABLES = """
create table if not exists vault.entry (token varchar, value varchar);
create table if not exists vault.about (fingerprint varchar);
"""


def open_vault(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Attach the vault as ``vault`` to the raw database, and make its tokens available.

    Creates key and vault where nothing was loaded yet. Afterwards the connection has the temporary
    macro ``keyed_token(kind, value)``, those of :mod:`pipelines.privacy.comparable`, and the
    temporary table ``erased_holder(holder)``.

    Args:
        connection: the raw database, its tables created, as the current database.
        settings: where the vault lies.

    Raises:
        InvalidVault: key or vault are missing, open to others, or not those of the raw database.
    """
    known = _fetch(connection, "select max(fingerprint) from ops.vault")
    _prepare_folder(settings.vault_folder, is_new=known is None)
    use_key(connection, _find_key(settings, is_new=known is None))
    fingerprint = make_fingerprint(connection)
    if known is None:
        _refuse_clear_values(connection)
    elif known != fingerprint:
        raise InvalidVault(
            f"The raw database {settings.raw_file} was loaded under another key, or under other "
            "rules of comparing values",
            "Set the key with which it was loaded; after a change of rules, load again.",
        )
    elif not settings.vault_file.exists():
        raise InvalidVault(f"The vault {settings.vault_file} is missing", HOW_TO_RETURN)
    attach_vault(connection, settings.vault_file)
    _check_vault(connection, settings.vault_file, fingerprint)
    if known is None:
        connection.execute("insert into ops.vault values ($1)", [fingerprint])
    list_erased(connection, settings)


def use_key(connection: duckdb.DuckDBPyConnection, key: bytes) -> None:
    """Give a connection the macro ``keyed_token``; the key stays in its memory."""
    padded = key.ljust(BLOCK_BYTES, b"\0")
    for name, mark in (("inner_pad", 0x36), ("outer_pad", 0x5C)):
        pad = bytes(byte ^ mark for byte in padded).hex()
        connection.execute(f"set variable {name} = from_hex('{pad}')")
    connection.execute(TOKEN_MACRO)
    create_macros(connection)


def make_fingerprint(connection: duckdb.DuckDBPyConnection) -> str:
    """What distinguishes one key from another, and the rules of comparing values."""
    statement = f"select keyed_token('vault', {quote_text(MATCH_RULES)})"
    return str(_fetch(connection, statement))


def _prepare_folder(folder: Path, is_new: bool) -> None:
    if is_new:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    elif not folder.is_dir():
        raise InvalidVault(f"The vault {folder} is missing", HOW_TO_RETURN)
    if folder.stat().st_mode & 0o077:
        raise InvalidVault(
            f"Others than its owner may look into the vault {folder}", f"Run `chmod 700 {folder}`."
        )


def _find_key(settings: Settings, is_new: bool) -> bytes:
    """The key of the environment, else of the key file, which is made for a new vault."""
    path = settings.vault_folder / KEY_NAME
    if settings.vault_key is not None:
        return _read_key(settings.vault_key, "BANKCRM_VAULT_KEY")
    if not path.exists():
        if not is_new:
            raise InvalidVault(
                f"The key of the vault, {path}, is missing",
                "Bring it back from where it is kept, or set BANKCRM_VAULT_KEY.",
            )
        _write_key(path)
    if path.stat().st_mode & 0o077:
        raise InvalidVault(
            f"Others than its owner may read the key {path}", f"Run `chmod 600 {path}`."
        )
    return _read_key(path.read_text(encoding="ascii"), str(path))


def _read_key(text: str, place: str) -> bytes:
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if not KEY_BYTES <= len(key) <= BLOCK_BYTES:
        raise InvalidVault(
            f"{place} is no key",
            f"Set {2 * KEY_BYTES} hexadecimal digits, as `openssl rand -hex {KEY_BYTES}` prints.",
        )
    return key


def _write_key(path: Path) -> None:
    part = path.with_name("key.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(secrets.token_hex(KEY_BYTES) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(path)


def _refuse_clear_values(connection: duckdb.DuckDBPyConnection) -> None:
    if _fetch(connection, "select count(*) from ops.load"):
        raise InvalidVault(
            "The raw database was loaded before there was a vault: it holds clear values",
            "Move the warehouse folder away and load the deliveries again.",
        )


def attach_vault(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Attach the file of the vault, which is made where it is missing."""
    connection.execute(
        f"attach {quote_text(str(path))} as vault (storage_version '{STORAGE_VERSION}')"
    )
    path.chmod(0o600)
    connection.execute(TABLES)


def _check_vault(connection: duckdb.DuckDBPyConnection, path: Path, fingerprint: str) -> None:
    known = _fetch(connection, "select max(fingerprint) from vault.about")
    if known is None:
        connection.execute("insert into vault.about values ($1)", [fingerprint])
    elif known != fingerprint:
        connection.execute("detach vault")
        raise InvalidVault(
            f"The vault {path} was written under another key", "Set the key that belongs to it."
        )


def list_erased(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Temporary table ``erased_holder``: the customers in the register of erasures."""
    connection.execute("create or replace temp table erased_holder (holder varchar)")
    holders = sorted({erasure.holder for erasure in read_erasures(settings)})
    if holders:
        connection.execute("insert into erased_holder select unnest($1::varchar[])", [holders])


def _fetch(connection: duckdb.DuckDBPyConnection, statement: str) -> object:
    row = connection.execute(statement).fetchone()
    assert row is not None
    return row[0]
