"""Shapes of answers, for the OpenAPI document; the tests hold what is sent against them."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from cube.query.query import QueryType

Value = str | bool | None
"""Numbers are exact decimals in text, times have no zone."""


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)


class ErrorBody(_Shape):
    """What is wrong, and what to do about it."""

    error: str


class Health(_Shape):
    """Whether the server can answer."""

    health: Literal["HEALTH", "DOWN"]


class CompactRows(_Shape):
    """Rows as lists, in the order of the members."""

    members: tuple[str, ...]
    dataset: tuple[tuple[Value, ...], ...]


class ColumnarRows(_Shape):
    """One list of values for each member."""

    members: tuple[str, ...]
    columns: tuple[tuple[Value, ...], ...]


class UsedRollup(_Shape):
    """A rollup that the answer was read from."""

    pre_aggregation_id: str
    last_updated_at: int = Field(description="When it was built, milliseconds since 1970.")
    type: Literal["rollup"]


class LoadResult(_Shape):
    """Rows of one query, and the version and business date that they were read from."""

    query: dict[str, Any] = Field(description="The query as it was understood.")
    last_refresh_time: str
    annotation: dict[str, Any] = Field(description="Titles, types and formats of the members.")
    data_source: str
    db_type: str
    ext_db_type: str
    external: bool
    slow_query: bool
    total: int | None = Field(description="Rows without limit and offset, where asked for.")
    truncated: bool = Field(description="Whether the limit left rows out.")
    version: str
    business_date: date
    used_pre_aggregations: dict[str, UsedRollup] = Field(
        default_factory=dict, description="By table; absent where the facts answered."
    )
    data: tuple[dict[str, Value], ...] | CompactRows | ColumnarRows


class MultiResult(_Shape):
    """The answer with `queryType=multi`: the results of every query that the request stands for."""

    query_type: QueryType
    results: tuple[LoadResult, ...]
    pivot_query: dict[str, Any]
    slow_query: bool
