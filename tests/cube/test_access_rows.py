"""Rows of every role, against the same rows picked by hand."""

from __future__ import annotations

import json
import random
import re
import shutil
from dataclasses import dataclass
from typing import Any

import duckdb
import pytest

from bankcrm.settings import Settings
from cube.compiler.compiled import CompiledDimension
from cube.compiler.expression import MemberId
from cube.compiler.measures import Aggregate, CompiledMeasure
from cube.compiler.model import Model
from cube.errors import QueryError
from cube.planner.planner import plan_query
from cube.planner.sql import write_statement
from cube.query.query import parse_batch
from cube.security.access import AccessControl, grant_all
from cube.server.service import Service
from tests.cube.roles import (
    BRANCH,
    ROLES,
    ROWS,
    SEED,
    SEES_NOTHING,
    SEES_ROWS,
    TODAY,
    Claims,
    Rows,
    all_members,
    ask,
    is_granted,
    may_see,
    query_for,
    together,
)
from tests.cube.stock.queries import QueryMaker
from tests.cube.test_any_query import draw


@dataclass(frozen=True)
class Bank:
    """A file with the rows that some predicate leaves, and the same model over it."""

    model: Model
    connection: duckdb.DuckDBPyConnection

    def ask(self, query: object, claims: Claims) -> Rows:
        """Rows of a query, or of each query that it stands for, one after the other."""
        access = AccessControl(self.model).grant(claims)
        rows: Rows = []
        for single in parse_batch(query).queries:
            plan = plan_query(single, self.model, TODAY, access)
            statement = write_statement(plan, self.model)
            rows += self.connection.execute(statement.sql, list(statement.parameters)).fetchall()
        return rows


@pytest.fixture(scope="module")
def banks(
    model: Model, published: Settings, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Bank]:
    """The whole bank, and for each role one whose facts hold only the rows of its predicate."""
    folder = tmp_path_factory.mktemp("banks")
    found = {}
    for role, predicates in {"": {}, **ROWS}.items():
        path = folder / f"{role.replace(' ', '_')}.duckdb"
        shutil.copy(published.published_folder / "v1.duckdb", path)
        connection = duckdb.connect(str(path))
        connection.execute("set disabled_optimizers = 'common_subplan'")
        for fact, predicate in predicates.items():
            connection.execute(f"delete from marts.{fact} where not coalesce({predicate}, false)")
            seen = connection.execute(f"select count(*) from marts.{fact}").fetchone()
            assert seen is not None and (seen[0] > 0) == ("key" in predicate), (role, fact)
        found[role] = Bank(model, connection)
    return found


def comparable(rows: Rows) -> list[str]:
    return sorted(map(repr, rows))


@pytest.mark.parametrize("role", ROWS)
def test_random_queries_answer_as_the_administrator_of_a_bank_with_those_rows_only(
    model: Model, banks: dict[str, Bank], known_values: dict[str, list[Any]], role: str
) -> None:
    """Filters, groups, order, pages, comparison, blending, rows one by one: 500 queries in all."""
    maker = QueryMaker(model, known_values, TODAY, SEED)
    empty = 0
    for _ in range(125):
        _, query = maker.make()
        named = re.findall(r'"([a-z]\w*)\.', json.dumps(query))
        if not all(is_granted(role, view) for view in named):
            with pytest.raises(QueryError, match="is not a member"):
                banks[""].ask(query, ROLES[role])
            continue
        restricted = banks[""].ask(query, ROLES[role])
        expected = banks[role].ask(query, ROLES["administrator"])
        assert comparable(restricted) == comparable(expected), json.dumps(query)
        empty += not expected
    assert empty < 80 or role not in SEES_ROWS


@pytest.mark.parametrize(
    ("role", "member", "values"),
    [
        ("branch manager", "branch_name", ["Branch 1", "Branch 2"]),
        ("customer manager", "customer_key", ["101", "103", "106"]),
        ("customer manager", "manager_name", ["Manager 1"]),
    ],
)
def test_any_query_answers_as_the_administrators_with_a_filter(
    model: Model, banks: dict[str, Bank], role: str, member: str, values: list[str]
) -> None:
    """Balances, rolling windows, shares, several facts: what looks beyond its own rows."""
    pick = random.Random(SEED)
    own = member == "manager_name"
    views = [
        view
        for name, view in model.views.items()
        if is_granted(role, name) and f"{name}.{member}" in view.members
        if (name == "managers") == own
    ]
    answered = 0
    for _ in range(20 if own else 80):
        view = pick.choice(views)
        query = draw(view, pick)
        item = {
            "member": f"{view.definition.name}.{member}",
            "operator": "equals",
            "values": values,
        }
        filtered = {**query, "filters": [*query.get("filters", []), item]}
        try:
            expected = banks[""].ask(filtered, ROLES["administrator"])
        except QueryError:
            continue
        assert comparable(banks[""].ask(query, ROLES[role])) == comparable(expected), query
        answered += 1
    assert answered > (5 if own else 30)


@pytest.fixture(scope="module")
def known_values(model: Model, banks: dict[str, Bank]) -> dict[str, list[Any]]:
    """Values of each dimension; views that show the same one share them."""
    by_source: dict[MemberId, list[Any]] = {}
    found = {}
    for _, member in all_members(model):
        if isinstance(member.source, CompiledDimension):
            if member.source.id not in by_source:
                rows = banks[""].ask({"dimensions": [member.name]}, ROLES["administrator"])
                by_source[member.source.id] = [row[0] for row in rows][:60]
            found[member.name] = by_source[member.source.id]
    return found


