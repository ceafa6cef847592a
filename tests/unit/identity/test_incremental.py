"""A night finds again the links of those it may concern, and comes to what a rebuild comes to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bankcrm.errors import BankcrmError
from bankcrm.settings import Settings
from pipelines.identity.parameters import load_parameters
from pipelines.identity.review import Verdict, decide
from pipelines.loading.raw import open_raw
from tests.unit.identity.conftest import DAYS, LI_WEI, Bank

CARD: dict[str, Any] = {"document_type": "ID_CARD", "document_number": "11010519491231002X"}
OTHER_CARD: dict[str, Any] = CARD | {"document_number": "350103199212317776"}
PASSPORT: dict[str, Any] = {"document_type": "PASSPORT", "document_number": "E1"}
ZHAO: dict[str, Any] = {
    "full_name": "Zhao Min",
    "birth_date": date(1991, 2, 3),
    "phone": "15000000001",
    "address": "No 1 Xueyuan Road Room 301 Jinan",
    "city": "Jinan",
}
LONE: dict[str, Any] = {"full_name": "Aoife Byrne", "birth_date": date(1960, 1, 10), "phone": None}
MARRIED: dict[str, Any] = ZHAO | {"birth_date": LI_WEI["birth_date"]}
PEOPLE: list[dict[str, Any]] = [{}, ZHAO, MARRIED, {"full_name": "WEIQIANG LI", "phone": None}]
PAPERS: list[dict[str, Any]] = [{}, CARD, OTHER_CARD, PASSPORT]
CUSTOMERS = ["branch:B1", "branch:B2", "loan:L1", "card:K1", "card:K2"]
PAIRS = list(combinations([("branch", "B1"), ("loan", "L1"), ("card", "K1"), ("card", "K2")], 2))
TABLES = ("record", "document", "stranger", "placeholder", "candidate", "edge", "link")

Step = tuple[Any, ...]
deliveries = st.tuples(
    st.just("deliver"),
    st.sampled_from(DAYS[:4]),
    st.sampled_from(CUSTOMERS),
    st.sampled_from(PEOPLE),
    st.sampled_from(PAPERS),
)
steps = st.one_of(
    deliveries,
    deliveries,
    st.tuples(st.just("take back"), st.integers(1, 20)),
    st.tuples(
        st.just("decide"), st.sampled_from(["accept", "reject", "undo"]), st.sampled_from(PAIRS)
    ),
    st.tuples(st.just("link")),
)
SPLIT_AND_MERGED: list[Step] = [
    ("deliver", DAYS[0], "branch:B1", {}, CARD),
    ("deliver", DAYS[0], "loan:L1", ZHAO, CARD),
    ("deliver", DAYS[1], "card:K1", ZHAO, PASSPORT),
    ("link",),
    ("deliver", DAYS[2], "loan:L1", ZHAO, OTHER_CARD),
    ("link",),
    ("decide", "reject", (("loan", "L1"), ("card", "K1"))),
    ("link",),
    ("take back", 21),
    ("decide", "undo", (("loan", "L1"), ("card", "K1"))),
]


THREE_STRANGERS: list[Step] = [
    ("deliver", DAYS[0], "branch:B1", {}, PASSPORT),
    ("deliver", DAYS[0], "branch:B2", {"full_name": "WEIQIANG LI", "phone": None}, PASSPORT),
    ("link",),
    ("deliver", DAYS[1], "loan:L1", ZHAO, PASSPORT),
    ("link",),
    ("deliver", DAYS[2], "card:K1", LONE, PASSPORT),
    ("link",),
    ("decide", "accept", (("branch", "B1"), ("loan", "L1"))),
    ("link",),
    ("take back", 18),
]
"""The third who contradicts the others makes the number a placeholder."""


@contextmanager
def opened(home: Path) -> Iterator[Bank]:
    with open_raw(Settings(home=home)) as connection:
        yield Bank(connection)


def follow(bank: Bank, step: Step) -> None:
    match step:
        case "deliver", night, customer, person, papers:
            bank.deliver(night, customer, **person, **papers)
        case "take back", load_id:
            bank.take_back(load_id)
        case "decide", verdict, pair:
            said: Verdict = verdict
            with suppress(BankcrmError):
                decide(bank.connection, said, pair, decided_by="Ann", reason="")
        case _:
            bank.link()


def tables(bank: Bank) -> dict[str, list[tuple[Any, ...]]]:
    return {
        table: bank.connection.execute(f"from identity.{table} order by all").fetchall()
        for table in TABLES
    }


def rebuild(bank: Bank) -> None:
    """Links made as if there had been none."""
    bank.connection.execute("delete from identity.linked")
    report = bank.link()
    assert report.customers_affected == report.source_customers


@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(story=st.lists(steps, min_size=4, max_size=12))
@example(story=SPLIT_AND_MERGED)
@example(story=THREE_STRANGERS)
def test_nights_one_by_one_come_to_what_a_rebuild_comes_to(
    tmp_path_factory: pytest.TempPathFactory, story: list[Step]
) -> None:
    with opened(tmp_path_factory.mktemp("bank")) as bank:
        for step in [*story, ("link",)]:
            follow(bank, step)
        night_by_night = tables(bank)
        rebuild(bank)
        assert tables(bank) == night_by_night


def test_only_those_whom_a_night_may_concern_are_looked_at(bank: Bank) -> None:
    for number in range(5):
        stranger = ZHAO | {"full_name": f"Nobody {number}", "phone": None, "birth_date": None}
        bank.deliver(DAYS[0], f"branch:B{number}", **stranger)
    bank.deliver(DAYS[0], "card:K1", **CARD)
    bank.deliver(DAYS[0], "loan:L1", **CARD)
    assert bank.link(until=DAYS[0]).customers_affected == 7
    bank.deliver(DAYS[1], "branch:B9", **CARD)
    assert bank.link(until=DAYS[1]).customers_affected == 3
    bank.deliver(DAYS[2], "branch:B9", **CARD)
    assert bank.link(until=DAYS[2]).customers_affected == 0
    decide(
        bank.connection, "reject", (("branch", "B0"), ("card", "K1")), decided_by="Ann", reason=""
    )
    assert bank.link(until=DAYS[2]).customers_affected == 4


def test_one_holder_too_many_parts_those_whom_the_document_had_made_one(bank: Bank) -> None:
    most = load_parameters().documents.largest_group
    person = MARRIED | {"phone": None}
    bank.deliver(DAYS[0], "branch:B1", **CARD)
    for number in range(most):
        bank.deliver(DAYS[0], f"card:K{number}", **(person | {"full_name": f"A {number}"}), **CARD)
    bank.link(until=DAYS[0])
    assert max(map(len, bank.groups())) == most + 1
    bank.deliver(DAYS[1], f"card:K{most}", **(person | {"full_name": "One More"}), **CARD)
    bank.link(until=DAYS[1])
    assert all(len(group) == 1 for group in bank.groups())


@pytest.mark.parametrize("column", ["rules_hash", "loads_hash"])
def test_links_of_other_rules_or_other_loads_are_made_again(bank: Bank, column: str) -> None:
    bank.deliver(DAYS[0], "branch:B1", **CARD)
    bank.deliver(DAYS[0], "card:K1", **MARRIED, **CARD)
    bank.link()
    right = tables(bank)
    bank.connection.execute("delete from identity.edge")
    bank.connection.execute("delete from identity.link")
    assert bank.link().customers_affected == 0
    bank.connection.execute(f"update identity.linked set {column} = 'another'")
    assert bank.link().customers_affected == 2
    assert tables(bank) == right
