"""``to_char`` of a time, piece by piece of its format.

Source: PostgreSQL 15, "Data Type Formatting Functions", table 9.27.
"""

from __future__ import annotations

import re

from sqlglot import exp

from cube.wire.errors import NOT_SUPPORTED, WireError

_NAME_WIDTH = 9
"""Names of months and days are filled up to this many characters, unless ``FM`` is before them."""

_PIECE = re.compile(
    r"(?P<fm>FM)?(?P<code>SSSSS|SSSS|YYYY|IYYY|YY|HH24|HH12|HH|MI|MM|MS|US|SS|DDD|DD|MONTH|Month|month|MON|Mon|"
    r"mon|DAY|Day|day|DY|Dy|dy|IW|ID|WW|W|D|Q|AM|PM|am|pm)"
    r'|"(?P<text>[^"]*)"|(?P<mark>[^A-Za-z0-9"]+)|(?P<other>.)',
    re.DOTALL,
)
_DIGITS = {
    "YYYY": ("%Y", 4),
    "IYYY": ("%G", 4),
    "YY": ("%y", 2),
    "HH24": ("%H", 2),
    "HH12": ("%I", 2),
    "HH": ("%I", 2),
    "MI": ("%M", 2),
    "MM": ("%m", 2),
    "MS": ("%g", 3),
    "US": ("%f", 6),
    "SS": ("%S", 2),
    "DDD": ("%j", 3),
    "DD": ("%d", 2),
    "IW": ("%V", 2),
}
_NAMES = {"MONTH": "%B", "MON": "%b", "DAY": "%A", "DY": "%a", "AM": "%p", "PM": "%p"}
_COMPUTED = {
    "Q": "quarter({})",
    "D": "dayofweek({}) + 1",
    "ID": "isodow({})",
    "W": "(day({}) - 1) // 7 + 1",
    "WW": "(dayofyear({}) - 1) // 7 + 1",
}


def rewrite_to_char(node: exp.Anonymous) -> exp.Expr:
    """The text of a time, in functions of DuckDB.

    Raises:
        WireError: the format is no literal, or has a piece that is not supported, by name.
    """
    if len(node.expressions) != 2:  # noqa: PLR2004 - a time and its format
        raise WireError(NOT_SUPPORTED, "to_char takes a time and a format")
    value, pattern = node.expressions
    if not (isinstance(pattern, exp.Literal) and pattern.is_string):
        raise WireError(NOT_SUPPORTED, "the format of to_char is a literal")
    moment = exp.cast(value.copy(), "timestamp")
    pieces = [_write(found, moment) for found in _PIECE.finditer(pattern.name)]
    text: exp.Expr = exp.cast(exp.Literal.string(""), "text")
    for piece in pieces:
        text = exp.DPipe(this=text, expression=piece)
    return exp.paren(exp.DPipe(this=text, expression=_nothing(moment)))


def _nothing(moment: exp.Expr) -> exp.Expr:
    """Empty text, and NULL where there is no time."""
    return exp.Anonymous(
        this="left", expressions=[exp.cast(moment.copy(), "text"), exp.Literal.number(0)]
    )


def _write(found: re.Match[str], moment: exp.Expr) -> exp.Expr:
    if found["text"] is not None or found["mark"] is not None:
        return exp.Literal.string(found["text"] or found["mark"] or "")
    code = found["code"]
    if code is None or code.startswith("SSSS"):
        raise WireError(
            NOT_SUPPORTED, f"'{found['other'] or code}' in a format of to_char is not supported"
        )
    fill = found["fm"] is None
    if code in _DIGITS:
        form, width = _DIGITS[code]
        text = _format(moment, form)
        return text if fill else _strip_zeros(text, width)
    if code in _COMPUTED:
        sql = _COMPUTED[code].format("CAST(NULL AS TIMESTAMP)")
        tree: exp.Expr = exp.maybe_parse(sql, dialect="duckdb").transform(
            lambda inner: moment.copy() if isinstance(inner, exp.Cast) else inner
        )
        number = exp.cast(exp.paren(tree), "text")
        if code != "WW" or not fill:
            return number
        return _call("lpad", number, exp.Literal.number(2), exp.Literal.string("0"))
    return _name(code, moment, fill=fill)


def _name(code: str, moment: exp.Expr, *, fill: bool) -> exp.Expr:
    name = _format(moment, _NAMES[code.upper()])
    if code.isupper() and code not in ("AM", "PM"):
        name = _call("upper", name)
    elif code.islower():
        name = _call("lower", name)
    if fill and code.upper() in ("MONTH", "DAY"):
        name = _call("rpad", name, exp.Literal.number(_NAME_WIDTH), exp.Literal.string(" "))
    return name


def _strip_zeros(text: exp.Expr, width: int) -> exp.Expr:
    """Without zeros in front, but for the last digit."""
    return _call(
        "regexp_replace",
        text,
        exp.Literal.string(f"^0{{1,{width - 1}}}(?=.)".replace("(?=.)", "([0-9])")),
        exp.Literal.string("\\1"),
    )


def _format(moment: exp.Expr, form: str) -> exp.Expr:
    return _call("strftime", moment.copy(), exp.Literal.string(form))


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))
