"""The query a client sends, as frozen Pydantic models. A key not known here is refused by name."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    Tag,
    ValidationError,
)
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from cube.server.dates import Granularity
from cube.server.errors import QueryError, suggest

DEFAULT_LIMIT = 10_000
MAXIMUM_LIMIT = 50_000
MAXIMUM_DEPTH = 16

Operator = Literal[
    "equals",
    "notEquals",
    "contains",
    "notContains",
    "startsWith",
    "notStartsWith",
    "endsWith",
    "notEndsWith",
    "in",
    "notIn",
    "gt",
    "gte",
    "lt",
    "lte",
    "set",
    "notSet",
    "inDateRange",
    "notInDateRange",
    "onTheDate",
    "beforeDate",
    "beforeOrOnDate",
    "afterDate",
    "afterOrOnDate",
]
Scalar = StrictStr | StrictBool | StrictInt | StrictFloat | None
ResponseFormat = Literal["default", "compact", "columnar"]
Direction = Literal["asc", "desc"]


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, hide_input_in_errors=True
    )


class Filter(_Part):
    """A condition on one member."""

    member: StrictStr
    operator: Operator
    values: tuple[Scalar, ...] = ()


class And(_Part):
    """Conditions that must all hold."""

    items: tuple[FilterItem, ...] = Field(alias="and", min_length=1)


class Or(_Part):
    """Conditions of which one must hold."""

    items: tuple[FilterItem, ...] = Field(alias="or", min_length=1)


def _filter_kind(item: object) -> str:
    keys = item.keys() if isinstance(item, dict) else ()
    return "and" if "and" in keys else "or" if "or" in keys else "filter"


FilterItem = Annotated[
    Annotated[And, Tag("and")] | Annotated[Or, Tag("or")] | Annotated[Filter, Tag("filter")],
    Discriminator(_filter_kind),
]


class TimeDimension(_Part):
    """A time dimension to group by (with a granularity) or to filter by (with a range)."""

    dimension: StrictStr
    granularity: Granularity | None = None
    date_range: (
        StrictStr | Annotated[tuple[StrictStr, ...], Field(min_length=1, max_length=2)] | None
    ) = None


def _pair_order(value: Any) -> Any:  # noqa: ANN401 - raw JSON
    return list(value.items()) if isinstance(value, dict) else value


class Query(_Part):
    """One query. ``order`` None means the default order, an empty one no order."""

    measures: tuple[StrictStr, ...] = ()
    dimensions: tuple[StrictStr, ...] = ()
    filters: tuple[FilterItem, ...] = ()
    time_dimensions: tuple[TimeDimension, ...] = ()
    order: Annotated[
        tuple[tuple[StrictStr, Direction], ...] | None, BeforeValidator(_pair_order)
    ] = None
    limit: Annotated[StrictInt, Field(ge=1, le=MAXIMUM_LIMIT)] | None = None
    offset: Annotated[StrictInt, Field(ge=0, lt=2**63)] = 0
    total: StrictBool = False
    timezone: Literal["UTC"] = "UTC"
    response_format: ResponseFormat = "default"
    ungrouped: Literal[False] = False
    segments: Annotated[tuple[StrictStr, ...], Field(max_length=0)] = ()


And.model_rebuild()
Or.model_rebuild()

_REASONS = {
    "timezone": "only UTC is supported",
    "ungrouped": "ungrouped queries are not supported",
    "segments": "the model has no segments",
    "compareDateRange": "comparing date ranges is not supported; send one query per range",
    "renewQuery": "there is nothing to renew; every answer comes from the published version",
}


def parse_query(content: object) -> Query:
    """Validate a decoded JSON query.

    Raises:
        QueryError: names every key that is unknown, unsupported or has a wrong value.
    """
    if isinstance(content, list):
        raise QueryError("several queries in one request are not supported; send one at a time")
    if not isinstance(content, dict):
        raise QueryError("the query must be a JSON object")
    _check_depth(content)
    try:
        query = Query.model_validate(content)
    except ValidationError as error:
        raise QueryError("; ".join(_describe(problem) for problem in error.errors())) from None
    _check_content(query)
    return query


def _check_content(query: Query) -> None:
    grouped = any(item.granularity for item in query.time_dimensions)
    if not (query.measures or query.dimensions or grouped):
        raise QueryError(
            "the query needs measures, dimensions or a time dimension with a granularity"
        )
    for names in (query.measures, query.dimensions):
        for name in names:
            if names.count(name) > 1:
                raise QueryError(f"'{name}' is asked for twice")


def _check_depth(content: object, depth: int = 0) -> None:
    if depth > 2 * MAXIMUM_DEPTH:
        raise QueryError(f"filters are nested more than {MAXIMUM_DEPTH} deep")
    inner = content.values() if isinstance(content, dict) else content
    if isinstance(inner, (list, type({}.values()))):
        for item in inner:
            _check_depth(item, depth + 1)


def _describe(problem: ErrorDetails) -> str:
    steps = [str(step) for step in problem["loc"] if step not in ("filter",)]
    name, where = steps[-1], ".".join(steps)
    if name in _REASONS:
        return f"{where}: {_REASONS[name]}"
    if problem["type"] == "extra_forbidden":
        return f"the key '{where}' is not supported{suggest(name, _known_keys())}"
    if name == "operator" and problem["type"] == "literal_error":
        given = str(problem.get("input"))
        return (
            f"{where}: the operator '{given}' is not supported{suggest(given, get_args(Operator))}"
        )
    return f"{where}: {problem['msg']}"


def _known_keys() -> list[str]:
    parts: tuple[type[_Part], ...] = (Query, TimeDimension, Filter, And, Or)
    return [field.alias or name for part in parts for name, field in part.model_fields.items()]
