"""Branch managers of the sample bank: together they see the bank, each his own part of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from starlette.testclient import TestClient

from bankcrm.settings import Settings
from bankcrm.warehouse.versions import open_published
from cube.compiler.compiled import CompiledView, Member
from cube.compiler.measures import Aggregate, CompiledMeasure
from cube.compiler.model import MODEL_FOLDER, load_model
from cube.security.auth import make_token
from cube.server.app import create_app

SECRET = "a secret of the tests that is long enough for HS256"
MODEL = load_model(MODEL_FOLDER)
KNOWS_NO_BRANCH = {"cost_to_serve", "credit_migration"}
VIEWS = [view for name, view in MODEL.views.items() if name not in KNOWS_NO_BRANCH]
UNITS = """
    select branch_id, region_name from marts.dim_branch
    inner join marts.dim_organisation_path using (branch_durable_key)
    where is_current and len(string_split(trim(branch_path, '/'), '/')) = 2"""
Figures = dict[str, Decimal]
Ask = Callable[..., Figures]


@pytest.fixture(scope="module")
def regions(sample_bank: Settings) -> dict[str, str]:
    """The units just below the head office, with the name of their region."""
    with open_published(sample_bank) as connection:
        return dict(connection.execute(UNITS).fetchall())


@pytest.fixture(scope="module")
def ask(sample_bank: Settings) -> Iterator[Ask]:
    """Figures of a query without groups, as some user sees them; none counts as nothing."""
    settings = sample_bank.model_copy(update={"api_secret": SECRET})
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as http:

        def send(query: dict[str, Any], group: str, **claims: str) -> Figures:
            token = make_token(settings, [group], timedelta(hours=1), claims)
            reply = http.post(
                "/cubejs-api/v1/load", json={"query": query}, headers={"Authorization": token}
            )
            assert reply.status_code == 200, (query, reply.text)
            (row,) = reply.json()["data"]
            return {name: Decimal(value or 0) for name, value in row.items()}

        yield send


def list_additive(view: CompiledView) -> list[str]:
    """Sums and counts of a fact's own rows, balances of the last month among them."""
    return [m.name for m in view.members.values() if m.kind == "measure" and is_additive(m)]


def is_additive(member: Member) -> bool:
    assert isinstance(member.source, CompiledMeasure)
    if member.source.definition.type == "number" or len(member.source.components) != 1:
        return False
    (part,) = member.source.components.values()
    if not isinstance(part, Aggregate) or part.frame or part.shifts:
        return False
    return part.kind in ("sum", "count") and part.cube == member.root


ADDITIVE = {view.definition.name: view for view in VIEWS if list_additive(view)}
DISTINCT = {"managers": ["managers.manager_count"], "teams": ["teams.team_count"]}


@pytest.mark.parametrize("name", ADDITIVE)
def test_what_regional_managers_see_adds_up_to_what_the_administrator_sees(
    name: str, ask: Ask, regions: dict[str, str]
) -> None:
    """The rest is of the head office itself, or of no known unit."""
    query: dict[str, Any] = {"measures": list_additive(ADDITIVE[name])}
    whole = ask(query, "admin")
    parts = [ask(query, "branch_manager", branch_id=unit) for unit in regions]
    elsewhere = {
        "member": f"{name}.branch_today_region",
        "operator": "notEquals",
        "values": list(regions.values()),
    }
    rest = ask({**query, "filters": [elsewhere]}, "admin")
    for measure, total in whole.items():
        assert rest[measure] + sum(part[measure] for part in parts) == total, measure
    assert sum(any(part.values()) for part in parts) > 1


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.definition.name)
def test_the_manager_of_the_head_office_sees_all_but_business_of_no_known_unit(
    view: CompiledView, ask: Ask
) -> None:
    name = view.definition.name
    query: dict[str, Any] = {"measures": list_additive(view) or DISTINCT[name]}
    known = {"member": f"{name}.branch_level", "operator": "set"}
    expected = ask({**query, "filters": [known]}, "admin")
    assert any(expected.values())
    assert ask(query, "branch_manager", branch_id="00010") == expected
