"""Which rollup answers, what none may answer, and that an answer is the same from either."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import duckdb
import pytest
from starlette.testclient import TestClient

from bankcrm.settings import Settings
from bankcrm.warehouse.rollup_states import States, read_rollups
from cube.compiler.model import MODEL_FOLDER, Model, load_model
from cube.errors import QueryError
from cube.planner.plan import Plan
from cube.planner.planner import plan_query
from cube.planner.rollup_matching import choose_rollups
from cube.planner.sql import write_statement
from cube.query.query import parse_query
from cube.security.access import AccessControl
from tests.cube.test_any_query import draw

Query = dict[str, Any]
Claims = dict[str, Any]

TODAY = date(2024, 6, 28)
ADMIN: Claims = {"groups": ["admin"]}
BRANCH: Claims = {"groups": ["branch_manager"], "branch_id": "B1"}
BOOK: Claims = {"groups": ["customer_manager"], "manager_id": "M1"}
ROLES: list[Claims] = [
    ADMIN,
    {"groups": ["analyst"]},
    BRANCH,
    BOOK,
    {**BRANCH, **BOOK, "groups": ["branch_manager", "customer_manager"]},
    {"groups": ["branch_manager"]},
]
SEED, COUNT = 11, 160
VIEWS = ("transactions", "balances", "profit_contribution", "fund_flow", "bank_overview")
KEPT = ("branch", "main_branch", "region", "product", "pillar", "currency", "channel", "kind_of")
DAY = "transactions.value_date"
MONTH: Query = {"granularity": "month"}
YEAR: Query = {"dateRange": ["2024-01-01", "2024-12-31"]}


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(MODEL_FOLDER)


@pytest.fixture(scope="module")
def connection(published: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy of the shared version, of which a session may set options of its own."""
    copy = published.home / "rollups.duckdb"
    copy.write_bytes((published.published_folder / "v1.duckdb").read_bytes())
    with duckdb.connect(str(copy), config={"disabled_optimizers": "common_subplan"}) as opened:
        yield opened


@pytest.fixture(scope="module")
def states(connection: duckdb.DuckDBPyConnection) -> States:
    found = read_rollups(connection)
    assert {state.state for state in found.values()} == {"ready"}
    return found


Ask = Callable[..., tuple[Plan, Plan]]


@pytest.fixture(scope="module")
def ask(model: Model, states: States) -> Ask:
    """The plan of a query from the facts, and the one with rollups."""
    control = AccessControl(model)

    def run(query: Query, claims: Claims = ADMIN) -> tuple[Plan, Plan]:
        plan = plan_query(parse_query(query), model, TODAY, control.grant(claims))
        return plan, choose_rollups(plan, model, states)

    return run


def turnover(*dimensions: str, measure: str = "amount", **time: Any) -> Query:
    query: Query = {
        "measures": [f"transactions.{measure}"],
        "dimensions": [f"transactions.{name}" for name in dimensions],
    }
    if time:
        query["timeDimensions"] = [{"dimension": DAY, **time}]
    return query


ANSWERED: list[tuple[Query, Claims, str]] = [
    (turnover("branch_name", **MONTH), ADMIN, "by_month"),
    (turnover("branch_name", **MONTH), BRANCH, "by_month"),
    (turnover("product_name", granularity="fiscal_year"), ADMIN, "by_month"),
    (turnover("branch_name", granularity="quarter", **YEAR), ADMIN, "by_month"),
    (turnover("branch_today_region", **MONTH), ADMIN, "by_month"),
    (turnover("branch_name", granularity="day"), ADMIN, "by_day"),
    (turnover("branch_name", granularity="week"), ADMIN, "by_day"),
    (turnover("weekday_name"), ADMIN, "by_day"),
    (turnover("channel_name", dateRange=["2024-01-15", "2024-03-31"]), ADMIN, "by_day"),
    (turnover("customer_city", **MONTH), ADMIN, "by_customer"),
    (turnover(**MONTH), BOOK, "by_customer"),
    (turnover("branch_name", measure="debit_amount"), ADMIN, "by_month"),
    (turnover("branch_name", measure="electronic_share"), ADMIN, "by_month"),
    (turnover("branch_name", measure="cost_per_entry"), ADMIN, "by_month"),
    (turnover("branch_name", measure="amount_rank"), ADMIN, "by_month"),
    (turnover("product_name", measure="amount_month_before", **MONTH), ADMIN, "by_month"),
    (turnover("product_name", measure="amount_3_months", **MONTH, **YEAR), ADMIN, "by_month"),
    (turnover("product_name", measure="amount_year_to_date", **MONTH, **YEAR), ADMIN, "by_month"),
    (turnover(measure="customer_count", **MONTH), ADMIN, "customers_by_month"),
]


