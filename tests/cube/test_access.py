"""Who sees what: every role, endpoint and member; rows against the same rows picked by hand."""

from __future__ import annotations

import itertools
import json
import logging
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import duckdb
import pytest
from starlette.testclient import TestClient

from cube.server.access import AccessControl, grant_all
from cube.server.app import create_app
from cube.server.auth import make_token
from cube.server.compiled import CompiledDimension, CompiledView, Member
from cube.server.errors import QueryError
from cube.server.measures import CompiledMeasure, Leaf
from cube.server.model import MODEL_FOLDER, Model, load_model
from cube.server.planner import plan_query
from cube.server.query import parse_batch
from cube.server.request import Request, parse_request
from cube.server.service import Service
from cube.server.sql import write_statement
from cube.server.warehouse import Warehouse
from pipelines.settings import Settings
from tests.cube.stock.queries import QueryMaker
from tests.cube.test_any_query import draw

Claims = dict[str, Any]
Query = dict[str, Any]
Rows = list[tuple[Any, ...]]

SECRET = "a secret of the tests that is long enough for HS256"
API = "/cubejs-api/v1"
ENDPOINTS = ("load", "sql", "dry_run", "explain")
SEED = 5
TODAY = date(2024, 6, 28)

BRANCH = {"groups": ["branch_manager"], "branch_id": "B1"}
BOOK = {"groups": ["customer_manager"], "manager_id": "M1"}
ROLES: dict[str, Claims] = {
    "administrator": {"groups": ["admin"]},
    "analyst": {"groups": ["analyst"]},
    "branch manager": BRANCH,
    "customer manager": BOOK,
    "both managers": {**BRANCH, **BOOK, "groups": ["branch_manager", "customer_manager"]},
    "manager without claims": {"groups": ["branch_manager", "customer_manager"]},
    "nobody": {"groups": []},
    "stranger": {"groups": ["auditor", "Admin", "*", ""]},
}
# Views by role, written without the model. One that is not listed is the administrator's alone.
MANAGERS = ("branch manager", "customer manager", "both managers", "manager without claims")
GRANTED: dict[str, tuple[str, ...]] = {
    "balances": ("analyst", *MANAGERS),
    "bank_overview": ("analyst", *MANAGERS),
    "cost_to_serve": ("analyst", *MANAGERS[1:]),
    "loans": ("analyst", *MANAGERS),
    "profit_contribution": ("analyst", *MANAGERS),
    "transactions": ("analyst", *MANAGERS),
}
SEES_NO_COSTS = ("branch manager",)
SEES_NOTHING = ("nobody", "stranger")
SEES_MASKS = ("analyst",)
PERSONAL = ("customer_name", "account_id")

# What each role may count, written without the model: B1 with B2 below it; the customers of M1.
IN_BRANCH = "branch_key in (1, 2)"
IN_BOOK = "customer_durable_key in (101, 103, 106)"
ROWS: dict[str, str] = {
    "branch manager": IN_BRANCH,
    "customer manager": IN_BOOK,
    "both managers": f"({IN_BRANCH} or {IN_BOOK})",
    "manager without claims": "false",
}
FACTS = ("fct_account_monthly", "fct_loan_monthly", "fct_profit_monthly", "fct_transaction")


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(MODEL_FOLDER)


@pytest.fixture(scope="module")
def service(model: Model, published: Settings) -> Iterator[Service]:
    warehouse = Warehouse(published)
    yield Service(model, AccessControl(model), warehouse, 30.0)
    warehouse.close()


@pytest.fixture(scope="module")
def guarded(published: Settings) -> Iterator[TestClient]:
    with TestClient(
        create_app(published.model_copy(update={"api_secret": SECRET})), base_url="http://127.0.0.1"
    ) as http:
        yield http


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
    for role, predicate in {"": "true", **ROWS}.items():
        path = folder / f"{role.replace(' ', '_')}.duckdb"
        shutil.copy(published.published_folder / "v1.duckdb", path)
        connection = duckdb.connect(str(path))
        connection.execute("set disabled_optimizers = 'common_subplan'")
        for fact in FACTS:
            connection.execute(f"delete from marts.{fact} where not coalesce({predicate}, false)")
        costs = predicate.replace(IN_BRANCH, "false")
        connection.execute(f"delete from marts.fct_activity_cost where not ({costs})")
        found[role] = Bank(model, connection)
    return found


