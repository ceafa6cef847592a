"""Who is one customer, day by day: a pure function of the evidence, whatever the order it came in.

On a day the evidence that holds is taken strongest first; two groups become one unless a pair
across them may not be one: one is a person and the other a company; their documents of one kind
differ, and no person accepted both as one customer's; they hold one document but contradict each
other; a person parted them; or both are ids of one system without a document in common. The
strongest evidence decides, then the smaller names: never the order of arrival.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from enum import IntEnum
from itertools import product
from typing import NamedTuple

from bankcrm.dates import BEGINNING, END_OF_TIME
from pipelines.contracts.contract import Customer


class Rule(IntEnum):
    """Why two customers are one, strongest first. The name in lower case stands in the xref."""

    ACCEPTED_IN_REVIEW = 0
    EXACT_DOCUMENT = 1
    PROBABILISTIC_LINKAGE = 2
    SOURCE_ID = 3
    """Nothing but its own id: it stands alone."""


class Document(NamedTuple):
    """A document of a customer while it counts (half-open)."""

    kind: str
    number: str
    valid_from: date
    valid_to: date


class Member(NamedTuple):
    """A customer of a system.

    ``precedence`` is the rank of its system; ``first_seen`` the night of its first record;
    ``types`` is what its system ever called it: person, company or institution.
    """

    customer: Customer
    first_seen: date
    precedence: int
    documents: tuple[Document, ...] = ()
    types: frozenset[str] = frozenset()


class Edge(NamedTuple):
    """Evidence that two customers are one, while it holds (half-open)."""

    left: Customer
    right: Customer
    rule: Rule
    confidence: float
    valid_from: date
    valid_to: date = END_OF_TIME


class Parting(NamedTuple):
    """A person's decision that two customers are not one, while it holds (half-open)."""

    left: Customer
    right: Customer
    valid_from: date
    valid_to: date = END_OF_TIME


class Link(NamedTuple):
    """Whom a source customer belonged to, from when to when (half-open).

    The unified customer is named by its survivor: the member first seen, then the one of the
    system of highest precedence, then the smallest id. A member that joins later changes no key.
    """

    customer: Customer
    survivor: Customer
    rule: Rule
    confidence: float
    valid_from: date
    valid_to: date


def find_links(
    members: Iterable[Member], edges: Iterable[Edge], partings: Iterable[Parting]
) -> Iterator[Link]:
    """The history of every member that some evidence names.

    Args:
        members: at least those that edges name.
        edges: evidence; partings: decisions against.
        partings: see above.

    Returns:
        Seamless histories, each from 1900-01-01 to 9999-12-31.
    """
    known = {member.customer: member for member in members}
    banned: dict[Customer, list[Parting]] = defaultdict(list)
    for parting in partings:
        banned[parting.left].append(parting)
    for component in _find_components(edges):
        customers = {customer for edge in component for customer in (edge.left, edge.right)}
        against = [parting for customer in customers for parting in banned[customer]]
        group = [known[customer] for customer in sorted(customers)]
        yield from _follow_component(group, component, against)


def _find_components(edges: Iterable[Edge]) -> Iterator[list[Edge]]:
    """Edges that hang together at any time."""
    parent: dict[Customer, Customer] = {}

    def find(customer: Customer) -> Customer:
        root = customer
        while parent.setdefault(root, root) != root:
            root = parent[root]
        while parent[customer] != root:
            parent[customer], customer = root, parent[customer]
        return root

    every = list(edges)
    for edge in every:
        parent[find(edge.left)] = find(edge.right)
    components: dict[Customer, list[Edge]] = defaultdict(list)
    for edge in every:
        components[find(edge.left)].append(edge)
    yield from components.values()


def _follow_component(
    members: Sequence[Member], edges: Sequence[Edge], partings: Sequence[Parting]
) -> Iterator[Link]:
    """Histories of members that hang together, cut where something about them changes."""
    histories: dict[Customer, list[Link]] = defaultdict(list)
    for moment in _find_moments(members, edges, partings):
        for link in _link_on(moment, members, edges, partings):
            history = histories[link.customer]
            if not history:
                history.append(_dated(link, BEGINNING, END_OF_TIME))
            elif _differs(link, history[-1]):
                history[-1] = _dated(history[-1], history[-1].valid_from, moment)
                history.append(_dated(link, moment, END_OF_TIME))
    for history in histories.values():
        yield from history


