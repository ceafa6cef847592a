"""Explanations of queries as text: what ``bankcrm explain`` prints."""

from __future__ import annotations

import json

from bankcrm.settings import Settings
from cube.compiler.model import load_model
from cube.engine.warehouse import Warehouse
from cube.errors import QueryError
from cube.planner.explain import Json, explain_plan
from cube.planner.planner import plan_query
from cube.planner.rollup_matching import choose_rollups
from cube.query.query import parse_batch
from cube.security.access import grant_all


def explain_text(text: str, settings: Settings) -> list[Json]:
    """Explanations of a query as JSON text, or of each query that it stands for, unrestricted.

    Relative dates count from the business date of the published version.

    Raises:
        QueryError: the text is no query, or names what the model does not have.
        NothingPublished: there is no version.
    """
    try:
        content = json.loads(text)
    except ValueError as error:
        raise QueryError(f"the query is not valid JSON: {error}") from error
    model = load_model()
    access = grant_all(model)
    warehouse = Warehouse(settings)
    with warehouse.pin() as version:
        plans = [
            choose_rollups(
                plan_query(query, model, version.business_date, access), model, version.rollups
            )
            for query in parse_batch(content).queries
        ]
    warehouse.close()
    return [explain_plan(plan, model) for plan in plans]
