"""What becomes of each delivered row: accepted, quarantined, or collapsed as an exact duplicate.

Pure functions from a contract to SQL text. A *source* is SQL that yields the contract's columns
as delivered text. One pass over it fills the temporary table ``checked_row``, in the file's order:
the typed columns of the contract (null where the text is no such value) and ``raw_row``, the
delivered fields of a bad row as JSON, null for a good row.

When there is a bad row or a repeated key, the temporary table ``disposition`` holds the rows that
are not accepted: ``row_id``, ``raw_row``, and ``row_rules``, the broken rules as ``column: rule``;
without any for an exact duplicate, which is collapsed. A *relation* is SQL that yields
``checked_row`` with the ``row_id``, ``file_line``, ``row_rules`` and ``raw_row`` of every row.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from bankcrm.sql import quote_name, quote_names, quote_text
from pipelines.contracts.check_digits import mask_card_number_sql
from pipelines.contracts.contract import Column, Contract
from pipelines.validation.row_rules import (
    DUPLICATE_KEY,
    SWAPPED_DATE,
    cast_text,
    row_rules,
    text_name,
    text_or_raw,
)

IS_ACCEPTED = "row_rules is null"
IS_QUARANTINED = "len(row_rules) > 0"
IS_COLLAPSED = "len(row_rules) = 0"


def checked_rows_sql(contract: Contract, source: str, business_date: date) -> str:
    """Create ``checked_row``: split, normalise, type and check every row in one pass."""
    columns = contract.columns
    raws = ", ".join(f"{quote_name(c.name)} as {_raw_name(c)}" for c in columns)
    kept = ", ".join(_raw_name(c) for c in columns)
    fields = ", ".join(f"{quote_text(c.name)}: {_kept_text(c)}" for c in columns)
    is_bad = " or ".join(rule.broken for rule in row_rules(contract))
    return (
        "create or replace temp table checked_row as\n"
        f"with {_typed_ctes(contract, source, business_date, raws, kept)}\n"
        f"select {quote_names(contract.column_names)},\n"
        f"  case when {is_bad} then to_json({{{fields}}})::varchar end as raw_row\n"
        "from typed"
    )


def dispositions_sql(contract: Contract, business_date: date) -> str:
    """Create ``disposition`` with the rules that each bad row of ``checked_row`` breaks."""
    texts = ", ".join(
        f"raw_row ->> {quote_text(name)} as {quote_name(name)}" for name in contract.column_names
    )
    source = (
        f"(select rowid as row_id, raw_row, {texts} from checked_row where raw_row is not null)"
    )
    kept = "row_id, raw_row"
    labels = ", ".join(
        f"case when {rule.broken} then {quote_text(rule.label)} end" for rule in row_rules(contract)
    )
    return (
        "create or replace temp table disposition as\n"
        f"with {_typed_ctes(contract, source, business_date, kept, kept)}\n"
        f"select {kept}, list_filter([{labels}], lambda rule: rule is not null) as row_rules\n"
        "from typed"
    )


def _typed_ctes(contract: Contract, source: str, business_date: date, extra: str, kept: str) -> str:
    """Common table expressions up to ``typed``: texts, values and the business date.

    ``extra`` is selected from the source under the names ``kept``.
    """
    columns = contract.columns
    texts = ", ".join(f"{text_or_raw(c)} as {text_name(c)}" for c in columns)
    values = ", ".join(f"{cast_text(c)} as {quote_name(c.name)}, {text_name(c)}" for c in columns)
    return (
        f"normalised as (select {texts}, {extra} from {source}),\n"
        f"typed as (select {values}, {kept}, date '{business_date}' as business_date"
        " from normalised)"
    )


def _kept_text(column: Column) -> str:
    """The delivered text as quarantine keeps it: never a whole card number."""
    raw = _raw_name(column)
    return mask_card_number_sql(raw) if column.token else raw


def _raw_name(column: Column) -> str:
    return quote_name(f"{column.name}__raw")


def defects_sql(contract: Contract) -> str:
    """One row about ``checked_row``: the number of bad rows, and whether a whole key repeats."""
    return f"select count(raw_row), {has_duplicate_keys_sql(contract)} from checked_row"


def is_swapped_date_sql(name: str) -> str:
    """One row: whether the texts of a date column are dates with day and month swapped.

    They are when every bad one becomes a date by swapping, and not one good date has a day above
    the 12th. Needs ``checked_row``, ``disposition`` and ``nulled_field``.
    """
    bad = f"list_contains(row_rules, {quote_text(f'{name}: bad_date')})"
    text = f"trim(raw_row ->> {quote_text(name)})"
    return (
        f"select coalesce((select bool_and(regexp_full_match({text}, '{SWAPPED_DATE}'))"
        " from (select raw_row, row_rules from disposition"
        f" union all select raw_row, [rule] from nulled_field) where {bad}), false)"
        f" and not exists (from checked_row where day({quote_name(name)}) > 12)"
    )


def has_duplicate_keys_sql(contract: Contract) -> str:
    """Expression over ``checked_row``: whether a whole key repeats."""
    is_whole = _has_whole_key(contract)
    keys = f"count(distinct hash({quote_names(contract.key)})) filter ({is_whole})"
    return f"count(*) filter ({is_whole}) > {keys}"


def _has_whole_key(contract: Contract) -> str:
    return " and ".join(f"{quote_name(name)} is not null" for name in contract.key)


def duplicate_keys_sql(contract: Contract) -> str:
    """Create ``duplicate_key``: rows of a repeated key, collapsed when equal, bad when they differ.

    Values decide about good rows, so ``1.0`` equals ``1.00``; delivered fields about bad ones,
    which are never collapsed.
    """
    key = quote_names(contract.key)
    values = ", ".join(
        f"{quote_text(name)}: {quote_name(name)}::varchar" for name in contract.column_names
    )
    label = quote_text(f"{', '.join(contract.key)}: {DUPLICATE_KEY}")
    return (
        "create or replace temp table duplicate_key as\n"
        f"with repeated as (select {key} from checked_row where {_has_whole_key(contract)}\n"
        f"  group by {key} having count(*) > 1),\n"
        f"candidate as (select v.row_id, row({key}) as key, raw_row is not null as is_bad,\n"
        f"  coalesce(raw_row, to_json({{{values}}})::varchar) as content\n"
        f"  from (select *, rowid as row_id from checked_row) as v join repeated using ({key})),\n"
        "compared as (select row_id, is_bad, content,\n"
        "  min((is_bad, content)) over same_key\n"
        "    = max((is_bad, content)) over same_key as is_same,\n"
        "  row_number() over (partition by key order by row_id) as occurrence\n"
        "  from candidate window same_key as (partition by key))\n"
        "select row_id, content as raw_row,\n"
        f"  case when is_same then []::varchar[] else [{label}] end as row_rules\n"
        "from compared where not is_same or (occurrence > 1 and not is_bad)"
    )


ADD_DUPLICATE_KEYS = """create or replace temp table disposition as
select row_id, coalesce(f.raw_row, t.raw_row) as raw_row,
    list_concat(coalesce(f.row_rules, []), coalesce(t.row_rules, [])) as row_rules