def headers(settings: Settings, claims: Claims) -> dict[str, str]:
    others = {name: value for name, value in claims.items() if name != "groups"}
    return {"Authorization": make_token(settings, claims["groups"], timedelta(hours=1), others)}


def all_members(model: Model) -> list[tuple[CompiledView, Member]]:
    """Members of the views that somebody beside the administrator sees."""
    views = [model.views[name] for name in GRANTED]
    return [(view, member) for view in views for member in view.members.values()]


def query_for(view: CompiledView, member: Member) -> Query:
    """A query that an administrator may ask about a member, whatever it is."""
    if member.kind == "dimension":
        return {"dimensions": [member.name], "limit": 5}
    if member.kind == "segment":
        counted = next(m.name for m in view.members.values() if m.kind == "measure")
        return {"measures": [counted], "segments": [member.name]}
    times = [m.name for m in view.members.values() if m.type == "time"]
    others = ("opened_date", "maturity_date")
    own = next((name for name in times if not name.endswith(others)), None)
    if own is None:
        return {"measures": [member.name]}
    time = {"dimension": own, "granularity": "month", "dateRange": ["2024-01-01", "2024-03-31"]}
    return {"measures": [member.name], "timeDimensions": [time]}


def may_see(role: str, member: Member) -> bool:
    return role == "administrator" or role in GRANTED.get(member.name.split(".")[0], ())


def ask(service: Service, endpoint: str, query: object, claims: Claims) -> dict[str, Any]:
    """The body of a service's answer."""
    request: Request = parse_request({"query": query, "queryType": "multi"}, claims)
    answer = getattr(service, endpoint)(request)
    body: dict[str, Any] = json.loads(answer.body if endpoint == "load" else answer)
    return body


def together(view: CompiledView, role: str) -> Iterator[tuple[list[Member], Query]]:
    """Queries that name every member of a view that a role sees, several in one."""
    seen = [member for member in view.members.values() if may_see(role, member)]
    for kind in ("dimension", "measure", "segment"):
        members = [member for member in seen if member.kind == kind]
        for start in range(0, len(members), 12):
            chosen = members[start : start + 12]
            query = query_for(view, chosen[0])
            yield chosen, {**query, f"{kind}s": [member.name for member in chosen]}


def test_every_role_sees_exactly_its_members_at_every_endpoint(
    service: Service, model: Model
) -> None:
    named = {member.name: member for _, member in all_members(model)}
    cells: set[tuple[str, str, str]] = set()
    for (role, claims), endpoint in itertools.product(ROLES.items(), ENDPOINTS):
        for view in (model.views[name] for name in GRANTED):
            for members, query in together(view, role):
                ask(service, endpoint, query, claims)
                cells.update((role, endpoint, member.name) for member in members)
            for member in view.members.values():
                if not may_see(role, member):
                    with pytest.raises(QueryError, match="is not a member") as caught:
                        ask(service, endpoint, query_for(view, member), claims)
                    suggested = caught.value.problem.partition("did you mean '")[2].rstrip("'?")
                    assert not suggested or may_see(role, named[suggested])
                    cells.add((role, endpoint, member.name))
    assert cells == set(itertools.product(ROLES, ENDPOINTS, named))


def test_a_view_without_policies_is_the_administrators_alone(
    service: Service, model: Model
) -> None:
    closed = model.views.keys() - GRANTED.keys()
    assert closed
    for name, (role, claims) in itertools.product(sorted(closed), ROLES.items()):
        measure = next(m for m in model.views[name].members.values() if m.kind == "measure")
        query = query_for(model.views[name], measure)
        if role == "administrator":
            ask(service, "load", query, claims)
            continue
        for endpoint in ENDPOINTS:
            with pytest.raises(QueryError, match="is not a member"):
                ask(service, endpoint, query, claims)


