"""What a client sent: statements apart, and what each asks for.

Queries are parsed by sqlglot. Statements about the session (transactions, settings, cursors) are
few and short; their forms are written down here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import sqlglot
from sqlglot import exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.parsers.postgres import PostgresParser
from sqlglot.tokenizer_core import TokenType

from cube.wire.errors import NOT_SUPPORTED, READ_ONLY, SYNTAX, TOO_COMPLEX, WireError

Kind = Literal[
    "begin",
    "commit",
    "rollback",
    "savepoint",
    "rollback_to",
    "set",
    "reset",
    "show",
    "discard",
    "deallocate",
    "fetch",
    "close",
    "nothing",
]

MAXIMUM_LENGTH = 200_000
"""Characters of one message of statements."""

_PIECE = re.compile(
    r"""e'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(?P<tag>(?:[a-z_]\w*)?)\$.*?\$(?P=tag)\$"""
    r"""|--[^\n]*|/\*.*?\*/|;|\w+|.""",
    re.DOTALL | re.IGNORECASE,
)
_LEAD = re.compile(r"(?:\s+|--[^\n]*(?:\n|$)|/\*.*?\*/)*", re.DOTALL)
_NAME = r'(?:"(?:[^"]|"")+"|[\w.]+)'
_WRITES = frozenset(
    (
        "insert", "update", "delete", "merge", "create", "drop", "alter", "truncate", "grant",
        "revoke", "copy", "vacuum", "analyze", "comment", "refresh", "reindex", "cluster", "lock",
        "call", "do", "import", "security", "reassign", "prepare", "notify", "checkpoint", "load",
    )
)  # fmt: skip
_QUERIES = frozenset(["select", "with", "values", "table", "("])


@dataclass(frozen=True)
class Query:
    """A statement that returns rows."""

    tree: exp.Expr
    text: str


@dataclass(frozen=True)
class Utility:
    """A statement about the session; ``tag`` is the completion tag sent to the client."""

    kind: Kind
    tag: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Declare:
    """A cursor of a query; ``hold`` keeps it beyond the transaction."""

    name: str
    query: Query
    hold: bool
    tag: str = field(default="DECLARE CURSOR", init=False)


Statement = Query | Utility | Declare
_Reader = Callable[[re.Match[str]], Statement]


class _Dialect(Postgres):
    """sqlglot's PostgreSQL; it would turn formats of to_char into those of another function."""

    class Parser(PostgresParser):
        FUNCTIONS: ClassVar = {k: v for k, v in PostgresParser.FUNCTIONS.items() if k != "TO_CHAR"}

        def _parse_types(self, *args: Any, **options: Any) -> exp.Expr | None:
            """Lists of oids too: sqlglot knows ``oid``, not ``oid[]``."""
            kind = super()._parse_types(*args, **options)
            is_oid = isinstance(kind, exp.ObjectIdentifier)
            if is_oid and self._match_pair(TokenType.L_BRACKET, TokenType.R_BRACKET):
                return exp.DataType(this=exp.DataType.Type.ARRAY, expressions=[kind], nested=True)
            return kind


def split_statements(text: str) -> list[str]:
    """The statements of a message, without those that hold nothing.

    Raises:
        WireError: the text is too long.
    """
    if len(text) > MAXIMUM_LENGTH:
        raise WireError(TOO_COMPLEX, f"the statement has more than {MAXIMUM_LENGTH} characters")
    parts, start = [], 0
    for piece in _PIECE.finditer(text):
        if piece.group() == ";":
            parts.append(text[start : piece.start()])
            start = piece.end()
    parts.append(text[start:])
    return [part for part in parts if part[_lead(part) :]]


def parse_statement(text: str) -> Statement | None:
    """What one statement asks for; None where it holds nothing.

    Raises:
        WireError: it is not SQL, it writes, or it is not supported.
    """
    lead = _lead(text)
    body = text[lead:].rstrip()
    if not body:
        return None
    word = "(" if body[0] == "(" else body.split(None, 1)[0].strip("(;,").lower()
    if word in _QUERIES or body.lower().startswith(("values(", "select(", "select'", 'select"')):
        return parse_query(text)
    if word in _WRITES:
        raise WireError(READ_ONLY, f"cannot execute {word.upper()} here: the session is read-only")
    for pattern, read in _FORMS:
        if match := pattern.fullmatch(body):
            return read(match)
    if word in _KNOWN_WORDS:
        raise WireError(NOT_SUPPORTED, f"this form of {word.upper()} is not supported")
    raise WireError(SYNTAX, f'syntax error at or near "{word}"', position=lead + 1)


def parse_query(text: str) -> Query:
    """A query as a syntax tree.

    Raises:
        WireError: it does not parse, is nested too deep, or changes something.
    """
    try:
        (tree,) = sqlglot.parse(_part_parameters(text), dialect=_Dialect) or [None]
    except ParseError as error:
        raise _syntax_error(text, error) from error
    except SqlglotError as error:
        raise WireError(SYNTAX, "syntax error: a quote or comment is not closed") from error
    except (ValueError, RecursionError) as error:
        raise WireError(TOO_COMPLEX, "the statement cannot be read as one query") from error
    if not isinstance(tree, exp.Query):
        raise WireError(SYNTAX, "the statement is no query")
    _check_read_only(tree)
    return Query(tree, text)


