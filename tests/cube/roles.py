"""Roles of the tests: what each may see and count, written without the model, and how it asks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

from cube.compiler.compiled import CompiledView, Member
from cube.compiler.model import Model
from cube.server.envelope import Request, parse_request
from cube.server.service import Service

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
