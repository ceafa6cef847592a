"""The row-level verdict as SQL: which delivered rows are fit to load, and why the others are not.

Pure functions from a contract to SQL text. A *source* is SQL that yields the contract's columns
as delivered text. One pass over it fills the temporary table ``verdict``, in the file's order:
the typed columns of the contract (null where the text is no such value) and ``raw_row``, the
delivered fields of a bad row as JSON, null for a good row.

When there is a bad row or a repeated key, the temporary table ``fate`` tells what becomes of the
rows that are not accepted: ``row_id``, ``raw_row``, and ``row_rules``, the broken rules as
``column: rule``; without any for an exact duplicate, which is collapsed. A *relation* is SQL that
yields ``verdict`` with the ``row_id``, ``file_line``, ``row_rules`` and ``raw_row`` of every row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from bankcrm.dates import END_OF_TIME
from bankcrm.sql import quote_name, quote_names, quote_text
from pipelines.contracts.check_digits import (
    bad_check_digit_sql,
    card_number_sql,
    mask_card_number_sql,
)
from pipelines.contracts.contract import Column, Contract, ControlTotal, Rule

OPEN_DATE = END_OF_TIME.isoformat()
"""Delivered in place of an empty date: without end."""
FIRST_DATE, LAST_DATE = "1850-01-01", "2200-12-31"

SECOND_HEADER = "second_header"
DUPLICATE_KEY = "duplicate_key"
BELOW_MINIMUM, ABOVE_MAXIMUM = "below_minimum", "above_maximum"
BAD_PATTERN, BAD_CHECK_DIGIT, CARD_NUMBER = "bad_pattern", "bad_check_digit", "card_number"
OF_VALUES = (BELOW_MINIMUM, ABOVE_MAXIMUM, BAD_PATTERN, BAD_CHECK_DIGIT, CARD_NUMBER)
"""Rules that a value can break although its text is one of its type."""

_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_SWAPPED_DATE = "[0-9]{4}-(1[3-9]|2[0-9]|3[01])-(0[1-9]|1[0-2])"
_TIMESTAMP = _DATE + r"[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?"
_SCIENTIFIC = r"^[0-9](\.[0-9]+)?[eE][+-][0-9]+$"
_UNFIT_CHARACTERS = (
    r"[\x00-\x1f\x7f-\x{9f}\x{ad}\x{200b}-\x{200f}\x{2028}-\x{202e}\x{2060}-\x{2064}"
    r"\x{feff}\x{ff01}-\x{ff5e}\x{fffd}]"
)
"""Control, invisible and full-width characters, which make two equal-looking ids differ, and
U+FFFD, which stands for bytes that are no text."""
_LOST_CHARACTERS = r"[\x{80}-\x{9f}\x{fffd}]"
"""What a text holds after it was read in the wrong encoding."""
DECIMALS = {"amount": (16, 2), "rate": (4, 8), "share": (3, 6)}
"""Digits before and after the point, at most."""
_BAD_TYPE = {
    "date": "bad_date",
    "timestamp": "bad_timestamp",
    "integer": "bad_integer",
    "boolean": "bad_boolean",
    "amount": "bad_decimal",
    "rate": "bad_decimal",
    "share": "bad_decimal",
}


IS_ACCEPTED = "row_rules is null"
IS_QUARANTINED = "len(row_rules) > 0"
IS_COLLAPSED = "len(row_rules) = 0"


@dataclass(frozen=True)
class RowRule:
    """A rule that a row can break.

    ``label`` is what quarantine records, ``column: rule``; ``broken`` is SQL, true for a bad row,
    over typed values (``name``) and normalised texts (``name__text``).
    """

    label: str
    broken: str


def text_name(column: Column) -> str:
    """Name of a column's normalised text."""
    return quote_name(f"{column.name}__text")


def normalise(column: Column) -> str:
    """Delivered text without surrounding spaces, NFC, null when empty; codes in upper case.

    Only padded texts are trimmed: most are not, and the test is cheaper than trimming them all.
    """
    raw = quote_name(column.name)
    is_padded = f"starts_with({raw}, ' ') or ends_with({raw}, ' ')"
    text = f"case when {is_padded} then nullif(trim({raw}), '') else {raw} end"
    if column.type == "code":
        return f"upper(nfc_normalize({text}))"
    return f"nfc_normalize({text})" if column.type in ("id", "text") else text


