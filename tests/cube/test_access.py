"""Members and masks: every role at every endpoint sees its own, and no other."""

from __future__ import annotations

import itertools
import json
import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from bankcrm.settings import Settings
from cube.compiler.compiled import CompiledView, Member
from cube.compiler.model import Model
from cube.errors import QueryError
from cube.security.auth import make_token
from cube.server.app import create_app
from cube.server.service import Service
from tests.cube.roles import (
    API,
    BRANCH,
    ENDPOINTS,
    GRANTED,
    IN_BRANCH,
    PERSONAL,
    ROLES,
    SECRET,
    SEES_MASKS,
    SEES_NOTHING,
    SEES_ROWS,
    Claims,
    Query,
    all_members,
    ask,
    is_granted,
    may_see,
    query_for,
    together,
)


@pytest.fixture(scope="module")
def guarded(published: Settings) -> Iterator[TestClient]:
    with TestClient(
        create_app(published.model_copy(update={"api_secret": SECRET})), base_url="http://127.0.0.1"
    ) as http:
        yield http


def headers(settings: Settings, claims: Claims) -> dict[str, str]:
    others = {name: value for name, value in claims.items() if name != "groups"}
    return {"Authorization": make_token(settings, claims["groups"], timedelta(hours=1), others)}


@pytest.fixture
def no_suggestions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refusals without the nearest name, which takes longer to find than all else."""
    monkeypatch.setattr("cube.planner.planner.suggest", lambda _name, _known: "")


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
