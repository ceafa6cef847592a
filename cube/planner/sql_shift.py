"""Moved times as SQL."""

from __future__ import annotations

from sqlglot import exp

from cube.compiler.granularity import DAY, Interval


def move_to_month_end(tree: exp.Expr, interval: Interval) -> exp.Expr:
    """A time this much later; on the last day of a month, where that day is the last."""
    if not interval.months:
        return interval.added_to(tree)
    # The day after the last is the first of a month, which every month has.
    following = interval.added_to(exp.paren(DAY.added_to(tree.copy()), copy=False))
    at_end = exp.If(this=_is_month_end(tree), true=(-DAY).added_to(following))
    return exp.Case(ifs=[at_end], default=interval.added_to(tree.copy()))


def has_match(tree: exp.Expr, interval: Interval) -> exp.Expr:
    """Whether a day stands beside a day: not where it would share the last one of a month."""
    moved = interval.added_to(tree.copy())
    shares = exp.and_(exp.not_(_is_month_end(tree)), _is_month_end(moved))
    return exp.NullSafeNEQ(this=exp.paren(shares, copy=False), expression=exp.true())


def _is_month_end(tree: exp.Expr) -> exp.Expr:
    day = exp.Day(this=DAY.added_to(tree.copy()))
    return exp.EQ(this=day, expression=exp.Literal.number(1))
