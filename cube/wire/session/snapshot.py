"""What a session reads: the published version of its moment, and the catalog of its user."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack

from cube.engine.engine import Engine
from cube.engine.warehouse import Version
from cube.security.access import Access
from cube.security.auth import SecurityContext
from cube.wire.catalog.rewrite import Rewriter
from cube.wire.catalog.store import Catalogs
from cube.wire.catalog.tables import may_read_marts, show_marts, show_views
from cube.wire.session.settings import SERVER_VERSION, SessionSettings
from cube.wire.translate.statement_compiler import DATABASE, Reader, find_schemas

VERSION_TEXT = f"PostgreSQL {SERVER_VERSION} compatible, bankcrm cubes"


class Snapshot:
    """The version that a session reads, pinned until it is released."""

    def __init__(
        self,
        engine: Engine,
        catalogs: Catalogs,
        context: SecurityContext,
        settings: SessionSettings,
        process_id: int,
    ) -> None:
        self.access: Access = engine.control.grant(context)
        self._engine = engine
        self._catalogs = catalogs
        self._context = context
        self._settings = settings
        self._process_id = process_id
        self._pins = ExitStack()
        self._version: Version | None = None
        self._reader: tuple[str, Reader] | None = None

    def pin(self) -> Version:
        """The version of the transaction, or of now where none is read yet.

        Raises:
            NothingPublished: there is no version.
        """
        if self._version is None:
            self._version = self._pins.enter_context(self._engine.warehouse.pin())
        return self._version

    def unpin(self) -> None:
        """Release the version."""
        self._version = None
        self._pins.close()

    def forget(self) -> None:
        """Settings have changed: statements are compiled for others from now on."""
        self._reader = None

    def get_reader(self) -> Reader:
        """What statements are compiled for, again for each version."""
        version = self.pin()
        if self._reader is None or self._reader[0] != version.name:
            self._reader = (version.name, self._make_reader(version))
        return self._reader[1]

    def _make_reader(self, version: Version) -> Reader:
        control, model = self._engine.control, self._engine.model
        open_marts = may_read_marts(control, self._context)
        views = self.access.views
        groups = control.groups.intersection(self._context.get("groups", ()))
        marts = show_marts(version.connection.cursor()) if open_marts else []
        catalog = self._catalogs.open(
            (groups, version.name if open_marts else None),
            lambda: [*show_views(model.views, views.values()), *marts],
        )
        rewriter = Rewriter(catalog, self._settings.values, self._constants())
        names = frozenset(table.name for table in marts) if open_marts else None
        path = find_schemas(self._settings.values["search_path"])
        return Reader(self._engine.plan_on(version, self.access), names, rewriter, path)

    def _constants(self) -> Mapping[str, str | int]:
        user = str(self._context.get("sub") or DATABASE)
        return {
            **dict.fromkeys(["current_user", "session_user", "current_role"], user),
            **dict.fromkeys(["current_catalog", "current_database"], DATABASE),
            **dict.fromkeys(["version", "current_version"], VERSION_TEXT),
            "current_schema": "cubes",
            "pg_backend_pid": self._process_id,
        }
