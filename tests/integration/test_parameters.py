"""A changed parameter takes effect from its day, and rebuilds from there."""

from __future__ import annotations

import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from rich.console import Console

from bankcrm.errors import InvalidParameters
from bankcrm.settings import PROJECT_FOLDER, Settings
from bankcrm.warehouse.fingerprint import fingerprint_tables
from bankcrm.warehouse.versions import current_version, open_published
from pipelines.cli.screens.refresh import print_report
from pipelines.parameters.changes import ParameterChange
from pipelines.refresh.refresh import refresh

CHANGE = date(2024, 2, 1)
PROJECT_PARTS = ("models", "macros", "seeds", "tests/dbt", "analyses")
OLD = "VAT_RATE,Value added tax on interest and fees included in the price,0.06000000,1900-01-01,"
NEW = f"{OLD}{CHANGE}\n{OLD}9999-12-31".replace(
    "0.06000000,1900-01-01,9999", f"0.09000000,{CHANGE},9999"
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project whose seeds may be changed."""
    folder = tmp_path / "project"
    for part in PROJECT_PARTS:
        shutil.copytree(PROJECT_FOLDER / part, folder / part)
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(PROJECT_FOLDER / name, folder)
    monkeypatch.setattr("pipelines.build.dbt.PROJECT_FOLDER", folder)
    for module in ("pipelines.build.base", "pipelines.refresh.refresh"):
        monkeypatch.setattr(f"{module}.SEEDS_FOLDER", folder / "seeds")
    return folder


@pytest.fixture
def bank(sample_bank: Settings, tmp_path: Path) -> Settings:
    """The refreshed sample bank in a home of its own."""
    for part in ("landing", "vault", "warehouse", "published"):
        shutil.copytree(sample_bank.home / part, tmp_path / "bank" / part)
    return Settings(home=tmp_path / "bank")


def raise_vat(project: Path) -> None:
    path = project / "seeds" / "profit_parameter.csv"
    text = path.read_text()
    assert f"{OLD}9999-12-31" in text
    path.write_text(text.replace(f"{OLD}9999-12-31", NEW))


def taxes(settings: Settings) -> list[tuple[date, Decimal]]:
    with open_published(settings) as connection:
        return connection.execute(
            """select month_end_date, sum(vat_amount) from marts.fct_profit_monthly
            group by all order by all"""
        ).fetchall()


def test_a_tax_rate_raised_from_a_day_equals_a_build_from_nothing_and_leaves_earlier_months(
    bank: Settings, project: Path
) -> None:
    before = taxes(bank)
    raise_vat(project)
    report = refresh(bank)
    assert report.parameter_changes == (ParameterChange("profit_parameter", CHANGE),)
    assert report.refresh_from == CHANGE
    after = taxes(bank)
    assert after[0] == before[0]
    assert all(new[1] > old[1] for old, new in zip(before[1:], after[1:], strict=True))

    console = Console(record=True, width=160)
    print_report(console, bank, report)
    screen = console.export_text()
    assert "Parameter profit_parameter changed from 2024-02-01." in screen
    assert "Nothing new to publish" not in screen

    with open_published(bank) as connection:
        incremental = fingerprint_tables(connection)
    shutil.rmtree(bank.published_folder)
    refresh(bank)
    with open_published(bank) as connection:
        assert fingerprint_tables(connection) == incremental


def test_contradicting_parameters_are_refused_before_anything_is_loaded(
    bank: Settings, project: Path
) -> None:
    version = current_version(bank)
    path = project / "seeds" / "profit_parameter.csv"
    path.write_text(path.read_text() + f"VAT_RATE,Twice,0.09000000,{CHANGE},9999-12-31\n")
    with pytest.raises(InvalidParameters, match=r"profit_parameter\.csv line 7: overlap: VAT_RATE"):
        refresh(bank)
    assert current_version(bank) == version