def text_pattern(column: Column) -> str | None:
    """Regular expression that the whole normalised text must match; None for free text."""
    match column.type:
        case "date":
            return _DATE
        case "timestamp":
            return _TIMESTAMP
        case "integer":
            return "-?[0-9]{1,10}"
        case "boolean":
            return "[TtFf10YyNn]|[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]"
        case "amount" | "rate" | "share":
            return rf"-?[0-9]{{1,16}}(?:\.[0-9]{{1,{DECIMALS[column.type][1]}}})?"
        case _:
            return None


def _is_typed(column: Column) -> bool:
    return column.type not in ("id", "text", "code")


def _text_or_raw(column: Column) -> str:
    """What stands as a column's text: normalised, or as delivered where a type is read from it.

    Hardly any number or date is padded, and trimming them all would cost more than reading them.
    """
    return quote_name(column.name) if _is_typed(column) else normalise(column)


def _trimmed(column: Column) -> str:
    """Text without surrounding spaces, null when empty."""
    text = text_name(column)
    return f"nullif(trim({text}), '')" if _is_typed(column) else text


def cast_text(column: Column) -> str:
    """Typed value of a column's text; null where the text is no such value.

    A text that is written as DuckDB itself writes the value is taken at once; only the others are
    held against the pattern.
    """
    text, pattern = text_name(column), text_pattern(column)
    if pattern is None:
        return text
    trimmed = f"trim({text})"
    is_value = f"regexp_full_match({trimmed}, '{pattern}')"
    if column.type == "boolean":
        return f"case when {is_value} then upper({trimmed}) in ('TRUE', 'T', '1', 'Y') end"
    value = f"try_cast({text} as {column.sql_type})"
    is_canonical = f"{value}::varchar = {text}"
    if column.type in ("date", "timestamp"):
        is_value += f" and left({trimmed}, 10) between '{FIRST_DATE}' and '{LAST_DATE}'"
        is_canonical += (
            f" and {value} >= date '{FIRST_DATE}' and {value}::date <= date '{LAST_DATE}'"
        )
    other = f"try_cast({trimmed} as {column.sql_type})"
    return f"case when {is_canonical} then {value} when {is_value} then {other} end"


def column_rules(column: Column) -> list[RowRule]:
    """Rules of one column, from its type, nullability, legal values and bounds."""
    value, text = quote_name(column.name), text_name(column)
    broken: dict[str, str] = {}
    if not column.nullable:
        empty = _where_no_value(column, f"{_trimmed(column)} is null")
        broken["null_not_allowed"] = empty if _is_typed(column) else f"{text} is null"
    broken |= _type_rule(column)
    if column.accepted:
        # A list, because `in` becomes a join, which costs a small file more than all the rest.
        legal = ", ".join(quote_text(code) for code in column.accepted)
        broken["not_accepted"] = f"not list_contains([{legal}], {value})"
    if column.minimum is not None:
        broken[BELOW_MINIMUM] = f"{value} < {column.minimum:.10g}"
    if column.maximum is not None:
        broken[ABOVE_MAXIMUM] = f"{value} > {column.maximum:.10g}"
    broken |= _number_rules(column)
    return [RowRule(f"{column.name}: {rule}", condition) for rule, condition in broken.items()]


def _number_rules(column: Column) -> dict[str, str]:
    """Rules about how an id, a code or a text is made up."""
    value = quote_name(column.name)
    broken = {}
    if column.pattern is not None:
        broken[BAD_PATTERN] = f"not regexp_full_match({value}, {quote_text(column.pattern)})"
    if column.check_digits is not None:
        broken[BAD_CHECK_DIGIT] = bad_check_digit_sql(column.name, column.check_digits)
    if column.token:
        broken[CARD_NUMBER] = card_number_sql(value)
    return broken


def _type_rule(column: Column) -> dict[str, str]:
    text = text_name(column)
    if column.type == "id":
        return {"bad_id": f"regexp_matches({text}, '{_UNFIT_CHARACTERS}|{_SCIENTIFIC}')"}
    if column.type == "code":
        unfit = f"regexp_matches({text}, '{_UNFIT_CHARACTERS}')"
        return {} if column.accepted else {"bad_code": unfit}
    if column.type == "text":
        return {"bad_text": f"regexp_matches({text}, '{_LOST_CHARACTERS}')"}
    trimmed = _trimmed(column)
    is_open = ""
    if column.type == "date" and column.nullable:
        is_open = f" and {trimmed} <> '{OPEN_DATE}'"
    untyped = _where_no_value(column, f"{trimmed} is not null{is_open}")
    return {_BAD_TYPE[column.type]: untyped}


