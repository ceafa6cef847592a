"""What one client asks, statement by statement; messages out, no sockets.

A session reads only. Within a transaction it reads one published version, however many are
published meanwhile; outside of one, every statement reads the version of its moment.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import closing

from pygwire.constants import TransactionStatus
from pygwire.messages import (
    Bind,
    BindComplete,
    Close,
    CloseComplete,
    CommandComplete,
    Describe,
    EmptyQueryResponse,
    Execute,
    FieldDescription,
    NoData,
    NoticeResponse,
    ParameterDescription,
    ParameterStatus,
    Parse,
    ParseComplete,
    PortalSuspended,
    RowDescription,
)

from cube.engine.bridge import Bridge
from cube.engine.engine import Engine
from cube.security.auth import SecurityContext
from cube.wire.catalog.store import Catalogs
from cube.wire.codec.rows import encode_rows
from cube.wire.codec.types import TEXT
from cube.wire.errors import (
    DUPLICATE_CURSOR,
    DUPLICATE_STATEMENT,
    FAILED_TRANSACTION,
    INVALID_AUTHORIZATION,
    WireError,
)
from cube.wire.session.execution import Canceller, Encoded, Field, Result
from cube.wire.session.portals import (
    Portal,
    PreparedStatement,
    choose_encoders,
    read_parameters,
    set_values,
    spread_formats,
    tree_of,
    without_values,
)
from cube.wire.session.runner import Runner
from cube.wire.session.settings import SessionSettings
from cube.wire.session.snapshot import Snapshot
from cube.wire.session.state import State
from cube.wire.session.statements import (
    Declare,
    Query,
    Statement,
    Utility,
    parse_statement,
    split_statements,
)
from cube.wire.session.utilities import Messages, Output, Utilities, report_settings, show_setting
from cube.wire.translate.parameter_types import guess_types
from cube.wire.translate.statement_compiler import Compiled, compile_query

MOST_STATEMENTS = 1_000
_ALL = 2**63


class Session:
    """One client's session, from its login to its end."""

    def __init__(
        self,
        engine: Engine,
        bridge: Bridge,
        catalogs: Catalogs,
        context: SecurityContext,
        process_id: int,
    ) -> None:
        self._context = context
        self._timeout_seconds = engine.timeout_seconds
        self.settings = SessionSettings()
        snapshot = Snapshot(engine, catalogs, context, self.settings, process_id)
        self._state = State(self.settings, snapshot)
        self._utilities = Utilities(self._state)
        self.canceller = Canceller()
        self.runner = Runner(bridge, self.canceller, engine.timeout_seconds)

    @property
    def status(self) -> TransactionStatus:
        """How the transaction stands."""
        return self._state.status

    def close(self) -> None:
        """Release everything."""
        self._state.drop_portals(everything=True)
        self._state.snapshot.unpin()

    def report_settings(self) -> list[ParameterStatus]:
        """The settings that are reported to a client when it has logged in."""
        return report_settings(self.settings)

    # Simple queries

    def run(self, text: str) -> Messages:
        """Statements of one message, one after another, until one fails.

        Raises:
            Exception: whatever `to_wire_error` knows, and faults of the server.
        """
        statements = split_statements(text)
        if not statements:
            yield EmptyQueryResponse()
        for part in statements:
            portal = Portal(self._admit(parse_statement(part)))
            if portal.statement is None:
                continue
            yield from self._describe_portal(portal, quiet=True)
            yield from self._execute(portal, _ALL)
            if not isinstance(portal.statement, Declare):
                portal.close()

    def finish(self) -> None:
        """The end of a message of statements, or of an extended query: of its transaction too,
        unless the client began one."""
        if self._state.status is TransactionStatus.IDLE:
            self._state.drop_portals()
            self._state.snapshot.unpin()

    def fail(self) -> None:
        """An error ends the statement, and makes the transaction one that has failed."""
        if self._state.status is TransactionStatus.IN_TRANSACTION:
            self._state.status = TransactionStatus.ERROR_TRANSACTION

    # Extended queries

    def parse(self, message: Parse) -> Messages:
        """Name a statement."""
        if message.statement and message.statement in self._state.prepared:
            raise WireError(
                DUPLICATE_STATEMENT, f'prepared statement "{message.statement}" already exists'
            )
        if len(self._state.prepared) >= MOST_STATEMENTS:
            raise WireError("53000", f"a session keeps at most {MOST_STATEMENTS} statements")
        parts = split_statements(message.query)
        if len(parts) > 1:
            raise WireError("42601", "cannot insert multiple commands into a prepared statement")
        statement = self._admit(parse_statement(parts[0])) if parts else None
        tree = tree_of(statement)
        types = (
            guess_types(tree, message.param_types, self._state.snapshot.access)
            if tree is not None
            else ()
        )
        self._state.prepared[message.statement] = PreparedStatement(statement, types)
        yield ParseComplete()

    def bind(self, message: Bind) -> Messages:
        """Make a portal: a statement with values."""
        prepared = self._state.find_prepared(message.statement)
        if message.portal and message.portal in self._state.portals:
            raise WireError(DUPLICATE_CURSOR, f'cursor "{message.portal}" already exists')
        values = read_parameters(message, prepared.types)
        statement = set_values(prepared.statement, values)
        self._state.drop_portal(message.portal)
        self._state.portals[message.portal] = Portal(statement, tuple(message.result_formats))
        yield BindComplete()

    def describe(self, message: Describe) -> Messages:
        """Columns of a statement or portal, and the parameters of a statement."""
        if message.kind == "P":
            yield from self._describe_portal(self._state.find_portal(message.name), quiet=False)
            return
        prepared = self._state.find_prepared(message.name)
        yield ParameterDescription(type_oids=[oid or TEXT.oid for oid in prepared.types])
        empty = Portal(without_values(prepared))
        yield from self._describe_portal(empty, quiet=False)
        empty.close()

    def execute(self, message: Execute) -> Messages:
        """Rows of a portal, all or as many as are asked for."""
        yield from self._execute(self._state.find_portal(message.portal), message.max_rows or _ALL)

    def close_named(self, message: Close) -> Messages:
        """Forget a statement or portal; nothing happens where there is none."""
        if message.kind == "P":
            self._state.drop_portal(message.name)
        else:
            self._state.prepared.pop(message.name, None)
        yield CloseComplete()

    # Statements

    def _admit(self, statement: Statement | None) -> Statement | None:
        """Refuse what an expired token or a failed transaction does not allow."""
        expires = self._context.get("exp")
        if isinstance(expires, int | float) and time.time() > expires:
            raise WireError(INVALID_AUTHORIZATION, "the token has expired; connect with a new one")
        ending = isinstance(statement, Utility) and statement.kind in (
            "commit",
            "rollback",
            "rollback_to",
        )
        if self._state.status is TransactionStatus.ERROR_TRANSACTION and statement and not ending:
            raise WireError(
                FAILED_TRANSACTION,
                "current transaction is aborted, commands ignored until end of transaction block",
            )
        return statement

    def _execute(self, portal: Portal, limit: int) -> Messages:
        self._admit(portal.statement)
        match portal.statement:
            case None:
                yield EmptyQueryResponse()
            case Query():
                yield from self._send(portal, portal.formats, limit, "SELECT")
            case Declare() as declare:
                self._declare(declare)
                yield CommandComplete(tag=declare.tag)
            case Utility(kind="fetch"):
                yield from self._fetch(portal.statement, portal.formats)
            case Utility(kind="show"):
                yield from self._show(portal.statement, portal.formats)
            case Utility():
                yield from self._utilities.run(portal.statement)

    def _send(self, portal: Portal, formats: tuple[int, ...], limit: int, tag: str) -> Messages:
        """Rows from where the portal stands, at most ``limit``."""
        rows = self._open(portal)
        for text in portal.notices:
            yield NoticeResponse(fields={"S": "NOTICE", "V": "NOTICE", "C": "00000", "M": text})
        portal.notices = ()
        if isinstance(rows, Encoded):
            body, sent = rows.take(limit)
            if body:
                yield body
        else:
            sent = yield from self._fetch_rows(rows, formats, limit, quiet=tag == "MOVE")
        self.runner.log["rows"] = sent
        if sent == limit and tag == "SELECT":
            yield PortalSuspended()
        else:
            yield CommandComplete(tag=f"{tag} {sent}")

    def _fetch_rows(
        self, result: Result, formats: tuple[int, ...], limit: int, *, quiet: bool
    ) -> Generator[Output, None, int]:
        """Rows of a cursor; how many there were."""
        encoders = choose_encoders(result.fields, formats)
        sent = 0
        with closing(self.runner.read(result, limit)) as batches:
            for rows in batches:
                sent += len(rows)
                if rows and not quiet:
                    yield encode_rows(rows, encoders)
        return sent

    def _open(self, portal: Portal) -> Encoded | Result:
        """The rows of a portal, computed when they are first asked for."""
        if portal.rows is None:
            assert isinstance(portal.statement, Query)
            compiled = self._compile(portal.statement)
            portal.notices = compiled.notices
            portal.rows = self._start(compiled, portal.formats)
        return portal.rows

    def _compile(self, query: Query) -> Compiled:
        compiled = compile_query(query.tree, self._state.snapshot.get_reader())
        self.runner.log["place"] = compiled.place
        return compiled

    def _start(self, compiled: Compiled, formats: tuple[int, ...]) -> Encoded | Result:
        snapshot = self._state.snapshot
        limit = self.settings.limit(self._timeout_seconds)
        if compiled.place == "catalog":
            return self.runner.look_up(snapshot.get_reader().rewriter.catalog, compiled, limit)
        own = None if limit >= self._timeout_seconds else limit
        return self.runner.answer(snapshot.pin(), compiled, formats, own)

    def _declare(self, declare: Declare) -> None:
        if not declare.hold:
            self._utilities.require_transaction("DECLARE CURSOR")
        if declare.name in self._state.portals:
            raise WireError(DUPLICATE_CURSOR, f'cursor "{declare.name}" already exists')
        portal = Portal(declare.query, hold=declare.hold)
        compiled = self._compile(declare.query)
        portal.notices = compiled.notices
        if compiled.place == "catalog":
            portal.rows = self._start(compiled, ())
        else:
            portal.rows = self.runner.open(self._state.snapshot.pin(), compiled)
        self._state.portals[declare.name] = portal

    def _fetch(self, statement: Utility, formats: tuple[int, ...]) -> Messages:
        count, name = statement.values
        limit = _ALL if count == "all" else 1 if count in ("next", "forward") else int(count)
        yield from self._send(self._state.find_portal(name), formats, limit, statement.tag)

    def _show(self, statement: Utility, formats: tuple[int, ...]) -> Messages:
        fields, rows = show_setting(statement, self.settings)
        yield encode_rows(rows, choose_encoders(fields, formats))
        yield CommandComplete(tag="SHOW")

    # Descriptions

    def _describe_portal(self, portal: Portal, *, quiet: bool) -> Messages:
        """Columns of a portal; ``quiet`` where nothing is said of a statement without rows."""
        fields = self._fields_of(portal)
        if fields is None:
            if not quiet:
                yield NoData()
            return
        formats = spread_formats(portal.formats, len(fields))
        yield RowDescription(
            fields=[
                FieldDescription(name, 0, 0, kind.oid, kind.size, kind.modifier, code)
                for (name, kind), code in zip(fields, formats, strict=True)
            ]
        )

    def _fields_of(self, portal: Portal) -> list[Field] | None:
        statement = portal.statement
        if isinstance(statement, Query):
            return self._open(portal).fields
        if isinstance(statement, Utility) and statement.kind == "show":
            return show_setting(statement, self.settings)[0]
        if isinstance(statement, Utility) and statement.tag == "FETCH":
            return self._fields_of(self._state.find_portal(statement.values[1]))
        return None
