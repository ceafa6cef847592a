"""The arithmetic of scorecards, as the macros render it."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
from jinja2 import Environment

from bankcrm.settings import PROJECT_FOLDER


@pytest.fixture(scope="module")
def macros() -> Any:
    source = (PROJECT_FOLDER / "macros" / "scorecard.sql").read_text(encoding="utf-8")
    return Environment(autoescape=False).from_string(source).module


def compute(expression: str) -> float:
    row = duckdb.sql(f"select {expression}").fetchone()
    assert row is not None
    return float(row[0])


def sum_terms(term: Any, pairs: list[tuple[str, str]]) -> float:
    return compute(" + ".join(str(term(first, second)) for first, second in pairs))


def test_twenty_points_that_double_the_odds_are_a_factor_of_28_8539(macros: Any) -> None:
    assert round(compute(macros.score_factor("20")), 4) == 28.8539


def test_600_points_at_50_to_1_are_an_offset_of_487_1229(macros: Any) -> None:
    assert round(compute(macros.score_offset("600", "50", "20")), 4) == 487.1229


def test_odds_of_100_to_1_score_620_points(macros: Any) -> None:
    assert compute(macros.score_points("100", "600", "50", "20")) == pytest.approx(620)


def test_goods_of_40_35_25_and_bads_of_30_35_35_percent_have_an_information_value_of_0_0624(
    macros: Any,
) -> None:
    bands = [("0.40", "0.30"), ("0.35", "0.35"), ("0.25", "0.35")]
    assert round(sum_terms(macros.information_value_term, bands), 4) == 0.0624


def test_20_30_50_percent_that_became_25_35_40_drift_by_0_0412(macros: Any) -> None:
    bands = [("0.25", "0.2"), ("0.35", "0.3"), ("0.40", "0.5")]
    assert round(sum_terms(macros.stability_term, bands), 4) == 0.0412
