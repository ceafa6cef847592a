"""Shapes of the answers: `response` builds them, and the OpenAPI document describes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from cube.query.query import QueryType

Json = dict[str, Any]
Value = str | bool | None
"""Numbers are exact decimals in text, times have no zone."""

_exact = with_config(ConfigDict(extra="forbid"))


@_exact
class ErrorBody(TypedDict):
    """What is wrong, and what to do about it."""

    error: str


@_exact
class Health(TypedDict):
    """Whether the server can answer."""

    health: Literal["HEALTH", "DOWN"]


@_exact
class CompactRows(TypedDict):
    """Rows as lists, in the order of the members."""

    members: list[str]
    dataset: list[tuple[Value, ...]]


@_exact
class ColumnarRows(TypedDict):
    """One list of values for each member."""

    members: list[str]
    columns: list[Sequence[Value]]


Rows = list[dict[str, Value]] | CompactRows | ColumnarRows
"""By the response format of the query."""


@_exact
class UsedRollup(TypedDict):
    """A rollup that the answer was read from."""

    preAggregationId: str
    lastUpdatedAt: Annotated[int, Field(description="When it was built, milliseconds since 1970.")]
    type: Literal["rollup"]


@_exact
class ResultDescription(TypedDict):
    """The query, and the version and business date that it was read from."""

    query: Annotated[Json, Field(description="The query as it was understood.")]
    lastRefreshTime: str
    annotation: Annotated[Json, Field(description="Titles, types and formats of the members.")]
    total: Annotated[
        int | None, Field(description="Rows without limit and offset, where asked for.")
    ]
    truncated: Annotated[bool, Field(description="Whether the limit left rows out.")]
    version: str
    businessDate: Annotated[str, Field(json_schema_extra={"format": "date"})]
    usedPreAggregations: NotRequired[
        Annotated[
            dict[str, UsedRollup],
            Field(description="By table; absent where the facts answered."),
        ]
    ]


@_exact
class LoadResult(ResultDescription):
    """Rows of one query, and the version and business date that they were read from."""

    dataSource: str
    dbType: str
    extDbType: str
    external: bool
    slowQuery: bool
    data: Rows


@_exact
class MultiResult(TypedDict):
    """The answer with `queryType=multi`: the results of every query that the request stands for."""

    queryType: QueryType
    results: list[LoadResult]
    pivotQuery: Json
    slowQuery: bool
