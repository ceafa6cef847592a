"""What each system says about its customers, in a form that can be compared.

Reads the customer feeds of every load that counts; writes ``identity.record`` (each distinct set of
attributes of a customer, with the night it was first seen) and ``identity.document`` (each
document of a customer, from when to when it counts).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import duckdb

from pipelines.identity.parameters import Parameters
from pipelines.identity.schema import FOR_EVER
from pipelines.sql import quote_name, quote_text

FULL_WIDTH = "".join(chr(code) for code in range(0xFF01, 0xFF5F)) + "\u3000"
HALF_WIDTH = "".join(chr(code) for code in range(0x21, 0x7F)) + " "

# GB 11643: weights 2**(17 - place) mod 11 of the first 17 digits; the remainder picks the check
# character (ISO 7064 MOD 11-2). Cards of 15 digits left out the century and the check character.
MACROS = f"""
create or replace temp macro narrow(value) as
    translate(value, {quote_text(FULL_WIDTH)}, {quote_text(HALF_WIDTH)});
create or replace temp macro compact(value) as
    nullif(regexp_replace(upper(narrow(value)), '[^\\p{{L}}\\p{{N}}]', '', 'g'), '');
create or replace temp macro with_check_character(body) as
    body || substr('10X98765432', 1 + cast(list_sum(list_transform(
        [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2],
        lambda weight, place: weight * cast(substr(body, place, 1) as integer)
    )) as integer) % 11, 1);
create or replace temp macro comparable_document(document_type, value) as
    case
        when document_type = 'ID_CARD' and regexp_full_match(compact(value), '[0-9]{{15}}')
            then with_check_character(left(compact(value), 6) || '19' || right(compact(value), 9))
        else compact(value)
    end;
create or replace temp macro words(value) as
    list_filter(
        string_split_regex(strip_accents(lower(narrow(value))), '[^\\p{{L}}\\p{{N}}]+'),
        lambda word: word <> ''
    );
create or replace temp macro comparable_name(value) as
    nullif(array_to_string(list_sort(words(value)), ' '), '');
create or replace temp macro comparable_address(value) as
    nullif(array_to_string(list_transform(words(value), lambda word: case word
        when 'rd' then 'road' when 'st' then 'street' when 'ave' then 'avenue'
        when 'rm' then 'room' else word end), ' '), '');
create or replace temp macro digits(value) as regexp_replace(narrow(value), '[^0-9]', '', 'g');
create or replace temp macro comparable_phone(value) as
    case
        when length(digits(value)) < 7 or regexp_full_match(digits(value), '(0+|1+|9+)') then null
        else right(digits(value), 11)
    end;
"""
"""Temporary macros: ``comparable_document(type, number)``, ``comparable_name``, ``_phone``, ..."""

ATTRIBUTES = ("customer_type", "name", "birth_date", "phone", "address", "city", "gender")


def create_macros(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the temporary macros that normalise what systems deliver."""
    connection.execute(MACROS)


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
    create_macros(connection)
    rules_hash = hashlib.sha256(MACROS.encode()).hexdigest()
    connection.execute(
        """delete from identity.said
        where rules_hash <> $1 or load_id not in (select load_id from ops.whole_load)""",
        [rules_hash],
    )
    connection.execute(
        """create or replace temp table new_load as
        select load_id from ops.whole_load
        where load_id not in (select load_id from identity.said)"""
    )
    for system in systems:
        connection.execute(
            f"insert into identity.said by name {_select_feed(system)}", [rules_hash]
        )


def _select_feed(system: str) -> str:
    return f"""select load_id, $1 as rules_hash, {quote_text(system)} as source_system,
        customer_id, business_date, customer_type, comparable_name(full_name) as name, birth_date,
        comparable_phone(phone) as phone, comparable_address(address) as address,
        comparable_address(city) as city, gender, document_type,
        comparable_document(document_type, document_number) as document_number
    from {quote_name(system)}.customer semi join new_load using (load_id)"""


def _records_sql() -> str:
    attributes = ", ".join(ATTRIBUTES)
    content = " || '|' || ".join(
        f"coalesce(cast({name} as varchar), '')"
        for name in ("source_system", "customer_id", *ATTRIBUTES)
    )
    return f"""select cast(md5_number_lower({content}) >> 1 as bigint),
        source_system, customer_id, min(business_date), {attributes}
    from identity.said group by all"""


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