def test_the_total_counts_the_rows_of_the_role(service: Service) -> None:
    query = {"dimensions": ["balances.branch_name"], "total": True, "limit": 1}
    totals = {
        role: ask(service, "load", query, claims)["results"][0]["total"]
        for role, claims in ROLES.items()
        if role not in SEES_NOTHING
    }
    assert totals["administrator"] == totals["analyst"] == 3
    assert totals["branch manager"] == 2


@pytest.mark.parametrize(
    ("member", "measure"),
    [
        ("bank_overview.customer_key", "account_count"),
        ("bank_overview.branch_name", "account_count"),
        ("bank_overview.product_name", "account_count"),
        ("bank_overview.currency_code", "account_count"),
        ("campaigns.campaign_name", "addressed_count"),
        ("customers.household_name", "customer_count"),
        ("managers.manager_name", "manager_count"),
        ("managers.measure_name", "manager_count"),
        ("referrals.referred_customer_name", "referral_count"),
    ],
)
@pytest.mark.parametrize("role", ["branch manager", "customer manager", "both managers"])
def test_members_without_measures_are_those_of_the_rows_that_the_role_may_see(
    banks: dict[str, Bank], role: str, member: str, measure: str
) -> None:
    """Listing customers or branches alone would otherwise need no fact, and no row rule."""
    query = {"dimensions": [member]}
    alone = banks[""].ask(query, ROLES[role])
    facts = {"measures": [f"{member.split('.', maxsplit=1)[0]}.{measure}"], **query}
    assert comparable(alone) == comparable([row[:1] for row in banks[""].ask(facts, ROLES[role])])


@pytest.mark.parametrize(
    "claims",
    [
        {"groups": ["branch_manager"]},
        {"groups": ["branch_manager"], "manager_id": "M1"},
        {"groups": ["customer_manager"], "branch_id": "B1"},
        *({"groups": ["branch_manager"], "branch_id": value} for value in (
            None, "", "  ", [], [""], ["B1", ""], ["B1", None], {}, {"B1": 1}, True, 1.5, "B", "1",
            "b1", "%", "_", "*", "B1%", "b 1", "nowhere", "'", "B1' or '1'='1", "\ud800",
        )),
        *({"groups": ["customer_manager"], "manager_id": value} for value in (
            "M", "m1", "1", 0, "%",
        )),
    ],
)  # fmt: skip
def test_a_claim_that_is_absent_or_names_nothing_opens_no_row(
    banks: dict[str, Bank], claims: Claims
) -> None:
    for name in ("balances", "transactions", "loans", "profit_contribution", "bank_overview"):
        counted = {"transactions": "transaction_count", "loans": "loan_count"}
        measure = f"{name}.{counted.get(name, 'customer_count')}"
        if name == "bank_overview":
            measure = "bank_overview.account_count"
        assert banks[""].ask({"measures": [measure]}, claims) in ([(0,)], []), (name, claims)
        assert banks[""].ask({"dimensions": [f"{name}.customer_key"]}, claims) == []


def test_no_view_opens_a_row_to_a_manager_without_claims(
    banks: dict[str, Bank], model: Model
) -> None:
    """Every view and measure: nothing is listed, and counted is what an empty bank counts."""
    role = "manager without claims"
    for view in (view for name, view in model.views.items() if is_granted(role, name)):
        for members, query in together(view, role):
            rows = banks[""].ask(query, ROLES[role])
            if members[0].kind == "dimension":
                assert rows == [], query
            else:
                assert rows == banks[role].ask(query, ROLES["administrator"]), query


def test_a_list_of_units_opens_each_of_them(banks: dict[str, Bank]) -> None:
    def branches(unit: object) -> set[str]:
        query = {"dimensions": ["balances.branch_name"]}
        claims = {"groups": ["branch_manager"], "branch_id": unit}
        return {row[0] for row in banks[""].ask(query, claims)}

    assert branches("B2") == {"Branch 2"}
    assert branches(["B2", "B3"]) == {"Branch 2", "Branch 3"}
    assert branches("HO") == {"Branch 1", "Branch 2", "Branch 3"}


def test_every_source_of_a_restricted_plan_has_a_row_rule(model: Model) -> None:
    """The plan itself, before any row: no source of any measure is without the rule."""
    access = AccessControl(model).grant(BRANCH)
    for view, member in all_members(model):
        if isinstance(member.source, CompiledMeasure) and may_see("branch manager", member):
            (single,) = parse_batch(query_for(view, member)).queries
            plan = plan_query(single, model, TODAY, access)
            bodies = [plan.body, *(nested.body for nested in plan.body.nested)]
            for source in (source for body in bodies for source in body.sources):
                rule = access.rules[source.root]
                assert rule is not None and rule in source.where, member.name
                assert all(isinstance(aggregate, Aggregate) for aggregate in source.aggregates)


def test_an_administrator_is_asked_for_nothing(model: Model) -> None:
    access = grant_all(model)
    assert access.views.keys() == model.views.keys()
    assert not access.select_rules(model.cubes, frozenset(model.cubes))
