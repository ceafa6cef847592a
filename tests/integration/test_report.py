"""The management report of a refreshed bank."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bankcrm.settings import PROJECT_FOLDER, Settings
from bankcrm.warehouse.versions import current_version, open_published
from pipelines.cli import app
from pipelines.documents.report.answers import ask
from pipelines.documents.report.freshness import read_freshness
from pipelines.documents.report.layout import read_layout
from pipelines.loading.raw import open_raw
from tests.unit.report.test_report import assert_offline


def test_the_report_of_a_bank_has_every_section_and_needs_no_network(
    sample_bank: Settings, tmp_path: Path
) -> None:
    output = tmp_path / "report.html"
    words = ["report", "--home", str(sample_bank.home), "--output", str(output)]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    html = output.read_text(encoding="utf-8")
    assert_offline(html)
    assert f"version {current_version(sample_bank)}" in html
    assert "last complete month ends 2024-02-29" in html
    assert 'class="notice"' not in html
    with open_published(sample_bank) as connection:
        for section in read_layout().sections:
            answer = ask(connection, section.analysis)
            part = html.partition(f'<section id="{section.analysis}">')[2].partition("</section>")[
                0
            ]
            assert "<b>How to read</b>" in part
            assert ("<table>" in part) == bool(answer.rows and section.rows)
            assert ("<svg" in part) == bool(section.chart and answer.rows)


def test_a_report_of_berka_says_what_is_unknown(berka_bank: Settings, tmp_path: Path) -> None:
    output = tmp_path / "report.html"
    words = ["report", "--home", str(berka_bank.home), "--output", str(output)]
    assert CliRunner().invoke(app, words).exit_code == 0
    html = output.read_text(encoding="utf-8")
    assert "The bank does not deliver the channel of its entries." in html
    assert "finance has not delivered every cost pool" in html
    assert "<dt>Own entries at the counter</dt><dd>\N{EN DASH}</dd>" in html


def test_a_stale_version_says_what_is_not_in_it(
    sample_bank: Settings, delivered_bank: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=tmp_path / "bank", landing=delivered_bank.landing_folder)
    shutil.copytree(sample_bank.published_folder, settings.published_folder)
    version = current_version(settings)
    assert version is not None
    (settings.published_folder / "2024-03-09-001.duckdb").touch()
    with open_raw(settings):
        pass
    shutil.copytree(PROJECT_FOLDER / "seeds", tmp_path / "seeds")
    rates = tmp_path / "seeds" / "profit_parameter.csv"
    rates.write_text(rates.read_text().replace("0.06000000", "0.07000000"))
    monkeypatch.setattr("pipelines.documents.report.freshness.SEEDS_FOLDER", tmp_path / "seeds")

    with open_published(settings, version) as connection:
        notices = read_freshness(settings, connection, version).notices
    assert notices == [
        "This is not the latest version: 2024-03-09-001 was built after it.",
        "Parameter profit_parameter was changed since; its change is not in these figures.",
        "10 delivered business dates are not loaded yet; these are the figures of 2024-03-01.",
    ]


def test_without_a_version_the_report_says_what_to_do(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["report", "--home", str(tmp_path)])
    assert result.exit_code == 7
    assert "Run `bankcrm refresh` first." in result.output
