"""What the contact centre of the sample bank delivers hangs together."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.unit.sample.conftest import DeliveredBank

Row = dict[str, str]
STEPS = ("acknowledged_date", "answered_date", "reported_date")


def tellings(bank: DeliveredBank, feed: str, *key: str) -> dict[tuple[str, ...], list[Row]]:
    """Deliveries of each member in the order of nights, with the night as ``night``."""
    told: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for night, row in bank.rows(f"contact.{feed}"):
        told[tuple(row[name] for name in key)].append({**row, "night": night.isoformat()})
    return told


def test_a_contact_comes_again_only_with_its_report(bank: DeliveredBank) -> None:
    contacts = tellings(bank, "contact", "contact_id")
    for rows in contacts.values():
        first, *later = rows
        assert first["night"] == first["contact_date"]
        assert first["report_date"] in {"", first["contact_date"]}
        for row in later:
            assert row["report_date"] == row["night"]
            assert {**row, "report_date": "", "night": ""} == {
                **first,
                "report_date": "",
                "night": "",
            }
    again = [rows for rows in contacts.values() if len(rows) > 1]
    missing = [rows for rows in contacts.values() if not rows[-1]["report_date"]]
    assert again
    assert missing


def test_the_manager_of_a_contact_answers_for_the_customer_that_day(bank: DeliveredBank) -> None:
    books: dict[tuple[str, str], list[Row]] = defaultdict(list)
    latest = {}
    for _, row in bank.rows("branch.manager_assignment"):
        latest[row["customer_id"], row["manager_id"], row["valid_from"]] = row
    for row in latest.values():
        books[row["customer_id"], row["manager_id"]].append(row)
    for _, contact in bank.rows("contact.contact"):
        day = contact["contact_date"]
        assignments = books[contact["customer_id"], contact["manager_id"]]
        assert any(r["valid_from"] <= day < (r["valid_to"] or "9999") for r in assignments)


def test_complaints_go_on_step_by_step_and_some_break_the_term(bank: DeliveredBank) -> None:
    complaints = tellings(bank, "complaint", "complaint_id")
    for rows in complaints.values():
        assert rows[0]["night"] == rows[0]["received_date"]
        for earlier, later in pairwise(rows):
            assert all(later[step] == earlier[step] for step in STEPS if earlier[step])
            assert any(later[step] == later["night"] for step in STEPS)
    last = [rows[-1] for rows in complaints.values() if rows[-1]["reported_date"]]
    days = {
        (date.fromisoformat(r["reported_date"]) - date.fromisoformat(r["received_date"])).days > 7
        for r in last
    }
    assert days == {True, False}


def test_campaigns_address_customers_while_they_run_and_only_buyers_have_a_product(
    bank: DeliveredBank,
) -> None:
    campaigns = tellings(bank, "campaign", "campaign_id")
    targets = tellings(bank, "campaign_target", "campaign_id", "customer_id")
    for (campaign_id, _), rows in targets.items():
        told = [row for row in campaigns[campaign_id,] if row["night"] <= rows[0]["night"]]
        assert "RUNNING" in {row["status"] for row in told}
        assert rows[0]["targeted_date"] >= told[-1]["start_date"]
        assert all(row["response"] == "BOUGHT" for row in rows if row["product_id"])
    responses = {rows[-1]["response"] for rows in targets.values()}
    assert responses == {"BOUGHT", "INTERESTED", "DECLINED", ""}


def test_who_is_brought_joins_that_day_and_who_brings_was_there_before(
    bank: DeliveredBank,
) -> None:
    opened = {row["customer_id"]: row["opened_date"] for _, row in bank.rows("branch.customer")}
    referrals = [row for _, row in bank.rows("contact.referral")]
    assert referrals
    for row in referrals:
        assert opened[row["referred_customer_id"]] == row["referral_date"]
        assert opened[row["referrer_customer_id"]] < bank.nights[0].isoformat()
