"""Identity harms nobody: strangers, relatives and companies that look like one customer."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from bankcrm.errors import BankcrmError
from pipelines.contracts.contract import Customer
from pipelines.identity.review import decide, list_waiting_customers
from tests.unit.identity.conftest import DAYS, LI_WEI, Bank

NOTHING: dict[str, Any] = dict.fromkeys(LI_WEI)
STRANGERS = [
    ("Aoife Byrne", date(1960, 1, 10)),
    ("Bruno Keller", date(1965, 2, 11)),
    ("Chiara Donati", date(1970, 3, 12)),
    ("Dmitri Orlov", date(1975, 4, 13)),
]
PAIR: tuple[Customer, Customer] = ("branch", "B1"), ("card", "K7")


def person(name: str, born: date | None, **attributes: object) -> dict[str, Any]:
    """A person of whom no more is known than attributes say."""
    return NOTHING | {
        "customer_type": "PERSON",
        "full_name": name,
        "birth_date": born,
        **attributes,
    }


def paper(kind: str, number: str) -> dict[str, Any]:
    return {"document_type": kind, "document_number": number}


def waiting(bank: Bank) -> list[tuple[Customer, Customer]]:
    return list_waiting_customers(bank.connection)


@pytest.mark.parametrize("system", ["branch", "card"])
@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("PASSPORT", "N/A"),
        ("ID_CARD", "000000000000000000"),
        ("ID_CARD", "000000000000000"),
        ("PASSPORT", "\\N"),
        ("PASSPORT", "NULL"),
        ("PASSPORT", "UNKNOWN"),
        ("PASSPORT", "999999999"),
        ("PASSPORT", "123456789"),
        ("PASSPORT", "SEE FILE"),
    ],
)
def test_strangers_of_one_system_with_a_filler_for_a_document_stay_strangers(
    bank: Bank, system: str, kind: str, number: str
) -> None:
    for place, (name, born) in enumerate(STRANGERS):
        bank.deliver(DAYS[0], f"{system}:S{place}", **person(name, born), **paper(kind, number))
    bank.link()
    assert len(bank.groups()) == 4
    assert waiting(bank) == []


def test_a_filler_does_not_part_whom_other_evidence_makes_one(bank: Bank) -> None:
    bank.deliver(DAYS[0], "branch:B1", **paper("PASSPORT", "E1234567"))
    bank.deliver(DAYS[0], "card:K7", **paper("PASSPORT", "SEE FILE"))
    bank.deliver(DAYS[0], "loan:L3", **paper("PASSPORT", "N/A"))
    for place, (name, born) in enumerate(STRANGERS):
        stranger = person(name, born) | paper("PASSPORT", "SEE FILE")
        bank.deliver(DAYS[0], f"card:S{place}", **stranger)
    bank.link()
    assert frozenset({"branch:B1", "card:K7", "loan:L3"}) in bank.groups()


def test_two_who_contradict_each_other_wait_and_a_person_may_take_them_for_one(bank: Bank) -> None:
    card = paper("ID_CARD", "110105198503020038")
    bank.deliver(DAYS[0], "branch:MO1", **person("Li Na", date(1985, 3, 2), gender="F"), **card)
    bank.deliver(DAYS[0], "branch:CH1", **person("Li Xiaobao", date(2019, 8, 8)), **card)
    bank.link()
    pair: tuple[Customer, Customer] = ("branch", "CH1"), ("branch", "MO1")
    assert waiting(bank) == [pair]
    assert len(bank.groups()) == 2
    decide(bank.connection, "accept", pair, decided_by="Ann", reason="one woman, renamed")
    bank.link()
    assert bank.groups() == {frozenset({"branch:CH1", "branch:MO1"})}


def test_mother_and_child_stay_two_even_where_a_third_record_knows_no_birth(bank: Bank) -> None:
    card = paper("ID_CARD", "110105198503020038")
    bank.deliver(DAYS[0], "branch:MO1", **person("Li Na", date(1985, 3, 2)), **card)
    bank.deliver(DAYS[0], "branch:CH1", **person("Li Xiaobao", date(2019, 8, 8)), **card)
    bank.deliver(DAYS[0], "card:K7", **person("Li Na", None), **card)
    bank.link()
    assert bank.groups() == {frozenset({"branch:MO1", "card:K7"}), frozenset({"branch:CH1"})}


def test_a_person_is_never_a_company(bank: Bank) -> None:
    card = paper("ID_CARD", "350103199212317778")
    company = person("Sunrise Noodles Co Ltd", date(1992, 12, 31), customer_type="CORPORATE")
    bank.deliver(DAYS[0], "branch:B1", **company, **card)
    bank.deliver(DAYS[0], "card:K7", **person("Chen Yu", date(1992, 12, 31)), **card)
    bank.link()
    assert len(bank.groups()) == 2
    assert waiting(bank) == []
    with pytest.raises(BankcrmError, match="a person is never a company"):
        decide(bank.connection, "accept", PAIR, decided_by="Ann", reason="")


HOME = {"phone": "01632960111", "address": "12 Mill Lane Flat 3", "city": "Leeds"}
FATHER = date(1951, 3, 2)
DOCK = {
    "customer_type": "CORPORATE",
    "phone": "02079460000",
    "address": "1 Dock Place Level 20",
    "city": "London",
}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(
            person("Thomas Whitfield", FATHER, **HOME, gender="M"),
            person("Thomas Whitfield", date(1984, 11, 19), **HOME, gender="M"),
            id="father and son of one name",
        ),
        pytest.param(
            person("Thomas Whitfield", FATHER, **HOME) | paper("PASSPORT", "P7654321"),
            person("Thomas Whitfield", date(1984, 11, 19), **HOME),
            id="the father with a passport",
        ),
        pytest.param(
            person("Walter Haines Sr", date(1949, 1, 5), **HOME, gender="M"),
            person("Walter Haines Jr", date(1978, 8, 30), **HOME, gender="M"),
            id="senior and junior",
        ),
        pytest.param(
            person("Zhang Weiming", date(1996, 6, 18), **HOME, gender="M"),
            person("Zhang Weining", date(1996, 6, 18), **HOME, gender="M"),
            id="twins",
        ),
        pytest.param(
            person("Marianne Lindqvist", date(2001, 9, 9), **HOME)
            | paper("ID_CARD", "11010520010909002X"),
            person("Marianna Lindqvist", date(2001, 9, 9), **HOME),
            id="twins of whom one has a card",
        ),
        pytest.param(
            person("Harbour Leasing No 1 Ltd", date(2021, 4, 1), **DOCK),
            person("Harbour Leasing No 2 Ltd", date(2021, 4, 1), **DOCK),
            id="numbered sister companies",
        ),
        pytest.param(
            person("Harbour Leasing No 12 Ltd", date(2021, 4, 1), **DOCK),
            person("Harbour Leasing No 21 Ltd", date(2021, 4, 1), **DOCK),
            id="sister companies whose numbers are swapped",
        ),
    ],
)
def test_relatives_and_sisters_wait_for_a_person(
    bank: Bank, one: dict[str, Any], other: dict[str, Any]
) -> None:
    bank.deliver(DAYS[0], "branch:B1", **one)
    bank.deliver(DAYS[0], "card:K7", **other)
    bank.link()
    assert len(bank.groups()) == 2
    assert waiting(bank) == [PAIR]


@pytest.mark.parametrize("kind", [None, "ID_CARD", "PASSPORT"])
@pytest.mark.parametrize("born", [None, date(1959, 8, 27)])
def test_a_couple_under_one_roof_is_not_reviewed(
    bank: Bank, kind: str | None, born: date | None
) -> None:
    """They share family name, telephone and address; neither given name nor birth."""
    one, other = person("Thomas Whitfield", FATHER, **HOME), person("Agnes Whitfield", born, **HOME)
    if kind:
        one, other = one | paper(kind, "A1234567"), other | paper(kind, "B7654321")
    bank.deliver(DAYS[0], "branch:B1", **one)
    bank.deliver(DAYS[0], "card:K7", **other | {"gender": "F"})
    bank.link()
    assert len(bank.groups()) == 2
    assert waiting(bank) == ([PAIR] if born is None and kind is None else [])


@pytest.mark.parametrize(
    "filler",
    [{"address": "not available"}, {"phone": "13800000000"}, {"phone": "0000000000"}],
)
def test_namesakes_with_fillers_are_two_customers(bank: Bank, filler: dict[str, Any]) -> None:
    namesake = person("Wang Wei", date(1900, 1, 1), gender="M", city="Xian", **filler)
    bank.deliver(DAYS[0], "branch:B1", **namesake)
    bank.deliver(DAYS[0], "card:K7", **namesake)
    bank.link()
    assert len(bank.groups()) == 2
    assert waiting(bank) == []


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        pytest.param("PASSPORT", "N1234567", "N1234576", id="two digits swapped"),
        pytest.param("PASSPORT", "00123456", "123456", id="zeros lost"),
        pytest.param("PASSPORT", "A1111111", "B2222222", id="renewed"),
        pytest.param("ID_CARD", "110105198503020038", "110105198503020083", id="card mistyped"),
        pytest.param("ID_CARD", "110105198503020038", "11010519850302038", id="card a zero short"),
        pytest.param("ID_CARD", "110105198503020038", "350103199212317770", id="wrong check digit"),
        pytest.param("ID_CARD", "110105198503020038", "4003660", id="no number of a card"),
        pytest.param("RESIDENCE", "11111119", "98765430", id="kind without check digits"),
    ],
)
def test_a_renewed_mistyped_or_unconfirmed_document_is_reviewed_and_a_person_may_decide(
    bank: Bank, kind: str, one: str, other: str
) -> None:
    bank.deliver(DAYS[0], "branch:B1", **paper(kind, one))
    bank.deliver(DAYS[0], "card:K7", **paper(kind, other))
    bank.deliver(DAYS[0], "loan:L3", **paper(kind, other))
    bank.link()
    assert frozenset({"card:K7", "loan:L3"}) in bank.groups()
    assert PAIR in waiting(bank)
    decide(bank.connection, "accept", PAIR, decided_by="Ann", reason="saw both")
    bank.link()
    assert bank.groups() == {frozenset({"branch:B1", "card:K7", "loan:L3"})}
    assert waiting(bank) == []


def test_cards_of_two_people_are_never_taken_for_one(bank: Bank) -> None:
    bank.deliver(DAYS[0], "branch:B1", **paper("ID_CARD", "110105198503020038"))
    bank.deliver(DAYS[0], "card:K7", **paper("ID_CARD", "350103199212317778"))
    bank.link()
    assert waiting(bank) == []
    with pytest.raises(BankcrmError, match="documents of one kind that differ"):
        decide(bank.connection, "accept", PAIR, decided_by="Ann", reason="")
