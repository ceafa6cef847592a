"""Shares of joint accounts that do not sum to one are told by the account, and hold nothing."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from pipelines.checks.findings import Finding
from pipelines.checks.volume_checks import compare_with_weeks_before

if TYPE_CHECKING:
    from tests.integration.loading.conftest import Bank

FEED = "branch.account_party"
FIRST = date(2024, 1, 31)


def deliver(bank: Bank, number: int, *rows: str) -> int:
    day = FIRST + timedelta(days=number)
    lines = [row.replace("FIRST", str(FIRST)) for row in rows]
    result = bank.load(bank.deliver_lines(FEED, day, lines))
    assert (result.status, result.rules) == ("loaded", {}), result.problems
    return result.load_id


def findings(bank: Bank, published: tuple[int, ...] = ()) -> list[Finding]:
    return [f for f in compare_with_weeks_before(bank.raw, published) if f.rule == f"shares:{FEED}"]


@pytest.mark.parametrize("share", ["0.333333", "0.333334"])
def test_thirds_written_to_a_millionth_are_whole(bank: Bank, share: str) -> None:
    owners = (f"A1,C{owner},JOINT,{share},FIRST," for owner in range(3))
    deliver(bank, 0, *owners)
    assert findings(bank) == []


def test_two_whole_owners_are_told_with_account_line_and_date(bank: Bank) -> None:
    load = deliver(
        bank, 0, "A1,C1,OWNER,1,FIRST,", "A2,C1,OWNER,1,FIRST,", "A2,C2,JOINT,1,FIRST,"
    )  # fmt: skip
    (finding,) = findings(bank)
    assert (finding.load_id, finding.severity) == (load, "warn")
    assert (
        "account_party_2024-01-31_r0.csv: share does not sum to 1 for 1 account_id:"
        " account_id A2 (line 3): 2.000000 from 2024-01-31 on"
    ) in finding.message


def test_an_owner_who_ends_leaves_a_part_that_nobody_has(bank: Bank) -> None:
    first = deliver(bank, 0, "A1,C1,OWNER,0.5,FIRST,", "A1,C2,JOINT,0.5,FIRST,")
    later = deliver(bank, 1, "A1,C2,JOINT,0.5,FIRST,2024-02-01")
    (finding,) = findings(bank, (first,))
    assert finding.load_id == later
    assert "account_id A1 (line 2): 0.500000 from 2024-02-01 on" in finding.message
    deliver(bank, 2, "A1,C1,OWNER,0.5,FIRST,2024-02-01", "A1,C1,OWNER,1,2024-02-01,")
    assert findings(bank, (first, later)) == []


def test_an_account_that_nobody_touches_is_told_once(bank: Bank) -> None:
    first = deliver(bank, 0, "A1,C1,OWNER,1,FIRST,", "A1,C2,JOINT,1,FIRST,")
    deliver(bank, 1, "A2,C1,OWNER,1,FIRST,")
    assert findings(bank, (first,)) == []
