"""Erasure: what the vault holds of a customer goes, and does not come back.

The register of erasures is written first, so an erasure that is cut short is finished by the next
refresh; it also finishes those that a restored vault or raw database does not know of. A value that
another customer still holds (a shared address, a common name) stays.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb

from bankcrm.clock import now
from bankcrm.errors import BankcrmError
from bankcrm.settings import Settings
from bankcrm.sql import STORAGE_VERSION, quote_name, quote_names, quote_text
from bankcrm.warehouse.versions import open_published
from pipelines.contracts.contract import Customer, load_contracts
from pipelines.contracts.stored_columns import holder_sql, personal_columns, token_name, token_sql
from pipelines.privacy.register import Erasure, add_erasures
from pipelines.privacy.vault import attach_vault, list_erased


def find_customer(
    connection: duckdb.DuckDBPyConnection, settings: Settings, name: str
) -> list[Customer]:
    """Every customer of a source system that is the named one.

    Args:
        connection: the raw database, customers linked.
        settings: where the published version lies.
        name: ``system:id``, or the customer_durable_key of the published version.

    Raises:
        BankcrmError: nobody is called so.
    """
    named = [_read_name(name)] if ":" in name else _find_key(settings, name)
    found: set[Customer] = set()
    for customer in named:
        rows = connection.execute(
            """select other.source_system, other.source_customer_id
            from identity.link as one
            join identity.link as other using (survivor_system, survivor_customer_id)
            where (one.source_system, one.source_customer_id) = ($1, $2)
                and one.is_current and other.is_current""",
            list(customer),
        ).fetchall()
        found |= {(system, number) for system, number in rows}
    if not found:
        raise BankcrmError(
            f"No delivery names a customer {name}",
            "Write system:id, for instance branch:C00000001, or a customer_durable_key.",
        )
    return sorted(found)


def contradict(connection: duckdb.DuckDBPyConnection, customers: Iterable[Customer]) -> bool:
    """Whether two source customers agree in no name and in no date of birth that was delivered.

    Args:
        connection: the raw database, customers linked.
        customers: as (system, id), one customer of the bank.
    """
    names = [":".join(customer) for customer in customers]
    (found,) = connection.execute(
        """with known as (
            select source_system, customer_id, list(distinct name) as names,
                list(distinct birth_date) filter (birth_date is not null) as births
            from identity.record where source_system || ':' || customer_id in (select unnest($1))
            group by all)
        select exists (from known as l, known as r
            where not list_has_any(l.names, r.names)
                and not coalesce(list_has_any(l.births, r.births), false))""",
        [names],
    ).fetchall()[0]
    return bool(found)


def _read_name(name: str) -> Customer:
    system, _, number = name.partition(":")
    return system, number


def _find_key(settings: Settings, name: str) -> list[Customer]:
    if not name.lstrip("-").isdecimal():
        return []
    with open_published(settings) as version:
        rows = version.execute(
            """select source_system, source_customer_id from marts.bridge_customer_xref
            where customer_durable_key = $1::bigint""",
            [name],
        ).fetchall()
    return [(system, number) for system, number in rows]


def erase_customers(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    customers: Iterable[Customer],
    *,
    reason: str,
    erased_by: str,
) -> tuple[list[str], int]:
    """Enter customers in the register of erasures, and drop what the vault holds of them.

    Args:
        connection: the raw database with its vault; the refresh lock is held.
        settings: where vault and register lie.
        customers: as (system, id).
        reason: kept in the register.
        erased_by: kept in the register.

    Returns:
        The tokens of the customers, and the number of values dropped.
    """
    holders = [make_holder(connection, customer) for customer in customers]
    at = now().isoformat()
    add_erasures(settings, [Erasure(holder, at, reason, erased_by) for holder in holders])
    list_erased(connection, settings)
    return holders, apply_erasures(connection, settings)


def make_holder(connection: duckdb.DuckDBPyConnection, customer: Customer) -> str:
    """Token of a customer of a system."""
    name = quote_text(":".join(customer))
    row = connection.execute(f"select {token_sql('holder', name)}").fetchone()
    assert row is not None
    return str(row[0])


def apply_erasures(connection: duckdb.DuckDBPyConnection, settings: Settings) -> int:
    """Drop what the vault still holds of the customers in the register.

    The file is written again without them, so that they do not linger in its free blocks, and takes
    the place of the old one at once: until then, an erasure that was cut short finds them again.

    Returns:
        Number of values dropped.
    """
    theirs = " union all ".join(_held_sql("semi join erased_holder using (holder)"))
    connection.execute(
        f"""create or replace temp table erased_token as
        select distinct token from ({theirs}) semi join vault.entry using (token)"""
    )
    if not connection.execute("select exists (from erased_token)").fetchall()[0][0]:
        return 0
    others = " union all ".join(_held_sql("anti join erased_holder using (holder)"))
    connection.execute(
        f"""create or replace temp table dropped_token as
        from erased_token
        anti join (from ({others}) semi join erased_token using (token)) using (token)"""
    )
    (dropped,) = connection.execute("select count(*) from dropped_token").fetchall()[0]
    if dropped:
        _rewrite(connection, settings.vault_file)
    return int(dropped)


def _held_sql(chosen: str) -> Iterator[str]:
    """Tokens of the rows of some holders, of every feed with personal columns and of quarantine.

    Args:
        chosen: join that keeps the rows of these holders.
    """
    yield f"select row_token as token from ops.quarantine {chosen}"
    for contract in load_contracts().values():
        if contract.is_personal:
            tokens = quote_names(token_name(column) for column in personal_columns(contract))
            holder = holder_sql(contract, quote_name(contract.holder[1]))
            yield (
                f"select unnest([{tokens}]) as token"
                f" from (select *, {holder} as holder from {contract.raw_table}) {chosen}"
            )


def _rewrite(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    connection.execute(
        f"attach {quote_text(str(part))} as fresh (storage_version '{STORAGE_VERSION}')"
    )
    part.chmod(0o600)
    connection.execute("create table fresh.about as from vault.about")
    connection.execute(
        "create table fresh.entry as from vault.entry anti join dropped_token using (token)"
    )
    connection.execute("checkpoint fresh")
    connection.execute("detach fresh")
    connection.execute("detach vault")
    with part.open("rb") as stream:
        os.fsync(stream.fileno())
    part.replace(path)
    attach_vault(connection, path)
