"""One query, two compilers, one database: the rows must be the same."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from cube.compiler.compiled import Member
from cube.compiler.model import Model, load_model
from cube.planner.planner import plan_query
from cube.planner.sql import write_statement
from cube.query.query import Query as ParsedQuery
from cube.query.query import parse_query
from cube.security.access import Access, grant_all
from tests.cube.stock.compiler import Cell, StockCompiler, StockError, normalize, same_rows
from tests.cube.stock.queries import MOST_ROWS, Query, QueryMaker

MOST_SHOWN = 4


@dataclass
class Tally:
    """What was compared, by shape, and what differed."""

    compared: Counter[str] = field(default_factory=Counter)
    views: set[str] = field(default_factory=set)
    rows: int = 0
    differences: list[str] = field(default_factory=list)


@dataclass
class Differential:
    """Both compilers over one model and one published file."""

    stock: StockCompiler
    folder: Path
    connection: duckdb.DuckDBPyConnection
    today: date
    model: Model = field(init=False)
    access: Access = field(init=False)

    def __post_init__(self) -> None:
        self.stock.load_model(self.folder)
        self.model = load_model(self.folder)
        self.access = grant_all(self.model)
        self.connection.execute("set timezone = 'UTC'")
        self.connection.execute("set disabled_optimizers = 'common_subplan'")

    def run(self, count: int, seed: int) -> Tally:
        """Compare ``count`` generated queries."""
        maker = QueryMaker(self.model, self.values(), self.today, seed)
        tally = Tally()
        for _ in range(count):
            shape, query = maker.make()
            self.compare(shape, query, tally)
        return tally

    def compare(self, shape: str, query: Query | list[Query], tally: Tally) -> None:
        """Compare one query, or each of those that it stands for."""
        tally.compared[shape] += 1
        for sent in _split(query):
            single = parse_query(sent)
            tally.views |= _views(sent)
            by_cube = self._name_by_cube(sent) if shape == "window" else sent
            try:
                theirs = self.run_stock(by_cube, single)
                ours = self.run_ours(single)
            except (StockError, duckdb.Error) as error:
                tally.differences.append(f"{shape}: {json.dumps(sent)}\n  {error!s:.600}")
                continue
            tally.rows += len(ours)
            if shape in ("rolling", "shift"):
                ours, theirs = _whole(single, ours), _whole(single, theirs)
            if not same_rows(ours, theirs, ordered=single.order is not None and bool(single.order)):
                tally.differences.append(_describe(shape, sent, ours, theirs))

    def run_ours(self, query: ParsedQuery) -> list[tuple[Cell, ...]]:
        """Rows by our compiler: columns of the plan, then the measures."""
        plan = plan_query(query, self.model, self.today, self.access)
        statement = write_statement(plan, self.model)
        rows = self.connection.execute(statement.sql, list(statement.parameters)).fetchall()
        return [tuple(map(normalize, row)) for row in rows]

    def run_stock(self, query: Query, parsed: ParsedQuery) -> list[tuple[Cell, ...]]:
        """Rows by the stock compiler, in the same order of columns."""
        reply = self.stock.compile(self.folder, query, self.today)
        cursor = self.connection.execute(reply["sql"], reply["params"])
        names = [reply["aliases"][column[0]] for column in cursor.description or ()]
        plan = plan_query(parsed, self.model, self.today, self.access)
        wanted = [column.name for column in plan.columns] + [m.name for m in plan.measures]
        by_cube = {m.name: ".".join(m.source.id) for m in self._members()}
        positions = [names.index(name if name in names else by_cube[name]) for name in wanted]
        rows = cursor.fetchall()
        return [tuple(normalize(row[position]) for position in positions) for row in rows]

    def _name_by_cube(self, query: Query) -> Query:
        """The same query on cubes: the stock planner takes ranks and shares wrongly on views."""
        text = json.dumps(query)
        for member in self._members():
            text = text.replace(f'"{member.name}"', f'"{".".join(member.source.id)}"')
        renamed: Query = json.loads(text)
        return renamed

    def _members(self) -> list[Member]:
        return [m for view in self.model.views.values() for m in view.members.values()]

    def values(self) -> dict[str, list[Any]]:
        """Some values of every dimension, for filters."""
        found = {}
        for view in self.model.views.values():
            for member in view.members.values():
                if member.kind == "dimension":
                    query = {"dimensions": [member.name], "limit": MOST_ROWS}
                    rows = self.run_ours(parse_query(query))
                    found[member.name] = [row[0] for row in rows][:60]
        return found


def _split(query: Query | list[Query]) -> list[Query]:
    """The queries that a blending or comparing one stands for, as the stock gateway splits it."""
    if isinstance(query, list):
        return query
    times = query.get("timeDimensions", [])
    if not any("compareDateRange" in item for item in times):
        return [query]
    (compared,) = times
    rest = {key: value for key, value in compared.items() if key != "compareDateRange"}
    ranges = compared["compareDateRange"]
    return [{**query, "timeDimensions": [rest | {"dateRange": item}]} for item in ranges]


def _views(query: Query) -> set[str]:
    return {name.split(".")[0] for name in query["measures"] + query.get("dimensions", [])}


def _whole(query: ParsedQuery, rows: list[tuple[Cell, ...]]) -> list[tuple[Cell, ...]]:
    """Rows with every value: the stock planner leaves out a period that one measure lacks.

    To it a window without rows counts nothing, to us it counts 0.
    """
    empty = (None, 0)
    return [row for row in rows if not any(v in empty for v in row[-len(query.measures) :])]


def _describe(
    shape: str, query: dict[str, Any], ours: list[tuple[Cell, ...]], theirs: list[tuple[Cell, ...]]
) -> str:
    only_ours = [row for row in ours if row not in theirs][:MOST_SHOWN]
    only_theirs = [row for row in theirs if row not in ours][:MOST_SHOWN]
    return (
        f"{shape}: {json.dumps(query)}\n  {len(ours)} rows, stock {len(theirs)}"
        f"\n  only ours   {only_ours}\n  only stock  {only_theirs}"
    )
