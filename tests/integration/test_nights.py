"""Night by night or all at once, corrected or late: the same tables, by hash of every one."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

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
    """Deliver no balances of the general ledger, which would state the other figures."""
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


def test_nights_loaded_one_by_one_with_late_members_equal_nights_loaded_at_once(
    delivered_bank: Settings, tmp_path: Path
) -> None:
    at_once = copy_bank(delivered_bank, tmp_path / "at_once")
    held_back = hold_back_members(Redelivery(at_once))
    reversed_entry = reverse_an_old_entry(Redelivery(at_once))
    one_by_one = copy_bank(at_once, tmp_path / "one_by_one")
    keep_from(one_by_one, date(2024, 2, 2), aside=tmp_path / "later")

    refresh(one_by_one)
    with open_published(one_by_one) as connection:
        before = connection.execute(
            "select is_inferred from marts.dim_account where account_id = $1", [held_back]
        ).fetchall()
    assert before == [(True,)]
    shutil.copytree(tmp_path / "later", one_by_one.landing_folder, dirs_exist_ok=True)
    reports = [refresh(one_by_one, one_night=True) for _ in range(3)]
    assert [report.business_date for report in reports] == [date(2024, 2, 2), NINTH, TENTH]
    assert reports[-1].refresh_from == FIRST

    refresh(at_once)
    assert fingerprints(one_by_one) == fingerprints(at_once)
    with open_published(one_by_one) as connection:
        orphans = connection.execute(
            """select count(*) from marts.fct_transaction
            where product_key = -2 or customer_key = -2"""
        ).fetchone()
        netted = connection.execute(
            """select is_reversed, net_amount, net_fee_income_amount, business_entry_count
            from marts.fct_transaction where transaction_id = $1""",
            [reversed_entry],
        ).fetchone()
    assert orphans == (0,)
    assert netted == (True, 0, 0, 0)


def test_a_corrected_file_replaces_its_night_and_equals_a_build_from_nothing(
    delivered_bank: Settings, tmp_path: Path
) -> None:
    settings = copy_bank(delivered_bank, tmp_path / "bank")
    bank = Redelivery(settings)
    leave_out_ledger(bank)
    difference = Decimal("12.34")
    refresh(settings)
    before = total_amount(settings)

    rows = bank.read("teller.transaction", FIFTH)
    rows[0]["amount"] = str(Decimal(rows[0]["amount"]) + difference)
    bank.write("teller.transaction", FIFTH, rows, rerun=1)
    sign = 1 if rows[0]["debit_credit"] == "C" else -1
    shift_balances(bank, rows[0]["account_id"], FIFTH, sign * difference)
    report = refresh(settings)

    assert report.refresh_from == FIFTH
    assert total_amount(settings) - before == difference
    assert fingerprints(settings) == rebuild_from_nothing(settings)


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


def total_amount(settings: Settings) -> Decimal:
    with open_published(settings) as connection:
        row = connection.execute("select sum(amount) from marts.fct_transaction").fetchone()
    assert row is not None
    return Decimal(row[0])
