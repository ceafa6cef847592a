"""The keys of a stock Cube data model that this server understands, as frozen Pydantic models."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Path = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$")]
Table = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")]
Format = Literal["currency", "percent", "number"]


class Definition(BaseModel):
    """Frozen; an unknown key is an error. Extensions live under ``meta``."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SqlClause(Definition):
    """One SQL condition of a measure filter."""

    sql: str


class OrderBy(Definition):
    """Order of a rank."""

    sql: str
    dir: Literal["asc", "desc"] = "asc"


class Grain(Definition):
    """Grain of a multi-stage measure: members added to the query's, and the only ones kept."""

    include: tuple[Path, ...] = ()
    keep_only: tuple[Path, ...] = ()


class Join(Definition):
    """Join to a cube of which each row here has at most one."""

    name: Name
    relationship: Literal["many_to_one"]
    sql: str


class Documented(Definition):
    """What every named part of the model may say about itself."""

    name: Name
    title: str | None = None
    description: str | None = None
    public: bool = True
    meta: dict[str, Any] = Field(default_factory=dict)


class Dimension(Documented):
    """An attribute to group and filter by."""

    sql: str
    type: Literal["string", "number", "boolean", "time"]
    primary_key: bool = False
    format: Format | None = None


class Measure(Documented):
    """An aggregate over the rows of a cube."""

    type: Literal["count", "sum", "count_distinct", "min", "max", "avg", "number", "rank"]
    sql: str | None = None
    filters: tuple[SqlClause, ...] = ()
    format: Format | None = None
    multi_stage: bool = False
    order_by: tuple[OrderBy, ...] = ()
    grain: Grain = Grain()


class Cube(Documented):
    """A table of the warehouse with its joins and members."""

    sql_table: Table
    joins: tuple[Join, ...] = ()
    dimensions: tuple[Dimension, ...] = ()
    measures: tuple[Measure, ...] = ()


class Include(Definition):
    """A member taken into a view, with what the view says differently."""

    name: Name
    alias: Name | None = None
    title: str | None = None
    description: str | None = None
    format: Format | None = None
    meta: dict[str, Any] | None = None


class ViewCube(Definition):
    """The members that a view takes from the cube at the end of a join path."""

    join_path: Path
    includes: Literal["*"] | tuple[Name | Include, ...]
    excludes: tuple[Name, ...] = ()
    prefix: bool = False
    alias: Name | None = None


class View(Documented):
    """What consumers see: chosen members of one fact and of the dimensions around it."""

    cubes: tuple[ViewCube, ...] = Field(min_length=1)


class ModelFile(Definition):
    """One YAML file of the model."""

    cubes: tuple[Cube, ...] = ()
    views: tuple[View, ...] = ()