def _part_parameters(text: str) -> str:
    """``$1,$2`` with blanks after the numbers: sqlglot would take ``$1,$`` for a quote."""
    pieces: list[str] = []
    for found in _PIECE.finditer(text):
        piece = found.group()
        pieces.append(f"{piece} " if pieces[-1:] == ["$"] and piece.isdecimal() else piece)
    return "".join(pieces)


def unquote(name: str) -> str:
    """A name as PostgreSQL keeps it: as it is where it is quoted, else in small letters."""
    if name.startswith('"'):
        return name[1:-1].replace('""', '"')
    return name.lower()


def _lead(text: str) -> int:
    """Length of the blanks and comments that a text begins with."""
    match = _LEAD.match(text)
    return match.end() if match else 0


def _check_read_only(tree: exp.Expr) -> None:
    for node in tree.walk():
        if isinstance(node, exp.DML | exp.DDL | exp.Command) and not isinstance(node, exp.Query):
            raise WireError(
                READ_ONLY, f"cannot execute {node.key.upper()}: the session is read-only"
            )
        if isinstance(node, exp.Into | exp.Lock):
            words = "SELECT INTO" if isinstance(node, exp.Into) else "SELECT FOR UPDATE"
            raise WireError(READ_ONLY, f"cannot execute {words}: the session is read-only")


def _syntax_error(text: str, error: ParseError) -> WireError:
    detail = error.errors[0] if error.errors else {}
    near = str(detail.get("highlight") or "end of input")
    position = None
    if detail.get("line") and detail.get("col"):
        lines = text.splitlines(keepends=True)[: int(str(detail["line"])) - 1]
        position = sum(map(len, lines)) + max(int(str(detail["col"])) - len(near), 0) + 1
    return WireError(SYNTAX, f'syntax error at or near "{near}"', position=position)


def _form(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern.replace(" ", r"\s+").replace("@", _NAME), re.IGNORECASE | re.DOTALL)


def _utility(kind: Kind, tag: str) -> _Reader:
    return lambda match: Utility(kind, tag, tuple(v or "" for v in match.groups()))


def _read_declare(match: re.Match[str]) -> Declare:
    name, options, hold, text = match.groups()
    words = " ".join(options.lower().split())
    if "scroll" in words.replace("no scroll", ""):
        raise WireError(NOT_SUPPORTED, "cursors move forward only; leave out SCROLL")
    holds = hold is not None and hold.lower() == "with"
    return Declare(unquote(name), parse_query(text), hold=holds)


def _read_move(match: re.Match[str]) -> Utility:
    word, count, name = match.groups()
    return Utility("fetch", word.upper(), ((count or "1").lower(), unquote(name)))


def _read_set(match: re.Match[str]) -> Utility:
    scope, name, value = match.groups()
    return Utility("set", "SET", (unquote(name), value.strip(), (scope or "").strip().lower()))


_FORMS: tuple[tuple[re.Pattern[str], _Reader], ...] = (
    (_form(r"(?:begin|start transaction)\b(.*)"), _utility("begin", "BEGIN")),
    (
        _form(r"(?:commit|end)(?: (?:work|transaction))?(?: and no chain)?"),
        _utility("commit", "COMMIT"),
    ),
    (
        _form(r"(?:rollback|abort)(?: (?:work|transaction))?(?: and no chain)?"),
        _utility("rollback", "ROLLBACK"),
    ),
    (
        _form(r"rollback(?: (?:work|transaction))? to(?: savepoint)? (@)"),
        _utility("rollback_to", "ROLLBACK"),
    ),
    (_form(r"savepoint (@)"), _utility("savepoint", "SAVEPOINT")),
    (_form(r"release(?: savepoint)? (@)"), _utility("savepoint", "RELEASE")),
    (_form(r"set (session |local )?(time zone) (.+)"), _read_set),
    (
        _form(r"set (?:session )?(?:transaction|characteristics as transaction)\b.*"),
        _utility("nothing", "SET"),
    ),
    (_form(r"set (session |local )?(@)(?: to |\s*=\s*)(.+)"), _read_set),
    (_form(r"reset (@)"), _utility("reset", "RESET")),
    (_form(r"show (transaction isolation level|time zone|@)"), _utility("show", "SHOW")),
    (_form(r"discard (all|plans|sequences|temp|temporary)"), _utility("discard", "DISCARD ALL")),
    (_form(r"deallocate(?: prepare)? (@)"), _utility("deallocate", "DEALLOCATE")),
    (
        _form(
            r"declare (@)((?: (?:binary|insensitive|asensitive|no scroll|scroll))*) cursor"
            r"(?: (with|without) hold)? for (.+)"
        ),
        _read_declare,
    ),
    (
        _form(r"(fetch|move)(?: (?:forward )?(all|next|forward|\d+))?(?: (?:from|in))? (@)"),
        _read_move,
    ),
    (_form(r"close (@)"), _utility("close", "CLOSE CURSOR")),
    (_form(r"unlisten (?:\*|@)"), _utility("nothing", "UNLISTEN")),
)
_KNOWN_WORDS = frozenset(
    [
        "begin",
        "start",
        "commit",
        "end",
        "rollback",
        "abort",
        "savepoint",
        "release",
        "set",
        "reset",
        "show",
        "discard",
        "deallocate",
        "declare",
        "fetch",
        "move",
        "close",
        "unlisten",
        "listen",
        "explain",
        "execute",
    ]
)
