"""Night by night or all at once, corrected or late: the same tables, by hash of every one."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from bankcrm.settings import Settings
from bankcrm.warehouse.fingerprint import fingerprint_tables
from bankcrm.warehouse.versions import open_published
from pipelines.refresh.refresh import refresh
from tests.integration.banks import Redelivery, copy_bank, keep_from

FIRST, FIFTH = date(2024, 1, 26), date(2024, 1, 30)
NINTH, TENTH = date(2024, 2, 3), date(2024, 2, 4)


def fingerprints(settings: Settings) -> dict[str, tuple[int, int]]:
    with open_published(settings) as connection:
        return fingerprint_tables(connection)


def rebuild_from_nothing(settings: Settings) -> dict[str, tuple[int, int]]:
    """Tables of a build that starts from an empty file, on the same raw data."""
    shutil.rmtree(settings.published_folder)
    assert refresh(settings).version is not None
    return fingerprints(settings)


def leave_out_ledger(bank: Redelivery) -> None:
    """Deliver no balances of the general ledger, which would state other figures."""
    shutil.rmtree(bank.settings.landing_folder / "finance" / "gl_balance")


def hold_back_members(bank: Redelivery) -> str:
    """Deliver an account and its owner only on the ninth night.

    The ledger would rightly not tie while the account's unit is unknown.
    """
    leave_out_ledger(bank)
    account = next(r for r in bank.read("branch.account", FIRST) if r["interest_rate"])
    parties = bank.read("branch.account_party", FIRST)
    owner = next(r["customer_id"] for r in parties if r["account_id"] == account["account_id"])
    bank.move_row("branch.account", "account_id", account["account_id"], FIRST, NINTH)
    bank.move_row("branch.customer", "customer_id", owner, FIRST, NINTH)
    return account["account_id"]


def reverse_an_old_entry(bank: Redelivery) -> str:
    """On the tenth night take back an entry of the first one, a month before."""
    old = bank.read("teller.transaction", FIRST)[0]
    side = "C" if old["debit_credit"] == "D" else "D"
    reversal = old | {
        "transaction_id": "REVERSAL", "reversal_of": old["transaction_id"], "debit_credit": side,
        "transaction_type_code": "REVERSAL", "channel_code": "BATCH", "branch_id": "",
        "teller_id": "", "posting_date": str(TENTH), "posted_at": f"{TENTH} 03:00:00",
        "fee_amount": f"-{old['fee_amount']}",
    }  # fmt: skip
    bank.write("teller.transaction", TENTH, [*bank.read("teller.transaction", TENTH), reversal])
    return old["transaction_id"]


def test_nights_one_by_one_late_or_corrected_equal_a_build_from_nothing(
    delivered_bank: Settings, tmp_path: Path
) -> None:
    at_once = copy_bank(delivered_bank, tmp_path / "at_once")
    held_back = hold_back_members(Redelivery(at_once))
    reversed_entry = reverse_an_old_entry(Redelivery(at_once))
    one_by_one = copy_bank(at_once, tmp_path / "one_by_one")
    keep_from(one_by_one, NINTH, aside=tmp_path / "later")

    refresh(one_by_one)
    assert is_inferred(one_by_one, held_back)
    shutil.copytree(tmp_path / "later", one_by_one.landing_folder, dirs_exist_ok=True)
    reports = [refresh(one_by_one, one_night=True) for _ in range(2)]
    assert [report.business_date for report in reports] == [NINTH, TENTH]
    assert reports[-1].refresh_from == FIRST

    refresh(at_once)
    assert fingerprints(one_by_one) == fingerprints(at_once)
    assert count_orphans(one_by_one) == 0
    assert read_entry(one_by_one, reversed_entry) == (True, 0, 0, 0)

    before = total_amount(one_by_one)
    for settings in (one_by_one, at_once):
        correct_amount(Redelivery(settings), FIFTH, Decimal("12.34"))
    assert refresh(one_by_one).refresh_from == FIFTH
    assert total_amount(one_by_one) - before == Decimal("12.34")
    assert fingerprints(one_by_one) == rebuild_from_nothing(at_once)


def correct_amount(bank: Redelivery, night: date, difference: Decimal) -> None:
    """Correct the first entry of a night, and the balances of its account from that night on."""
    rows = bank.read("teller.transaction", night)
    rows[0]["amount"] = str(Decimal(rows[0]["amount"]) + difference)
    bank.write("teller.transaction", night, rows, rerun=1)
    sign = 1 if rows[0]["debit_credit"] == "C" else -1
    shift_balances(bank, rows[0]["account_id"], night, sign * difference)


def shift_balances(bank: Redelivery, account_id: str, first: date, difference: Decimal) -> None:
    """Correct the balance of an account from a night on."""
    for night in (first + timedelta(days) for days in range((TENTH - first).days + 1)):
        if not bank.path("branch.account_balance", night).exists():
            continue
        rows = bank.read("branch.account_balance", night)
        for row in rows:
            if row["account_id"] == account_id:
                row["balance"] = str(Decimal(row["balance"]) + difference)
        bank.write("branch.account_balance", night, rows, rerun=1)


def is_inferred(settings: Settings, account_id: str) -> bool:
    query = "select is_inferred from marts.dim_account where account_id = $1"
    return bool(read_one(settings, query, [account_id])[0])


def count_orphans(settings: Settings) -> int:
    query = "select count(*) from marts.fct_transaction where product_key = -2 or customer_key = -2"
    return int(read_one(settings, query)[0])


def read_entry(settings: Settings, transaction_id: str) -> tuple[Any, ...]:
    query = """select is_reversed, net_amount, net_fee_income_amount, business_entry_count
        from marts.fct_transaction where transaction_id = $1"""
    return read_one(settings, query, [transaction_id])


def total_amount(settings: Settings) -> Decimal:
    return Decimal(read_one(settings, "select sum(amount) from marts.fct_transaction")[0])


def read_one(settings: Settings, query: str, values: Sequence[str] = ()) -> tuple[Any, ...]:
    with open_published(settings) as connection:
        row = connection.execute(query, list(values)).fetchone()
    assert row is not None
    return tuple(row)
