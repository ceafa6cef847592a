"""Errors of the wire: a message, and the SQLSTATE by which clients recognise its kind.

Source: PostgreSQL 15, appendix A, "Error Codes".
"""

from __future__ import annotations

import re
from typing import Final

import duckdb

from bankcrm.errors import BankcrmError, NothingPublished
from cube.errors import (
    CannotRecord,
    Forbidden,
    OutOfMemory,
    Overloaded,
    QueryError,
    QueryTimeout,
    Stopping,
)

ACTIVE_TRANSACTION: Final = "25001"
BAD_CURSOR: Final = "34000"
BAD_PARAMETER: Final = "22P02"
BAD_STATEMENT: Final = "26000"
BAD_VALUE: Final = "22023"
CANCELED: Final = "57014"
CONNECTION_FAILURE: Final = "08006"
DATATYPE_MISMATCH: Final = "42804"
DIVISION_BY_ZERO: Final = "22012"
DONE: Final = "00000"
DUPLICATE_CURSOR: Final = "42P03"
DUPLICATE_STATEMENT: Final = "42P05"
FAILED_TRANSACTION: Final = "25P02"
FORBIDDEN: Final = "42501"
GROUPING: Final = "42803"
IDLE_IN_TRANSACTION: Final = "25P03"
INTERNAL: Final = "XX000"
INVALID_AUTHORIZATION: Final = "28000"
INVALID_PASSWORD: Final = "28P01"
NO_TRANSACTION: Final = "25P01"
NOT_SUPPORTED: Final = "0A000"
OUT_OF_MEMORY: Final = "53200"
PROTOCOL: Final = "08P01"
READ_ONLY: Final = "25006"
SHUTDOWN: Final = "57P01"
STARTING: Final = "57P03"
SYNTAX: Final = "42601"
OVERLOADED: Final = "53000"
TOO_COMPLEX: Final = "54001"
TOO_MANY_CONNECTIONS: Final = "53300"
UNDEFINED_COLUMN: Final = "42703"
UNDEFINED_DATABASE: Final = "3D000"
UNDEFINED_FUNCTION: Final = "42883"
UNDEFINED_SETTING: Final = "42704"
UNDEFINED_TABLE: Final = "42P01"


class WireError(BankcrmError):
    """An error that is sent to the client.

    Args:
        sqlstate: its kind.
        problem: what is wrong.
        remedy: the next step, sent as the hint.
        position: character of the statement, from 1, where it is.
    """

    def __init__(
        self, sqlstate: str, problem: str, remedy: str = "", position: int | None = None
    ) -> None:
        super().__init__(problem, remedy)
        self.sqlstate = sqlstate
        self.position = position


_KNOWN: tuple[tuple[type[Exception], str], ...] = (
    (QueryTimeout, CANCELED),
    (Overloaded, OVERLOADED),
    (OutOfMemory, OUT_OF_MEMORY),
    (Stopping, SHUTDOWN),
    (Forbidden, INVALID_PASSWORD),
    (NothingPublished, STARTING),
    (CannotRecord, STARTING),
    (QueryError, NOT_SUPPORTED),
    (RecursionError, TOO_COMPLEX),
    (duckdb.InterruptException, CANCELED),
    (duckdb.OutOfMemoryException, OUT_OF_MEMORY),
    (duckdb.ParserException, SYNTAX),
    (duckdb.SyntaxException, SYNTAX),
    (duckdb.ConversionException, BAD_PARAMETER),
    (duckdb.OutOfRangeException, "22003"),
    (duckdb.TypeMismatchException, DATATYPE_MISMATCH),
    (duckdb.InvalidTypeException, DATATYPE_MISMATCH),
    (duckdb.CatalogException, UNDEFINED_FUNCTION),
    (duckdb.BinderException, "42P10"),
    (duckdb.InvalidInputException, BAD_VALUE),
    (duckdb.NotImplementedException, NOT_SUPPORTED),
    (duckdb.PermissionException, FORBIDDEN),
)
_BY_WORDS = {"division by zero": DIVISION_BY_ZERO, "field value out of range": "22008"}
_MESSAGES: dict[type[Exception], str] = {RecursionError: "the statement is nested too deep"}


def to_wire_error(error: Exception) -> WireError | None:
    """The error as it is sent to a client; None where it is a fault of the server."""
    if isinstance(error, WireError):
        return error
    for kind, sqlstate in _KNOWN:
        if isinstance(error, kind):
            if isinstance(error, BankcrmError):
                return WireError(sqlstate, error.problem, error.remedy)
            lines = _first_lines(error)
            state = next((s for words, s in _BY_WORDS.items() if words in lines), sqlstate)
            return WireError(state, _MESSAGES.get(kind, lines))
    return None


def _first_lines(error: Exception) -> str:
    """DuckDB's message without the copy of the statement, which the client did not write."""
    text = str(error).split("\n\nLINE ")[0].strip() or type(error).__name__
    return re.sub(r"^[A-Z][\w ]* Error: ", "", text)
