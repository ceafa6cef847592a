"""The query a client sends, as frozen Pydantic models. A key not known here is refused by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PrivateAttr,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    Tag,
    ValidationError,
)
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from cube.errors import QueryError, suggest
from cube.query.operators import Operator

DEFAULT_LIMIT = 10_000
MAXIMUM_LIMIT = 50_000
"""Rows that fit in an answer as JSON. A stream has no such limit."""

ALL_ROWS = 2**53 - 1
"""The limit of a stream that states none: the largest whole number that JSON keeps everywhere."""
MAXIMUM_DEPTH = 16

Scalar = StrictStr | StrictBool | StrictInt | StrictFloat | None
ResponseFormat = Literal["default", "compact", "columnar"]
Direction = Literal["asc", "desc"]
QueryType = Literal["regularQuery", "compareDateRangeQuery", "blendingQuery"]
CachePolicy = Literal["stale-if-slow", "stale-while-revalidate", "must-revalidate", "no-cache"]
"""A version does not change, so a copy of its answer is never stale: it meets every policy but
``no-cache``, which asks to compute."""

DateRangeText = StrictStr | Annotated[tuple[StrictStr, ...], Field(min_length=1, max_length=2)]


class Part(BaseModel):
    """A part of a request: keys in camel case, none beside the known ones."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, hide_input_in_errors=True
    )


def _name_member(item: Any) -> Any:  # noqa: ANN401 - raw JSON
    """Cube's older key ``dimension`` means ``member``."""
    if isinstance(item, dict) and "dimension" in item and "member" not in item:
        return {("member" if key == "dimension" else key): item[key] for key in item}
    return item


class Filter(Part):
    """A condition on one member."""

    member: StrictStr
    operator: Operator
    values: tuple[Scalar, ...] = ()


class And(Part):
    """Conditions that must all hold."""

    items: tuple[FilterItem, ...] = Field(alias="and", min_length=1)


class Or(Part):
    """Conditions of which one must hold."""

    items: tuple[FilterItem, ...] = Field(alias="or", min_length=1)


def _filter_kind(item: object) -> str:
    keys = item.keys() if isinstance(item, dict) else ()
    return "and" if "and" in keys else "or" if "or" in keys else "filter"


FilterItem = Annotated[
    Annotated[And, Tag("and")]
    | Annotated[Or, Tag("or")]
    | Annotated[Filter, BeforeValidator(_name_member), Tag("filter")],
    Discriminator(_filter_kind),
]


class TimeDimension(Part):
    """A time dimension to group by (with a granularity) or to filter by (with a range)."""

    dimension: StrictStr
    granularity: StrictStr | None = None
    date_range: DateRangeText | None = None
    compare_date_range: Annotated[tuple[DateRangeText, ...], Field(min_length=1)] | None = None
    _is_compared: bool = PrivateAttr(default=False)

    @property
    def is_compared(self) -> bool:
        """Whether the range is one of several that a query compares."""
        return self._is_compared

    def with_compared(self, date_range: DateRangeText) -> TimeDimension:
        """The same with one of its compared ranges."""
        single = self.model_copy(update={"date_range": date_range, "compare_date_range": None})
        single._is_compared = True
        return single


def _check_timezone(name: str) -> str:
    try:
        known = ZoneInfo(name).key != "localtime"
    except (ValueError, KeyError, OSError):
        known = False
    if not known:
        raise ValueError(f"'{name}' is not an IANA time zone such as Europe/Prague")
    return name


Order = tuple[tuple[StrictStr, Direction], ...]
_WrittenOrder = Order | dict[StrictStr, Direction] | None


def _pair_order(value: Any) -> Any:  # noqa: ANN401 - raw JSON
    return list(value.items()) if isinstance(value, dict) else value


