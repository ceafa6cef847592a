"""fct_manager_kpi, fct_manager_score and fct_team_kpi against an independent computation."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import reduce

import pytest

from tests.integration.oracle.bank import OracleBank
from tests.integration.oracle.marts import assert_equal, read_fact
from tests.integration.oracle.scorecards import Kpi, Scorecards, attain

Expected = dict[tuple[str, str, date], Kpi]
KEY = ("manager_id", "measure_code", "month_end_date")


@dataclass(frozen=True)
class Score:
    """Score and rank of a manager in a month."""

    branch_id: str
    is_complete_month: bool
    score: Decimal | None
    covered_weight: Decimal
    total_weight: Decimal
    rank_in_branch: int | None
    rank_in_bank: int | None
    manager_count_in_branch: int
    manager_count_in_bank: int


@dataclass(frozen=True)
class TeamKpi:
    """A measure of a team in a month."""

    manager_count: int
    numerator_value: Decimal | None
    denominator_value: Decimal | None
    target_value: Decimal | None
    attainment_rate: Decimal | None
    weight: Decimal
    score_contribution: Decimal | None


@pytest.fixture(scope="module")
def expected(sample: OracleBank) -> Expected:
    """Measures of the sample bank's managers, computed from its deliveries."""
    return dict(Scorecards(sample).rows())


def test_every_cell_of_a_managers_measure_follows_from_the_delivered_files(
    sample: OracleBank, expected: Expected
) -> None:
    assert_equal(expected, read_fact(sample.published, "fct_manager_kpi", KEY, Kpi))


def test_the_sample_bank_measures_managers_by_everything_it_delivers(expected: Expected) -> None:
    known: dict[str, set[Decimal | None]] = defaultdict(set)
    for (_, code, _), kpi in expected.items():
        known[code].add(kpi.numerator_value)
    for code, values in known.items():
        assert values - {None, Decimal()}, code


def test_a_score_is_the_sum_of_known_contributions_and_ranks_in_unit_and_bank(
    sample: OracleBank, expected: Expected
) -> None:
    cards: dict[tuple[str, date], list[Kpi]] = defaultdict(list)
    for (manager, _, end), kpi in expected.items():
        cards[manager, end].append(kpi)
    scores = {(manager, end): _rank(manager, end, cards) for manager, end in cards}
    published = read_fact(
        sample.published, "fct_manager_score", ("manager_id", "month_end_date"), Score
    )
    assert_equal(scores, published)


def test_every_cell_of_a_team_is_a_sum_over_the_managers_below_its_unit_or_a_ratio_of_sums(
    sample: OracleBank, expected: Expected
) -> None:
    parents: dict[str, str] = {}
    for _, row in sample.landing.rows("branch.branch"):
        parents[row["branch_id"]] = row["parent_branch_id"]
    signs = dict(
        sample.published.execute(
            "select measure_code, sign from marts.dim_manager_measure"
        ).fetchall()
    )
    teams: dict[tuple[str, str, date], list[Kpi]] = defaultdict(list)
    for (_, code, end), kpi in expected.items():
        unit = kpi.branch_id
        while unit:
            teams[unit, code, end].append(kpi)
            unit = parents[unit]
    rows = {key: _team(kpis, signs[key[1]]) for key, kpis in teams.items()}
    key = ("branch_id", "measure_code", "month_end_date")
    assert_equal(rows, read_fact(sample.published, "fct_team_kpi", key, TeamKpi))


def _score(kpis: list[Kpi]) -> Decimal | None:
    return _sum_known([kpi.score_contribution for kpi in kpis])


def _covered(kpis: list[Kpi]) -> Decimal:
    return sum((k.weight for k in kpis if k.score_contribution is not None), Decimal())


def _place(kpis: list[Kpi], others: list[list[Kpi]]) -> tuple[int | None, int]:
    """Place among the scores of the largest covered weight, and how many have one."""
    scored = [cards for cards in others if _score(cards) is not None]
    most = max((_covered(cards) for cards in scored), default=None)
    scores = [_score(cards) or Decimal() for cards in scored if _covered(cards) == most]
    mine = _score(kpis)
    if mine is None or _covered(kpis) != most:
        return None, len(scores)
    return 1 + sum(score > mine for score in scores), len(scores)


def _rank(manager: str, end: date, cards: dict[tuple[str, date], list[Kpi]]) -> Score:
    kpis = cards[manager, end]
    unit = kpis[0].branch_id
    bank = [card for (_, day), card in cards.items() if day == end]
    in_branch = _place(kpis, [card for card in bank if card[0].branch_id == unit])
    in_bank = _place(kpis, bank)
    return Score(
        branch_id=unit,
        is_complete_month=kpis[0].is_complete_month,
        score=_score(kpis),
        covered_weight=_covered(kpis),
        total_weight=sum((k.weight for k in kpis), Decimal()),
        rank_in_branch=in_branch[0],
        rank_in_bank=in_bank[0],
        manager_count_in_branch=in_branch[1],
        manager_count_in_bank=in_bank[1],
    )


def _team(kpis: list[Kpi], sign: int) -> TeamKpi:
    numerator = _sum_all([kpi.numerator_value for kpi in kpis])
    target = _sum_all([kpi.target_value for kpi in kpis])
    attained = attain(numerator, target, sign)
    weight = kpis[0].weight
    return TeamKpi(
        manager_count=len(kpis),
        numerator_value=numerator,
        denominator_value=_sum_all([kpi.denominator_value for kpi in kpis]),
        target_value=target,
        attainment_rate=attained,
        weight=weight,
        score_contribution=None if attained is None else weight * attained,
    )


def _sum_known(values: list[Decimal | None]) -> Decimal | None:
    known = [value for value in values if value is not None]
    return sum(known, Decimal()) if known else None


def _sum_all(values: list[Decimal | None]) -> Decimal | None:
    return reduce(lambda a, b: None if a is None or b is None else a + b, values)
