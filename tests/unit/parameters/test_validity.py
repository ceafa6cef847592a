"""Validities that contradict each other are refused with file, line, rule and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from bankcrm.errors import InvalidParameters
from bankcrm.settings import PROJECT_FOLDER
from pipelines.parameters.validity import check_parameters

PROPERTIES = """
seeds:
  - name: rate
    config: {meta: {validity_key: [code]}}
"""
HEADER = "code,value,valid_from,valid_to\n"


def refuse(folder: Path, *lines: str, properties: str = PROPERTIES) -> InvalidParameters:
    seeds = folder / "seeds"
    seeds.mkdir()
    (seeds / "_seeds.yml").write_text(properties)
    (seeds / "rate.csv").write_text(HEADER + "\n".join(lines) + "\n")
    with pytest.raises(InvalidParameters) as caught:
        check_parameters(seeds)
    return caught.value


def test_the_seeds_of_the_project_follow_each_other_without_gap_or_overlap() -> None:
    check_parameters(PROJECT_FOLDER / "seeds")


def test_an_overlap_names_both_lines(tmp_path: Path) -> None:
    error = refuse(
        tmp_path,
        "VAT,0.06,1900-01-01,9999-12-31",
        "TAX,0.25,1900-01-01,9999-12-31",
        "VAT,0.09,2024-02-01,9999-12-31",
    )
    assert error.problems == (
        "seeds/rate.csv line 4: overlap: VAT holds from 2024-02-01, "
        "but line 2 holds until 9999-12-31",
    )
    assert "End each row on the day" in error.remedy
    assert error.exit_code == 12


def test_a_gap_a_bad_date_and_an_empty_validity_are_reported_at_once(tmp_path: Path) -> None:
    error = refuse(
        tmp_path,
        "VAT,0.06,1900-01-01,2024-01-31",
        "VAT,0.09,2024-02-01,9999-12-31",
        "TAX,0.25,2024-13-01,9999-12-31",
        "FEE,0.01,2024-01-01,2024-01-01",
    )
    assert [problem.partition(": ")[2].partition(":")[0] for problem in error.problems] == [
        "bad_date",
        "empty_validity",
        "gap",
    ]
    assert "valid_from '2024-13-01' is not a date like 2024-01-31" in str(error)


def test_a_seed_with_validity_must_say_what_names_one_parameter(tmp_path: Path) -> None:
    error = refuse(tmp_path, "VAT,0.06,1900-01-01,9999-12-31", properties="seeds: [{name: rate}]")
    assert "seeds/rate.csv line 1: no_key" in error.problem


def test_a_key_that_is_no_column_is_named(tmp_path: Path) -> None:
    error = refuse(
        tmp_path,
        "VAT,0.06,1900-01-01,9999-12-31",
        properties=PROPERTIES.replace("[code]", "[kode]"),
    )
    assert "unknown columns ['kode']" in error.problem
