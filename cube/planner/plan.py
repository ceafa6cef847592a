"""What a query means: plain data between the planner and the SQL writer, which can be printed.

Names are resolved against the model and values typed; nothing is executed. A plan's `Body` says
where the values come from: one `Source` per set of aggregates that may be computed from the same
rows, each grouped by the members of the query on its own, so that no join can multiply a value. The
SQL writer joins the sources on those members.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Literal

from sqlglot import exp

from cube.compiler.compiled import Member
from cube.compiler.expression import MemberId
from cube.compiler.filters import Node
from cube.compiler.granularity import DAY, NO_TIME, Granularity, Interval
from cube.compiler.joins import JoinStep
from cube.compiler.measures import Aggregate, Frame, MultiStageStep, NestedAggregate, Window
from cube.query.dates import DateRange

_YEAR = Interval(0, 366 * DAY.seconds)
"""No unit that a window runs from the start of is longer."""


@dataclass(frozen=True)
class Column:
    """A member to group by; ``name`` is its key in the rows."""

    name: str
    member: Member
    granularity: Granularity | None = None

    @property
    def id(self) -> MemberId:
        """The dimension behind the column."""
        return self.member.source.id

    @property
    def granularity_interval(self) -> Interval:
        """Length of the periods; none for a column that is not cut into periods."""
        return NO_TIME if self.granularity is None else self.granularity.interval


@dataclass(frozen=True)
class MultiStagePlan:
    """A multi-stage step of a balance: the columns it groups by, the filters it obeys."""

    stage: MultiStageStep
    columns: tuple[Column, ...]
    where: tuple[Node, ...]
    joins: tuple[JoinStep, ...]


@dataclass(frozen=True)
class MovedTime:
    """A time whose values count ``interval`` later than they are.

    ``matched`` are the periods that stand beside each other. Of ``days``, the last of a month
    stands beside the last of another month, and a day that the other month lacks beside none.
    Of ``months`` and longer periods, each stands whole beside the other, however long. ``weeks``
    have no match: days that a month lacks count on its last.
    """

    member: MemberId
    interval: Interval
    matched: Literal["days", "weeks", "months"]

    def moves(self, member: Member) -> bool:
        """Whether the member is the time."""
        return member.source.id == self.member


@dataclass(frozen=True)
class Rolling:
    """A window around each period of ``column``, or around the whole of ``bounds``."""

    frame: Frame
    member: Member
    column: Column | None
    bounds: DateRange

    @property
    def is_daily(self) -> bool:
        """Whether every window is made of whole days, so that a day is never divided."""
        lengths = [length for length in (self.frame.trailing, self.frame.leading) if length]
        if self.column is None or self.column.granularity is None:
            first, last = self.bounds
            whole = first.time() == time() and last.time() == time.max
        else:
            whole = self.column.granularity.starts_at_midnight
        return whole and all(length.is_whole_days for length in lengths)

    @property
    def reach(self) -> tuple[datetime | None, datetime | None]:
        """Moments that no window reaches beyond; generous, None where there is no limit."""
        first, last = self.bounds
        period = NO_TIME if self.column is None else self.column.granularity_interval
        if self.frame.to_date is not None:
            return _move(first, -period, -_YEAR), _move(last, period)
        trailing, leading = self.frame.trailing, self.frame.leading
        return (
            None if trailing is None else _move(first, -period, -trailing),
            None if leading is None else _move(last, period, leading),
        )


def _move(moment: datetime, *lengths: Interval) -> datetime | None:
    """The moment after some lengths; None beyond the calendar, where no entry lies."""
    try:
        for length in lengths:
            moment = length.after(moment)
    except (OverflowError, ValueError):
        return None
    return moment


@dataclass(frozen=True)
class Source:
    """Aggregates from the same rows, by the columns of the body.

    ``distinct`` is the primary key whose rows the joins repeat: each counts once per group.
    ``rollup`` names the rollup that ``table`` is, where it is no fact; ``refused`` are the rollups
    of the fact that cannot answer, each with the reason.
    """

    name: str
    root: str
    table: str
    joins: tuple[JoinStep, ...]
    where: tuple[Node, ...]
    aggregates: tuple[Aggregate, ...]
    stages: tuple[MultiStagePlan, ...] = ()
    distinct: tuple[exp.Expr, ...] = ()
    shifts: tuple[MovedTime, ...] = ()
    rolling: Rolling | None = None
    rollup: str | None = None
    refused: tuple[tuple[str, str], ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether one grouped SELECT computes the aggregates."""
        return not self.distinct and self.rolling is None


@dataclass(frozen=True)
class NestedSource:
    """An aggregate over the rows of a finer body."""

    name: str
    component: NestedAggregate
    body: Body


@dataclass(frozen=True)
class Body:
    """Sources of the values, the columns they share, and the windows over their rows."""

    columns: tuple[Column, ...]
    sources: tuple[Source, ...]
    nested: tuple[NestedSource, ...]
    windows: tuple[Window, ...]

    @property
    def is_plain(self) -> bool:
        """Whether one grouped SELECT is the whole answer."""
        alone = len(self.sources) == 1 and not self.nested and not self.windows
        return alone and self.sources[0].is_plain


@dataclass(frozen=True)
class Plan:
    """Everything the SQL writer needs; ``ranges`` belong to the query's time dimensions."""

    body: Body
    measures: tuple[Member, ...]
    having: tuple[Node, ...]
    order: tuple[tuple[str, bool], ...]
    limit: int
    offset: int
    total: bool
    ungrouped: bool
    segments: tuple[Member, ...]
    ranges: tuple[DateRange | None, ...]
    timezone: str
    today: date

    @property
    def columns(self) -> tuple[Column, ...]:
        """Members that the query groups by."""
        return self.body.columns

    @property
    def rollups(self) -> tuple[str, ...]:
        """Rollups that the answer is read from."""
        return tuple(dict.fromkeys(source.rollup for source in self.sources if source.rollup))

    @property
    def sources(self) -> tuple[Source, ...]:
        """Every source, those of finer bodies too."""
        return tuple(_sources(self.body))


def _sources(body: Body) -> Iterator[Source]:
    yield from body.sources
    for nested in body.nested:
        yield from _sources(nested.body)
