"""Prepared statements and portals: statements with and without values, and what is left of them."""

from __future__ import annotations

from dataclasses import dataclass

from pygwire.messages import Bind
from sqlglot import exp

from cube.wire.codec.encoding import Encoder, get_encoder
from cube.wire.codec.parameters import set_parameters, to_literal
from cube.wire.codec.types import UNKNOWN
from cube.wire.errors import PROTOCOL, WireError
from cube.wire.session.execution import Encoded, Field, Result
from cube.wire.session.statements import Declare, Query, Statement
from cube.wire.translate.parameter_types import without_parameters


@dataclass(frozen=True)
class PreparedStatement:
    """A parsed statement and the types of its parameters; None where it holds nothing."""

    statement: Statement | None
    types: tuple[int, ...]


@dataclass
class Portal:
    """A statement with its parameters bound, and how far it has been fetched."""

    statement: Statement | None
    formats: tuple[int, ...] = ()
    hold: bool = False
    rows: Encoded | Result | None = None
    notices: tuple[str, ...] = ()

    def close(self) -> None:
        """Release the rows."""
        if self.rows is not None:
            self.rows.close()


def tree_of(statement: Statement | None) -> exp.Expr | None:
    """The query within a statement."""
    if isinstance(statement, Declare):
        return statement.query.tree
    return statement.tree if isinstance(statement, Query) else None


def set_values(statement: Statement | None, values: list[exp.Expr]) -> Statement | None:
    """The statement with its parameters replaced by literals.

    Raises:
        WireError: it has more parameters than there are values.
    """
    match statement:
        case Query():
            return Query(set_parameters(statement.tree, values), statement.text)
        case Declare(name=name, query=query, hold=hold):
            return Declare(name, Query(set_parameters(query.tree, values), query.text), hold)
    return statement


def without_values(prepared: PreparedStatement) -> Statement | None:
    """The statement as it is described before its values are known."""
    statement = prepared.statement
    if isinstance(statement, Query):
        return Query(without_parameters(statement.tree, prepared.types), statement.text)
    return None if isinstance(statement, Declare) else statement


def read_parameters(message: Bind, types: tuple[int, ...]) -> list[exp.Expr]:
    """Values that a client binds, as literals of their types.

    Raises:
        WireError: there are too many or too few, or one is no value of its type.
    """
    formats = spread_formats(tuple(message.param_formats), len(message.param_values))
    if len(message.param_values) != len(types):
        raise WireError(
            PROTOCOL,
            f"bind message supplies {len(message.param_values)} parameters, but the prepared "
            f"statement requires {len(types)}",
        )
    return [
        to_literal(value, 0 if oid == UNKNOWN.oid else oid, binary=bool(code))
        for value, oid, code in zip(message.param_values, types, formats, strict=True)
    ]


def spread_formats(formats: tuple[int, ...], count: int) -> tuple[int, ...]:
    """One format per column: none given means text, one means that of all."""
    if len(formats) <= 1:
        formats = (formats or (0,)) * count
    if len(formats) != count or not set(formats) <= {0, 1}:
        raise WireError(PROTOCOL, f"the message has {len(formats)} formats for {count} columns")
    return formats


def choose_encoders(fields: list[Field], formats: tuple[int, ...]) -> list[Encoder]:
    """One encoder per column, in the formats that the client asks for."""
    codes = spread_formats(formats, len(fields))
    return [
        get_encoder(kind, binary=bool(code)) for (_, kind), code in zip(fields, codes, strict=True)
    ]
