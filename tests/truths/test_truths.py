"""What must hold of any answers holds of random questions, over both protocols, for every role.

Groups add up, complements make the whole, a role is the administrator under its predicate, and so
on: `truths.py`, `times.py` and `forms.py` list them. The questions are those of the day (UTC), so
every day tries others, and a run of the same day the same. ``BANKCRM_TRUTHS_SEED`` chooses the
seed; a violation names the one to give, beside the question, made as small as it can be, its SQL
and both answers.
`make proof-truths` tries thousands.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from bankcrm.settings import Settings
from cube.planner.operator_sql import CONDITIONS
from cube.security.access import Access
from tests.truths.bank import Bank, serve_bank
from tests.truths.run import ALL, Tally, run

SEED = os.environ.get("BANKCRM_TRUTHS_SEED") or datetime.now(tz=UTC).date().isoformat()
CHECKS, MANY_CHECKS = 150, 2_500
"""Questions that are answered, of each bank."""
PLANTED_CHECKS = 400


@pytest.fixture(scope="module")
def sample(kept_sample: Settings) -> Iterator[Bank]:
    with serve_bank("sample", kept_sample) as bank:
        yield bank


@pytest.fixture(scope="module")
def second(second_bank: Settings) -> Iterator[Bank]:
    with serve_bank("second", second_bank) as bank:
        yield bank


def require_truth(bank: Bank, count: int) -> Tally:
    """Check so many questions, and fail with those that show a violation."""
    tally = run(bank, count, SEED)
    shown = "\n\n".join(tally.violations[:5])
    seed = f"BANKCRM_TRUTHS_SEED={SEED}"
    assert not tally.violations, f"{len(tally.violations)} violations, {seed}\n\n{shown}"
    assert sum(tally.answered.values()) >= count, seed
    assert sum(tally.refused.values()) < count / 4, (seed, tally.refused)
    assert all(tally.answered[truth.name] for truth in ALL), (seed, tally.answered)
    return tally


@pytest.mark.parametrize("name", ["sample", "second"])
def test_what_must_hold_of_any_answers_holds(name: str, request: pytest.FixtureRequest) -> None:
    require_truth(request.getfixturevalue(name), CHECKS)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sample", "second"])
def test_what_must_hold_of_any_answers_holds_of_many(
    name: str, request: pytest.FixtureRequest
) -> None:
    tally = require_truth(request.getfixturevalue(name), MANY_CHECKS)
    for truth in ALL:
        answered, refused = tally.answered[truth.name], tally.refused[truth.name]
        print(f"{name}, seed {SEED}: {truth.name}: {answered} hold, {refused} refused")


def test_faults_that_are_planted_are_found_and_made_small(
    second: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows without a value are lost from a complement; row rules are forgotten."""
    differs = CONDITIONS["notEquals"]
    with monkeypatch.context() as planted:
        planted.setitem(
            CONDITIONS, "notEquals", lambda tree, values, _: differs(tree, values, True)
        )
        found = run(second, PLANTED_CHECKS, "planted", stop_at="a filter and its complement")
        (violation,) = found.violations
        question = violation.splitlines()[1]
        assert '"dimensions": []' in question, violation
        assert question.count("_amount") + question.count("_count") <= 2, violation
    with monkeypatch.context() as planted:
        planted.setattr(Access, "select_rules", lambda *_: ())
        found = run(second, PLANTED_CHECKS, "planted", stop_at="a role is the administrator")
        (violation,) = found.violations
        assert "manager" in violation.splitlines()[0]