def test_a_hidden_member_can_be_neither_filtered_nor_sorted_nor_shifted_by(
    service: Service, model: Model
) -> None:
    """In each place an unknown name, for a branch manager as for nobody."""
    hidden = [m for _, m in all_members(model) if not may_see("branch manager", m)]
    assert hidden
    for member in hidden:
        base: Query = {"measures": ["balances.account_count"]}
        item = {"member": member.name, "operator": "set"}
        for place in (
            {"filters": [item]},
            {"filters": [{"or": [item, {"member": "balances.city", "operator": "set"}]}]},
            {"segments": [member.name]},
            {"dimensions": [member.name]},
            {"dimensions": [f"{member.name}.month"]},
            {"timeDimensions": [{"dimension": member.name, "granularity": "month"}]},
            {"timeDimensions": [{"dimension": member.name, "compareDateRange": ["today"]}]},
            {"measures": [member.name], "ungrouped": True},
        ):
            with pytest.raises(QueryError, match="is not a member"):
                ask(service, "load", {**base, **place}, BRANCH)
        with pytest.raises(QueryError, match="which the query does not select"):
            ask(service, "load", {**base, "order": {member.name: "asc"}}, BRANCH)
        time = {"dimension": "balances.month_end_date", "granularity": "month"}
        blended = [{**base, "timeDimensions": [time]}] * 2
        blended[1] = {**blended[1], "dimensions": [member.name]}
        with pytest.raises(QueryError, match="is not a member"):
            ask(service, "load", blended, BRANCH)


@pytest.mark.parametrize("role", ROLES)
def test_meta_lists_what_the_role_may_ask_for_and_names_nothing_else(
    guarded: TestClient, published: Settings, model: Model, role: str
) -> None:
    settings = published.model_copy(update={"api_secret": SECRET})
    answer = guarded.get(f"{API}/meta", headers=headers(settings, ROLES[role]))
    views = answer.json()["cubes"]
    kinds = ("measures", "dimensions", "segments")
    listed = {member["name"] for view in views for kind in kinds for member in view[kind]}
    every = [member for view in model.views.values() for member in view.members.values()]
    assert listed == {member.name for member in every if may_see(role, member)}
    for member in every:
        assert may_see(role, member) or f'"{member.name}"' not in answer.text
    if role in SEES_NOTHING:
        assert views == []


@pytest.mark.parametrize("role", ROLES)
def test_an_error_suggests_only_names_that_the_role_may_see(service: Service, role: str) -> None:
    with pytest.raises(QueryError) as caught:
        ask(service, "load", {"measures": ["cost_to_serve.cost_amuont"]}, ROLES[role])
    hidden = role in SEES_NOTHING or role in SEES_NO_COSTS
    assert ("cost_to_serve.cost_amount" in caught.value.problem) != hidden


def test_the_rest_of_the_server_keeps_to_the_role(guarded: TestClient, published: Settings) -> None:
    """Over HTTP: a query of somebody else's view, by GET and POST, is an unknown name."""
    settings = published.model_copy(update={"api_secret": SECRET})
    query = {"measures": ["cost_to_serve.cost_amount"]}
    for path in ("load", "sql", "dry-run", "explain"):
        for role, claims in ROLES.items():
            expected = 400 if role in SEES_NOTHING or role in SEES_NO_COSTS else 200
            token = headers(settings, claims)
            sent = guarded.post(f"{API}/{path}", json={"query": query}, headers=token)
            got = guarded.get(f"{API}/{path}", params={"query": json.dumps(query)}, headers=token)
            assert (sent.status_code, got.status_code) == (expected, expected), (path, role)