class Query(Part):
    """One query. ``order`` None means the default order, an empty one no order."""

    measures: tuple[StrictStr, ...] = ()
    dimensions: tuple[StrictStr, ...] = ()
    filters: tuple[FilterItem, ...] = ()
    time_dimensions: tuple[TimeDimension, ...] = ()
    order: Annotated[
        Order | None, BeforeValidator(_pair_order, json_schema_input_type=_WrittenOrder)
    ] = None
    limit: Annotated[StrictInt, Field(ge=1, le=ALL_ROWS)] | None = None
    offset: Annotated[StrictInt, Field(ge=0, lt=2**63)] = 0
    total: StrictBool = False
    timezone: Annotated[StrictStr, AfterValidator(_check_timezone)] = "UTC"
    response_format: ResponseFormat = "default"
    ungrouped: StrictBool = False
    segments: tuple[StrictStr, ...] = ()
    cache: CachePolicy | None = None

    def without_default_limit(self) -> Query:
        """The same with every row, unless it states a limit."""
        return self if self.limit is not None else self.model_copy(update={"limit": ALL_ROWS})


And.model_rebuild()
Or.model_rebuild()

_REASONS = {
    "renewQuery": "there is nothing to renew; every answer comes from the published version",
}


@dataclass(frozen=True)
class Batch:
    """The queries that one request stands for, and why there are several."""

    kind: QueryType
    queries: tuple[Query, ...]


def parse_batch(content: object) -> Batch:
    """Validate a decoded request: one query, or a list of queries to blend.

    A query that compares date ranges stands for one query per range.

    Raises:
        QueryError: names every key that is unknown, unsupported or has a wrong value.
    """
    if isinstance(content, list):
        return Batch("blendingQuery", _check_blending(tuple(map(parse_query, content))))
    query = parse_query(content)
    compared = [item for item in query.time_dimensions if item.compare_date_range]
    if len(compared) > 1:
        raise QueryError("compareDateRange can stand at one time dimension only")
    if not compared:
        return Batch("regularQuery", (query,))
    return Batch("compareDateRangeQuery", tuple(_split_ranges(query, compared[0])))


def parse_query(content: object) -> Query:
    """Validate one decoded JSON query.

    Raises:
        QueryError: names every key that is unknown, unsupported or has a wrong value.
    """
    if not isinstance(content, dict):
        raise QueryError("the query must be a JSON object")
    _check_depth(content)
    try:
        query = Query.model_validate(content)
    except ValidationError as error:
        raise QueryError("; ".join(_describe(problem) for problem in error.errors())) from None
    _check_content(query)
    return query


def _split_ranges(query: Query, compared: TimeDimension) -> list[Query]:
    queries = []
    for date_range in compared.compare_date_range or ():
        single = compared.with_compared(date_range)
        times = [single if item is compared else item for item in query.time_dimensions]
        queries.append(query.model_copy(update={"time_dimensions": tuple(times)}))
    return queries


def _check_blending(queries: tuple[Query, ...]) -> tuple[Query, ...]:
    """Blended rows meet on one time axis."""
    first = [query.time_dimensions[0] for query in queries if query.time_dimensions]
    units = {item.granularity for item in first if item.granularity}
    if len(units) != 1:
        raise QueryError("blended queries need one granularity, the same in every query")
    if any(item.compare_date_range for query in queries for item in query.time_dimensions):
        raise QueryError("compareDateRange cannot be blended")
    return queries


def _check_content(query: Query) -> None:
    grouped = any(item.granularity for item in query.time_dimensions)
    if not (query.measures or query.dimensions or grouped):
        raise QueryError(
            "the query needs measures, dimensions or a time dimension with a granularity"
        )
    for item in query.time_dimensions:
        if item.date_range is not None and item.compare_date_range is not None:
            raise QueryError(f"'{item.dimension}' has a dateRange and a compareDateRange")
    for names in (query.measures, query.dimensions, query.segments):
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
    parts: tuple[type[Part], ...] = (Query, TimeDimension, Filter, And, Or)
    return [field.alias or name for part in parts for name, field in part.model_fields.items()]
