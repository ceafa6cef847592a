"""What each system delivers about its customers, in tokens that can be compared.

Reads the customer feeds of every load that counts; writes ``identity.record`` (each distinct set of
attributes of a customer, with the night it was first seen) and ``identity.document`` (each
document of a customer, from when to when it counts).
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from bankcrm.dates import END_OF_TIME
from bankcrm.sql import quote_date, quote_name, quote_text
from pipelines.identity.fillers import hash_rules, unless_filler_sql, write_fillers
from pipelines.identity.parameters import Parameters

CUSTOMER = "source_system, customer_id"
ATTRIBUTES = (
    *("customer_type", "name", "birth_date", "phone", "address", "city", "gender"),
    *("document_type", "document_number"),
)
TOKENS = ("name_token", "phone_token", "address_token", "document_token")


def write_records(
    connection: duckdb.DuckDBPyConnection, parameters: Parameters, *, rebuild: bool
) -> None:
    """Write ``identity.record`` and ``identity.document`` from the loads that count.

    Rows are normalised once: ``identity.source_attribute`` keeps them while their load counts. Only
    customers of whom rows came or were taken back are looked at.

    Leaves the temporary tables ``changed_customer`` (source_system, customer_id: whose records or
    documents are others than before) and ``changed_document`` (document_type, document_number:
    whose holders, or their time, are others than before).

    Args:
        connection: the raw database for writing, its complete-through date set.
        parameters: systems, and which documents last for life.
        rebuild: look at every customer; both tables are empty.
    """
    _normalise_new_rows(connection, parameters.systems)
    if rebuild:
        connection.execute(
            """create or replace temp table touched_customer as
            select distinct source_system, customer_id from identity.source_attribute"""
        )
    record = _find_difference(connection, "record", _records_sql())
    lifelong = [list(parameters.documents.lifelong)]
    document = _find_difference(connection, "document", _documents_sql(), lifelong)
    connection.execute(
        f"""create or replace temp table changed_customer as
        select source_system, customer_id from {record}
        union select source_system, customer_id from {document}"""
    )
    connection.execute(
        f"""create or replace temp table changed_document as
        select distinct document_type, document_number from {document}
        union select document_type, document_number
        from identity.document semi join changed_customer using ({CUSTOMER})
        union select document_type, document_number
        from fresh_document semi join changed_customer using ({CUSTOMER})"""
    )
    for table in ("record", "document"):
        _replace_changed(connection, table)


def _find_difference(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    query: str,
    values: Sequence[object] | None = None,
) -> str:
    """Rows of the touched customers that a table lacks, or holds although they hold no more.

    Leaves ``fresh_<table>``, what it shall hold of these customers. Returns the name of the
    temporary table with the difference.
    """
    fresh, known, difference = (f"{name}_{table}" for name in ("fresh", "known", "difference"))
    connection.execute(f"create or replace temp table {fresh} as from identity.{table} limit 0")
    connection.execute(f"insert into {fresh} by name {query}", values)
    connection.execute(
        f"""create or replace temp table {known} as
        from identity.{table} semi join touched_customer using ({CUSTOMER})"""
    )
    connection.execute(
        f"""create or replace temp table {difference} as
        (from {fresh} except all from {known}) union all (from {known} except all from {fresh})"""
    )
    return difference


def _replace_changed(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    connection.execute(
        f"""delete from identity.{table} as known using changed_customer as changed
        where known.source_system = changed.source_system
            and known.customer_id = changed.customer_id"""
    )
    connection.execute(
        f"""insert into identity.{table} by name
        from fresh_{table} semi join changed_customer using ({CUSTOMER})"""
    )


def _normalise_new_rows(connection: duckdb.DuckDBPyConnection, systems: Sequence[str]) -> None:
    """Bring ``identity.source_attribute`` up to date.

    Leaves the temporary table ``touched_customer``: the customers of its changes.
    """
    connection.execute(
        """create or replace temp table gone_load as
        select distinct load_id from identity.source_attribute
        where rules_hash <> $1 or load_id not in (select load_id from ops.whole_load)""",
        [hash_rules()],
    )
    touched = f"select distinct {CUSTOMER} from identity.source_attribute semi join"
    connection.execute(
        f"""create or replace temp table touched_customer as
        {touched} gone_load using (load_id)"""
    )
    connection.execute("delete from identity.source_attribute where load_id in (from gone_load)")
    connection.execute(
        """create or replace temp table new_load as
        select load_id from ops.whole_load
        where load_id not in (select load_id from identity.source_attribute)"""
    )
    write_fillers(connection)
    for system in systems:
        connection.execute(
            f"insert into identity.source_attribute by name {_select_feed(system)}",
            [hash_rules()],
        )
    connection.execute(f"insert into touched_customer {touched} new_load using (load_id)")


def _select_feed(system: str) -> str:
    return f"""select load_id, $1 as rules_hash, {quote_text(system)} as source_system,
        customer_id, business_date, customer_type, full_name_match as name,
        {unless_filler_sql("birth_date_token")} as birth_date,
        {unless_filler_sql("phone_match")} as phone,
        {unless_filler_sql("address_match")} as address,
        comparable_address(city) as city, gender,
        if({unless_filler_sql("document_number_match")} is null, null, document_type)
            as document_type,
        {unless_filler_sql("document_number_match")} as document_number,
        full_name_token as name_token,
        if({unless_filler_sql("phone_match")} is null, null, phone_token) as phone_token,
        if({unless_filler_sql("address_match")} is null, null, address_token) as address_token,
        if({unless_filler_sql("document_number_match")} is null, null, document_number_token)
            as document_token
    from {quote_name(system)}.customer semi join new_load using (load_id)"""


def _records_sql() -> str:
    """Of several tokens of values that compare as equal, any leads to the comparable value."""
    attributes = ", ".join(ATTRIBUTES)
    content = " || '|' || ".join(
        f"coalesce({name}, '')" for name in ("source_system", "customer_id", *ATTRIBUTES)
    )
    return f"""select cast(md5_number_lower({content}) >> 1 as bigint) as record_id,
        {CUSTOMER}, min(business_date) as seen_from, {attributes},
        {", ".join(f"min({token}) as {token}" for token in TOKENS)}
    from identity.source_attribute semi join touched_customer using ({CUSTOMER})
    group by {CUSTOMER}, {attributes}"""


def _documents_sql() -> str:
    """A lifelong document counts until another number is delivered, any other for ever."""
    return f"""
    with changes as (
        select source_system, customer_id, document_type, document_number, business_date,
            lag(document_number) over history as previous_number
        from identity.source_attribute semi join touched_customer using ({CUSTOMER})
        where document_number is not null
        window history as (
            partition by source_system, customer_id, document_type order by business_date
        )
    ), spans as (
        select * exclude (previous_number), lead(business_date, 1, {quote_date(END_OF_TIME)}) over (
            partition by source_system, customer_id, document_type order by business_date
        ) as next_date
        from changes where document_number is distinct from previous_number
    )
    select source_system, customer_id, document_type, document_number,
        business_date as valid_from, next_date as valid_to
    from spans where document_type in (select unnest($1::varchar[]))
    union all
    select source_system, customer_id, document_type, document_number, min(business_date),
        {quote_date(END_OF_TIME)}
    from spans where document_type not in (select unnest($1::varchar[]))
    group by all"""
