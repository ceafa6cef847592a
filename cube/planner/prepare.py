"""From a query to its plan, its rollups and its SQL, for every protocol alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlglot import exp

from bankcrm.warehouse.rollup_states import States
from cube.compiler.model import Model
from cube.compiler.values import Value
from cube.planner.explanation import Json, explain_plan
from cube.planner.plan import Plan
from cube.planner.planner import plan_query
from cube.planner.rollup_matching import choose_rollups
from cube.planner.sql import Statement, write_select, write_statement, write_total
from cube.query.query import Query
from cube.security.access import Access


@dataclass(frozen=True)
class PlanningContext:
    """What queries are planned for.

    Args:
        model: the compiled model.
        access: the members and rows that the user may see.
        today: the business date of the version, which relative date ranges count from.
        rollups: the rollups of the version.
    """

    model: Model
    access: Access
    today: date
    rollups: States


@dataclass(frozen=True)
class PreparedQuery:
    """A query and its plan, with a rollup in the place of each fact that one can answer for."""

    query: Query
    plan: Plan
    model: Model

    def write(self, limit: int | None = None) -> Statement:
        """The statement that reads the rows, at most ``limit`` (the plan's own unless given)."""
        return write_statement(self.plan, self.model, limit)

    def write_total(self) -> Statement:
        """The statement that counts the rows without limit and offset."""
        return write_total(self.plan, self.model)

    def write_select(self, parameters: list[Value | int]) -> exp.Select:
        """The rows without limit and offset, as part of a statement that has ``parameters``."""
        return write_select(self.plan, self.model, parameters)

    def explain(self) -> Json:
        """Plan, SQL and lineage as JSON values."""
        return explain_plan(self.plan, self.model)


def prepare(query: Query, context: PlanningContext) -> PreparedQuery:
    """Plan a query and choose its rollups.

    Raises:
        QueryError: the query cannot be answered as asked; see `plan_query`.
    """
    plan = plan_query(query, context.model, context.today, context.access)
    return PreparedQuery(query, choose_rollups(plan, context.model, context.rollups), context.model)
