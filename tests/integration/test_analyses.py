"""The analyses run on the published version and say how they are read."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bankcrm.settings import PROJECT_FOLDER, Settings
from bankcrm.warehouse.versions import open_published

ANALYSES = sorted((PROJECT_FOLDER / "analyses").glob("*.sql"))


def answer(bank: Settings, analysis: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Columns and rows of an analysis on a published bank."""
    query = (PROJECT_FOLDER / "analyses" / f"{analysis}.sql").read_text(encoding="utf-8")
    with open_published(bank) as connection:
        result = connection.execute(query)
        return [column[0] for column in result.description or []], result.fetchall()


@pytest.mark.parametrize("path", ANALYSES, ids=lambda path: path.stem)
def test_an_analysis_answers_on_the_sample_bank_and_says_how_to_read_it(
    sample_bank: Settings, path: Path
) -> None:
    query = path.read_text(encoding="utf-8")
    assert query.startswith("-- ")
    assert "-- How to read: " in query
    columns, rows = answer(sample_bank, path.stem)
    assert rows
    assert len(rows) == len(set(rows))
    assert not [name for name in columns if name.endswith("_key")]


@pytest.mark.parametrize("path", ANALYSES, ids=lambda path: path.stem)
def test_an_analysis_runs_where_a_bank_delivers_little(berka_bank: Settings, path: Path) -> None:
    _, rows = answer(berka_bank, path.stem)
    assert len(rows) == len(set(rows))


def test_the_lines_of_profit_by_branch_add_up_to_its_contribution(sample_bank: Settings) -> None:
    columns, rows = answer(sample_bank, "profit_contribution_by_branch")
    for row in (dict(zip(columns, row, strict=True)) for row in rows):
        income = row["margin"] + row["fees"] - row["turnover_tax"]
        assert row["before_tax"] == income - row["cost_to_serve"] - row["loss"]


def test_the_parts_of_deposit_growth_add_up_to_the_change(sample_bank: Settings) -> None:
    columns, rows = answer(sample_bank, "deposit_growth_cleaned_of_transfers")
    for row in (dict(zip(columns, row, strict=True)) for row in rows):
        assert row["growth"] == row["new_money"] + row["lost"] + row["ordinary"]
        moved = row["own_accounts"] + row["other_customers"] + row["between_branches"]
        assert row["change_of_deposits"] == row["growth"] + moved


@pytest.mark.parametrize(
    ("analysis", "parts"),
    [
        (
            "repayment_discipline",
            ("on_time_percent", "within_30_days_percent", "later_percent", "unpaid_percent"),
        ),
        (
            "overdue_roll_rates",
            ("rolled_worse_percent", "stayed_percent", "rolled_better_percent", "cured_percent"),
        ),
        (
            "credit_migration_matrix",
            ("normal", "special_mention", "substandard", "doubtful", "loss", "repaid"),
        ),
    ],
)
@pytest.mark.parametrize("bank", ["sample_bank", "berka_bank"])
def test_the_percentages_of_a_line_add_up_to_100(
    bank: str, analysis: str, parts: tuple[str, ...], request: pytest.FixtureRequest
) -> None:
    columns, rows = answer(request.getfixturevalue(bank), analysis)
    for row in (dict(zip(columns, row, strict=True)) for row in rows):
        assert float(sum(row[part] for part in parts)) == pytest.approx(100, abs=0.3)


def test_the_whale_curve_ends_at_the_whole_contribution(sample_bank: Settings) -> None:
    query = (PROJECT_FOLDER / "analyses" / "whale_curve.sql").read_text(encoding="utf-8")
    with open_published(sample_bank) as connection:
        deciles = connection.execute(query).fetchall()
        total = connection.execute(
            """select sum(pre_tax_contribution_amount) from marts.fct_profit_monthly
            where is_complete_month"""
        ).fetchone()
    contributions = [row[2] for row in deciles]
    assert contributions == sorted(contributions, reverse=True)
    assert total == (sum(contributions, Decimal(0)),)
    assert deciles[-1][3] == 100