def _where_no_value(column: Column, condition: str) -> str:
    """A condition over the text of a column, where the text is no value of its type.

    A case, because both sides of `and` would be evaluated for every row.
    """
    return f"(case when {quote_name(column.name)} is null then {condition} else false end)"


def row_rules(contract: Contract) -> list[RowRule]:
    """Every rule of a contract that looks at one row alone."""
    rules = [rule for column in contract.columns for rule in column_rules(column)]
    rules += [row_rule(rule) for rule in contract.rules]
    heading = " and ".join(f"lower({_trimmed(c)}) = '{c.name}'" for c in contract.columns[:2])
    return [*rules, RowRule(f"row: {SECOND_HEADER}", f"({heading})")]


def row_rule(rule: Rule) -> RowRule:
    """A rule of the contract, silent where it cannot be told."""
    return RowRule(f"row: {rule.name}", f"not coalesce(({rule.sql}), true)")


def verdict_sql(contract: Contract, source: str, business_date: date) -> str:
    """Create ``verdict``: split, normalise, type and judge every row in one pass."""
    columns = contract.columns
    raws = ", ".join(f"{quote_name(c.name)} as {_raw_name(c)}" for c in columns)
    kept = ", ".join(_raw_name(c) for c in columns)
    fields = ", ".join(f"{quote_text(c.name)}: {_kept_text(c)}" for c in columns)
    is_bad = " or ".join(rule.broken for rule in row_rules(contract))
    return (
        "create or replace temp table verdict as\n"
        f"with {_typed_ctes(contract, source, business_date, raws, kept)}\n"
        f"select {quote_names(contract.column_names)},\n"
        f"  case when {is_bad} then to_json({{{fields}}})::varchar end as raw_row\n"
        "from typed"
    )


def fate_sql(contract: Contract, business_date: date) -> str:
    """Create ``fate`` with the rules that each bad row of ``verdict`` breaks."""
    texts = ", ".join(
        f"raw_row ->> {quote_text(name)} as {quote_name(name)}" for name in contract.column_names
    )
    source = f"(select rowid as row_id, raw_row, {texts} from verdict where raw_row is not null)"
    kept = "row_id, raw_row"
    labels = ", ".join(
        f"case when {rule.broken} then {quote_text(rule.label)} end" for rule in row_rules(contract)
    )
    return (
        "create or replace temp table fate as\n"
        f"with {_typed_ctes(contract, source, business_date, kept, kept)}\n"
        f"select {kept}, list_filter([{labels}], lambda rule: rule is not null) as row_rules\n"
        "from typed"
    )


def _typed_ctes(contract: Contract, source: str, business_date: date, extra: str, kept: str) -> str:
    """Common table expressions up to ``typed``: texts, values and the business date.

    ``extra`` is selected from the source under the names ``kept``.
    """
    columns = contract.columns
    texts = ", ".join(f"{_text_or_raw(c)} as {text_name(c)}" for c in columns)
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


def blemishes_sql(contract: Contract) -> str:
    """One row about ``verdict``: the number of bad rows, and whether a whole key repeats."""
    return f"select count(raw_row), {has_twins_sql(contract)} from verdict"


def is_swapped_date_sql(name: str) -> str:
    """One row: whether the texts of a date column are dates with day and month swapped.

    They are when every bad one becomes a date by swapping, and not one good date has a day above
    the 12th. Needs ``verdict`` and ``fate``.
    """
    bad = f"list_contains(row_rules, {quote_text(f'{name}: bad_date')})"
    text = f"trim(raw_row ->> {quote_text(name)})"
    return (
        f"select coalesce((select bool_and(regexp_full_match({text}, '{_SWAPPED_DATE}'))"
        f" from fate where {bad}), false)"
        f" and not exists (from verdict where day({quote_name(name)}) > 12)"
    )


def has_twins_sql(contract: Contract) -> str:
    """Expression over ``verdict``: whether a whole key repeats."""
    is_whole = _has_whole_key(contract)
    keys = f"count(distinct hash({quote_names(contract.key)})) filter ({is_whole})"
    return f"count(*) filter ({is_whole}) > {keys}"


def _has_whole_key(contract: Contract) -> str:
    return " and ".join(f"{quote_name(name)} is not null" for name in contract.key)