from disposition as f full join duplicate_key as t using (row_id)"""
"""Adds the rows of ``duplicate_key`` to ``disposition``."""


def relation_sql(numbered: str, is_clean: bool) -> str:
    """SQL that yields ``checked_row`` with the disposition of every row.

    Args:
        numbered: SQL that yields ``checked_row`` with ``row_id`` and ``file_line``.
        is_clean: every row is accepted, and ``disposition`` was not created.
    """
    if is_clean:
        return f"(select *, null::varchar[] as row_rules from {numbered})"
    return (
        "(select n.* exclude (raw_row), f.row_rules, f.raw_row"
        f" from {numbered} as n left join disposition as f using (row_id))"
    )


def accepted_rows_sql(
    contract: Contract, names: Sequence[str], relation: str, business_date: date, load_id: int
) -> str:
    """Insert the accepted rows into the raw table, whose columns have these names."""
    columns = quote_names(names)
    return (
        f"insert into {contract.raw_table} ({columns}, load_id, file_line, business_date)\n"
        f"select {columns}, {load_id}, file_line, date '{business_date}'\n"
        f"from {relation} where {IS_ACCEPTED}"
    )


def quarantined_rows_sql(relation: str, limit: int | None = None) -> str:
    """Query the quarantined rows: file_line, raw_row, row_rules, in the file's order."""
    at_most = "" if limit is None else f" limit {limit}"
    return (
        f"select file_line, raw_row, row_rules from {relation} where {IS_QUARANTINED}"
        f" order by file_line{at_most}"
    )
