"""Statements about the session: transactions, settings, cursors."""

from __future__ import annotations

from collections.abc import Generator

from pygwire.constants import TransactionStatus
from pygwire.messages import BackendMessage, CommandComplete, ParameterStatus

from cube.engine.warehouse import Row
from cube.wire.codec.types import TEXT
from cube.wire.errors import BAD_STATEMENT, NO_TRANSACTION, WireError
from cube.wire.session.execution import Field
from cube.wire.session.settings import REPORTED, SessionSettings
from cube.wire.session.state import State
from cube.wire.session.statements import Utility, unquote

Output = BackendMessage | bytes
"""A message, or rows as they go over the wire."""

Messages = Generator[Output, None, None]


def report_settings(settings: SessionSettings) -> list[ParameterStatus]:
    """The settings that are reported to a client."""
    return [
        ParameterStatus(name=name, value=settings.values[key]) for key, name in REPORTED.items()
    ]


def show_setting(statement: Utility, settings: SessionSettings) -> tuple[list[Field], list[Row]]:
    """Columns and rows of SHOW.

    Raises:
        WireError: there is no such setting.
    """
    name = statement.values[0]
    if name.lower() == "all":
        rows: list[Row] = [(key, value, "") for key, value in settings.values.items()]
        return [("name", TEXT), ("setting", TEXT), ("description", TEXT)], rows
    return [("_".join(name.lower().split()), TEXT)], [(settings.get(" ".join(name.split())),)]


class Utilities:
    """Runs those of one session."""

    def __init__(self, state: State) -> None:
        self._state = state

    def run(self, statement: Utility) -> Messages:
        """Run one.

        Raises:
            WireError: it is not possible now, or names what there is not.
        """
        match statement.kind:
            case "begin":
                self._state.settings.begin()
                self._state.status = TransactionStatus.IN_TRANSACTION
            case "commit" | "rollback":
                yield from self._end_transaction(statement)
                return
            case "rollback_to":
                self.require_transaction("ROLLBACK TO SAVEPOINT")
                self._state.settings.restore(unquote(statement.values[0]))
                self._state.status = TransactionStatus.IN_TRANSACTION
                self._state.snapshot.forget()
                yield from report_settings(self._state.settings)
            case "savepoint":
                self.require_transaction(statement.tag)
                self._keep_savepoint(statement)
            case "set":
                yield from self._set(*statement.values)
            case "reset":
                self._state.settings.reset(statement.values[0])
                self._state.snapshot.forget()
                yield from report_settings(self._state.settings)
            case "discard":
                self._discard()
                yield from report_settings(self._state.settings)
            case "deallocate":
                self._deallocate(statement.values[0])
            case "close":
                self._close_cursor(statement.values[0])
        yield CommandComplete(tag=statement.tag)

    def _keep_savepoint(self, statement: Utility) -> None:
        name = unquote(statement.values[0])
        if statement.tag == "RELEASE":
            self._state.settings.release(name)
        else:
            self._state.settings.save(name)

    def _set(self, name: str, value: str, scope: str) -> Messages:
        key = self._state.settings.set(name, value, local=scope == "local")
        self._state.snapshot.forget()
        if key in REPORTED:
            yield ParameterStatus(name=REPORTED[key], value=self._state.settings.values[key])

    def _end_transaction(self, statement: Utility) -> Messages:
        failed = self._state.status is TransactionStatus.ERROR_TRANSACTION
        for portal in self._state.portals.values():
            if (
                portal.hold
                and portal.rows is not None
                and statement.kind == "commit"
                and not failed
            ):
                portal.rows.keep()
        ended = statement.kind == "commit" and not failed
        for key in self._state.settings.end(committed=ended):
            if key in REPORTED:
                yield ParameterStatus(name=REPORTED[key], value=self._state.settings.values[key])
        self._state.snapshot.forget()
        self._state.status = TransactionStatus.IDLE
        self._state.drop_portals(everything=failed or statement.kind == "rollback")
        self._state.snapshot.unpin()
        yield CommandComplete(tag="ROLLBACK" if failed else statement.tag)

    def require_transaction(self, what: str) -> None:
        """Refuse what is possible in a transaction only.

        Raises:
            WireError: there is none.
        """
        if self._state.status is TransactionStatus.IDLE:
            raise WireError(NO_TRANSACTION, f"{what} can only be used in transaction blocks")

    def _discard(self) -> None:
        self._state.drop_portals(everything=True)
        self._state.prepared.clear()
        self._state.settings.reset("all")
        self._state.snapshot.forget()

    def _deallocate(self, name: str) -> None:
        if name.lower() == "all":
            self._state.prepared.clear()
        elif self._state.prepared.pop(name.strip('"'), None) is None:
            raise WireError(BAD_STATEMENT, f"prepared statement {name} does not exist")

    def _close_cursor(self, name: str) -> None:
        if name.lower() == "all":
            self._state.drop_portals(everything=True)
            return
        clean = unquote(name)
        self._state.find_portal(clean)
        self._state.drop_portal(clean)
