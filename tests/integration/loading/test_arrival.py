"""Whatever order files arrive in, and however many at a time, readers see the same history."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import count, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bankcrm.settings import Settings
from pipelines.landing.control import control_path
from pipelines.landing.folder import find_deliveries
from pipelines.loading.complete_through import explain_incomplete_date, set_complete_through
from pipelines.loading.load import Loader
from pipelines.loading.load_plan import plan_loads
from pipelines.loading.raw import open_raw

if TYPE_CHECKING:
    from tests.integration.loading.conftest import Bank

BALANCE, ENTRY, TELLER, PARTY = (
    "branch.account_balance",
    "teller.transaction",
    "teller.teller",
    "branch.account_party",
)
FIRST = date(2024, 1, 30)
Homes = Callable[[], Path]
History = dict[str, list[tuple[Any, ...]]]


def day(number: int) -> date:
    return FIRST + timedelta(days=number - 1)


def entry(number: int, amount: str, posted: int) -> str:
    fields = [f"E{number}", "A1", str(day(posted)), "", "TRANSFER", "ATM", "", "", "D"]
    return "|".join([*fields, amount, "0", "CNY", "", ""])


def entry_totals(amount: str) -> dict[str, Decimal]:
    labels = ("amount", "amount[debit_credit=D]")
    nothing = dict.fromkeys(("amount[debit_credit=C]", "fee_amount"), Decimal(0))
    return dict.fromkeys(labels, Decimal(amount)) | nothing


@pytest.fixture(scope="module")
def files(shared_bank: Bank) -> tuple[Path, ...]:
    """Three nights, a correction of the first, and files of two feeds that may come late."""
    deliver = shared_bank.deliver_lines
    lines = {1: ["A1,10.00", "A2,CNY5"], 2: ["A1,20.00"], 3: ["A1,30.00", "A1,30.00"]}
    stated = {1: Decimal(15), 2: Decimal(20), 3: Decimal(60)}
    paths = [
        deliver(BALANCE, day(n), lines[n], sequence=n, totals={"balance": stated[n]}) for n in lines
    ]
    corrected = {"balance": Decimal(16)}
    paths.append(
        deliver(BALANCE, day(1), ["A1,11.00", "A2,5.00"], sequence=1, rerun=1, totals=corrected)
    )
    for n in lines:
        rows = [entry(n, f"{n}.50", n), entry(10 + n, "1.00", 1)]
        paths.append(deliver(ENTRY, day(n), rows, sequence=n, totals=entry_totals(f"{n + 1}.50")))
    paths.append(deliver(TELLER, day(1), ["T1|Ann|B1"], sequence=1))
    paths.append(deliver(TELLER, day(3), ["T1|Anne|B1", "T2||B1"], sequence=2))
    paths.append(deliver(PARTY, day(2), [f"A1,C1,OWNER,1.000000,{day(1)},"], sequence=1))
    return tuple(paths)


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Homes:
    """Makes homes with an empty raw database."""
    folder = tmp_path_factory.mktemp("homes")
    with open_raw(Settings(home=folder / "empty", threads=1)):
        pass
    numbers = count()

    def make() -> Path:
        return Path(shutil.copytree(folder / "empty", folder / str(next(numbers))))

    return make


@pytest.fixture(scope="module")
def at_once(files: tuple[Path, ...], shared_bank: Bank, homes: Homes) -> History:
    """What readers see when every file was there before the first run."""
    return arrive([files], shared_bank.settings.landing_folder, homes())


def arrive(batches: Sequence[Sequence[Path]], landing: Path, home: Path) -> History:
    """What readers see after each batch was followed by a run of the loader."""
    bank = Settings(home=home, threads=1)
    with open_raw(bank) as raw:
        for batch in batches:
            for path in batch:
                target = bank.landing_folder / path.relative_to(landing)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
                shutil.copyfile(control_path(path), control_path(target))
            plan = plan_loads(raw, find_deliveries(bank).deliveries)
            with Loader(raw) as loader:
                for _, night in plan.dates:
                    for delivery in night:
                        assert loader.load(delivery).status == "loaded"
            set_complete_through(raw)
        assert explain_incomplete_date(raw) is None
        return {name: raw.execute(query).fetchall() for name, query in SEEN.items()}


SEEN = {
    feed: f"""select raw.* exclude (load_id) from {feed} as raw
        join ops.whole_load using (load_id) order by all"""
    for feed in (BALANCE, ENTRY, TELLER, PARTY)
} | {
    "quarantine": """select row_token, rules, file_line, source, feed, business_date
        from ops.quarantine where load_id in (select load_id from ops.whole_load) order by all""",
    "ledger": """select source, feed, business_date, sequence, rerun, rows_delivered,
        rows_accepted, rows_quarantined, rows_collapsed, sha256 from ops.whole_load order by all""",
    "totals": """select source, feed, business_date, total.* exclude (load_id)
        from ops.load_total as total join ops.whole_load using (load_id) order by all""",
    "complete_through": "from ops.complete_through",
}


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_order_of_arrival_gives_the_same_history(
    files: tuple[Path, ...],
    shared_bank: Bank,
    homes: Homes,
    at_once: History,
    data: st.DataObject,
) -> None:
    landing = shared_bank.settings.landing_folder
    order = data.draw(st.permutations(files))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(files) - 1))))
    bounds = [0, *cuts, len(files)]
    batches = [order[a:b] for a, b in pairwise(bounds)]
    assert arrive(batches, landing, homes()) == at_once


def test_the_history_is_that_of_the_corrected_files(
    at_once: History,
) -> None:
    seen = at_once
    assert [(row[0], row[1], row[-1]) for row in seen[BALANCE]] == [
        ("A1", Decimal("11.00"), day(1)),
        ("A1", Decimal("20.00"), day(2)),
        ("A1", Decimal("30.00"), day(3)),
        ("A2", Decimal("5.00"), day(1)),
    ]
    assert len(seen[ENTRY]) == 6
    assert [row[0] for row in seen[TELLER]] == ["T1", "T1"]
    assert len(seen["quarantine"]) == 1
    assert len(seen["ledger"]) == 9
    assert seen["complete_through"] == [(day(3),)]
