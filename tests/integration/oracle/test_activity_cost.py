"""fct_activity_cost and dim_activity: what customers cause, and the capacity nobody used."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from tests.integration.oracle.bank import OracleBank
from tests.integration.oracle.costs import ActivityCost, Pool
from tests.integration.oracle.curves import read_seed
from tests.integration.oracle.figures import half_up
from tests.integration.oracle.marts import assert_equal, read_fact
from tests.integration.oracle.months import Month
from tests.integration.oracle.people import Owner
from tests.integration.oracle.splits import running_weights, split_known

FACT = "fct_activity_cost"
KEY = ("customer_durable_key", "activity_code", "channel_code", "month_end_date")
NOT_APPLICABLE_KEY = -3
WEIGHT_PLACES = 8
CostKey = tuple[int, str, str | None, date]


@dataclass(frozen=True)
class Served:
    """What a customer caused by an activity in a channel, or what of a pool nobody used."""

    is_idle: bool
    event_count: Decimal
    used_minutes: Decimal
    cost_amount: Decimal


def test_every_cell_of_an_activity_cost_follows_from_the_entries_and_the_pools(
    sample: OracleBank,
) -> None:
    expected = {**_expected_served(sample), **_expected_idle(sample)}
    assert_equal(expected, read_fact(sample.published, FACT, KEY, Served))


def test_the_berka_bank_without_cost_pools_has_no_activity_costs(berka: OracleBank) -> None:
    assert not any(berka.costs.pools(month.end) for month in berka.accounts.months)
    assert read_fact(berka.published, FACT, KEY, Served) == {}


def test_what_no_entry_caused_has_no_channel_rather_than_an_unknown_one(
    sample: OracleBank,
) -> None:
    rows = sample.published.execute(
        """
        select distinct f.channel_key
        from marts.fct_activity_cost as f
        inner join marts.dim_channel as c using (channel_key)
        where c.channel_code is null
        """
    ).fetchall()
    assert rows == [(NOT_APPLICABLE_KEY,)]


def test_activities_are_those_of_the_seed_and_the_unused_capacity_of_delivered_pools(
    bank: OracleBank,
) -> None:
    rows = bank.published.execute(
        """
        select activity_code, cost_pool_code, is_idle
        from marts.dim_activity
        where activity_key > 0
        """
    ).fetchall()
    seed = read_seed("activity")
    pools = {pool for month in bank.accounts.months for pool in bank.costs.pools(month.end)}
    assert sorted(rows) == sorted(
        [(row["activity_code"], row["cost_pool_code"], False) for row in seed]
        + [(f"IDLE_{pool}", pool, True) for pool in pools]
    )


def test_activities_are_called_as_in_the_seed(bank: OracleBank) -> None:
    rows = bank.published.execute(
        """
        select activity_code, activity_name, activity_name_zh
        from marts.dim_activity
        where activity_key > 0 and not is_idle
        """
    ).fetchall()
    assert sorted(rows) == sorted(
        (row["activity_code"], row["activity_name"], row["activity_name_zh"])
        for row in read_seed("activity")
    )


def test_the_sample_bank_causes_every_activity_and_joint_owners_share_some(
    sample: OracleBank,
) -> None:
    served = list(_served(sample))
    used = {cost.activity_code for _, cost, _ in served}
    assert used == {row["activity_code"] for row in read_seed("activity")}
    assert any(owner.weight < 1 for owners, _, _ in served for owner in owners)


def _served(bank: OracleBank) -> Iterator[tuple[list[Owner], ActivityCost, Month]]:
    for account, month, _ in bank.account_months:
        for cost in bank.costs.of(account, month) or []:
            yield bank.owners_of(account, month), cost, month


def _expected_served(bank: OracleBank) -> dict[CostKey, Served]:
    events: dict[CostKey, Fraction] = defaultdict(Fraction)
    minutes: dict[CostKey, Fraction] = defaultdict(Fraction)
    amounts: dict[CostKey, Decimal] = defaultdict(Decimal)
    for owners, cost, month in _served(bank):
        parts = split_known(cost.cost_amount, running_weights(owners))
        for owner, part in zip(owners, parts, strict=True):
            key = (owner.customer, cost.activity_code, cost.channel_code, month.end)
            events[key] += cost.events * owner.weight
            minutes[key] += cost.minutes * owner.weight
            amounts[key] += part
    return {
        key: Served(False, _exact(events[key]), _exact(minutes[key]), amounts[key])
        for key in events
    }


def _expected_idle(bank: OracleBank) -> dict[CostKey, Served]:
    """What the accounts left of each pool: from whole accounts, before owners share anything."""
    used: dict[tuple[date, str], list[ActivityCost]] = defaultdict(list)
    for _, cost, month in _served(bank):
        used[month.end, cost.cost_pool_code].append(cost)
    return {
        (NOT_APPLICABLE_KEY, f"IDLE_{code}", None, month.end): _idle(pool, used[month.end, code])
        for month in bank.accounts.months
        for code, pool in bank.costs.pools(month.end).items()
    }


def _idle(pool: Pool, used: list[ActivityCost]) -> Served:
    minutes = pool.practical_minutes - sum((cost.minutes for cost in used), Fraction())
    spent = sum((cost.cost_amount for cost in used), Decimal())
    return Served(True, Decimal(), _exact(minutes), half_up(pool.cost) - spent)


def _exact(value: Fraction) -> Decimal:
    rounded = half_up(value, WEIGHT_PLACES)
    assert Fraction(rounded) == value, f"{value} has more places than the column"
    return rounded
