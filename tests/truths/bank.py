"""A served bank, asked as any role over any protocol."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

import psycopg
from starlette.testclient import TestClient

from bankcrm.settings import Settings
from bankcrm.warehouse.versions import open_published
from cube.compiler.compiled import CompiledDimension, CompiledView
from cube.compiler.expression import MemberId
from cube.engine.engine import Engine
from cube.errors import QueryError
from cube.planner.prepare import PlanningContext, prepare
from cube.query.query import parse_query
from cube.security.auth import make_token
from cube.server.app import create_app
from cube.wire.session.server import WireServer
from tests.truths.statements import write_statement

SECRET = "a secret of the tests that is long enough for HS256"
MOST_ROWS = 50_000
MOST_VALUES = 60
Query = dict[str, Any]
Cell = str | bool | Decimal | None
Rows = list[tuple[tuple[Cell, ...], tuple[Cell, ...]]]
"""Each row by its groups: their values, and the values of the measures."""
Protocol = Literal["rest", "wire"]


class RefusedError(Exception):
    """The question was refused, with a message for its asker."""


class BrokenError(AssertionError):
    """The question was neither answered nor refused."""


class CutError(Exception):
    """The answer is too long to be compared."""


@dataclass
class Bank:
    """Servers over one published version.

    ``values`` are some of each dimension, as the administrator sees them. ``roles`` have what a
    token of each says, ``connections`` one to the wire for each.
    """

    name: str
    engine: Engine
    http: TestClient
    today: date
    tokens: Mapping[str, str]
    roles: Mapping[str, Mapping[str, Any]]
    predicates: Mapping[str, Mapping[str, list[str]]]
    connections: Mapping[str, psycopg.Connection[Any]]
    values: dict[str, list[Any]] = field(default_factory=dict)

    def views(self, role: str) -> Mapping[str, CompiledView]:
        """The views that a role sees, with the members that it sees."""
        views = self.engine.control.grant(self.roles[role]).views
        return {name: view for name, view in views.items() if view.definition.public}

    def load(self, query: object, role: str, **others: str) -> Any:
        """The body of an answer.

        Raises:
            RefusedError: the answer is a 400.
            BrokenError: it is neither that nor rows.
        """
        reply = self.http.post(
            "/cubejs-api/v1/load",
            content=json.dumps({"query": query, **others}),
            headers={"Authorization": self.tokens[role], "Content-Type": "application/json"},
        )
        if reply.status_code == 400:
            raise RefusedError(reply.json()["error"])
        if reply.status_code != 200:
            raise BrokenError(f"{reply.status_code}: {reply.text}")
        return reply.json()

    def execute(self, sql: str, role: str) -> list[tuple[Any, ...]]:
        """Rows of a statement on the wire; raises as `load` does."""
        connection = self.connections[role]
        try:
            cursor = connection.execute(sql.encode(), prepare=False)
            return cursor.fetchall() if cursor.description else []
        except psycopg.Error as error:
            if error.sqlstate in (None, "XX000", "57014"):
                raise BrokenError(f"{error.sqlstate}: {error}") from error
            raise RefusedError(str(error)) from error

    def has_rollup(self, query: Query, role: str) -> bool:
        """Whether a rollup answers a query."""
        access = self.engine.control.grant(self.roles[role])
        with self.engine.warehouse.pin() as version:
            try:
                plan = self.engine.prepare(parse_query(query), version, access).plan
            except QueryError:
                return False
        return bool(plan.rollups)


@dataclass
class Asker:
    """Asks a bank as one role over one protocol; keeps what was asked, to be printed."""

    bank: Bank
    role: str
    protocol: Protocol
    asked: list[str] = field(default_factory=list)

    def by(self, protocol: Protocol) -> Asker:
        """The same role over another protocol."""
        return replace(self, protocol=protocol)

    def as_role(self, role: str) -> Asker:
        """Another role over the same protocol."""
        return replace(self, role=role)

    def __call__(self, query: Query) -> Rows:
        """Rows in their order, each by its groups."""
        self.asked.append(f"as {self.role}: {json.dumps(query)}")
        rows = self._rest(query) if self.protocol == "rest" else self._wire(query)
        shown = repr(rows[:4]) + (f" and {len(rows) - 4} more" if len(rows) > 4 else "")
        self.asked.append(f"  -> {shown}")
        return rows

    def without_rollups(self, query: Query) -> Rows:
        """Rows that are read from the facts themselves."""
        engine = self.bank.engine
        self.asked.append(f"as {self.role}, from the facts: {json.dumps(query)}")
        access = engine.control.grant(self.bank.roles[self.role])
        with engine.warehouse.pin() as version:
            context = PlanningContext(engine.model, access, version.business_date, {})
            prepared = prepare(parse_query({"limit": MOST_ROWS, **query}), context)
            (rows,) = version.fetch([prepared.write()], engine.timeout_seconds)
        if len(rows) == MOST_ROWS:
            raise CutError
        found = [_split(row, len(query["measures"])) for row in rows]
        self.asked.append(f"  -> {found[:4]!r}")
        return found

    def _rest(self, query: Query) -> Rows:
        body = self.bank.load({"limit": MOST_ROWS, **query}, self.role)
        if body["truncated"] and "limit" not in query:
            raise CutError
        return self.read(query, body["data"])

    def read(self, query: Query, data: list[dict[str, Any]]) -> Rows:
        """Rows of an answer as JSON."""
        names = [*list_columns(query), *query["measures"]]
        types = [self._type(name) for name in names]
        return self.split(
            query,
            [[_read(row[n], t) for n, t in zip(names, types, strict=True)] for row in data],
        )

    def split(self, query: Query, rows: Iterable[Sequence[Any]]) -> Rows:
        """Rows, each by its groups."""
        return [_split(row, len(query["measures"])) for row in rows]

    def _type(self, name: str) -> str:
        view = self.bank.engine.model.views[name.split(".", maxsplit=1)[0]]
        return view.members[".".join(name.split(".")[:2])].type

    def _wire(self, query: Query) -> Rows:
        sql = write_statement(query, self.bank.engine.model, self.bank.today)
        self.asked.append(f"  {sql}")
        rows = self.bank.execute(sql, self.role)
        if len(rows) > MOST_ROWS:
            raise CutError
        return self.split(query, rows)


def list_columns(query: Query) -> list[str]:
    """Names of the columns that a query groups by."""
    columns = list(query.get("dimensions", ()))
    for item in query.get("timeDimensions", ()):
        if "granularity" in item:
            columns.append(f"{item['dimension']}.{item['granularity']}")
    return list(dict.fromkeys(columns))


def _split(row: Any, measures: int) -> tuple[tuple[Cell, ...], tuple[Cell, ...]]:
    cells = [_plain(value) for value in row]
    place = len(cells) - measures
    return tuple(cells[:place]), tuple(cells[place:])


def _read(value: Any, kind: str) -> Any:
    """A value of JSON in its type: numbers come as text."""
    if value is None or isinstance(value, bool):
        return value
    if kind == "number":
        return Decimal(str(value))
    return datetime.fromisoformat(value) if kind == "time" else value


def _plain(value: Any) -> Cell:
    """A value in the one form that both protocols are compared in."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(timespec="milliseconds")
    if isinstance(value, date):
        return f"{value.isoformat()}T00:00:00.000"
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    return number.normalize() if number.is_finite() else str(number)


