"""Values of filters in the type of their member, and the operators that each type takes."""

from __future__ import annotations

from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal, InvalidOperation

from cube.compiler.compiled import Member
from cube.errors import QueryError
from cube.query.dates import parse_moment, parse_range
from cube.query.operators import Operator
from cube.query.query import Filter

Value = str | bool | Decimal | datetime

_SETS: tuple[Operator, ...] = ("equals", "notEquals", "in", "notIn", "set", "notSet")
_COMPARISONS: tuple[Operator, ...] = ("gt", "gte", "lt", "lte")
PATTERNS: tuple[Operator, ...] = (
    "contains",
    "notContains",
    "startsWith",
    "notStartsWith",
    "endsWith",
    "notEndsWith",
)
_RANGES: tuple[Operator, ...] = ("inDateRange", "notInDateRange", "onTheDate")
_MOMENTS: tuple[Operator, ...] = ("beforeDate", "beforeOrOnDate", "afterDate", "afterOrOnDate")
_OPERATORS: dict[str, tuple[Operator, ...]] = {
    "string": _SETS + PATTERNS,
    "number": _SETS + _COMPARISONS,
    "boolean": _SETS,
    "time": _SETS + _RANGES + _MOMENTS,
}
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}
_MAXIMUM_DIGITS = 38


def type_values(item: Filter, member: Member, today: date, zone: tzinfo = UTC) -> tuple[Value, ...]:
    """Values of a filter, without nulls; a date range becomes its two ends, local to the zone.

    Raises:
        QueryError: the operator does not fit the member, or the values do not fit the operator.
    """
    if item.operator == "measureFilter":
        return _check_measure_filter(item, member)
    if member.kind == "segment":
        raise QueryError(f"'{member.name}' is a segment; it belongs under 'segments'")
    if item.operator not in _OPERATORS[member.type]:
        raise QueryError(
            f"the operator '{item.operator}' does not fit '{member.name}', a {member.kind} of "
            f"type {member.type}; it takes {', '.join(_OPERATORS[member.type])}"
        )
    given = [value for value in item.values if value is not None]
    _check_count(item, len(given))
    if item.operator in _RANGES:
        texts = [str(value) for value in given]
        return parse_range(texts[0] if len(texts) == 1 else texts, today, zone)
    if item.operator in _MOMENTS:
        late = item.operator in ("afterDate", "beforeOrOnDate")
        return (_parse_edge(str(given[0]), today, zone, late),)
    return tuple(_convert(value, member, zone) for value in given)


def _check_measure_filter(item: Filter, member: Member) -> tuple[Value, ...]:
    """It keeps the rows that count to a measure, and takes no values."""
    if member.kind != "measure":
        raise QueryError(f"the operator 'measureFilter' needs a measure; '{member.name}' is none")
    if item.values:
        raise QueryError("the operator 'measureFilter' takes no values")
    return ()


def _parse_edge(text: str, today: date, zone: tzinfo, late: bool) -> datetime:
    """A date or moment, or the start or the end of a relative range such as ``last month``."""
    if text[:1].isdigit():
        return parse_moment(text, zone, end=late)
    return parse_range(text, today, zone)[int(late)]


def _check_count(item: Filter, count: int) -> None:
    operator = item.operator
    if operator in ("set", "notSet"):
        if item.values:
            raise QueryError(f"the operator '{operator}' takes no values")
    elif operator in (*_COMPARISONS, *_MOMENTS):
        if count != 1 or len(item.values) != 1:
            raise QueryError(f"the operator '{operator}' on '{item.member}' takes one value")
    elif operator in _RANGES:
        if count not in (1, 2) or len(item.values) != count:
            raise QueryError(f"the operator '{operator}' on '{item.member}' takes one or two dates")
    elif operator in PATTERNS and None in item.values:
        raise QueryError(f"the operator '{operator}' on '{item.member}' takes no null")
    elif not item.values:
        raise QueryError(f"the operator '{operator}' on '{item.member}' needs values")


def _convert(value: str | bool | int | float, member: Member, zone: tzinfo) -> Value:
    """Value in the type of the member; booleans and numbers may come as text."""
    match member.type:
        case "number":
            return _convert_number(value, member)
        case "boolean":
            if str(value).lower() not in _BOOLEANS:
                raise QueryError(f"{value!r} is not true or false, as '{member.name}' needs")
            return _BOOLEANS[str(value).lower()]
        case "time":
            return parse_moment(str(value), zone)
    return _check_text(str(value))


def _convert_number(value: str | bool | int | float, member: Member) -> Decimal:
    try:
        number = Decimal("" if isinstance(value, bool) else str(value))
    except InvalidOperation:
        number = Decimal("nan")
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int):
        raise QueryError(f"{value!r} is not a number, as '{member.name}' needs")
    if max(number.adjusted() + 1, 0) + max(-exponent, 0) > _MAXIMUM_DIGITS:
        raise QueryError(f"{value!r} has more than {_MAXIMUM_DIGITS} digits")
    # DuckDB reads the digits of a Decimal and not a positive exponent: 1e4 would be 1.
    return Decimal(format(number, "f"))


def _check_text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise QueryError("a filter value is not valid Unicode text") from error
    return value
