"""What makes two customers one, kept in ``identity.edge``; and whom a night's changes may concern.

A night writes again the candidates of changed customers and the edges of changed evidence. A
customer connected with an end of an edge that came or went, over however many edges, may belong to
another customer now; no other may.
"""

from __future__ import annotations

import duckdb

from bankcrm.dates import END_OF_TIME
from bankcrm.sql import quote_date
from pipelines.identity.clusters import Rule
from pipelines.identity.parameters import Parameters
from pipelines.identity.schema import pair_id_sql

EXACT, LINKED, ACCEPTED = (
    rule.name.lower()
    for rule in (Rule.EXACT_DOCUMENT, Rule.PROBABILISTIC_LINKAGE, Rule.ACCEPTED_IN_REVIEW)
)
LEFT, RIGHT = "(left_system, left_customer_id)", "(right_system, right_customer_id)"
CHANGED = "(select (source_system, customer_id) from changed_customer)"
HAS_CHANGED_END = f"({LEFT} in {CHANGED} or {RIGHT} in {CHANGED})"

CANDIDATES = f"""
with changed_record as (
    select record_id from identity.record semi join changed_customer
    using (source_system, customer_id)
), scored as (
    from identity.pair
    where left_record_id in (from changed_record) or right_record_id in (from changed_record)
), named as (
    select record_id, source_system, customer_id, seen_from, document_type, document_number
    from identity.record
    where record_id in (
        select unnest([left_record_id, right_record_id]) from scored)
), pairs as (
    select scored.*,
        if((l.source_system, l.customer_id) < (r.source_system, r.customer_id), l, r) as first,
        if((l.source_system, l.customer_id) < (r.source_system, r.customer_id), r, l) as second
    from scored
    join named as l on l.record_id = scored.left_record_id
    join named as r on r.record_id = scored.right_record_id
)
select
    {
    pair_id_sql(
        "first.source_system", "first.customer_id", "second.source_system", "second.customer_id"
    )
} as pair_id,
    first.source_system as left_system, first.customer_id as left_customer_id,
    second.source_system as right_system, second.customer_id as right_customer_id,
    match_probability, agrees, reasons, greatest(first.seen_from, second.seen_from) as seen_from,
    first.record_id as left_record_id, second.record_id as right_record_id, document
from pairs
where match_probability >= $1
    or (first.document_type, first.document_number) not in (
        select (document_type, document_number) from identity.placeholder)
"""

EXACT_EDGES = f"""
with identifying as (
    from identity.document semi join changed_document using (document_type, document_number)
    anti join identity.placeholder using (document_type, document_number)
)
select l.source_system, l.customer_id, r.source_system, r.customer_id, '{EXACT}', 1.0,
    greatest(l.valid_from, r.valid_from), least(l.valid_to, r.valid_to),
    document_type, document_number
from identifying as l
join identifying as r using (document_type, document_number)
where (l.source_system, l.customer_id) < (r.source_system, r.customer_id)
    and greatest(l.valid_from, r.valid_from) < least(l.valid_to, r.valid_to)
    and (l.source_system, l.customer_id, r.source_system, r.customer_id) not in (
        select (left_system, left_customer_id, right_system, right_customer_id)
        from identity.stranger)
"""

LINKED_EDGES = f"""
select left_system, left_customer_id, right_system, right_customer_id, '{LINKED}',
    match_probability, seen_from, {quote_date(END_OF_TIME)}, null, null
from identity.candidate
where agrees and match_probability >= $1 and {HAS_CHANGED_END}
"""

VERDICTS = f"""
select left_system, left_customer_id, right_system, right_customer_id, verdict,
    business_date as valid_from,
    coalesce(lead(business_date) over history, {quote_date(END_OF_TIME)}) as valid_to
from identity.decision
window history as (partition by pair_id order by decision_id)
"""
"""Each verdict holds until the next one on its pair; ``undo`` leaves none."""

ACCEPTED_EDGES = f"""
select left_system, left_customer_id, right_system, right_customer_id, '{ACCEPTED}', 1.0,
    valid_from, valid_to, null, null
from ({VERDICTS}) where verdict = 'accept' and valid_from < valid_to
"""

IS_STALE = f"""
(match_rule = '{ACCEPTED}'
    or (match_rule = '{LINKED}' and {HAS_CHANGED_END})
    or (match_rule = '{EXACT}' and (document_type, document_number) in (
        select (document_type, document_number) from changed_document)))
"""
"""Whether the evidence of an edge changed; decisions are few, and always among them."""

AFFECTED = """
create or replace temp table affected_customer as
with recursive moved_edge as (
    (from fresh_edge except all from stale_edge) union all
    (from stale_edge except all from fresh_edge)
), decided as (
    from identity.decision where decision_id > $1
), neighbour as (
    select left_system, left_customer_id, right_system, right_customer_id from identity.edge
    union all
    select right_system, right_customer_id, left_system, left_customer_id from identity.edge
), reached (source_system, customer_id) as (
    (from changed_customer
    union select left_system, left_customer_id from moved_edge
    union select right_system, right_customer_id from moved_edge
    union select left_system, left_customer_id from decided
    union select right_system, right_customer_id from decided)
    union
    select right_system, right_customer_id
    from reached join neighbour
        on source_system = left_system and customer_id = left_customer_id
)
from reached
"""


def write_candidates(connection: duckdb.DuckDBPyConnection, parameters: Parameters) -> None:
    """Bring ``identity.candidate`` up to date: scored pairs of records, named by their customers.

    Args:
        connection: the raw database with records written, ``changed_customer``, pairs scored and
            strangers found.
        parameters: from which score on a pair of records counts without a document.
    """
    connection.execute(f"delete from identity.candidate where {HAS_CHANGED_END}")
    review = [parameters.thresholds.review]
    connection.execute(f"insert into identity.candidate by name {CANDIDATES}", review)


def write_edges(connection: duckdb.DuckDBPyConnection, parameters: Parameters) -> None:
    """Bring ``identity.edge`` up to date.

    Leaves the temporary tables ``stale_edge`` and ``fresh_edge``: the edges of changed evidence
    before and after.

    Args:
        connection: the raw database with records and candidates written.
        parameters: thresholds.
    """
    connection.execute(
        f"create or replace temp table stale_edge as from identity.edge where {IS_STALE}"
    )
    connection.execute("create or replace temp table fresh_edge as from identity.edge limit 0")
    connection.execute(f"insert into fresh_edge {EXACT_EDGES}")
    connection.execute(f"insert into fresh_edge {LINKED_EDGES}", [parameters.thresholds.merge])
    connection.execute(f"insert into fresh_edge {ACCEPTED_EDGES}")
    connection.execute(f"delete from identity.edge where {IS_STALE}")
    connection.execute("insert into identity.edge from fresh_edge")


def find_affected(connection: duckdb.DuckDBPyConnection, last_decision: int) -> None:
    """Temporary table ``affected_customer``: everybody whose links may be others than before.

    Args:
        connection: the raw database with edges written.
        last_decision: id of the last decision that the links know of.
    """
    connection.execute(AFFECTED, [last_decision])


def choose_everybody(connection: duckdb.DuckDBPyConnection) -> None:
    """Temporary table ``affected_customer``: every customer."""
    connection.execute(
        """create or replace temp table affected_customer as
        select distinct source_system, customer_id from identity.record"""
    )
