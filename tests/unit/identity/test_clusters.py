"""Who is one customer: a pure function of the evidence."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from bankcrm.dates import BEGINNING, END_OF_TIME
from pipelines.contracts.contract import Customer
from pipelines.identity.clusters import (
    Document,
    Edge,
    Link,
    Member,
    Parting,
    Rule,
    find_links,
)

DAYS = [date(2024, 1, 1) + timedelta(days=number) for number in range(9)]
B1, B2, K7, L3 = ("branch", "B1"), ("branch", "B2"), ("card", "K7"), ("loan", "L3")
RANK = {"branch": 0, "loan": 1, "card": 2}


def member(customer: Customer, seen: date = DAYS[0], *documents: Document) -> Member:
    return Member(customer, seen, RANK[customer[0]], documents)


def id_card(number: str, since: date = DAYS[0], until: date = END_OF_TIME) -> Document:
    return Document("ID_CARD", number, since, until)


def linked(left: Customer, right: Customer, score: float = 0.995, since: date = DAYS[0]) -> Edge:
    return Edge(left, right, Rule.PROBABILISTIC_LINKAGE, score, since)


def exact(
    left: Customer, right: Customer, since: date = DAYS[0], until: date = END_OF_TIME
) -> Edge:
    return Edge(left, right, Rule.EXACT_DOCUMENT, 1.0, since, until)


def survivors(links: list[Link]) -> dict[Customer, Customer]:
    return {link.customer: link.survivor for link in links if link.valid_to == END_OF_TIME}


def test_customers_with_different_documents_of_a_kind_never_become_one() -> None:
    members = [member(B1, DAYS[0], id_card("1")), member(K7, DAYS[0], id_card("2"))]
    assert survivors(list(find_links(members, [linked(B1, K7)], []))) == {B1: B1, K7: K7}


def test_not_even_through_a_third_who_has_no_document() -> None:
    members = [
        member(B1, DAYS[0], id_card("1")),
        member(K7, DAYS[0], id_card("2")),
        member(L3),
    ]
    links = list(find_links(members, [linked(B1, L3, 0.999), linked(K7, L3, 0.995)], []))
    assert survivors(links) == {B1: B1, L3: B1, K7: K7}


def test_two_ids_of_one_system_become_one_by_a_document_only() -> None:
    edges = [linked(B1, K7, 0.999), linked(B2, K7, 0.998)]
    assert survivors(list(find_links([member(B1), member(B2), member(K7)], edges, []))) == {
        B1: B1,
        K7: B1,
        B2: B2,
    }
    members = [member(B1, DAYS[0], id_card("1")), member(B2, DAYS[1], id_card("1"))]
    assert survivors(list(find_links(members, [exact(B1, B2)], []))) == {B1: B1, B2: B1}


def test_the_key_is_that_of_whoever_was_seen_first_and_stays_when_others_join() -> None:
    members = [member(K7, DAYS[0]), member(L3, DAYS[2]), member(B1, DAYS[4])]
    edges = [linked(K7, L3, since=DAYS[2]), linked(B1, K7, since=DAYS[4])]
    links = list(find_links(members, edges, []))
    assert {link.survivor for link in links if link.customer == K7} == {K7}
    assert survivors(links) == {K7: K7, L3: K7, B1: K7}


def test_of_two_seen_on_one_night_the_branch_system_names_the_customer() -> None:
    assert survivors(list(find_links([member(B1), member(K7)], [linked(B1, K7)], []))) == {
        B1: B1,
        K7: B1,
    }


def test_a_merge_and_a_split_can_be_read_with_rule_and_confidence() -> None:
    links = list(
        find_links(
            [member(B1), member(K7)],
            [linked(B1, K7, 0.995, since=DAYS[3])],
            [Parting(B1, K7, DAYS[6])],
        )
    )
    assert [link for link in links if link.customer == K7] == [
        Link(K7, K7, Rule.SOURCE_ID, 1.0, BEGINNING, DAYS[3]),
        Link(K7, B1, Rule.PROBABILISTIC_LINKAGE, 0.995, DAYS[3], DAYS[6]),
        Link(K7, K7, Rule.SOURCE_ID, 1.0, DAYS[6], END_OF_TIME),
    ]


def test_a_person_parts_what_a_document_made_one() -> None:
    links = list(find_links([member(B1), member(K7)], [exact(B1, K7)], [Parting(K7, B1, DAYS[0])]))
    assert survivors(links) == {B1: B1, K7: K7}


CUSTOMERS = [B1, B2, K7, ("card", "K8"), L3, ("loan", "L4")]
some_day = st.sampled_from(DAYS)


@st.composite
def some_members(draw: st.DrawFn) -> list[Member]:
    return [
        member(
            customer,
            draw(some_day),
            *draw(st.lists(st.builds(id_card, st.sampled_from("12"), some_day), max_size=1)),
        )
        for customer in CUSTOMERS
    ]


pairs = st.lists(st.sampled_from(CUSTOMERS), min_size=2, max_size=2, unique=True).map(sorted)
some_edges = st.lists(
    st.builds(
        lambda pair, score, since: linked(pair[0], pair[1], score, since),
        pairs,
        st.sampled_from([0.991, 0.995, 0.999]),
        some_day,
    ),
    max_size=8,
)
some_partings = st.lists(
    st.builds(lambda pair, since: Parting(pair[0], pair[1], since), pairs, some_day), max_size=2
)


@settings(max_examples=60, deadline=None)
@given(some_members(), some_edges, some_partings, st.randoms(use_true_random=False))
def test_the_order_of_the_evidence_changes_nothing_and_no_obstacle_is_ever_broken(
    members: list[Member], edges: list[Edge], partings: list[Parting], luck: Random
) -> None:
    links = sorted(find_links(members, edges, partings), key=str)
    luck.shuffle(members)
    luck.shuffle(edges)
    luck.shuffle(partings)
    assert sorted(find_links(members, edges, partings), key=str) == links

    known = {m.customer: m for m in members}
    today = survivors(links)
    for one in today:
        for other in today:
            if one < other and today[one] == today[other]:
                numbers = [
                    {d.number for d in known[customer].documents} for customer in (one, other)
                ]
                assert not all(numbers) or numbers[0] & numbers[1]
                assert one[0] != other[0] or numbers[0] & numbers[1]
                assert not {(one, other), (other, one)} & {(p.left, p.right) for p in partings}


@settings(max_examples=30, deadline=None)
@given(some_members(), some_edges, some_partings)
def test_histories_are_seamless(
    members: list[Member], edges: list[Edge], partings: list[Parting]
) -> None:
    histories: dict[Customer, list[Link]] = {}
    for link in find_links(members, edges, partings):
        histories.setdefault(link.customer, []).append(link)
    for history in histories.values():
        ends = [BEGINNING, *(link.valid_to for link in history)]
        assert [link.valid_from for link in history] == ends[:-1]
        assert ends == sorted(set(ends))
        assert ends[-1] == END_OF_TIME
