"""What each system says about its customers, in tokens that can be compared.

Reads the customer feeds of every load that counts; writes ``identity.record`` (each distinct set of
attributes of a customer, with the night it was first seen) and ``identity.document`` (each
document of a customer, from when to when it counts).
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from pipelines.identity.parameters import Parameters
from pipelines.identity.schema import FOR_EVER
from pipelines.privacy.comparable import MATCH_RULES
from pipelines.sql import quote_name, quote_text

ATTRIBUTES = ("customer_type", "name", "birth_date", "phone", "address", "city", "gender")


def write_records(connection: duckdb.DuckDBPyConnection, parameters: Parameters) -> None:
    """Write ``identity.record`` and ``identity.document`` from the loads that count.

    Rows are normalised once: ``identity.said`` keeps them while their load counts.
    """
    _normalise_new_rows(connection, parameters.systems)
    connection.execute("delete from identity.record")
    connection.execute(f"insert into identity.record {_records_sql()}")
    connection.execute("delete from identity.document")
    connection.execute(
        f"insert into identity.document {_documents_sql()}", [list(parameters.documents.lifelong)]
    )


def _normalise_new_rows(connection: duckdb.DuckDBPyConnection, systems: Sequence[str]) -> None:
    connection.execute(
        """delete from identity.said
        where rules_hash <> $1 or load_id not in (select load_id from ops.whole_load)""",
        [MATCH_RULES],
    )
    connection.execute(
        """create or replace temp table new_load as
        select load_id from ops.whole_load
        where load_id not in (select load_id from identity.said)"""
    )
    for system in systems:
        connection.execute(
            f"insert into identity.said by name {_select_feed(system)}", [MATCH_RULES]
        )


def _select_feed(system: str) -> str:
    return f"""select load_id, $1 as rules_hash, {quote_text(system)} as source_system,
        customer_id, business_date, customer_type, full_name_match as name,
        birth_date_token as birth_date, phone_match as phone, address_match as address,
        comparable_address(city) as city, gender, document_type,
        document_number_match as document_number,
        full_name_token as name_token, phone_token, address_token
    from {quote_name(system)}.customer semi join new_load using (load_id)"""


def _records_sql() -> str:
    """Of several tokens of values that compare as equal, any leads to the comparable value."""
    attributes = ", ".join(ATTRIBUTES)
    content = " || '|' || ".join(
        f"coalesce({name}, '')" for name in ("source_system", "customer_id", *ATTRIBUTES)
    )
    return f"""select cast(md5_number_lower({content}) >> 1 as bigint),
        source_system, customer_id, min(business_date), {attributes},
        min(name_token), min(phone_token), min(address_token)
    from identity.said group by source_system, customer_id, {attributes}"""


def _documents_sql() -> str:
    """A lifelong document counts until another number is delivered, any other for ever."""
    return f"""
    with changes as (
        select source_system, customer_id, document_type, document_number, business_date,
            lag(document_number) over history as previous_number
        from identity.said where document_number is not null
        window history as (
            partition by source_system, customer_id, document_type order by business_date
        )
    ), spans as (
        select * exclude (previous_number), lead(business_date, 1, {FOR_EVER}) over (
            partition by source_system, customer_id, document_type order by business_date
        ) as next_date
        from changes where document_number is distinct from previous_number
    )
    select source_system, customer_id, document_type, document_number, business_date, next_date
    from spans where document_type in (select unnest($1::varchar[]))
    union all
    select source_system, customer_id, document_type, document_number, min(business_date),
        {FOR_EVER}
    from spans where document_type not in (select unnest($1::varchar[]))
    group by all"""
