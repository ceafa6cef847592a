"""Who sees what: every role, endpoint and member; rows against the same rows picked by hand."""

from __future__ import annotations

import itertools
import json
import logging
import random
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
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
from cube.server.expression import MemberId
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
WIDTH = 20  # members of one query
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
# Views by role, written without the model: those that know no branch are not the branch manager's,
# those of whole units not the customer manager's; migration knows neither.
BOTH = ("both managers", "manager without claims")
MANAGERS = ("branch manager", "customer manager", *BOTH)
GRANTED: dict[str, tuple[str, ...]] = {
    "balances": ("analyst", *MANAGERS),
    "bank_overview": ("analyst", *MANAGERS),
    "campaigns": ("analyst", *MANAGERS),
    "cards": ("analyst", *MANAGERS),
    "complaints": ("analyst", *MANAGERS),
    "contact_compliance": ("analyst", *MANAGERS),
    "contacts": ("analyst", *MANAGERS),
    "cost_to_serve": ("analyst", "customer manager", *BOTH),
    "credit": ("analyst", *MANAGERS),
    "credit_migration": ("analyst",),
    "customers": ("analyst", *MANAGERS),
    "fund_flow": ("analyst", *MANAGERS),
    "loans": ("analyst", *MANAGERS),
    "managers": ("analyst", *MANAGERS),
    "profit_contribution": ("analyst", *MANAGERS),
    "referrals": ("analyst", *MANAGERS),
    "repayments": ("analyst", *MANAGERS),
    "rewards": ("analyst", "branch manager", *BOTH),
    "surveys": ("analyst", *MANAGERS),
    "teams": ("analyst", "branch manager", *BOTH),
    "transactions": ("analyst", *MANAGERS),
}
SEES_NOTHING = ("nobody", "stranger")
SEES_MASKS = ("analyst",)
PERSONAL = {
    "customer_name", "customer_today_name", "referred_customer_name", "household_name",
    "company_group_name", "account_id", "loan_id", "card_id",
}  # fmt: skip

# What each role may count, written without the model: B1 with B2 below it; the customers of M1,
# of a referral the one who brought the other; the performance of M1 himself.
IN_BRANCH = dict.fromkeys(
    (
        "fct_account_monthly", "fct_campaign_response", "fct_card_monthly", "fct_complaint",
        "fct_contact", "fct_contact_compliance", "fct_customer_monthly", "fct_fund_flow",
        "fct_loan_monthly", "fct_manager_kpi", "fct_manager_score", "fct_profit_monthly",
        "fct_referral", "fct_repayment", "fct_reward_penalty", "fct_survey", "fct_team_kpi",
        "fct_transaction",
    ),
    "branch_key in (1, 2)",
) | {"fct_activity_cost": "false", "fct_credit_migration": "false"}  # fmt: skip
IN_BOOK = dict.fromkeys(IN_BRANCH, "customer_durable_key in (101, 103, 106)") | {
    "fct_credit_migration": "false",
    "fct_manager_kpi": "manager_key = 1",
    "fct_manager_score": "manager_key = 1",
    "fct_referral": "referrer_customer_durable_key in (101, 103, 106)",
    "fct_reward_penalty": "false",
    "fct_team_kpi": "false",
}
ROWS: dict[str, dict[str, str]] = {
    "branch manager": IN_BRANCH,
    "customer manager": IN_BOOK,
    "both managers": {fact: f"{IN_BRANCH[fact]} or {IN_BOOK[fact]}" for fact in IN_BRANCH},
    "manager without claims": dict.fromkeys(IN_BRANCH, "false"),
}
SEES_ROWS = ("administrator", "branch manager", "customer manager", "both managers")


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


def headers(settings: Settings, claims: Claims) -> dict[str, str]:
    others = {name: value for name, value in claims.items() if name != "groups"}
    return {"Authorization": make_token(settings, claims["groups"], timedelta(hours=1), others)}


def all_members(model: Model) -> list[tuple[CompiledView, Member]]:
    return [(view, member) for view in model.views.values() for member in view.members.values()]


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


def is_granted(role: str, view: str) -> bool:
    return role == "administrator" or role in GRANTED[view]


def may_see(role: str, member: Member) -> bool:
    return is_granted(role, member.name.split(".")[0])


