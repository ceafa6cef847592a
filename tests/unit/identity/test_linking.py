"""Linking what was delivered: order, changes, review and decisions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bankcrm.errors import BankcrmError
from bankcrm.settings import Settings
from pipelines.identity.parameters import load_parameters
from pipelines.identity.review import decide, find_pair, list_waiting, list_waiting_customers
from pipelines.loading.raw import open_raw
from tests.unit.identity.conftest import DAYS, LI_WEI, Bank

OLD_CARD: dict[str, Any] = {"document_type": "ID_CARD", "document_number": "110105491231002"}
NEW_CARD: dict[str, Any] = OLD_CARD | {"document_number": "11010519491231002X"}
OTHER_CARD: dict[str, Any] = OLD_CARD | {"document_number": "350103199212317778"}
STRANGER: dict[str, Any] = {
    "full_name": "Zhao Min",
    "birth_date": date(1991, 2, 3),
    "gender": "F",
    "phone": "15000000001",
    "address": "No 1 Xueyuan Road Room 301 Jinan",
    "city": "Jinan",
}
MARRIED: dict[str, Any] = STRANGER | {"birth_date": LI_WEI["birth_date"]}
"""Another name at another address: only the birth agrees."""
TOGETHER = {frozenset({"branch:B1", "card:K7"})}
APART = {frozenset({"branch:B1"}), frozenset({"card:K7"})}
PAIR = ("branch", "B1"), ("card", "K7")


def test_an_old_card_of_15_digits_is_the_same_document_as_the_new_one(bank: Bank) -> None:
    bank.deliver(DAYS[0], "branch:B1", **NEW_CARD)
    bank.deliver(DAYS[0], "card:K7", **MARRIED, **OLD_CARD)
    bank.link()
    assert bank.groups() == TOGETHER
    assert bank.history("card:K7") == [("branch:B1", "exact_document", date(1900, 1, 1))]


def test_the_same_document_in_three_systems_is_one_customer_and_a_later_document_changes_no_key(
    bank: Bank,
) -> None:
    bank.deliver(DAYS[0], "branch:B1", **NEW_CARD)
    bank.deliver(DAYS[2], "card:K7", **MARRIED, **OLD_CARD)
    bank.deliver(DAYS[3], "loan:L3", **MARRIED, **NEW_CARD)
    bank.deliver(DAYS[5], "branch:B1", document_type="PASSPORT", document_number="E1")
    bank.link()
    assert bank.groups() == {frozenset({"branch:B1", "card:K7", "loan:L3"})}
    assert {row[0] for row in bank.history("branch:B1")} == {"branch:B1"}


def test_the_same_person_without_a_document_is_found_by_linkage(bank: Bank) -> None:
    bank.deliver(DAYS[0], "branch:B1", **NEW_CARD)
    bank.deliver(DAYS[0], "card:K7", full_name="WEIQIANG LI", phone="+86 136 7732 2777")
    bank.link()
    assert bank.groups() == TOGETHER
    assert bank.history("card:K7")[-1][1] == "probabilistic_linkage"


def test_equal_people_with_different_documents_stay_two(bank: Bank) -> None:
    bank.deliver(DAYS[0], "branch:B1", **NEW_CARD)
    bank.deliver(DAYS[0], "card:K7", **OTHER_CARD)
    report = bank.link()
    assert bank.groups() == APART
    assert report.pairs_waiting == 0


def test_twins_under_one_roof_are_not_merged_but_reviewed(bank: Bank) -> None:
    bank.deliver(DAYS[0], "branch:B1", **NEW_CARD)
    bank.deliver(DAYS[0], "card:K7", full_name="Li Jianguo")
    report = bank.link()
    assert bank.groups() == APART
    assert report.pairs_waiting == 1
    (waiting,) = list_waiting(bank.connection, 5)
    assert waiting.match_probability > load_parameters().thresholds.merge
    assert waiting.reasons.startswith("name one word equal, birth date equal, phone equal")


def test_a_corrected_card_parts_whom_the_wrong_one_had_made_one(bank: Bank) -> None:
    bank.deliver(DAYS[0], "branch:B1", **NEW_CARD)
    bank.deliver(DAYS[0], "card:K7", **MARRIED, **OLD_CARD)
    bank.deliver(DAYS[4], "card:K7", **MARRIED, **OTHER_CARD)
    bank.link()
    assert bank.groups() == APART
    assert bank.history("card:K7") == [
        ("branch:B1", "exact_document", date(1900, 1, 1)),
        ("card:K7", "source_id", DAYS[4]),
    ]


def test_a_renewed_passport_parts_nobody(bank: Bank) -> None:
    passport: dict[str, Any] = {"document_type": "PASSPORT", "document_number": "E1"}
    bank.deliver(DAYS[0], "branch:B1", **passport)
    bank.deliver(DAYS[0], "card:K7", **MARRIED, **passport)
    bank.deliver(DAYS[4], "branch:B1", **(passport | {"document_number": "E2"}))
    bank.link()
    assert bank.groups() == TOGETHER


def test_once_linked_a_move_and_a_new_number_part_nobody(bank: Bank) -> None:
    bank.deliver(DAYS[0], "branch:B1", birth_date=None)
    bank.deliver(DAYS[0], "card:K7", birth_date=None)
    moved: dict[str, Any] = {"address": STRANGER["address"], "phone": "1", "city": "Jinan"}
    bank.deliver(DAYS[4], "branch:B1", birth_date=None, **moved)
    bank.link()
    assert bank.groups() == TOGETHER


def test_a_number_that_a_whole_system_shares_identifies_nobody(bank: Bank) -> None:
    most = load_parameters().documents.largest_group
    for number in range(most + 1):
        person = STRANGER | {"full_name": f"Nobody {number:03}", "birth_date": None, "phone": None}
        bank.deliver(DAYS[0], f"card:K{number}", **person, **NEW_CARD)
    bank.deliver(DAYS[0], "branch:B1", **NEW_CARD)
    bank.link()
    assert all(len(group) == 1 for group in bank.groups())


def test_only_new_records_are_compared_on_a_later_night(bank: Bank) -> None:
    bank.deliver(DAYS[0], "branch:B1", **NEW_CARD)
    bank.deliver(DAYS[0], "branch:B2", **STRANGER)
    assert bank.link(until=DAYS[0]).records_compared == 2
    bank.deliver(DAYS[1], "branch:B2", **STRANGER)
    bank.deliver(DAYS[1], "card:K7")
    assert bank.link(until=DAYS[1]).records_compared == 1
    assert bank.link(until=DAYS[1]).records_compared == 0
    assert bank.groups() == TOGETHER | {frozenset({"branch:B2"})}


def test_a_record_that_was_taken_back_links_nobody_until_it_comes_again(bank: Bank) -> None:
    wrong = bank.deliver(DAYS[0], "card:K7")
    bank.deliver(DAYS[1], "card:K7", **STRANGER)
    bank.deliver(DAYS[0], "branch:B1")
    bank.link()
    assert bank.groups() == TOGETHER
    bank.take_back(wrong)
    bank.link()
    assert bank.groups() == APART
    bank.deliver(DAYS[2], "card:K7")
    bank.link()
    assert bank.groups() == TOGETHER


def test_decisions_survive_a_rerun_until_they_are_undone(bank: Bank) -> None:
    bank.deliver(DAYS[0], "branch:B1")
    bank.deliver(DAYS[0], "card:K7", full_name="Li Jianguo")
    bank.link(until=DAYS[0])
    assert bank.groups() == APART
    pair_id = decide(bank.connection, "accept", PAIR, decided_by="Ann", reason="saw the passport")
    for _ in range(2):
        bank.link(until=DAYS[1])
        assert bank.groups() == TOGETHER
    assert list_waiting_customers(bank.connection) == []
    assert find_pair(bank.connection, pair_id) == PAIR

    decide(bank.connection, "reject", PAIR, decided_by="Bob", reason="they are brothers")
    bank.link(until=DAYS[2])
    assert bank.groups() == APART
    assert list_waiting_customers(bank.connection) == []
    decide(bank.connection, "undo", PAIR, decided_by="Bob", reason="ask again")
    bank.link(until=DAYS[2])
    assert list_waiting_customers(bank.connection) == [PAIR]
    assert bank.history("card:K7") == [
        ("branch:B1", "accepted_in_review", date(1900, 1, 1)),
        ("card:K7", "source_id", DAYS[1]),
    ]


@pytest.mark.parametrize(
    ("pair", "problem"),
    [
        ((("branch", "B1"), ("card", "K8")), "documents of one kind that differ"),
        ((("branch", "B1"), ("branch", "B2")), "merge by an exact document only"),
        ((("branch", "B1"), ("card", "K0")), "No delivery names a customer card:K0"),
        ((("branch", "B1"), ("branch", "B1")), "is one customer already"),
    ],
)
def test_what_can_never_be_one_is_not_accepted(
    bank: Bank, pair: tuple[tuple[str, str], tuple[str, str]], problem: str
) -> None:
    bank.deliver(DAYS[0], "branch:B1", **NEW_CARD)
    bank.deliver(DAYS[0], "branch:B2", **STRANGER)
    bank.deliver(DAYS[0], "card:K8", **OTHER_CARD)
    bank.link()
    with pytest.raises(BankcrmError, match=problem):
        decide(bank.connection, "accept", pair, decided_by="Ann", reason="")
    assert bank.connection.execute("select count(*) from identity.decision").fetchone() == (0,)


DELIVERIES: list[tuple[date, str, dict[str, Any]]] = [
    (DAYS[0], "branch:B1", NEW_CARD),
    (DAYS[0], "branch:B2", STRANGER),
    (DAYS[1], "card:K7", {"full_name": "WEIQIANG LI", "phone": None}),
    (DAYS[1], "loan:L3", STRANGER | OTHER_CARD),
    (DAYS[2], "card:K8", STRANGER | {"full_name": "Min Zhao"}),
    (DAYS[3], "loan:L4", {"birth_date": None} | OLD_CARD),
    (DAYS[3], "card:K7", OTHER_CARD),
]
Links = list[tuple[Any, ...]]
ORDERS = list(permutations(range(len(DELIVERIES))))


@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.sampled_from(ORDERS), st.sets(st.integers(1, len(DELIVERIES) - 1), max_size=2))
def test_any_order_of_delivery_and_any_number_of_refreshes_give_the_same_links(
    tmp_path_factory: pytest.TempPathFactory,
    at_once: Links,
    order: tuple[int, ...],
    refreshes: set[int],
) -> None:
    assert _links_of(tmp_path_factory.mktemp("apart"), order, refreshes) == at_once


@pytest.fixture(scope="module")
def at_once(tmp_path_factory: pytest.TempPathFactory) -> Links:
    return _links_of(tmp_path_factory.mktemp("at_once"), range(len(DELIVERIES)), set())


def _links_of(home: Path, order: Iterable[int], refreshes: set[int]) -> Links:
    """Links after deliveries in an order, linked after some of them and at the end."""
    with open_raw(Settings(home=home)) as connection:
        bank = Bank(connection)
        for place, number in enumerate(order):
            if place in refreshes:
                bank.link()
            night, customer, attributes = DELIVERIES[number]
            bank.deliver(night, customer, **attributes)
        bank.link()
        return connection.execute("from identity.link order by all").fetchall()
