"""The keys of a stock Cube data model that this server understands, as frozen Pydantic models."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    StringConstraints,
    model_validator,
)

from cube.query.operators import Operator

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Path = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$")]
Table = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")]
Format = Literal["currency", "percent", "number", "id", "link", "imageUrl"]
_AMOUNT = r"-?[0-9]{1,5} (second|minute|hour|day|week|month|quarter|year)s?"
Interval = Annotated[str, StringConstraints(pattern=rf"^{_AMOUNT}( {_AMOUNT}){{0,7}}$")]


class Definition(BaseModel):
    """Frozen; an unknown key is an error. Extensions live under ``meta``."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SqlClause(Definition):
    """One SQL condition of a measure filter."""

    sql: str


class Mask(Definition):
    """What a dimension shows to users who may not see its values."""

    sql: str


class OrderBy(Definition):
    """Order of a rank."""

    sql: str
    dir: Literal["asc", "desc"] = "asc"


class Grain(Definition):
    """Grain of a multi-stage measure: members added, taken away, or the only ones kept."""

    include: tuple[Path, ...] = ()
    exclude: tuple[Path, ...] | None = None
    keep_only: tuple[Path, ...] | None = None


class RollingWindow(Definition):
    """Rows of a window that ends (or starts) with each period, or runs from the start of a unit."""

    type: Literal["fixed", "to_date"] = "fixed"
    trailing: Interval | Literal["unbounded"] | None = None
    leading: Interval | Literal["unbounded"] | None = None
    offset: Literal["start", "end"] = "end"
    granularity: Name | None = None


class TimeShift(Definition):
    """The value of an earlier (``prior``) or later time; of every time dimension unless named."""

    interval: Interval
    type: Literal["prior", "next"]
    time_dimension: Path | None = None


class GranularityDefinition(Definition):
    """A period of the bank's own: an interval that starts at an origin or is moved by an offset."""

    name: Name
    title: str | None = None
    interval: Interval
    origin: str | None = None
    offset: Interval | None = None


class Join(Definition):
    """Join to another cube; ``relationship`` reads from this cube to the other."""

    name: Name
    relationship: Literal["many_to_one", "one_to_many", "one_to_one"]
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
    currency: str | None = None
    granularities: tuple[GranularityDefinition, ...] = ()
    mask: Mask | None = None


class Measure(Documented):
    """An aggregate over the rows of a cube."""

    type: Literal[
        "count",
        "sum",
        "count_distinct",
        "count_distinct_approx",
        "min",
        "max",
        "avg",
        "number",
        "rank",
    ]
    sql: str | None = None
    filters: tuple[SqlClause, ...] = ()
    format: Format | None = None
    currency: str | None = None
    drill_members: tuple[Path, ...] = ()
    rolling_window: RollingWindow | None = None
    multi_stage: bool = False
    order_by: tuple[OrderBy, ...] = ()
    group_by: tuple[Path, ...] | None = None
    reduce_by: tuple[Path, ...] | None = None
    add_group_by: tuple[Path, ...] = ()
    grain: Grain = Grain()
    time_shift: tuple[TimeShift, ...] = ()


class Segment(Documented):
    """A named condition on the rows of a cube."""

    sql: str


class Hierarchy(Definition):
    """Dimensions from coarse to fine, along which a reader drills. It takes no ``meta``."""

    name: Name
    title: str | None = None
    public: bool = True
    levels: tuple[Path, ...] = Field(min_length=1)


class Policy(Definition):
    """Whom a policy is for: one group or several."""

    group: Name | None = None
    groups: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _check_groups(self) -> Policy:
        if (self.group is None) == (not self.groups):
            raise ValueError("a policy names either a group or groups")
        return self

    @property
    def names(self) -> frozenset[str]:
        """The groups that the policy is for."""
        return frozenset(self.groups if self.group is None else (self.group,))


class RowFilter(Definition):
    """A condition on a dimension of the cube; values name claims: ``{ securityContext.name }``."""

    member: Name
    operator: Operator
    values: tuple[StrictStr | StrictBool | StrictInt, ...] = ()


class AllRows(Definition):
    """Conditions that must all hold."""

    items: tuple[RowRule, ...] = Field(alias="and", min_length=1)


class AnyRow(Definition):
    """Conditions of which one must hold."""

    items: tuple[RowRule, ...] = Field(alias="or", min_length=1)


RowRule = RowFilter | AllRows | AnyRow


class RowLevel(Definition):
    """The rows that a group sees: those that meet every filter, or all."""

    filters: tuple[RowRule, ...] = ()
    allow_all: Literal[True] | None = None

    @model_validator(mode="after")
    def _check_choice(self) -> RowLevel:
        if bool(self.filters) == bool(self.allow_all):
            raise ValueError("row_level holds either filters or allow_all: true")
        return self


class CubePolicy(Policy):
    """The rows of a cube that a group sees, in whatever view."""

    row_level: RowLevel


class MemberList(Definition):
    """Members of a view, by their names in it."""

    includes: Literal["*"] | tuple[Name, ...] = "*"
    excludes: tuple[Name, ...] = ()

    def holds(self, name: str) -> bool:
        """Whether a member is on the list."""
        return (self.includes == "*" or name in self.includes) and name not in self.excludes


class ViewPolicy(Policy):
    """The members of a view that a group sees, and those it sees only masked."""

    member_level: MemberList = MemberList()
    member_masking: MemberList | None = None


class PreAggregation(Definition):
    """A rollup: the table of a cube, grouped by some of its columns and by periods of time.

    ``refresh_key``, ``scheduled_refresh`` and ``external`` say to a stock Cube when and where to
    build it; here the refresh builds it, inside the version.
    """

    name: Name
    type: Literal["rollup"]
    measures: tuple[Path, ...] = ()
    dimensions: tuple[Path, ...] = ()
    segments: tuple[Path, ...] = ()
    time_dimension: Path
    granularity: Literal["day", "month", "quarter", "year"]
    partition_granularity: Literal["month", "quarter", "year"]
    refresh_key: dict[str, Any] | None = None
    scheduled_refresh: bool | None = None
    external: bool | None = None


class Cube(Documented):
    """A table of the warehouse with its joins and members."""

    sql_table: Table
    joins: tuple[Join, ...] = ()
    dimensions: tuple[Dimension, ...] = ()
    measures: tuple[Measure, ...] = ()
    segments: tuple[Segment, ...] = ()
    hierarchies: tuple[Hierarchy, ...] = ()
    pre_aggregations: tuple[PreAggregation, ...] = ()
    access_policy: tuple[CubePolicy, ...] = ()


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


class FolderPath(Definition):
    """All members that the view takes from one join path."""

    join_path: Path


class Folder(Definition):
    """Members of a view under one heading."""

    name: str
    includes: Literal["*"] | tuple[Name | FolderPath | Folder, ...]


class View(Documented):
    """What consumers see: chosen members of facts and of the dimensions around them."""

    cubes: tuple[ViewCube, ...] = Field(min_length=1)
    folders: tuple[Folder, ...] = ()
    access_policy: tuple[ViewPolicy, ...] = ()


class ModelFile(Definition):
    """One YAML file of the model."""

    cubes: tuple[Cube, ...] = ()
    views: tuple[View, ...] = ()
