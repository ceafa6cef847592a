"""The analyses run on the published version and say how they are read."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.settings import PROJECT_FOLDER, Settings
from pipelines.versions import open_published

ANALYSES = sorted((PROJECT_FOLDER / "analyses").glob("*.sql"))


@pytest.mark.parametrize("path", ANALYSES, ids=lambda path: path.stem)
def test_an_analysis_answers_on_the_sample_bank_and_says_how_to_read_it(
    sample_bank: Settings, path: Path
) -> None:
    query = path.read_text(encoding="utf-8")
    assert query.startswith("-- ")
    assert "-- How to read: " in query
    with open_published(sample_bank) as connection:
        assert connection.execute(query).fetchall()


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
