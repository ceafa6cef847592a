"""Without a document: a record with one wrong attribute, or errors in two, is still found."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from pipelines.identity.review import list_waiting_customers
from tests.unit.identity.conftest import DAYS, Bank

MADELINE: dict[str, Any] = {
    "full_name": "Madeline Mason",
    "birth_date": date(1908, 11, 28),
    "gender": None,
    "phone": None,
    "address": "54 Hoseason Street Lakefront 4881 NSW",
    "city": "Granville",
}
TOGETHER = {frozenset({"branch:B1", "card:K7"})}


@pytest.mark.parametrize(
    "other",
    [
        {"full_name": "Mason Madeline"},
        {"birth_date": date(1908, 11, 23)},
        {"birth_date": None},
        {"address": "54 Hoseason Street 4881 NSW"},
        {"city": "Granvlile", "address": "54 Hoseason Stret Lakefront 4881 NSW"},
    ],
)
def test_one_wrong_attribute_leaves_one_customer(bank: Bank, other: dict[str, Any]) -> None:
    bank.deliver(DAYS[0], "branch:B1", **MADELINE)
    bank.deliver(DAYS[0], "card:K7", **(MADELINE | other))
    bank.link()
    assert bank.groups() == TOGETHER


@pytest.mark.parametrize(
    "other",
    [
        {"full_name": "Madeleine Mason"},
        {"full_name": "Madeline Green"},
        {"full_name": "Madelnie Masom", "birth_date": date(1908, 11, 29)},
        {"birth_date": date(1961, 4, 2)},
    ],
)
def test_what_may_be_another_waits_for_a_person(bank: Bank, other: dict[str, Any]) -> None:
    bank.deliver(DAYS[0], "branch:B1", **MADELINE)
    bank.deliver(DAYS[0], "card:K7", **(MADELINE | other))
    bank.link()
    assert bank.groups() != TOGETHER
    assert list_waiting_customers(bank.connection) == [(("branch", "B1"), ("card", "K7"))]


@pytest.mark.parametrize(
    "other",
    [
        {"full_name": "Madelin Masson", "city": "Granvlile"},
        {"birth_date": None, "city": "Camellia"},
        {"address": "54 Hoseasonstreet Lakefront 4881 NSW", "full_name": "Madeline"},
        {"address": "54 Hoseason Street Lakefront 4818", "city": "Rosehill"},
        {"full_name": "Maison Madelin", "address": "54 Lakefront Hoseason Str 4881"},
    ],
)
def test_errors_in_two_attributes_lose_no_pair(bank: Bank, other: dict[str, Any]) -> None:
    bank.deliver(DAYS[0], "branch:B1", **MADELINE)
    bank.deliver(DAYS[0], "card:K7", **(MADELINE | other))
    report = bank.link()
    assert bank.groups() == TOGETHER or report.pairs_waiting == 1


def test_those_who_share_a_date_of_birth_and_a_city_are_not_reviewed(bank: Bank) -> None:
    bank.deliver(DAYS[0], "branch:B1", **MADELINE)
    other = {"full_name": "Ruby Tanner", "address": "7 Merfield Place 2830 NSW"}
    bank.deliver(DAYS[0], "card:K7", **(MADELINE | other))
    assert bank.link().pairs_waiting == 0