@pytest.mark.parametrize(("query", "claims", "expected"), ANSWERED)
def test_the_smallest_rollup_that_holds_all_answers(
    ask: Ask, query: Query, claims: Claims, expected: str
) -> None:
    _, served = ask(query, claims)
    assert served.rollups == (f"transaction.{expected}",)


REFUSED: list[tuple[Query, Claims, str]] = [
    (turnover("account_id", **MONTH), ADMIN, "it does not hold 'account_key'"),
    (turnover("product_name", granularity="day"), ADMIN, "not made of whole periods of a month"),
    (turnover("product_name", granularity="week"), ADMIN, "not made of whole periods of a month"),
    (turnover("product_name", dateRange=["2024-01-15", "2024-03-31"]), ADMIN, "cuts a month"),
    (turnover("product_name", dateRange=["2024-01-01", "2024-03-30"]), ADMIN, "cuts a month"),
    (turnover("branch_name", "customer_city", granularity="day"), ADMIN, "hold 'customer_key'"),
    (turnover(measure="customer_count", granularity="quarter"), ADMIN, "could be made of"),
    (turnover(measure="customer_count"), ADMIN, "could be made of"),
    (turnover("branch_name", measure="customer_count", **MONTH), ADMIN, "hold 'branch_key'"),
    (turnover(measure="customer_count", **MONTH), BRANCH, "it does not hold 'branch_key'"),
    (turnover(measure="customers_3_months", **MONTH, **YEAR), ADMIN, "could be made of"),
    (turnover("product_name", "weekday_name"), ADMIN, "it does not hold 'value_date'"),
    ({**turnover("product_name", "hour_number")}, ADMIN, "it does not hold 'time_of_day_key'"),
]


@pytest.mark.parametrize(("query", "claims", "reason"), REFUSED)
def test_what_no_rollup_holds_the_fact_answers_and_the_reason_is_told(
    ask: Ask, query: Query, claims: Claims, reason: str
) -> None:
    plan, served = ask(query, claims)
    (source,) = served.body.sources
    assert (source.rollup, source.table) == (None, "marts.fct_transaction")
    assert len(source.refused) == 4
    assert any(reason in given for _, given in source.refused), source.refused
    assert source.where == plan.body.sources[0].where


def test_a_filter_on_a_member_that_a_rollup_lacks_leaves_it_out(ask: Ask) -> None:
    city = {"member": "transactions.customer_city", "operator": "equals", "values": ["Brno"]}
    _, served = ask({**turnover(**MONTH), "filters": [city]})
    assert served.rollups == ("transaction.by_customer",)
    account = {**city, "member": "transactions.account_type", "values": ["LOAN"]}
    _, served = ask({**turnover(**MONTH), "filters": [{"or": [city, account]}]})
    assert served.rollups == ()


def test_single_rows_come_from_the_fact(ask: Ask) -> None:
    _, served = ask({**turnover("branch_name"), "ungrouped": True})
    assert served.rollups == ()


def test_balances_of_units_come_from_a_rollup_and_equal_the_fact(
    ask: Ask, model: Model, connection: duckdb.DuckDBPyConnection
) -> None:
    """Semi-additive, averaged and shifted ones beside a sum: none of them adds up over months."""
    names = (
        "deposit_end_balance",
        "deposit_opening_balance",
        "deposit_average_balance",
        "deposit_end_balance_year_before",
    )
    query = {
        "measures": [f"balances.{name}" for name in (*names, "net_interest_amount")],
        "dimensions": ["balances.branch_name"],
        "timeDimensions": [{"dimension": "balances.month_end_date", "granularity": "quarter"}],
    }
    plan, served = ask(query)
    assert served.rollups == ("account_monthly.by_unit",)
    rows = fetch(served, model, connection)
    assert rows == fetch(plan, model, connection)
    assert len(rows) > 5


def test_several_facts_in_one_query_have_a_rollup_each(ask: Ask) -> None:
    query = {
        "measures": ["bank_overview.deposit_end_balance", "bank_overview.turnover_amount"],
        "dimensions": ["bank_overview.branch_name"],
        "timeDimensions": [{"dimension": "bank_overview.date", "granularity": "month"}],
    }
    _, served = ask(query)
    assert served.rollups == ("account_monthly.by_unit", "transaction.by_day")


