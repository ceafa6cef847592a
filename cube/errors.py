"""Errors of the cube server and the HTTP status that each one answers with."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from bankcrm.errors import BankcrmError


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


class OutOfMemory(BankcrmError):
    """The query needs more memory than is left of the server's. No time to wait is stated: a
    client that tries again by itself would only push out the queries of others."""

    status = 503

    def __init__(self) -> None:
        super().__init__(
            "the query needs more memory than the server has left",
            "Ask for fewer dimensions, a shorter date range or fewer distinct counts, or raise "
            "BANKCRM_MEMORY_LIMIT.",
        )


class Overloaded(BankcrmError):
    """Too many queries wait already, or this one waited too long for its turn.

    Args:
        retry_seconds: when it is worth another try.
    """

    status = 503

    def __init__(self, problem: str, retry_seconds: int) -> None:
        super().__init__(problem, f"Try again in {retry_seconds} seconds.")
        self.retry_seconds = retry_seconds


class Stopping(BankcrmError):
    """The server stops, and the time that running queries had is over."""

    status = 503

    def __init__(self) -> None:
        super().__init__("the server is stopping", "Try again in a moment.")


class Disconnected(BankcrmError):
    """The client disconnected before its answer was ready; the status is for the log only."""

    status = 499

    def __init__(self) -> None:
        super().__init__("the client disconnected, and its query was stopped")


class NotAcceptable(BankcrmError):
    """The client takes none of the media types that there are."""

    status = 406


def suggest(name: str, known: Iterable[str]) -> str:
    """Ending of an error message: the nearest known name, or nothing."""
    matches = get_close_matches(name, list(known), n=1)
    return f"; did you mean '{matches[0]}'?" if matches else ""
