"""Values as people read them in a table."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from pipelines.documents.report.layout import Format

UNKNOWN = "\N{EN DASH}"
PERCENT = "_percent"
_PLACES = {"whole": 0, "money": 2, "percent": 1, "number": 2}


def format_cell(value: object, form: Format | None = None) -> str:
    """A value as text: a dash where it is unknown, thousands separated, negatives with a minus.

    Without a format, decimals keep two places and whole numbers none. The format ``code`` makes
    words of a code: ``CREDIT_LOSS`` is Credit loss.
    """
    if value is None:
        return UNKNOWN
    if form == "code":
        return str(value).replace("_", " ").capitalize()
    if form == "text":
        return str(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float | Decimal):
        return _format_number(value, form)
    return value.isoformat() if isinstance(value, date) else str(value)


def is_number(value: object) -> bool:
    """Whether a value is aligned as a number."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def choose_format(column: str) -> Format | None:
    """Format that the name of a column asks for."""
    return "percent" if column.endswith(PERCENT) else None


def name_column(column: str) -> str:
    """Name of a column as people read it; the sign of a percentage stands in its cells."""
    return column.removesuffix(PERCENT).replace("_", " ")


def _format_number(value: float | Decimal, form: Format | None) -> str:
    places = _PLACES.get(form or "", 0 if isinstance(value, int) else 2)
    rounded = Decimal(str(value)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    text = f"{rounded:,}".replace("-", "\N{MINUS SIGN}")
    return f"{text} %" if form == "percent" else text
