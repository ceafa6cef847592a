"""Probabilistic linkage: score pairs of records of different systems with splink.

A score depends on the two records alone (the parameters are frozen), so ``identity.pair`` keeps it
for as long as both records count. Only records that were not compared before are, and only with
the records of their blocks. The scores outlive the values they were taken from: a customer who was
erased stays linked as before.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

import duckdb
import pyarrow as pa

from bankcrm.sql import quote_name, quote_text
from pipelines.contracts.check_digits import has_check_digit_sql
from pipelines.identity.blocks import CLEAR_VALUES, write_block_keys
from pipelines.identity.parameters import (
    ELSE,
    SILENT,
    Comparison,
    Documents,
    Outcomes,
    Parameters,
)

MEMBERS = f"""
with member as (
    from identity.record where record_id in (from block_member)
), {CLEAR_VALUES}, listed as (
    select record_id, list(key) as keys from identity.block_key
    where record_id in (from block_member) group by record_id
)
select record_id, source_system, customer_id, customer_type, name, birth_date, phone, address,
    city, gender, document_type, document_number, clear_document, keys,
    (document_type, document_number) in (from crowded) as is_crowded,
    record_id in (select record_id from new_record) as is_new
from clear_member left join listed using (record_id)
order by record_id
"""
"""Records as splink compares them. Their clear values are in memory only, and for this long."""


CARRIED = ("document_type", "document_number", "clear_document")
"""Columns that say nothing in a score, but how the documents of a pair compare."""
KEY_BLOCK = {
    "blocking_rule": """l.keys = r.keys and l.customer_type = r.customer_type
        and l.source_system <> r.source_system and (l.is_new or r.is_new)""",
    "arrays_to_explode": ["keys"],
    "sql_dialect": "duckdb",
}
DOCUMENT_BLOCK = """l.document_type = r.document_type
    and l.document_number = r.document_number and l.customer_type = r.customer_type
    and (l.source_system <> r.source_system or l.customer_id <> r.customer_id)
    and not l.is_crowded and (l.is_new or r.is_new)"""
LASTING = "'equal', 'mistyped'"
"""How documents compare where a pair is kept however low it scores."""
MISTYPED_FROM = 5
"""Characters of a document number from which on one wrong character is a typing error."""


def compare_records(connection: duckdb.DuckDBPyConnection, parameters: Parameters) -> int:
    """Score what was not compared yet; write ``identity.pair`` and ``identity.compared``.

    Args:
        connection: the raw database with ``identity.record`` written.
        parameters: how to compare.

    Returns:
        Number of records that were new.
    """
    _forget(connection, parameters.scoring_hash)
    _find_new_records(connection)
    new = _count(connection, "new_record")
    if new:
        write_block_keys(connection)
        if _count(connection, "block_member"):
            records = connection.execute(MEMBERS).to_arrow_table()
            scored = _score(records, parameters)
            connection.register("scored_pair", scored)
            connection.execute("insert into identity.pair by name from scored_pair")
            connection.unregister("scored_pair")
        connection.execute(
            "insert into identity.compared select record_id, $1 from new_record",
            [parameters.scoring_hash],
        )
    return new


def _forget(connection: duckdb.DuckDBPyConnection, scoring_hash: str) -> None:
    """Drop scores of records that no longer count, and all when the scoring has changed."""
    gone = """select record_id from identity.compared where scoring_hash <> $1
        or record_id not in (select record_id from identity.record)"""
    connection.execute(f"create or replace temp table gone_record as {gone}", [scoring_hash])
    if _count(connection, "gone_record"):
        connection.execute(
            """delete from identity.pair
            where left_record_id in (from gone_record) or right_record_id in (from gone_record)"""
        )
        connection.execute("delete from identity.compared where record_id in (from gone_record)")


def _find_new_records(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        """create or replace temp table new_record as
        select * from identity.record anti join identity.compared using (record_id)"""
    )


def _score(records: pa.Table, parameters: Parameters) -> pa.Table:
    """Pairs from the review threshold up, and those of one document, as identity.pair has them."""
    # Imported here: most of the commands, and nights without a new customer, do without.
    from splink import DuckDBAPI, Linker, SettingsCreator  # noqa: PLC0415

    # Splink writes tables of its own; in a database of its own they disturb nobody.
    with duckdb.connect(config={"threads": 1}) as scratch:
        scratch.register("block_member", records)
        settings = SettingsCreator(
            link_type="dedupe_only",
            unique_id_column_name="record_id",
            probability_two_random_records_match=parameters.prior,
            comparisons=[_describe_comparison(item) for item in parameters.comparisons],
            blocking_rules_to_generate_predictions=[
                KEY_BLOCK,
                {"blocking_rule": DOCUMENT_BLOCK, "sql_dialect": "duckdb"},
            ],
            retain_matching_columns=True,
            retain_intermediate_calculation_columns=True,
            additional_columns_to_retain=list(CARRIED),
        )
        records_frame = DuckDBAPI(connection=scratch).register("block_member")
        # The settings are ours and tested; validating them would take as long as the comparison.
        linker = Linker(records_frame, settings, log_level=logging.ERROR, validate_settings=False)
        pairs = linker.inference.predict(warning_mode="never")
        return scratch.execute(_pairs_sql(pairs.physical_name, parameters)).to_arrow_table()


def _describe_comparison(comparison: Comparison) -> dict[str, Any]:
    name = comparison.name
    incomparable = f" or ({comparison.silent.strip()})" if comparison.silent else ""
    silent = {
        "sql_condition": f"{name}_l is null or {name}_r is null{incomparable}",
        "label_for_charts": SILENT,
        "is_null_level": True,
    }
    levels = [
        {
            "sql_condition": "ELSE" if level.sql == ELSE else level.sql.strip(),
            "label_for_charts": level.label,
            "m_probability": level.m,
            "u_probability": level.u,
        }
        for level in comparison.levels
    ]
    return {"output_column_name": name, "comparison_levels": [silent, *levels]}


def _pairs_sql(table: str, parameters: Parameters) -> str:
    """The scored pairs with the outcome of every comparison in words."""
    reasons = " || ', ' || ".join(_reason_sql(item) for item in parameters.comparisons)
    holds = _any_outcomes_sql(parameters, parameters.documents.holds_when)
    speaks = _any_outcomes_sql(parameters, parameters.review_requires)
    return f"""with outcome as (
            select *, {_document_sql(parameters)} as document from {table}
        )
        select record_id_l as left_record_id, record_id_r as right_record_id, match_probability,
            {_outcomes_sql(parameters, parameters.merge_requires)} as agrees,
            {reasons} || ', document ' || document as reasons, document,
            not ({holds}) as contradicts
        from outcome
        where (match_probability >= {parameters.thresholds.review} and ({speaks}))
            or document in ({LASTING})"""


def _document_sql(parameters: Parameters) -> str:
    """How the documents of a pair compare. It adds nothing to the score: documents of one kind that
    differ part customers, so all that it may say is that they need not."""
    documents = parameters.documents
    lifelong = ", ".join(map(quote_text, documents.lifelong))
    confirmed = " and ".join(_confirmed_sql(documents, side) for side in ("l", "r"))
    return f"""case
        when document_number_l is null or document_number_r is null
            or document_type_l <> document_type_r then '{SILENT}'
        when document_number_l = document_number_r then 'equal'
        when ({_any_outcomes_sql(parameters, documents.mistyped_when)})
            and (damerau_levenshtein(clear_document_l, clear_document_r) <= 1
                or ltrim(clear_document_l, '0') = ltrim(clear_document_r, '0'))
            and least(length(clear_document_l), length(clear_document_r)) >= {MISTYPED_FROM}
            then 'mistyped'
        when {_outcomes_sql(parameters, documents.renewed_when)}
            and document_type_l not in ({lifelong}) then 'renewed'
        when ({_any_outcomes_sql(parameters, documents.unconfirmed_when)})
            and not ({confirmed}) then 'unconfirmed'
        else 'differs' end"""


def _confirmed_sql(documents: Documents, side: str) -> str:
    """Condition: the check digit says that the number of a side was typed rightly.

    What was erased from the vault cannot be checked any more, and stays as it was delivered."""
    number = f"clear_document_{side}"
    cases = " ".join(
        f"when {quote_text(kind)} then {has_check_digit_sql(number, scheme)}"
        for kind, scheme in documents.check_digits.items()
    )
    return f"coalesce(case document_type_{side} {cases} else {number} is null end, true)"


def _outcomes_sql(parameters: Parameters, outcomes: Outcomes) -> str:
    """Condition: every named comparison has one of the named outcomes."""
    conditions = []
    for comparison in parameters.comparisons:
        if comparison.name in outcomes:
            numbers = [
                str(number)
                for number, label in _number_outcomes(comparison)
                if label in outcomes[comparison.name]
            ]
            conditions.append(f"{_gamma(comparison.name)} in ({', '.join(numbers)})")
    return " and ".join(conditions) or "true"


def _any_outcomes_sql(parameters: Parameters, lines: Iterable[Outcomes]) -> str:
    """Condition: the comparisons have the outcomes of one of the lines."""
    return " or ".join(f"({_outcomes_sql(parameters, line)})" for line in lines)


def _number_outcomes(comparison: Comparison) -> list[tuple[int, str]]:
    """Splink numbers the outcomes: -1 silent, 0 else, and upwards to the first level."""
    labels = [level.label for level in reversed(comparison.levels)]
    return [(-1, SILENT), *enumerate(labels)]


def _gamma(name: str) -> str:
    return quote_name(f"gamma_{name}")


def _reason_sql(comparison: Comparison) -> str:
    outcomes = " ".join(
        f"when {number} then {quote_text(label)}" for number, label in _number_outcomes(comparison)
    )
    label = comparison.name.replace("_", " ")
    return f"'{label} ' || case {_gamma(comparison.name)} {outcomes} end"


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    row = connection.execute(f"select count(*) from {table}").fetchone()
    assert row is not None
    return int(row[0])
