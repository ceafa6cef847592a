"""Account measures split among owners: each gets the growth of the rounded running share."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from tests.integration.oracle.figures import half_up
from tests.integration.oracle.people import Owner


def running_weights(owners: list[Owner]) -> list[Fraction]:
    """Weight of the owners up to each one, in order of durable keys."""
    return [sum((o.weight for o in owners[: n + 1]), Fraction()) for n in range(len(owners))]


def split_amount(amount: Decimal | None, running: list[Fraction]) -> list[Decimal | None]:
    """Part of each owner; unknown stays unknown."""
    return [*split_known(amount, running)] if amount is not None else [None] * len(running)


def split_known(amount: Decimal, running: list[Fraction]) -> list[Decimal]:
    """Part of each owner, to the cent."""
    reached = [Decimal(), *(half_up(Fraction(amount) * weight) for weight in running)]
    return [after - before for before, after in pairwise(reached)]