@contextmanager
def serve_bank(name: str, found: Settings) -> Iterator[Bank]:
    """Both servers over the published version of a bank, with a user of each role."""
    settings = found.model_copy(update={"api_secret": SECRET, "wire_port": 0})
    roles, predicates = find_roles(settings)
    tokens = {
        role: make_token(
            settings,
            claims["groups"],
            timedelta(hours=9),
            {key: value for key, value in claims.items() if key != "groups"},
        )
        for role, claims in roles.items()
    }
    with ExitStack() as stack:
        app = create_app(settings)
        client = TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)
        http = stack.enter_context(client)
        engine: Engine = app.state.engine
        server = WireServer(engine, app.state.bridge, settings)
        server.start()
        stack.callback(server.stop)
        connections = {
            role: stack.enter_context(
                psycopg.connect(
                    host="127.0.0.1",
                    port=server.port,
                    user="tester",
                    password=token,
                    dbname="bankcrm",
                    autocommit=True,
                )
            )
            for role, token in tokens.items()
        }
        with engine.warehouse.pin() as version:
            today = version.business_date
        bank = Bank(name, engine, http, today, tokens, roles, predicates, connections)
        bank.values.update(_find_values(bank))
        yield bank


def _find_values(bank: Bank) -> dict[str, list[Any]]:
    """Some values of every dimension; views that show the same one share them."""
    by_source: dict[MemberId, list[Any]] = {}
    found = {}
    for view in bank.engine.model.views.values():
        for member in view.members.values():
            if isinstance(member.source, CompiledDimension):
                if member.source.id not in by_source:
                    query = {"dimensions": [member.name], "limit": 400, "measures": []}
                    rows = Asker(bank, "administrator", "rest")(query)
                    by_source[member.source.id] = [key[0] for key, _ in rows][:MOST_VALUES]
                found[member.name] = by_source[member.source.id]
    return found


_UNIT = """
    select branch_id, branch_path from marts.dim_branch
    inner join marts.dim_organisation_path using (branch_durable_key)
    where is_current and len(string_split(trim(branch_path, '/'), '/')) = 2
    order by branch_id limit 1"""
_UNITS_BELOW = """
    select branch_name from marts.dim_branch
    inner join marts.dim_organisation_path using (branch_durable_key)
    where is_current and current_branch_durable_key = branch_durable_key
        and contains(branch_path, '/' || ? || '/')"""
_MANAGER = """
    select manager_id from marts.dim_manager
    inner join marts.dim_customer_book on contains(manager_path, '/' || manager_id || '/')
    where is_current group by manager_id order by count(*) desc, manager_id limit 1"""
_BOOK = """
    select customer_durable_key from marts.dim_customer_book
    where contains(manager_path, '/' || ? || '/')"""

Roles = dict[str, dict[str, Any]]


def find_roles(settings: Settings) -> tuple[Roles, dict[str, dict[str, list[str]]]]:
    """Users of each role, and by role the rows that it sees, written without the model: values of
    the members ``branch_today_name`` and ``customer_key``, one of which a row must have."""
    with open_published(settings) as connection:
        ((unit, _),) = connection.execute(_UNIT).fetchall()
        ((manager,),) = connection.execute(_MANAGER).fetchall()
        below = [str(row[0]) for row in connection.execute(_UNITS_BELOW, [unit]).fetchall()]
        book = [str(row[0]) for row in connection.execute(_BOOK, [manager]).fetchall()]
    roles: Roles = {
        "administrator": {"groups": ["admin"]},
        "analyst": {"groups": ["analyst"]},
        "branch manager": {"groups": ["branch_manager"], "branch_id": unit},
        "customer manager": {"groups": ["customer_manager"], "manager_id": manager},
        "both managers": {
            "groups": ["branch_manager", "customer_manager"],
            "branch_id": unit,
            "manager_id": manager,
        },
    }
    units, customers = {"branch_today_name": below}, {"customer_key": book}
    return roles, {
        "branch manager": units,
        "customer manager": customers,
        "both managers": {**units, **customers},
    }
