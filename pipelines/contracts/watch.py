"""What a contract says about watching a feed: limits, severities, and what must agree."""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """Part of a contract: it never changes, and has no other fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class RollForward(Frozen):
    """The entries that explain the changes of the balances of a feed.

    ``entries`` is their feed, ``key`` its column of the account. ``amount`` adds to the balance
    where ``side`` is ``credit``, and takes from it elsewhere; ``fee`` always takes.
    """

    balance: str
    entries: str
    key: str
    amount: str
    side: str
    credit: str
    fee: str


class Shares(Frozen):
    """A column whose values sum to one for each ``of`` on every date on which there are any."""

    column: str
    of: str


class Closing(Frozen):
    """What says that an account is closed, and the feed in which its balance is then zero.

    Closed is the account whose ``column`` has the ``value``; ``balance`` is the column of the
    feed ``balances``, whose key is that of the account.
    """

    column: str
    value: str
    balances: str
    balance: str


WatchRule = Literal[
    "volume",
    "mean",
    "sign",
    "partial_snapshot",
    "roll_forward",
    "unknown_keys",
    "repeated_keys",
    "shares",
    "closed_accounts",
]
WATCH_RULES: tuple[WatchRule, ...] = get_args(WatchRule)
SEASONAL_RULES: tuple[WatchRule, ...] = ("volume", "mean", "sign")
"""What also the seasons of the business break: a yearly plan, a handover of customers."""


class Watch(Frozen):
    """How far a business date of the feed may differ from the days before until a person decides.

    Rows: at most ``most_times`` the highest and at least ``least_share`` of the lowest business
    date; the mean of a control total at most ``mean_times`` away; of a full snapshot at most
    ``vanished_share`` of the keys may be missing. Business dates of fewer rows than ``least_rows``
    are too small to be compared, and nothing is compared before ``days`` of history with at least
    ``least_nights`` business dates in it.

    Changes of balances: where entries explained all but ``roll_forward_share`` of the days before.
    Keys: at most ``unknown_share`` of a column may be unknown to the feed that it references,
    where that are ``unknown_rows`` or more.

    Findings of the rules in ``warn`` are warnings; unless it is given, those that seasons break
    (volume, mean, sign) of feeds that are not mandatory. All others hold the business date back.
    """

    days: int = 35
    least_nights: int = 10
    least_rows: int = 30
    most_times: float = 5
    least_share: float = 0.2
    mean_times: float = 20
    vanished_share: float = 0.2
    roll_forward_share: float = 0.01
    unknown_share: float = 0.05
    unknown_rows: int = 3
    warn: tuple[WatchRule, ...] | None = None
