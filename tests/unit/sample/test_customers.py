from __future__ import annotations

import csv
from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bankcrm.errors import BankcrmError
from pipelines.sources.sample import make_sample_bank
from pipelines.sources.sample.documents import is_id_card, is_licence

if TYPE_CHECKING:
    from tests.unit.sample.conftest import DeliveredBank, MakeBank


def first_night(bank: DeliveredBank, feed: str) -> list[dict[str, str]]:
    return [row for night, row in bank.rows(feed) if night == bank.nights[0]]


def test_the_check_digit_rule_knows_published_numbers() -> None:
    # 11010519491231002X is the worked example of GB 11643; 91350100M000100Y43 that of GB 32100.
    assert is_id_card("11010519491231002X")
    assert not is_id_card("110105194912310021")
    assert not is_id_card("11010519491231002")
    assert is_licence("91350100M000100Y43")
    assert not is_licence("91350100M000100Y44")


def test_every_document_has_its_check_digit_and_agrees_with_birth_and_gender(
    bank: DeliveredBank,
) -> None:
    seen = set()
    for system in ("branch", "card", "loan"):
        for _, row in bank.rows(f"{system}.customer"):
            number, kind = row["document_number"], row["document_type"]
            seen.add(kind)
            if kind == "ID_CARD" and len(number) == 15:
                assert number.isdigit()
                assert row["birth_date"].replace("-", "") in ("", "19" + number[6:12])
            elif kind == "ID_CARD":
                assert is_id_card(number)
                assert (int(number[16]) % 2 == 1) == (row["gender"] == "M")
                assert row["birth_date"].replace("-", "") in ("", number[6:14])
            if kind == "BUSINESS_LICENCE":
                assert is_licence(number)
    assert {"ID_CARD", "BUSINESS_LICENCE", ""} <= seen


def test_no_two_customers_of_the_branch_system_share_a_document(bank: DeliveredBank) -> None:
    owner: dict[str, set[str]] = defaultdict(set)
    for _, row in bank.rows("branch.customer"):
        owner[row["document_number"]].add(row["customer_id"])
    assert max(len(ids) for ids in owner.values()) == 1


def test_the_truth_names_the_person_behind_every_delivered_customer(bank: DeliveredBank) -> None:
    assert bank.summary.truth is not None
    assert bank.landing not in bank.summary.truth.parents
    with bank.summary.truth.open(encoding="utf-8") as stream:
        truth = {(row["source_system"], row["customer_id"]): row for row in csv.DictReader(stream)}
    delivered = {
        (system, row["customer_id"])
        for system in ("branch", "card", "loan")
        for _, row in bank.rows(f"{system}.customer")
    }
    assert set(truth) == delivered
    persons = {system: set[str]() for system in ("branch", "card", "loan")}
    for (system, _), row in truth.items():
        assert row["person_id"] not in persons[system]
        persons[system].add(row["person_id"])
    assert persons["card"] <= persons["branch"]
    assert persons["loan"] <= persons["branch"]


def test_other_systems_spell_some_customers_differently_and_miss_some_documents(
    bank: DeliveredBank,
) -> None:
    names = {row["document_number"]: row["full_name"] for _, row in bank.rows("branch.customer")}
    others = [row for _, row in bank.rows("card.customer")]
    known = [row for row in others if row["document_number"] in names]
    respelt = [row for row in known if row["full_name"] != names[row["document_number"]]]
    assert len(known) > len(others) / 2
    assert 0 < len(respelt) < len(known) / 2


def test_customers_move_and_new_ones_join_during_the_period(bank: DeliveredBank) -> None:
    nights: dict[str, list[date]] = defaultdict(list)
    for night, row in bank.rows("branch.customer"):
        nights[row["customer_id"]].append(night)
    assert any(len(seen) > 1 for seen in nights.values())
    assert any(seen[0] > bank.nights[0] for seen in nights.values())


def test_a_fifth_of_the_customers_holds_about_four_fifths_of_the_deposits(
    make_bank: MakeBank,
) -> None:
    bank = make_bank(customers=2000, days=1)
    owners = {
        row["account_id"]: row["customer_id"]
        for _, row in bank.rows("branch.account_party")
        if row["party_role"] == "OWNER"
    }
    deposits: dict[str, Decimal] = defaultdict(Decimal)
    for _, row in bank.rows("branch.account_balance"):
        deposits[owners[row["account_id"]]] += Decimal(row["balance"])
    ordered = sorted(deposits.values(), reverse=True)
    share = sum(ordered[: len(ordered) // 5]) / sum(ordered)
    assert Decimal("0.75") < share < Decimal("0.88")


@pytest.mark.parametrize(
    ("feed", "bounds"),
    [
        ("loan.loan_status", (0, 1, 91, 271, 361)),
        ("card.card_balance", (0, 1, 91, 121, 181)),
    ],
)
def test_all_five_risk_classes_exist_on_the_first_night(
    bank: DeliveredBank, feed: str, bounds: tuple[int, ...]
) -> None:
    days = [int(row["days_past_due"]) for row in first_night(bank, feed)]
    classes = {sum(value >= bound for bound in bounds) for value in days}
    assert classes == {1, 2, 3, 4, 5}


def test_the_smallest_bank_has_all_risk_classes_too(make_bank: MakeBank) -> None:
    small = make_bank(customers=20, days=1)
    test_all_five_risk_classes_exist_on_the_first_night(
        small, "loan.loan_status", (0, 1, 91, 271, 361)
    )


def test_entries_look_like_those_of_a_bank(bank: DeliveredBank) -> None:
    rows = [row for _, row in bank.rows("teller.transaction")]
    kinds = {row["transaction_type_code"] for row in rows}
    assert {"SALARY", "BILL_PAYMENT", "PURCHASE", "LOAN_PAYMENT", "INTERNAL_OUT"} <= kinds
    channels = [row["channel_code"] for row in rows]
    electronic = [code for code in channels if code not in ("COUNTER", "BATCH")]
    assert channels.count("MOBILE") > len(electronic) / 2
    for row in rows:
        assert (row["teller_id"] != "") == (row["channel_code"] == "COUNTER")
        assert (row["branch_id"] != "") == (row["channel_code"] == "COUNTER")
    inward = [row for row in rows if row["transaction_type_code"] == "INTERNAL_IN"]
    outward = [row for row in rows if row["transaction_type_code"] == "INTERNAL_OUT"]
    assert sorted((r["account_id"], r["amount"]) for r in inward) == sorted(
        (r["counterparty_account"], r["amount"]) for r in outward
    )


def test_a_reversal_takes_back_amount_and_fee_of_an_earlier_entry(make_bank: MakeBank) -> None:
    bank = make_bank(customers=1200, days=31)
    rows = [row for _, row in bank.rows("teller.transaction")]
    by_id = {row["transaction_id"]: row for row in rows}
    reversals = [row for row in rows if row["transaction_type_code"] == "REVERSAL"]
    assert 0.0004 < len(reversals) / len(rows) < 0.002
    for row in reversals:
        original = by_id[row["reversal_of"]]
        assert row["account_id"] == original["account_id"]
        assert row["amount"] == original["amount"]
        assert Decimal(row["fee_amount"]) == -Decimal(original["fee_amount"])
        assert {row["debit_credit"], original["debit_credit"]} == {"C", "D"}


def test_an_impossible_size_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(BankcrmError, match="at least 20 customers"):
        make_sample_bank(tmp_path, customers=0)
    assert not any(tmp_path.iterdir())
