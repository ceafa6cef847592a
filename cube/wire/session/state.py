"""What a session keeps from one message to the next."""

from __future__ import annotations

from pygwire.constants import TransactionStatus

from cube.wire.errors import BAD_CURSOR, BAD_STATEMENT, WireError
from cube.wire.session.portals import Portal, PreparedStatement
from cube.wire.session.settings import SessionSettings
from cube.wire.session.snapshot import Snapshot


class State:
    """Transaction, settings, prepared statements and portals."""

    def __init__(self, settings: SessionSettings, snapshot: Snapshot) -> None:
        self.status = TransactionStatus.IDLE
        self.settings = settings
        self.snapshot = snapshot
        self.prepared: dict[str, PreparedStatement] = {}
        self.portals: dict[str, Portal] = {}

    def find_prepared(self, name: str) -> PreparedStatement:
        """A prepared statement.

        Raises:
            WireError: there is none of that name.
        """
        if name not in self.prepared:
            raise WireError(BAD_STATEMENT, f'prepared statement "{name}" does not exist')
        return self.prepared[name]

    def find_portal(self, name: str) -> Portal:
        """A portal or cursor.

        Raises:
            WireError: there is none of that name.
        """
        if name not in self.portals:
            raise WireError(BAD_CURSOR, f'cursor "{name}" does not exist')
        return self.portals[name]

    def drop_portal(self, name: str) -> None:
        """Close a portal; nothing happens where there is none."""
        portal = self.portals.pop(name, None)
        if portal is not None:
            portal.close()

    def drop_portals(self, *, everything: bool = False) -> None:
        """Close all portals; those that are held stay, unless ``everything`` goes."""
        for name, portal in list(self.portals.items()):
            if everything or not portal.hold:
                self.drop_portal(name)
            elif portal.rows is not None:
                portal.rows.keep()
