"""Explanations of queries as text: what ``bankcrm explain`` prints."""

from __future__ import annotations

import json
from contextlib import closing

from bankcrm.settings import Settings
from cube.compiler.model import load_model
from cube.engine.engine import build_engine
from cube.errors import QueryError
from cube.planner.explanation import Json
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
    with closing(build_engine(settings, model)) as engine, engine.warehouse.pin() as version:
        queries = parse_batch(content).queries
        return [engine.prepare(query, version, access).explain() for query in queries]
