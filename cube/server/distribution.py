"""How a measure is spread over what a query groups by: a hundred parts, the largest values first.

The rows stay in the database, however many there are: a curve over all customers of a bank needs a
hundred points, and a list that is cut after so many rows would lose those who make a loss.
"""

from __future__ import annotations

from sqlglot import exp

from cube.compiler.values import Value
from cube.engine.cache import Answer
from cube.engine.interrupt import Interrupter
from cube.errors import QueryError
from cube.planner.prepare import PreparedQuery
from cube.planner.sql import Statement
from cube.planner.sql_tree import DIALECT
from cube.server.service import PreparedRequest, encode

PARTS = 100
_SPREAD = f"""
select part, count(*) as row_count, sum(figure) as figure,
    count(*) filter (where figure < 0) as negative_count,
    coalesce(sum(figure) filter (where figure < 0), 0) as negative
from (
    select figure, ntile({PARTS}) over (order by figure desc) as part
    from (select {{measure}} as figure from spread)
    where figure is not null
)
group by part order by part
"""
_COLUMNS = ("part", "count", "value", "negativeCount", "negativeValue")


def compute_distribution(
    prepared: PreparedRequest, timeout_seconds: float, interrupter: Interrupter
) -> Answer:
    """The parts of the one measure of the one query of a request, as JSON.

    Rows without a value are in no part. Amounts are exact decimals, as text.

    Raises:
        QueryError: the query has not exactly one measure and at least one dimension.
        QueryTimeout: it took too long.
        BankcrmError: the reason that the interrupter was stopped for.
    """
    query = _take_query(prepared)
    rows = prepared.version.fetch([write_distribution(query)], timeout_seconds, interrupter)[0]
    body = {
        "version": prepared.version.number,
        "data": [dict(zip(_COLUMNS, map(_plain, row), strict=True)) for row in rows],
    }
    return Answer(encode(body), len(rows))


def write_distribution(query: PreparedQuery) -> Statement:
    """The statement: the rows of the query, numbered by their share of all rows."""
    parameters: list[Value | int] = []
    (measure,) = query.plan.measures
    rows = query.write_select(parameters)
    name = exp.column(measure.name, quoted=True).sql(dialect=DIALECT)
    spread = f"with spread as ({rows.sql(dialect=DIALECT)}) {_SPREAD.format(measure=name)}"
    return Statement(spread, tuple(parameters))


def _take_query(prepared: PreparedRequest) -> PreparedQuery:
    if len(prepared.queries) != 1:
        raise QueryError("a distribution is of one query")
    (query,) = prepared.queries
    plan = query.plan
    if len(plan.measures) != 1 or not plan.columns:
        raise QueryError("a distribution is of one measure over at least one dimension")
    return query


def _plain(value: object) -> int | str:
    """Counts are numbers; amounts are text, so that no digit is lost."""
    return value if isinstance(value, int) else str(value)