def ask(service: Service, endpoint: str, query: object, claims: Claims) -> dict[str, Any]:
    """The body of a service's answer."""
    request: Request = parse_request({"query": query, "queryType": "multi"}, claims)
    answer = getattr(service, endpoint)(request)
    body: dict[str, Any] = json.loads(answer.body if endpoint == "load" else answer)
    return body


def together(view: CompiledView, role: str) -> Iterator[tuple[list[Member], Query]]:
    """Queries that name every member of a view that a role sees, several in one."""
    fitting: dict[tuple[str, frozenset[str]], list[Member]] = {}
    for member in view.members.values():
        if may_see(role, member):
            described = facts_of(view, member) if member.kind == "dimension" else frozenset()
            fitting.setdefault((member.kind, described), []).append(member)
    for (kind, _), members in fitting.items():
        for start in range(0, len(members), WIDTH):
            chosen = members[start : start + WIDTH]
            query = query_for(view, chosen[0])
            yield chosen, {**query, f"{kind}s": [member.name for member in chosen]}


def facts_of(view: CompiledView, member: Member) -> frozenset[str]:
    """Facts that a member describes."""
    cube = {member.source.id[0]}
    return frozenset(fact for fact in view.facts if view.trees[fact].reaches(cube))


@pytest.fixture
def no_suggestions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refusals without the nearest name, which takes longer to find than all else."""
    monkeypatch.setattr("cube.server.planner.suggest", lambda _name, _known: "")


@pytest.mark.usefixtures("no_suggestions")
def test_every_role_sees_exactly_its_members_at_every_endpoint(
    service: Service, model: Model
) -> None:
    named = [member.name for _, member in all_members(model)]
    cells: set[tuple[str, str, str]] = set()
    for (role, claims), endpoint in itertools.product(ROLES.items(), ENDPOINTS):
        for view in model.views.values():
            for members, query in together(view, role):
                ask(service, endpoint, query, claims)
                cells.update((role, endpoint, member.name) for member in members)
            for member in view.members.values():
                if not may_see(role, member):
                    with pytest.raises(QueryError, match="is not a member"):
                        ask(service, endpoint, query_for(view, member), claims)
                    cells.add((role, endpoint, member.name))
    assert cells == set(itertools.product(ROLES, ENDPOINTS, named))


def test_every_view_has_policies_and_every_fact_row_rules(model: Model) -> None:
    assert model.views.keys() == GRANTED.keys()
    assert all(view.definition.access_policy for view in model.views.values())
    facts = {
        fact: model.cubes[fact].definition.sql_table
        for view in model.views.values()
        for fact in view.facts
    }
    assert facts.keys() <= model.policies.keys()
    assert {table.removeprefix("marts.") for table in facts.values()} == IN_BRANCH.keys()


@pytest.mark.usefixtures("no_suggestions")
def test_a_hidden_member_can_be_neither_filtered_nor_sorted_nor_shifted_by(
    service: Service, model: Model
) -> None:
    """In each place an unknown name, for a branch manager as for nobody."""
    hidden = [m for _, m in all_members(model) if not may_see("branch manager", m)]
    assert {m.name.split(".")[0] for m in hidden} == {"cost_to_serve", "credit_migration"}
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


@pytest.mark.parametrize("role", ["branch manager", "customer manager", *SEES_NOTHING])
def test_a_refusal_of_a_hidden_member_suggests_only_names_that_the_role_may_see(
    service: Service, model: Model, role: str
) -> None:
    named = {member.name: member for _, member in all_members(model)}
    for view, member in all_members(model):
        if not may_see(role, member):
            with pytest.raises(QueryError, match="is not a member") as caught:
                ask(service, "dry_run", query_for(view, member), ROLES[role])
            suggested = caught.value.problem.partition("did you mean '")[2].rstrip("'?")
            assert not suggested or may_see(role, named[suggested])


@pytest.mark.parametrize("role", ROLES)
def test_an_error_suggests_only_names_that_the_role_may_see(service: Service, role: str) -> None:
    with pytest.raises(QueryError) as caught:
        ask(service, "load", {"measures": ["cost_to_serve.cost_amuont"]}, ROLES[role])
    suggested = "cost_to_serve.cost_amount" in caught.value.problem
    assert suggested == is_granted(role, "cost_to_serve")


def test_the_rest_of_the_server_keeps_to_the_role(guarded: TestClient, published: Settings) -> None:
    """Over HTTP: a query of somebody else's view, by GET and POST, is an unknown name."""
    settings = published.model_copy(update={"api_secret": SECRET})
    query = {"measures": ["cost_to_serve.cost_amount"]}
    for path in ("load", "sql", "dry-run", "explain"):
        for role, claims in ROLES.items():
            expected = 200 if is_granted(role, "cost_to_serve") else 400
            token = headers(settings, claims)
            sent = guarded.post(f"{API}/{path}", json={"query": query}, headers=token)
            got = guarded.get(f"{API}/{path}", params={"query": json.dumps(query)}, headers=token)
            assert (sent.status_code, got.status_code) == (expected, expected), (path, role)


