"""Holders of one document who contradict each other, and documents that identify nobody.

A document joins two customers where a name or a birth agrees (``holds_when`` of the parameters).
Where none does, one of them bears it wrongly, and a person decides. A number that three or more
customers bear who all contradict each other, or that more customers of one system hold than may,
is a placeholder.
"""

from __future__ import annotations

import duckdb

from pipelines.identity.parameters import Parameters

DOCUMENT = "document_type, document_number"
SIDES = "left_system, left_customer_id, right_system, right_customer_id"

CROWDED = f"""
select distinct {DOCUMENT} from identity.document
group by source_system, {DOCUMENT} having count(distinct customer_id) > $1
"""

STRANGERS = """
with shared as (
    select l.document_type, l.document_number, contradicts,
        if((l.source_system, l.customer_id) < (r.source_system, r.customer_id), l, r) as one,
        if((l.source_system, l.customer_id) < (r.source_system, r.customer_id), r, l) as other
    from identity.pair
    join identity.record as l on l.record_id = left_record_id
    join identity.record as r on r.record_id = right_record_id
    where pair.document = 'equal'
)
select document_type, document_number,
    one.source_system as left_system, one.customer_id as left_customer_id,
    other.source_system as right_system, other.customer_id as right_customer_id
from shared anti join crowded using (document_type, document_number)
group by all having bool_and(contradicts)
"""

BORNE_BY_THREE = f"""
select distinct {DOCUMENT} from fresh_stranger as one
join fresh_stranger as other using (left_system, left_customer_id, {DOCUMENT})
semi join fresh_stranger as third
    on third.document_type = one.document_type and third.document_number = one.document_number
    and third.left_system = one.right_system and third.left_customer_id = one.right_customer_id
    and third.right_system = other.right_system
    and third.right_customer_id = other.right_customer_id
"""


def find_crowded(connection: duckdb.DuckDBPyConnection, parameters: Parameters) -> None:
    """Temporary table ``crowded``: documents that too many customers of one system hold.

    Their holders are not compared for the sake of it; where it is crowded no longer, they are.

    Args:
        connection: the raw database with documents written.
        parameters: how many may hold a document.
    """
    connection.execute(
        f"create or replace temp table crowded as {CROWDED}", [parameters.documents.largest_group]
    )
    connection.execute(
        f"""create or replace temp table relieved_record as
        select record_id from identity.record semi join (
            select {DOCUMENT} from identity.placeholder where is_crowded
            except from crowded) using ({DOCUMENT})"""
    )
    connection.execute(
        """delete from identity.pair
        where left_record_id in (from relieved_record)
            or right_record_id in (from relieved_record)"""
    )
    connection.execute("delete from identity.compared where record_id in (from relieved_record)")


def write_strangers(connection: duckdb.DuckDBPyConnection) -> None:
    """Bring ``identity.stranger`` and ``identity.placeholder`` up to date.

    Adds to ``changed_document`` the documents that identify others than before, and to
    ``changed_customer`` their holders.

    Args:
        connection: the raw database with pairs scored and ``crowded`` found.
    """
    connection.execute(f"create or replace temp table fresh_stranger as {STRANGERS}")
    connection.execute(
        f"""create or replace temp table fresh_placeholder as
        select *, true as is_crowded from crowded
        union all select *, false from ({BORNE_BY_THREE})"""
    )
    connection.execute(
        f"""create or replace temp table other_document as
        select distinct {DOCUMENT} from ({_difference_sql("stranger")})
        union select distinct {DOCUMENT} from ({_difference_sql("placeholder")})"""
    )
    for table in ("stranger", "placeholder"):
        connection.execute(f"delete from identity.{table}")
        connection.execute(f"insert into identity.{table} from fresh_{table}")
    connection.execute(
        f"""insert into changed_customer
        select distinct source_system, customer_id from identity.document
        semi join other_document using ({DOCUMENT})
        anti join changed_customer using (source_system, customer_id)"""
    )
    connection.execute(
        f"""insert into changed_document
        from other_document anti join changed_document using ({DOCUMENT})"""
    )


def _difference_sql(table: str) -> str:
    fresh, known = f"fresh_{table}", f"identity.{table}"
    return f"""(from {fresh} except all from {known})
        union all (from {known} except all from {fresh})"""
