"""Errors of the cube server and the HTTP status that each one answers with."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from pipelines.errors import BankcrmError


class ModelError(BankcrmError):
    """The data model is not well formed; names the file and the key."""


class QueryError(BankcrmError):
    """The query cannot be answered as asked; the message is meant for its author."""

    status = 400


class Forbidden(BankcrmError):
    """No token, or one that does not hold."""

    status = 403


class CannotRecord(BankcrmError):
    """A login cannot be entered in the audit log, so it is refused."""

    status = 503


class QueryTimeout(BankcrmError):
    """The query ran longer than the server allows and was interrupted."""

    status = 504


def suggest(name: str, known: Iterable[str]) -> str:
    """Ending of an error message: the nearest known name, or nothing."""
    matches = get_close_matches(name, list(known), n=1)
    return f"; did you mean '{matches[0]}'?" if matches else ""
