"""What one client asks, statement by statement; messages out, no sockets.

A session reads only. Within a transaction it reads one published version, however many are
published meanwhile; outside of one, every statement reads the version of its moment.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack

from pygwire.constants import TransactionStatus
from pygwire.messages import (
    BackendMessage,
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

from cube.server.auth import SecurityContext
from cube.server.service import Service
from cube.server.warehouse import Row, Version
from cube.wire.catalog.rewrite import Rewriter
from cube.wire.catalog.store import Catalogs
from cube.wire.compiler import DATABASE, Compiled, Reader, compile_query, find_schemas
from cube.wire.errors import (
    BAD_CURSOR,
    BAD_STATEMENT,
    DUPLICATE_CURSOR,
    DUPLICATE_STATEMENT,
    FAILED_TRANSACTION,
    INVALID_AUTHORIZATION,
    NO_TRANSACTION,
    WireError,
)
from cube.wire.execution import Canceller, Field, Result
from cube.wire.portals import (
    Portal,
    Prepared,
    choose_encoders,
    read_parameters,
    set_values,
    spread_formats,
    tree_of,
    without_values,
)
from cube.wire.rows import encode_rows
from cube.wire.settings import REPORTED, SERVER_VERSION, SessionSettings
from cube.wire.statements import (
    Declare,
    Query,
    Statement,
    Utility,
    parse_statement,
    split_statements,
)
from cube.wire.tables import may_read_marts, show_marts, show_views
from cube.wire.types import TEXT
from cube.wire.unbound import guess_types

Output = BackendMessage | bytes
"""A message, or rows as they go over the wire."""

MOST_STATEMENTS = 1_000
_BATCH_ROWS = 2_000
_ALL = 2**63


class Session:
    """One client's session, from its login to its end."""

    def __init__(
        self, service: Service, catalogs: Catalogs, context: SecurityContext, process_id: int
    ) -> None:
        self._service = service
        self._catalogs = catalogs
        self._context = context
        self._access = service.control.grant(context)
        self._process_id = process_id
        self._pins = ExitStack()
        self._version: Version | None = None
        self._reader: tuple[str, Reader] | None = None
        self._prepared: dict[str, Prepared] = {}
        self._portals: dict[str, Portal] = {}
        self.status = TransactionStatus.IDLE
        self.settings = SessionSettings()
        self.canceller = Canceller()
        self.rows_sent = 0

    def close(self) -> None:
        """Let go of everything."""
        self._drop_portals(everything=True)
        self._unpin()

    def report_settings(self) -> list[ParameterStatus]:
        """What a client is told of the settings when it has logged in."""
        values = self.settings.values
        return [ParameterStatus(name=name, value=values[key]) for key, name in REPORTED.items()]

    # Simple queries

    def run(self, text: str) -> Iterator[Output]:
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
        if self.status is TransactionStatus.IDLE:
            self._drop_portals()
            self._unpin()

    def fail(self) -> None:
        """An error ends the statement, and makes the transaction one that has failed."""
        if self.status is TransactionStatus.IN_TRANSACTION:
            self.status = TransactionStatus.ERROR_TRANSACTION

    # Extended queries

    def parse(self, message: Parse) -> Iterator[Output]:
        """Name a statement."""
        if message.statement and message.statement in self._prepared:
            raise WireError(
                DUPLICATE_STATEMENT, f'prepared statement "{message.statement}" already exists'
            )
        if len(self._prepared) >= MOST_STATEMENTS:
            raise WireError("53000", f"a session keeps at most {MOST_STATEMENTS} statements")
        parts = split_statements(message.query)
        if len(parts) > 1:
            raise WireError("42601", "cannot insert multiple commands into a prepared statement")
        statement = self._admit(parse_statement(parts[0])) if parts else None
        tree = tree_of(statement)
        types = guess_types(tree, message.param_types, self._access) if tree is not None else ()
        self._prepared[message.statement] = Prepared(statement, types)
        yield ParseComplete()

    def bind(self, message: Bind) -> Iterator[Output]:
        """Make a portal: a statement with values."""
        prepared = self._find_prepared(message.statement)
        if message.portal and message.portal in self._portals:
            raise WireError(DUPLICATE_CURSOR, f'cursor "{message.portal}" already exists')
        values = read_parameters(message, prepared.types)
        statement = set_values(prepared.statement, values)
        self._drop_portal(message.portal)
        self._portals[message.portal] = Portal(statement, tuple(message.result_formats))
        yield BindComplete()

    def describe(self, message: Describe) -> Iterator[Output]:
        """Columns of a statement or portal, and the parameters of a statement."""
        if message.kind == "P":
            yield from self._describe_portal(self._find_portal(message.name), quiet=False)
            return
        prepared = self._find_prepared(message.name)
        yield ParameterDescription(type_oids=[oid or TEXT.oid for oid in prepared.types])
        empty = Portal(without_values(prepared))
        yield from self._describe_portal(empty, quiet=False)
        empty.close()

    def execute(self, message: Execute) -> Iterator[Output]:
        """Rows of a portal, all or as many as are asked for."""
        yield from self._execute(self._find_portal(message.portal), message.max_rows or _ALL)

    def close_named(self, message: Close) -> Iterator[Output]:
        """Forget a statement or portal; nothing happens where there is none."""
        if message.kind == "P":
            self._drop_portal(message.name)
        else:
            self._prepared.pop(message.name, None)
        yield CloseComplete()

    # Statements

    def _admit(self, statement: Statement | None) -> Statement | None:
        """Refuse what an ended token or a failed transaction does not allow."""
        ends = self._context.get("exp")
        if isinstance(ends, int | float) and time.time() > ends:
            raise WireError(INVALID_AUTHORIZATION, "the token has ended; connect with a new one")
        ending = isinstance(statement, Utility) and statement.kind in (
            "commit",
            "rollback",
            "rollback_to",
        )
        if self.status is TransactionStatus.ERROR_TRANSACTION and statement and not ending:
            raise WireError(
                FAILED_TRANSACTION,
                "current transaction is aborted, commands ignored until end of transaction block",
            )
        return statement

    def _execute(self, portal: Portal, limit: int) -> Iterator[Output]:
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
                yield from self._run_utility(portal.statement)

    def _send(
        self, portal: Portal, formats: tuple[int, ...], limit: int, tag: str
    ) -> Iterator[Output]:
        """Rows from where the portal stands, at most ``limit``."""
        result = self._open(portal)
        for text in portal.notices:
            yield NoticeResponse(fields={"S": "NOTICE", "V": "NOTICE", "C": "00000", "M": text})
        portal.notices = ()
        encoders = choose_encoders(result.fields, formats)
        sent = 0
        while sent < limit:
            wanted = min(_BATCH_ROWS, limit - sent)
            rows = result.fetch(wanted)
            sent += len(rows)
            if rows and tag != "MOVE":
                yield encode_rows(rows, encoders)
            if len(rows) < wanted:
                break
        self.rows_sent += sent
        if sent == limit and tag == "SELECT":
            yield PortalSuspended()
        else:
            yield CommandComplete(tag=f"{tag} {sent}")

    def _open(self, portal: Portal) -> Result:
        """The result of a portal, computed when it is first asked for."""
        if portal.result is None:
            assert isinstance(portal.statement, Query)
            compiled = compile_query(portal.statement.tree, self._get_reader())
            portal.notices = compiled.notices
            portal.result = self._start(compiled)
        return portal.result

    def _start(self, compiled: Compiled) -> Result:
        reader = self._get_reader()
        version = self._pin()
        in_catalog = compiled.place == "catalog"
        connection = reader.rewriter.catalog if in_catalog else version.connection
        seconds = self.settings.limit(self._service.timeout_seconds)
        return Result(connection, compiled, self.canceller, seconds)

    def _declare(self, declare: Declare) -> None:
        if self.status is TransactionStatus.IDLE and not declare.hold:
            raise WireError(NO_TRANSACTION, "DECLARE CURSOR can only be used in transaction blocks")
        if declare.name in self._portals:
            raise WireError(DUPLICATE_CURSOR, f'cursor "{declare.name}" already exists')
        portal = Portal(declare.query, hold=declare.hold)
        self._open(portal)
        self._portals[declare.name] = portal

    def _fetch(self, statement: Utility, formats: tuple[int, ...]) -> Iterator[Output]:
        count, name = statement.values
        limit = _ALL if count == "all" else 1 if count in ("next", "forward") else int(count)
        yield from self._send(self._find_portal(name), formats, limit, statement.tag)

    def _show(self, statement: Utility, formats: tuple[int, ...]) -> Iterator[Output]:
        fields, rows = self._shown(statement)
        yield encode_rows(rows, choose_encoders(fields, formats))
        yield CommandComplete(tag="SHOW")

    def _shown(self, statement: Utility) -> tuple[list[Field], list[Row]]:
        name = statement.values[0]
        if name.lower() == "all":
            rows: list[Row] = [(key, value, "") for key, value in self.settings.values.items()]
            return [("name", TEXT), ("setting", TEXT), ("description", TEXT)], rows
        return [("_".join(name.lower().split()), TEXT)], [
            (self.settings.get(" ".join(name.split())),)
        ]

    def _run_utility(self, statement: Utility) -> Iterator[Output]:
        match statement.kind:
            case "begin":
                self.status = TransactionStatus.IN_TRANSACTION
            case "commit" | "rollback":
                yield from self._end_transaction(statement)
                return
            case "rollback_to":
                self._require_transaction("ROLLBACK TO SAVEPOINT")
                self.status = TransactionStatus.IN_TRANSACTION
            case "savepoint":
                self._require_transaction(statement.tag)
            case "set":
                yield from self._set(*statement.values)
            case "reset":
                self.settings.reset(statement.values[0])
                yield from self.report_settings()
            case "discard":
                self._discard()
                yield from self.report_settings()
            case "deallocate":
                self._deallocate(statement.values[0])
            case "close":
                self._close_cursor(statement.values[0])
        yield CommandComplete(tag=statement.tag)

    def _set(self, name: str, value: str) -> Iterator[Output]:
        key = self.settings.set(name, value)
        self._reader = None
        if key in REPORTED:
            yield ParameterStatus(name=REPORTED[key], value=self.settings.values[key])

    def _end_transaction(self, statement: Utility) -> Iterator[Output]:
        failed = self.status is TransactionStatus.ERROR_TRANSACTION
        for portal in self._portals.values():
            if (
                portal.hold
                and portal.result is not None
                and statement.kind == "commit"
                and not failed
            ):
                portal.result.keep()
        self.status = TransactionStatus.IDLE
        self._drop_portals(everything=failed or statement.kind == "rollback")
        self._unpin()
        yield CommandComplete(tag="ROLLBACK" if failed else statement.tag)

    def _require_transaction(self, what: str) -> None:
        if self.status is TransactionStatus.IDLE:
            raise WireError(NO_TRANSACTION, f"{what} can only be used in transaction blocks")

    def _discard(self) -> None:
        self._drop_portals(everything=True)
        self._prepared.clear()
        self.settings.reset("all")
        self._reader = None

    def _deallocate(self, name: str) -> None:
        if name.lower() == "all":
            self._prepared.clear()
        elif self._prepared.pop(name.strip('"'), None) is None:
            raise WireError(BAD_STATEMENT, f"prepared statement {name} does not exist")

    def _close_cursor(self, name: str) -> None:
        if name.lower() == "all":
            self._drop_portals(everything=True)
            return
        clean = name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()
        self._find_portal(clean)
        self._drop_portal(clean)

    # Descriptions

    def _describe_portal(self, portal: Portal, *, quiet: bool) -> Iterator[Output]:
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
            return self._shown(statement)[0]
        if isinstance(statement, Utility) and statement.tag == "FETCH":
            return self._fields_of(self._find_portal(statement.values[1]))
        return None

    # What is read

    def _pin(self) -> Version:
        if self._version is None:
            self._version = self._pins.enter_context(self._service.warehouse.pin())
        return self._version

    def _unpin(self) -> None:
        self._version = None
        self._pins.close()

    def _get_reader(self) -> Reader:
        """What statements are compiled for, anew for each version."""
        version = self._pin()
        if self._reader is None or self._reader[0] != version.name:
            self._reader = (version.name, self._make_reader(version))
        return self._reader[1]

    def _make_reader(self, version: Version) -> Reader:
        control, model = self._service.control, self._service.model
        open_marts = may_read_marts(control, self._context)
        views = self._access.views
        groups = control.groups.intersection(self._context.get("groups", ()))
        marts = show_marts(version.connection.cursor()) if open_marts else []
        catalog = self._catalogs.open(
            (groups, version.name if open_marts else None),
            lambda: [*show_views(model.views, views.values()), *marts],
        )
        rewriter = Rewriter(catalog, self.settings.values, self._constants())
        names = frozenset(table.name for table in marts) if open_marts else None
        path = find_schemas(self.settings.values["search_path"])
        return Reader(
            model,
            self._access,
            version.business_date,
            version.rollups,
            names,
            rewriter,
            path,
        )

    def _constants(self) -> Mapping[str, str | int]:
        user = str(self._context.get("sub") or DATABASE)
        return {
            **dict.fromkeys(["current_user", "session_user", "current_role"], user),
            **dict.fromkeys(["current_catalog", "current_database"], DATABASE),
            **dict.fromkeys(["version", "current_version"], VERSION_TEXT),
            "current_schema": "cubes",
            "pg_backend_pid": self._process_id,
        }

    # Names

    def _find_prepared(self, name: str) -> Prepared:
        if name not in self._prepared:
            raise WireError(BAD_STATEMENT, f'prepared statement "{name}" does not exist')
        return self._prepared[name]

    def _find_portal(self, name: str) -> Portal:
        if name not in self._portals:
            raise WireError(BAD_CURSOR, f'cursor "{name}" does not exist')
        return self._portals[name]

    def _drop_portal(self, name: str) -> None:
        portal = self._portals.pop(name, None)
        if portal is not None:
            portal.close()

    def _drop_portals(self, *, everything: bool = False) -> None:
        for name, portal in list(self._portals.items()):
            if everything or not portal.hold:
                self._drop_portal(name)
            elif portal.result is not None:
                portal.result.keep()


VERSION_TEXT = f"PostgreSQL {SERVER_VERSION} compatible, bankcrm cubes"
