"""Values that a statement compares members with, in the types of the members."""

from __future__ import annotations

from datetime import date, datetime, time

from cube.wire.errors import BAD_PARAMETER, WireError

_BOOLEANS = dict.fromkeys(("t", "true", "y", "yes", "on", "1"), True)
_BOOLEANS |= dict.fromkeys(("f", "false", "n", "no", "off", "0"), False)


def as_bool(value: object) -> bool:
    """A value as PostgreSQL reads a boolean.

    Raises:
        WireError: it is none.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in _BOOLEANS:
        return _BOOLEANS[value.strip().lower()]
    raise WireError(BAD_PARAMETER, f"'{value}' is not true or false")


def is_midnight(value: object) -> bool:
    """Whether a value is a day: a moment at the start of one, or no moment at all."""
    moment = as_moment(value)
    return moment is None or moment.time() == time()


def as_moment(value: object) -> datetime | None:
    """A value as a moment; None where it is none."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, date):
        return datetime.combine(value, time())
    try:
        return datetime.fromisoformat(str(value)).replace(tzinfo=None)
    except ValueError:
        return None