def test_the_access_log_names_the_user_and_the_groups_but_no_query(
    guarded: TestClient, published: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings = published.model_copy(update={"api_secret": SECRET})
    token = headers(settings, {"groups": ["analyst"], "sub": "jana\n"})
    query = {"query": {"measures": ["balances.end_balance"]}}
    with caplog.at_level(logging.INFO, "bankcrm.cube.access"):
        guarded.post(f"{API}/load", json=query, headers=token)
    line = json.loads(caplog.messages[-1])
    assert (line["user"], line["groups"], line["rows"]) == ("jana\n", ["analyst"], 1)
    assert "\n" not in caplog.messages[-1]
    assert "end_balance" not in caplog.messages[-1]


def test_two_branches_never_share_an_etag(guarded: TestClient, published: Settings) -> None:
    settings = published.model_copy(update={"api_secret": SECRET})
    query = {"query": {"measures": ["balances.end_balance"]}}
    tags = {}
    for unit in ("B1", "B2"):
        token = headers(settings, {**BRANCH, "branch_id": unit})
        tags[unit] = guarded.post(f"{API}/load", json=query, headers=token).headers["etag"]
    assert tags["B1"] != tags["B2"]
    other = headers(settings, {**BRANCH, "branch_id": "B2"}) | {"If-None-Match": tags["B1"]}
    assert guarded.post(f"{API}/load", json=query, headers=other).status_code == 200


# Masks


def test_personal_data_is_masked_for_the_roles_that_are_not_granted_it(
    service: Service, model: Model
) -> None:
    personal = [m for _, m in all_members(model) if m.source.definition.meta.get("personal")]
    assert {member.name.split(".")[1] for member in personal} >= set(PERSONAL)
    for member, role in itertools.product(personal, ROLES):
        if may_see(role, member):
            rows = ask(service, "load", {"dimensions": [member.name]}, ROLES[role])
            values = {row[member.name] for row in rows["results"][0]["data"]}
            if role in SEES_MASKS:
                assert values <= {"***", None}, (member.name, role)
            elif ROWS.get(role) != "false" and member.name.split(".")[1] in PERSONAL:
                assert values - {"***", None}, (member.name, role)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_no_statement_of_an_analyst_reads_personal_columns(
    service: Service, model: Model, endpoint: str
) -> None:
    for view, member in all_members(model):
        if member.name.split(".")[1] in PERSONAL:
            query = query_for(view, member)
            query["filters"] = [{"member": member.name, "operator": "contains", "values": ["e"]}]
            query["order"] = {member.name: "desc"}
            text = json.dumps(ask(service, endpoint, query, ROLES["analyst"]))
            for column in ("Customer 5", r"\"full_name\"", r"\"account\".\"account_id\""):
                assert column not in text


def test_a_filter_on_a_masked_member_finds_the_mask_only(service: Service) -> None:
    """Else an analyst could ask for one name after another."""

    def count(value: str) -> str:
        item = {"member": "balances.customer_name", "operator": "equals", "values": [value]}
        query = {"measures": ["balances.customer_count"], "filters": [item]}
        body = ask(service, "load", query, ROLES["analyst"])
        return str(body["results"][0]["data"][0]["balances.customer_count"])

    assert (count("Customer 5"), count("***")) == ("0", "8")


def test_a_mask_holds_against_another_group_that_sees_the_member(service: Service) -> None:
    """The analyst's rows with the branch manager's names would be the names of the whole bank."""
    claims = {"groups": ["analyst", "branch_manager"], "branch_id": "B1"}
    rows = ask(service, "load", {"dimensions": ["balances.customer_name"]}, claims)
    assert rows["results"][0]["data"] == [{"balances.customer_name": "***"}]


# Rows


def comparable(rows: Rows) -> list[str]:
    return sorted(map(repr, rows))


@pytest.mark.parametrize("role", ROWS)
def test_random_queries_answer_as_the_administrator_of_a_bank_with_those_rows_only(
    model: Model, banks: dict[str, Bank], role: str
) -> None:
    """Filters, groups, order, pages, comparison, blending, rows one by one: 500 queries in all."""
    listed = replace(model, views={name: model.views[name] for name in GRANTED})
    maker = QueryMaker(listed, known_values(listed, banks[""]), TODAY, SEED)
    empty = 0
    for _ in range(125):
        _, query = maker.make()
        if role in SEES_NO_COSTS and "cost_to_serve." in json.dumps(query):
            with pytest.raises(QueryError, match="is not a member"):
                banks[""].ask(query, ROLES[role])
            continue
        restricted = banks[""].ask(query, ROLES[role])
        expected = banks[role].ask(query, ROLES["administrator"])
        assert comparable(restricted) == comparable(expected), json.dumps(query)
        empty += not expected
    assert empty < 80 or ROWS[role] == "false"


@pytest.mark.parametrize(
    ("role", "member", "values"),
    [
        ("branch manager", "branch_name", ["Branch 1", "Branch 2"]),
        ("customer manager", "customer_key", ["101", "103", "106"]),
    ],
)
def test_any_query_answers_as_the_administrators_with_a_filter(
    model: Model, banks: dict[str, Bank], role: str, member: str, values: list[str]
) -> None:
    """Balances, rolling windows, shares, several facts: what looks beyond its own rows."""
    pick = random.Random(SEED)
    views = [model.views[name] for name in GRANTED if name != "cost_to_serve"]
    answered = 0
    for _ in range(80):
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
    assert answered > 30


def known_values(model: Model, bank: Bank) -> dict[str, list[Any]]:
    found = {}
    for _, member in all_members(model):
        if isinstance(member.source, CompiledDimension):
            rows = bank.ask({"dimensions": [member.name]}, ROLES["administrator"])
            found[member.name] = [row[0] for row in rows][:60]
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


@pytest.mark.parametrize("member", ["customer_key", "branch_name", "product_name", "currency_code"])
@pytest.mark.parametrize("role", ["branch manager", "customer manager", "both managers"])
def test_members_without_measures_are_those_of_the_rows_that_the_role_may_see(
    banks: dict[str, Bank], role: str, member: str
) -> None:
    """Listing customers or branches alone would otherwise need no fact, and no row rule."""
    query = {"dimensions": [f"bank_overview.{member}"]}
    alone = banks[""].ask(query, ROLES[role])
    facts = {"measures": ["bank_overview.account_count"], **query}
    assert comparable(alone) == comparable([row[:1] for row in banks[""].ask(facts, ROLES[role])])


@pytest.mark.parametrize(
    "claims",
    [
        {"groups": ["branch_manager"]},
        {"groups": ["branch_manager"], "manager_id": "M1"},
        {"groups": ["customer_manager"], "branch_id": "B1"},
        *({"groups": ["branch_manager"], "branch_id": value} for value in (
            None, "", "  ", [], [""], ["B1", ""], ["B1", None], {}, {"B1": 1}, True, 1.5, "B", "1",
            "%", "_", "*", "B1%", "b 1", "nowhere", "'", "B1' or '1'='1", "\ud800",
        )),
        *({"groups": ["customer_manager"], "manager_id": value} for value in ("M", "1", 0, "%")),
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


def test_a_list_of_units_opens_each_of_them(banks: dict[str, Bank]) -> None:
    def branches(unit: object) -> set[str]:
        query = {"dimensions": ["balances.branch_name"]}
        claims = {"groups": ["branch_manager"], "branch_id": unit}
        return {row[0] for row in banks[""].ask(query, claims)}

    assert branches("B2") == {"Branch 2"}
    assert branches(["B2", "B3"]) == {"Branch 2", "Branch 3"}
    assert branches("HO") == {"Branch 1", "Branch 2", "Branch 3"}


def test_every_leaf_of_a_restricted_plan_stands_under_a_row_rule(model: Model) -> None:
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
                assert all(isinstance(leaf, Leaf) for leaf in source.leaves)


def test_an_administrator_is_asked_for_nothing(model: Model) -> None:
    access = grant_all(model)
    assert access.views.keys() == model.views.keys()
    assert not access.select_rules(model.cubes, frozenset(model.cubes))
