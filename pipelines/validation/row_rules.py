"""The rules that one delivered row can break, as SQL: why it is quarantined.

Pure functions from a contract to SQL text. A rule looks at the typed values of a row (``name``,
null where the text is no such value) and at its normalised texts (``name__text``).
"""

from __future__ import annotations

from dataclasses import dataclass

from bankcrm.dates import END_OF_TIME
from bankcrm.sql import quote_name, quote_text
from pipelines.contracts.check_digits import (
    bad_check_digit_sql,
    card_number_sql,
)
from pipelines.contracts.contract import Column, Contract, Rule

OPEN_DATE = END_OF_TIME.isoformat()
"""Delivered in place of an empty date: without end."""
FIRST_DATE, LAST_DATE = "1850-01-01", "2200-12-31"

SECOND_HEADER = "second_header"
DUPLICATE_KEY = "duplicate_key"
REPEATED_KEY = "repeated_key"
"""A key that an earlier business date delivered, with other content."""
BELOW_MINIMUM, ABOVE_MAXIMUM = "below_minimum", "above_maximum"
BAD_PATTERN, BAD_CHECK_DIGIT, CARD_NUMBER = "bad_pattern", "bad_check_digit", "card_number"
OF_VALUES = (BELOW_MINIMUM, ABOVE_MAXIMUM, BAD_PATTERN, BAD_CHECK_DIGIT, CARD_NUMBER)
"""Rules that a value can break although its text is one of its type."""

_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
SWAPPED_DATE = "[0-9]{4}-(1[3-9]|2[0-9]|3[01])-(0[1-9]|1[0-2])"
_TIMESTAMP = _DATE + r"[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?"
_SCIENTIFIC = r"^[0-9](\.[0-9]+)?[eE][+-][0-9]+$"
_INVISIBLE_CHARACTERS = (
    r"[\x00-\x1f\x7f-\x{9f}\x{ad}\x{200b}-\x{200f}\x{2028}-\x{202e}\x{2060}-\x{2064}"
    r"\x{feff}\x{ff01}-\x{ff5e}\x{fffd}]"
)
"""Control, invisible and full-width characters, which make two equal-looking ids differ, and
U+FFFD, which stands for bytes that are no text."""
SPACES = " \t" + "".join(map(chr, (0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000)))
"""Spaces that are trimmed: those of Unicode, and the tab."""
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
    """Delivered text without surrounding spaces, NFC, null when empty or a word for no value; codes
    in upper case.

    Only padded texts are trimmed: most are not, and the test is cheaper than trimming them all.
    """
    raw = quote_name(column.name)
    is_padded = (
        f"starts_with({raw}, ' ') or ends_with({raw}, ' ')"
        f" or (strlen({raw}) > length({raw}) and regexp_matches({raw}, '^[{SPACES}]|[{SPACES}]$'))"
        f" or starts_with({raw}, '\t') or ends_with({raw}, '\t')"
    )
    text = f"case when {is_padded} then {_without_null_words(column, trim_sql(raw))}"
    text += f" else {_without_null_words(column, raw)} end"
    if column.type == "code":
        return f"upper(nfc_normalize({text}))"
    return f"nfc_normalize({text})" if column.type in ("id", "text") else text


def trim_sql(text: str) -> str:
    """Expression: a text without surrounding spaces, null when empty."""
    return f"nullif(trim({text}, '{SPACES}'), '')"


def _without_null_words(column: Column, text: str) -> str:
    """Expression: a text, null where it is a word that stands for no value."""
    for word in column.words_for_null:
        text = f"nullif({text}, {quote_text(word)})"
    return text


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
            decimals = rf"\.[0-9]{{1,{DECIMALS[column.type][1]}}}"
            return rf"-?(?:[0-9]{{1,16}}(?:{decimals})?|{decimals})"
        case _:
            return None


def _is_typed(column: Column) -> bool:
    return column.type not in ("id", "text", "code")


def text_or_raw(column: Column) -> str:
    """What stands as a column's text: normalised, or as delivered where a type is read from it.

    Hardly any number or date is padded, and trimming them all would cost more than reading them.
    """
    return quote_name(column.name) if _is_typed(column) else normalise(column)


def _trimmed(column: Column) -> str:
    """Text without surrounding spaces, null when empty."""
    text = text_name(column)
    return _without_null_words(column, trim_sql(text)) if _is_typed(column) else text


def cast_text(column: Column) -> str:
    """Typed value of a column's text; null where the text is no such value.

    A text that is written as DuckDB itself writes the value is taken at once; only the others are
    held against the pattern.
    """
    text, pattern = text_name(column), text_pattern(column)
    if pattern is None:
        return text
    trimmed = f"trim({text}, '{SPACES}')"
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
        return {"bad_id": f"regexp_matches({text}, '{_INVISIBLE_CHARACTERS}|{_SCIENTIFIC}')"}
    if column.type == "code":
        unwanted = f"regexp_matches({text}, '{_INVISIBLE_CHARACTERS}')"
        return {} if column.accepted else {"bad_code": unwanted}
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
    """A rule of the contract, silent where a value is missing."""
    return RowRule(f"row: {rule.name}", f"not coalesce(({rule.sql}), true)")
