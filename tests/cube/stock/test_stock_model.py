"""The shipped model on the stock compiler: it compiles, and describes itself as ours does."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bankcrm.settings import Settings
from cube.compiler.model import MODEL_FOLDER, load_model
from cube.planner.planner import plan_query
from cube.planner.sql import write_statement
from cube.query.dates import format_moment, parse_range
from cube.query.query import parse_query
from cube.security.access import AccessControl
from cube.server.meta import build_meta
from tests.cube.stock.compiler import PROJECT, StockCompiler
from tests.cube.stock.queries import RELATIVE
from tests.tools import NODE, find_node_modules

pytestmark = pytest.mark.skipif(
    find_node_modules() is None, reason="node_modules is missing: make install"
)

MEMBER_KEYS = (
    "name",
    "title",
    "shortTitle",
    "description",
    "type",
    "aggType",
    "format",
    "currency",
    "meta",
    "aliasMember",
    "granularities",
    "drillMembers",
    "cumulative",
    "primaryKey",
    "public",
)


@pytest.fixture(scope="module")
def stock() -> Iterator[StockCompiler]:
    with StockCompiler() as compiler:
        yield compiler


def describe(view: dict[str, Any]) -> dict[str, Any]:
    """What a client sees of a view, in an order of its own."""
    described = {key: view.get(key) for key in ("title", "description", "meta", "public")}
    for kind in ("measures", "dimensions", "segments"):
        described[kind] = sorted(
            (
                {key: member[key] for key in MEMBER_KEYS if member.get(key) is not None}
                for member in view[kind]
                if member["public"]
            ),
            key=lambda member: str(member["name"]),
        )
    described["hierarchies"] = {item["name"]: item["levels"] for item in view["hierarchies"]}
    described["folders"] = {item["name"]: sorted(item["members"]) for item in view["folders"]}
    return described


def test_the_model_compiles_on_stock_cube_and_its_views_are_the_same(stock: StockCompiler) -> None:
    theirs = {cube["name"]: cube for cube in stock.load_model(MODEL_FOLDER)}
    ours = build_meta(load_model(MODEL_FOLDER).views.values())["cubes"]
    assert {view["name"] for view in ours} == {n for n, c in theirs.items() if c["public"]}
    for view in ours:
        assert describe(view) == describe(theirs[view["name"]])


@pytest.mark.parametrize("text", RELATIVE)
@pytest.mark.parametrize("today", [date(2024, 2, 29), date(2024, 12, 31), date(2023, 1, 1)])
def test_relative_date_ranges_are_those_of_stock_cube(
    stock: StockCompiler, text: str, today: date
) -> None:
    ours = [format_moment(moment) for moment in parse_range(text, today)]
    assert [moment[:23] for moment in ours] == list(stock.parse_range(text, "UTC", today))


def test_a_stock_deployment_reads_a_published_version(published: Settings, tmp_path: Path) -> None:
    """The driver of a stock Cube, with the settings of cube/cube.js."""
    script = tmp_path / "read.cjs"
    config = (PROJECT / "cube" / "cube.js").read_text(encoding="utf-8")
    driver = PROJECT / "node_modules" / "@cubejs-backend" / "duckdb-driver"
    script.write_text(
        f"""{config}
        const {{ DuckDBDriver }} = require({json.dumps(str(driver))});
        const driver = new DuckDBDriver(module.exports.driverFactory());
        const sql = "select count(*) n, current_setting('disabled_optimizers') o "
            + 'from marts.fct_transaction';
        driver.query(sql, []).then((rows) => {{
            console.log(JSON.stringify(rows));
            return driver.release();
        }});
        """,
        encoding="utf-8",
    )
    file = published.published_folder / "v1.duckdb"
    run = subprocess.run(
        [NODE, str(script)],
        env={**os.environ, "BANKCRM_VERSION_FILE": str(file)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert json.loads(run.stdout) == [{"n": "400", "o": "common_subplan"}]


RULES = [
    ("balances.account_count", {"groups": ["branch_manager"], "branch_id": "B1"}, "/B1/"),
    ("transactions.amount", {"groups": ["branch_manager"], "branch_id": "B2"}, "/B2/"),
    ("loans.loan_count", {"groups": ["customer_manager"], "manager_id": "M1"}, "/M1/"),
    ("contacts.contact_count", {"groups": ["branch_manager"], "branch_id": "B1"}, "/B1/"),
    ("campaigns.planned_cost_amount", {"groups": ["customer_manager"], "manager_id": "M1"}, "/M1/"),
    ("referrals.referral_count", {"groups": ["customer_manager"], "manager_id": "M1"}, "/M1/"),
]


def test_row_rules_as_a_stock_cube_applies_them_leave_the_same_rows(
    stock: StockCompiler, sql: Callable[..., list[tuple[Any, ...]]]
) -> None:
    """A stock Cube adds the filter of the policy to the query, with the claim in its place."""
    stock.load_model(MODEL_FOLDER)
    model, today = load_model(MODEL_FOLDER), date(2024, 6, 28)
    for measure, claims, value in RULES:
        view = model.views[measure.split(".")[0]]
        branch = f"{view.definition.name}.branch_name"
        query = {"measures": [measure], "dimensions": [branch], "order": [[branch, "asc"]]}
        member = "branch_path" if "branch_id" in claims else "manager_path"
        rule = {"member": f"{view.facts[0]}.{member}", "operator": "contains", "values": [value]}
        theirs = stock.compile(MODEL_FOLDER, {**query, "filters": [rule]}, today)
        access = AccessControl(model).grant(claims)
        ours = write_statement(plan_query(parse_query(query), model, today, access), model)
        expected = sql(theirs["sql"], *theirs["params"])
        assert expected
        assert sql(ours.sql, *ours.parameters) == expected