def test_the_access_log_names_the_user_and_the_groups_but_no_value(
    guarded: TestClient, published: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings = published.model_copy(update={"api_secret": SECRET})
    token = headers(settings, {"groups": ["analyst"], "sub": "jana\n"})
    city = {"member": "balances.customer_city", "operator": "equals", "values": ["Zzyzx"]}
    query = {"query": {"measures": ["balances.deposit_end_balance"], "filters": [city]}}
    with caplog.at_level(logging.INFO, "bankcrm.cube.access"):
        guarded.post(f"{API}/load", json=query, headers=token)
    line = json.loads(caplog.messages[-1])
    assert (line["user"], line["groups"], line["rows"]) == ("jana\n", ["analyst"], 1)
    assert "\n" not in caplog.messages[-1]
    assert "Zzyzx" not in caplog.messages[-1]


def test_two_branches_never_share_an_etag(guarded: TestClient, published: Settings) -> None:
    settings = published.model_copy(update={"api_secret": SECRET})
    query = {"query": {"measures": ["balances.deposit_end_balance"]}}
    tags = {}
    for unit in ("B1", "B2"):
        token = headers(settings, {**BRANCH, "branch_id": unit})
        tags[unit] = guarded.post(f"{API}/load", json=query, headers=token).headers["etag"]
    assert tags["B1"] != tags["B2"]
    other = headers(settings, {**BRANCH, "branch_id": "B2"}) | {"If-None-Match": tags["B1"]}
    assert guarded.post(f"{API}/load", json=query, headers=other).status_code == 200


# Masks


def list_personal(model: Model) -> list[tuple[CompiledView, Member]]:
    return [pair for pair in all_members(model) if pair[1].name.split(".")[1] in PERSONAL]


def test_personal_members_are_those_that_are_marked_in_the_model(model: Model) -> None:
    """The list above is written by hand; who adds a member decides for both."""
    marked = {m.name for _, m in all_members(model) if m.source.definition.meta.get("personal")}
    assert marked == {member.name for _, member in list_personal(model)}
    assert {name.split(".")[1] for name in marked} == PERSONAL


def test_personal_data_is_masked_for_the_roles_that_are_not_granted_it(
    service: Service, model: Model
) -> None:
    for (_, member), role in itertools.product(list_personal(model), ROLES):
        if may_see(role, member):
            rows = ask(service, "load", {"dimensions": [member.name]}, ROLES[role])
            values = {row[member.name] for row in rows["results"][0]["data"]} - {None}
            if role in SEES_MASKS:
                assert values <= {"***"}, (member.name, role)
            elif role in SEES_ROWS:
                assert values - {"***"}, (member.name, role)
            else:
                assert not values, (member.name, role)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_no_statement_of_an_analyst_reads_personal_columns(
    service: Service, model: Model, endpoint: str
) -> None:
    for view, member in list_personal(model):
        query = query_for(view, member)
        query["filters"] = [{"member": member.name, "operator": "contains", "values": ["e"]}]
        query["order"] = {member.name: "desc"}
        text = json.dumps(ask(service, endpoint, query, ROLES["analyst"]))
        cube, column = member.source.id
        for read in ("Customer 5", rf"\"{column}\"", rf"\"{cube}\".\"{column}\""):
            assert read not in text, member.name


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