def twin_sql(contract: Contract) -> str:
    """Create ``twin``: rows of a repeated key, collapsed when equal, at fault when they differ.

    Values decide about good rows, so ``1.0`` equals ``1.00``; delivered fields about bad ones,
    which are never collapsed.
    """
    key = quote_names(contract.key)
    values = ", ".join(
        f"{quote_text(name)}: {quote_name(name)}::varchar" for name in contract.column_names
    )
    label = quote_text(f"{', '.join(contract.key)}: {DUPLICATE_KEY}")
    return (
        "create or replace temp table twin as\n"
        f"with repeated as (select {key} from verdict where {_has_whole_key(contract)}\n"
        f"  group by {key} having count(*) > 1),\n"
        f"candidate as (select v.row_id, row({key}) as key, raw_row is not null as is_bad,\n"
        f"  coalesce(raw_row, to_json({{{values}}})::varchar) as content\n"
        f"  from (select *, rowid as row_id from verdict) as v join repeated using ({key})),\n"
        "compared as (select row_id, is_bad, content,\n"
        "  min((is_bad, content)) over twins = max((is_bad, content)) over twins as is_same,\n"
        "  row_number() over (partition by key order by row_id) as occurrence\n"
        "  from candidate window twins as (partition by key))\n"
        "select row_id, content as raw_row,\n"
        f"  case when is_same then []::varchar[] else [{label}] end as row_rules\n"
        "from compared where not is_same or (occurrence > 1 and not is_bad)"
    )


MERGE_TWINS = """create or replace temp table fate as
select row_id, coalesce(f.raw_row, t.raw_row) as raw_row,
    list_concat(coalesce(f.row_rules, []), coalesce(t.row_rules, [])) as row_rules
from fate as f full join twin as t using (row_id)"""
"""Adds the rows of ``twin`` to ``fate``."""


def relation_sql(numbered: str, is_clean: bool) -> str:
    """SQL that yields ``verdict`` with the fate of every row.

    Args:
        numbered: SQL that yields ``verdict`` with ``row_id`` and ``file_line``.
        is_clean: every row is accepted, and ``fate`` was not created.
    """
    if is_clean:
        return f"(select *, null::varchar[] as row_rules from {numbered})"
    return (
        "(select n.* exclude (raw_row), f.row_rules, f.raw_row"
        f" from {numbered} as n left join fate as f using (row_id))"
    )


def figures_sql(contract: Contract, relation: str, is_clean: bool) -> str:
    """One row of figures about the rows of a file.

    Columns: rows delivered, accepted, quarantined, collapsed; per control total the accepted,
    quarantined and collapsed sums and the number of quarantined rows whose part cannot be read;
    last the earliest effective date of the accepted rows (null without ``effective``).

    Args:
        contract: feed of the file.
        relation: its rows.
        is_clean: every row is accepted, which spares most of the figures.
    """
    fates = (IS_ACCEPTED, IS_QUARANTINED, IS_COLLAPSED)
    figures = ["count(*)", *(f"count(*) filter ({fate})" for fate in fates)]
    for total in contract.control_totals:
        if is_clean:
            figures += [sum_sql(total, "true"), "0.00", "0.00", "0"]
            continue
        figures += [sum_sql(total, fate) for fate in fates]
        figures.append(f"count(*) filter (list_has_any(row_rules, {_obscuring(contract, total)}))")
    figures.append(f"{effect_sql(contract)} filter ({IS_ACCEPTED})")
    return f"select {', '.join(figures)} from {relation}"


def effect_sql(contract: Contract) -> str:
    """Expression: the earliest effective date, null without ``effective``."""
    effect = quote_name(contract.effective.from_column) if contract.effective else "null::date"
    return f"min({effect})"


def sum_sql(total: ControlTotal, fate: str) -> str:
    """Expression: a control total over the rows of a fate."""
    applies = [f"{quote_name(name)} = {quote_text(value)}" for name, value in total.where.items()]
    return f"coalesce(sum({quote_name(total.column)}) filter ({' and '.join([fate, *applies])}), 0)"


def _obscuring(contract: Contract, total: ControlTotal) -> str:
    """Labels of the rules after which a row's part of a total cannot be told, as an SQL list."""
    labels = [
        rule.label
        for name in (total.column, *total.where)
        for rule in column_rules(contract.column(name))
        if not rule.label.endswith(OF_VALUES)
    ]
    return f"[{', '.join(map(quote_text, labels))}]::varchar[]"


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
