"""What a client sends: the envelope around a query, and the claims of its user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from pydantic import Field, SkipValidation, ValidationError

from cube.errors import QueryError, suggest
from cube.query.query import Batch, CachePolicy, Part, Query, parse_batch
from cube.security.auth import SecurityContext


class Envelope(Part):
    """Body of a POST, or the parameters of a GET with ``query`` as JSON text."""

    query: SkipValidation[Query | tuple[Query, ...]] = Field(
        description="A query, or a list of queries to blend on one time axis."
    )
    query_type: Literal["multi"] | None = Field(
        default=None, description="Answer in the envelope of several results."
    )
    cache: CachePolicy | None = Field(
        default=None,
        description="`no-cache` computes the answer again; the others may take a copy.",
    )


@dataclass(frozen=True)
class Request:
    """A decoded request.

    Args:
        multi: whether the answer comes in the multi envelope.
        fresh: whether it must be computed again, though a copy would be the same.
    """

    batch: Batch
    multi: bool
    context: SecurityContext
    fresh: bool = False


def parse_request(content: Mapping[str, Any], context: SecurityContext) -> Request:
    """Validate the keys of a request.

    Raises:
        QueryError: names what is missing, unknown or not supported.
    """
    try:
        envelope = Envelope.model_validate(content)
    except ValidationError as error:
        raise QueryError("; ".join(map(_describe, error.errors()))) from None
    batch = parse_batch(envelope.query)
    policies = {envelope.cache, *(query.cache for query in batch.queries)}
    return Request(batch, envelope.query_type is not None, context, "no-cache" in policies)


def _describe(problem: Mapping[str, Any]) -> str:
    key, given = problem["loc"][0], problem["input"]
    if problem["type"] == "extra_forbidden":
        known = [field.alias or name for name, field in Envelope.model_fields.items()]
        return f"the key '{key}' is not supported{suggest(key, known)}"
    if problem["type"] == "missing":
        return "the request holds no query"
    if key == "queryType":
        return f"queryType: {given!r} is not supported; only 'multi' is"
    return f"cache: {given!r} is not one of {', '.join(get_args(CachePolicy))}"