def fetch(plan: Plan, model: Model, connection: duckdb.DuckDBPyConnection) -> list[Any]:
    """Rows; doubles to 12 digits, because ratios of equal sums may round elsewhere."""
    statement = write_statement(plan, model)
    rows = connection.execute(statement.sql, list(statement.parameters)).fetchall()
    return [tuple(f"{v:.12g}" if isinstance(v, float) else v for v in row) for row in rows]


def draw_for_rollups(names: list[str], view: str, pick: random.Random) -> Query:
    """A query that rollups have a chance to answer: few dimensions, common periods."""
    times = {"balances": "month_end_date", "profit_contribution": "month_end_date"}
    time = times.get(view, {"fund_flow": "flow_date", "bank_overview": "date"}.get(view, DAY))
    unit = pick.choice(["day", "week", "month", "quarter", "year", "fiscal_year", "fiscal_half"])
    ranges = [["2024-01-01", "2024-03-31"], ["2023-12-01", "2024-05-15"], "last 3 months", None]
    period: Query = {"dimension": f"{view}.{time.rpartition('.')[2]}", "granularity": unit}
    chosen = pick.choice(ranges)
    dimensions = [n for n in names if n.split(".")[1].startswith(KEPT)]
    return {
        "dimensions": pick.sample(dimensions, pick.randint(0, 2)),
        "timezone": pick.choice(["UTC", "Asia/Shanghai", "America/New_York"]),
        "timeDimensions": [{**period, "dateRange": chosen} if chosen else period],
    }


def test_any_query_of_any_role_has_the_same_rows_with_rollups_as_without(
    ask: Ask, model: Model, connection: duckdb.DuckDBPyConnection
) -> None:
    pick = random.Random(SEED)
    used: Counter[str] = Counter()
    for number in range(COUNT):
        name = VIEWS[number % len(VIEWS)]
        query = draw(model.views[name], pick)
        if number % 4:
            members = model.views[name].members.values()
            names = [m.name for m in members if m.kind == "dimension" and m.type != "time"]
            query |= draw_for_rollups(names, name, pick)
        try:
            plan, served = ask(query, pick.choice(ROLES))
        except QueryError:
            continue
        if served.rollups:
            used.update(served.rollups)
            rows = fetch(served, model, connection)
            assert rows == fetch(plan, model, connection), (query, served.rollups)
            used["rows"] += len(rows)
    assert set(used) >= {"transaction.by_day", "transaction.by_month", "transaction.by_customer"}
    assert set(used) >= {"account_monthly.by_unit", "profit_monthly.by_unit", "flow.by_day"}
    assert used["rows"] > 200


def test_an_answer_names_its_rollups_as_a_stock_cube_does(client: TestClient) -> None:
    def load(query: Query) -> dict[str, Any]:
        body: dict[str, Any] = client.post("/cubejs-api/v1/load", json={"query": query}).json()
        return body

    used = load(turnover("branch_name", **MONTH))["usedPreAggregations"]
    (table,) = used
    assert table == "rollup.transaction__by_month"
    assert set(used[table]) == {"preAggregationId", "lastUpdatedAt", "type"}
    assert (used[table]["preAggregationId"], used[table]["type"]) == (
        "transaction.by_month",
        "rollup",
    )
    assert "usedPreAggregations" not in load(turnover("account_id", **MONTH))


def test_the_explanation_names_the_rollup_and_why_the_others_were_left(client: TestClient) -> None:
    query = turnover("product_name", granularity="quarter", dateRange=["2024-01-01", "2024-06-30"])
    answer = client.post("/cubejs-api/v1/explain", json={"query": query})
    (source,) = answer.json()["queries"][0]["plan"]["sources"]
    assert source["rollup"] == "transaction.by_month"
    assert source["from"] == "rollup.transaction__by_month as transaction"
    assert source["rollupsNotUsed"] == {
        "transaction.by_day": "it does not hold 'product_key'",
        "transaction.by_customer": "it does not hold 'product_key'",
        "transaction.customers_by_month": "it does not hold 'product_key'",
    }


def test_a_mask_hides_names_that_are_read_through_a_rollup(ask: Ask, model: Model) -> None:
    _, served = ask(turnover("customer_name", **MONTH), {"groups": ["analyst"]})
    assert served.rollups == ("transaction.by_customer",)
    assert "full_name" not in write_statement(served, model).sql
