from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipelines.landing.control import control_path
from pipelines.landing.folder import find_deliveries

if TYPE_CHECKING:
    from tests.integration.loading.conftest import Bank

MONDAY, TUESDAY = date(2024, 1, 29), date(2024, 1, 30)
TELLERS = ["T1|Ann|B1"]


def problems(bank: Bank) -> list[str]:
    return list(find_deliveries(bank.settings).problems)


def test_deliveries_come_in_order_of_date_then_feed(bank: Bank) -> None:
    bank.deliver_lines("teller.teller", TUESDAY, TELLERS)
    bank.deliver_lines("teller.teller", MONDAY, TELLERS)
    bank.deliver_lines("branch.account_balance", TUESDAY, [])
    found = find_deliveries(bank.settings)
    assert [(d.control.business_date, d.contract.name) for d in found.deliveries] == [
        (MONDAY, "teller.teller"),
        (TUESDAY, "branch.account_balance"),
        (TUESDAY, "teller.teller"),
    ]
    assert found.problems == ()


def test_a_data_file_without_control_file_is_not_yet_delivered(bank: Bank) -> None:
    path = bank.deliver_lines("teller.teller", MONDAY, TELLERS)
    control_path(path).unlink()
    found = find_deliveries(bank.settings)
    assert (found.deliveries, found.incomplete, found.problems) == ((), (path,), ())


def test_no_landing_folder_is_no_delivery(bank: Bank) -> None:
    assert find_deliveries(bank.settings).deliveries == ()


def test_a_bad_entry_never_hides_a_good_one(bank: Bank) -> None:
    good = bank.deliver_lines("teller.teller", MONDAY, TELLERS)
    broken = bank.deliver_lines("teller.teller", TUESDAY, TELLERS)
    control_path(broken).write_text("{")
    renamed = bank.deliver_lines("branch.product", MONDAY, [])
    bank.restate(renamed, business_date=TUESDAY)
    lonely = bank.deliver_lines("branch.branch", MONDAY, [])
    lonely.unlink()
    landing = bank.settings.landing_folder
    (landing / "teller" / "tellers").mkdir()
    (landing / "teller" / "teller" / "notes.txt").write_text("")
    (landing / "readme.txt").write_text("")
    found = find_deliveries(bank.settings)
    assert [d.data_file for d in found.deliveries] == [good]
    told = "\n".join(found.problems)
    assert f"{control_path(broken)} is no control file" in told
    assert f"{control_path(renamed)} its business date and rerun belong to" in told
    assert f"{control_path(lonely)} has no data file beside it" in told
    assert "a feed that no contract describes. Feeds of teller: teller, transaction." in told
    assert "notes.txt is neither data nor control file" in told
    assert "readme.txt is no folder of a source system" in told
    assert len(found.problems) == 6


def test_two_data_files_for_one_control_file_are_reported(bank: Bank) -> None:
    path = bank.deliver_lines("teller.teller", MONDAY, TELLERS)
    path.with_suffix(".parquet").write_bytes(b"")
    assert "has 2 data files beside it" in problems(bank)[0]


def test_a_control_file_of_another_feed_is_reported(bank: Bank) -> None:
    bank.deliver_lines("teller.teller", MONDAY, TELLERS, source="branch")
    assert "states branch.teller in the folder of teller.teller" in problems(bank)[0]


def test_links_are_not_followed(bank: Bank, tmp_path: Path) -> None:
    path = bank.deliver_lines("teller.teller", MONDAY, TELLERS)
    secret = tmp_path / "secret.csv"
    path.rename(secret)
    path.symlink_to(secret)
    found = find_deliveries(bank.settings)
    assert found.deliveries == ()
    assert "csv is a link. Deliver the file itself." in found.problems[0]


def test_a_folder_that_leads_out_of_the_landing_folder_is_not_entered(
    bank: Bank, tmp_path: Path
) -> None:
    folder = bank.deliver_lines("teller.teller", MONDAY, TELLERS).parent
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    found = find_deliveries(bank.settings)
    assert found.deliveries == ()
    assert "is a link out of the landing folder" in found.problems[0]


def test_a_pipe_in_place_of_a_file_keeps_nobody_waiting(bank: Bank) -> None:
    path = bank.deliver_lines("teller.teller", MONDAY, TELLERS)
    path.unlink()
    os.mkfifo(path)
    assert "is no regular file" in problems(bank)[0]


def test_a_control_file_that_is_no_page_of_text_is_not_read(bank: Bank) -> None:
    path = bank.deliver_lines("teller.teller", MONDAY, TELLERS)
    control_path(path).write_bytes(b" " * 1_000_001)
    assert "more than 1,000,000 bytes" in problems(bank)[0]


@pytest.mark.parametrize(
    "statement",
    [
        {"sequence": 10**12},
        {"rerun": 2**31},
        {"schema_version": 0},
        {"rows": -1},
        {"rows": 10**20},
        {"business_date": "9999-12-31"},
        {"totals": {"amount": "NaN"}},
        {"sha256": "../../etc/passwd"},
        {"surprise": 1},
    ],
)
def test_a_statement_beyond_all_bounds_is_refused_by_its_name(
    bank: Bank, statement: dict[str, object]
) -> None:
    path = control_path(bank.deliver_lines("teller.teller", MONDAY, TELLERS))
    path.write_text(json.dumps(json.loads(path.read_text()) | statement))
    (problem,) = problems(bank)
    assert f"{path} is no control file: {next(iter(statement))}" in problem


@pytest.mark.parametrize("feed", ["../../teller", "/etc", "transaction"])
def test_a_control_file_cannot_lead_elsewhere(bank: Bank, feed: str) -> None:
    path = control_path(bank.deliver_lines("teller.teller", MONDAY, TELLERS))
    path.write_text(json.dumps(json.loads(path.read_text()) | {"feed": feed}))
    (problem,) = problems(bank)
    assert f"states teller.{feed} in the folder of teller.teller" in problem