def _find_moments(
    members: Sequence[Member], edges: Sequence[Edge], partings: Sequence[Parting]
) -> list[date]:
    moments = {member.first_seen for member in members}
    documents = [document for member in members for document in member.documents]
    every: tuple[Sequence[Edge | Parting | Document], ...] = (edges, partings, documents)
    for spans in every:
        for span in spans:
            moments |= {span.valid_from, span.valid_to}
    return sorted(moments - {END_OF_TIME})


def _link_on(
    day: date, members: Sequence[Member], edges: Sequence[Edge], partings: Sequence[Parting]
) -> Iterator[Link]:
    present = {member.customer: member for member in members if member.first_seen <= day}
    held = [
        edge
        for edge in edges
        if edge.valid_from <= day < edge.valid_to and edge.left in present and edge.right in present
    ]
    held.sort(key=lambda edge: (edge.rule, -edge.confidence, edge.left, edge.right))
    clusters = cluster(held, _Obstacles(day, present, partings, held))
    for customer in present:
        group = clusters.get(customer, {customer})
        survivor = min((present[c] for c in group), key=_seniority)
        best = next((e for e in held if customer in (e.left, e.right) and _inside(e, group)), None)
        rule, confidence = (best.rule, best.confidence) if best else (Rule.SOURCE_ID, 1.0)
        yield Link(customer, survivor.customer, rule, confidence, day, END_OF_TIME)


class _Obstacles:
    """What forbids two customers to be one on a day."""

    def __init__(
        self,
        day: date,
        members: Mapping[Customer, Member],
        partings: Iterable[Parting],
        edges: Iterable[Edge],
    ) -> None:
        self._types = {customer: member.types for customer, member in members.items()}
        self._parted = {(p.left, p.right) for p in partings if p.valid_from <= day < p.valid_to}
        self._documents = {
            customer: _documents_on(member, day) for customer, member in members.items()
        }
        for edge in edges:
            if edge.rule is Rule.ACCEPTED_IN_REVIEW:
                self._take_as_one(edge.left, edge.right)

    def allow(self, one: Customer, other: Customer) -> bool:
        """Whether the two may be one customer."""
        if (one, other) in self._parted or (other, one) in self._parted:
            return False
        if self.are_of_different_types(one, other):
            return False
        mine, theirs = self._documents[one], self._documents[other]
        common = mine.keys() & theirs.keys()
        if any(mine[kind].isdisjoint(theirs[kind]) for kind in common):
            return False
        return one[0] != other[0] or bool(common)

    def are_of_different_types(self, one: Customer, other: Customer) -> bool:
        """Whether one is a person and the other a company, for instance."""
        mine, theirs = self._types[one], self._types[other]
        return bool(mine and theirs) and mine.isdisjoint(theirs)

    def _take_as_one(self, one: Customer, other: Customer) -> None:
        """Who accepts two holders of different numbers says that both numbers are one customer's.

        So everybody who holds either number holds both.
        """
        mine, theirs = self._documents[one], self._documents[other]
        for kind in mine.keys() & theirs.keys():
            if mine[kind].isdisjoint(theirs[kind]):
                both = mine[kind] | theirs[kind]
                for documents in self._documents.values():
                    if not both.isdisjoint(documents.get(kind, set())):
                        documents[kind] = documents[kind] | both


def cluster(edges: Iterable[Edge], obstacles: _Obstacles) -> dict[Customer, set[Customer]]:
    """Groups of customers that edges make one, strongest edge first, where nothing forbids it."""
    groups: dict[Customer, set[Customer]] = {}
    for edge in edges:
        left = groups.setdefault(edge.left, {edge.left})
        right = groups.setdefault(edge.right, {edge.right})
        if left is not right and all(obstacles.allow(a, b) for a, b in product(left, right)):
            left |= right
            for customer in right:
                groups[customer] = left
    return groups


def _documents_on(member: Member, day: date) -> dict[str, set[str]]:
    documents: dict[str, set[str]] = defaultdict(set)
    for document in member.documents:
        if document.valid_from <= day < document.valid_to:
            documents[document.kind].add(document.number)
    return documents


def _seniority(member: Member) -> tuple[date, int, str]:
    return member.first_seen, member.precedence, member.customer[1]


def _inside(edge: Edge, group: set[Customer]) -> bool:
    return edge.left in group and edge.right in group


def _differs(link: Link, last: Link) -> bool:
    known = (last.survivor, last.rule, last.confidence)
    return (link.survivor, link.rule, link.confidence) != known


def _dated(link: Link, valid_from: date, valid_to: date) -> Link:
    return link._replace(valid_from=valid_from, valid_to=valid_to)
