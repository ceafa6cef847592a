"""Every member of every view on the sample bank: it answers, by the figures of the marts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from starlette.testclient import TestClient

from bankcrm.settings import Settings
from bankcrm.warehouse.versions import open_published
from cube.compiler.compiled import CompiledView, Member
from cube.compiler.measures import Aggregate, CompiledMeasure
from cube.compiler.model import MODEL_FOLDER, Model, load_model
from cube.server.app import create_app
from tests.integration.plain_totals import PlainTotals

MODEL = load_model(MODEL_FOLDER)
PLAIN = PlainTotals(MODEL_FOLDER)
MOST_ROWS = 50_000
WIDTH = 8  # dimensions of one query
# A loan has no kind of card; the activity sign needs half a year of transactions.
EMPTY = {"loans.card_type", "customers.activity_sign"}
Rows = list[dict[str, Any]]
Ask = Callable[[dict[str, Any]], Rows]
Sql = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def ask(sample_bank: Settings) -> Iterator[Ask]:
    """Rows of a query, whole."""
    with TestClient(create_app(sample_bank), base_url="http://127.0.0.1") as http:

        def send(query: dict[str, Any]) -> Rows:
            body = {"query": {"limit": MOST_ROWS, "order": []} | query}
            reply = http.post("/cubejs-api/v1/load", json=body)
            assert reply.status_code == 200, (query, reply.text)
            answer = reply.json()
            assert not answer.get("truncated"), query
            rows: Rows = answer["data"]
            return rows

        yield send


@pytest.fixture(scope="module")
def sql(sample_bank: Settings) -> Iterator[Sql]:
    """Rows of hand-written SQL on the published version."""
    with open_published(sample_bank) as connection:
        connection.execute("set search_path = 'marts'")
        yield lambda text: connection.execute(text).fetchall()


@dataclass(frozen=True)
class Side:
    """One fact of a view, with the members that describe it."""

    view: CompiledView
    fact: str

    @property
    def measures(self) -> list[Member]:
        return [
            member
            for member in self.view.members.values()
            if member.kind == "measure" and member.root == self.fact
        ]

    @property
    def totals(self) -> list[Member]:
        """Measures of the fact itself that need no time dimension."""
        return [
            member
            for member in self.measures
            if member.source.id[0] == self.fact and PLAIN.has_total(*member.source.id)
        ]

    @property
    def dimensions(self) -> list[Member]:
        tree = self.view.trees[self.fact]
        return [
            member
            for member in self.view.members.values()
            if member.kind == "dimension" and tree.reaches({member.source.id[0]})
        ]

    @property
    def segments(self) -> list[Member]:
        return [
            member
            for member in self.view.members.values()
            if member.kind == "segment" and member.root == self.fact
        ]


def list_sides(model: Model) -> list[Side]:
    return [Side(view, fact) for view in model.views.values() for fact in view.facts]


def aggregate_of_sum(member: Member, fact: str) -> Aggregate | None:
    """The only part of a sum or count of the fact; None for ratios, means, distinct counts."""
    assert isinstance(member.source, CompiledMeasure)
    components = list(member.source.components.values())
    if member.source.definition.type == "number" or len(components) != 1:
        return None
    (part,) = components
    adds = isinstance(part, Aggregate) and part.kind in ("sum", "count") and part.cube == fact
    return part if isinstance(part, Aggregate) and adds else None


def chunks(members: list[Member]) -> Iterator[list[str]]:
    names = [member.name for member in members]
    for start in range(0, len(names), WIDTH):
        yield names[start : start + WIDTH]


def total(rows: Rows, measure: str) -> Decimal:
    return sum((Decimal(row[measure]) for row in rows if row[measure] is not None), Decimal(0))


def same(ours: str | None, plain: object) -> bool:
    """Decimals by value, doubles to 12 digits; null is null and never zero."""
    if ours is None or plain is None:
        return ours is None and plain is None
    if isinstance(plain, float):
        return float(ours) == pytest.approx(plain, rel=1e-12)
    return Decimal(ours) == Decimal(str(plain))


SIDES = [
    pytest.param(side, id=f"{side.view.definition.name}-{side.fact}") for side in list_sides(MODEL)
]


@pytest.mark.parametrize("side", SIDES)
def test_the_total_of_every_measure_is_that_of_plain_sql_on_its_mart(
    side: Side, ask: Ask, sql: Sql
) -> None:
    names = [member.name for member in side.totals]
    (row,) = ask({"measures": names})
    values = ", ".join(PLAIN.write(*member.source.id) for member in side.totals)
    (plain,) = sql(f"select {values}")
    assert any(value is not None for value in plain)
    for name, value in zip(names, plain, strict=True):
        assert same(row[name], value), (name, row[name], value)


@pytest.mark.parametrize("side", SIDES)
def test_whatever_a_view_groups_by_sums_stay_the_same_and_every_member_answers(
    side: Side, ask: Ask
) -> None:
    names = [member.name for member in side.totals]
    sums = {m.name: aggregate for m in side.totals if (aggregate := aggregate_of_sum(m, side.fact))}
    times = {
        id_ for aggregate in sums.values() for stage in aggregate.stages for id_ in stage.keep_only
    }
    (expected,) = ask({"measures": names})
    for dated in (False, True):
        chosen = [m for m in side.dimensions if (m.source.id in times) == dated]
        for dimensions in chunks(chosen):
            rows = ask({"measures": names, "dimensions": dimensions})
            for name, aggregate in sums.items():
                if not (dated and aggregate.stages):
                    assert total(rows, name) == Decimal(expected[name] or 0), (name, dimensions)


@pytest.mark.parametrize("side", SIDES)
def test_every_measure_answers_by_month_and_every_segment_selects_rows(
    side: Side, ask: Ask
) -> None:
    (date,) = [m for m in side.dimensions if m.source.id == ("calendar", "date")]
    time = {
        "dimension": date.name,
        "granularity": "month",
        "dateRange": ["2023-01-01", "2024-12-31"],
    }
    measures = [member.name for member in side.measures]
    assert ask({"measures": measures, "timeDimensions": [time]})
    for segment in side.segments:
        ask({"measures": measures[:1], "segments": [segment.name]})


@pytest.mark.parametrize("view", MODEL.views.values(), ids=MODEL.views)
def test_every_dimension_has_values_on_the_sample_bank(view: CompiledView, ask: Ask) -> None:
    dimensions = [m.name for m in view.members.values() if m.kind == "dimension"]
    empty = {
        name for name in dimensions if all(r[name] is None for r in ask({"dimensions": [name]}))
    }
    assert empty == EMPTY & set(dimensions)


# What never adds up over measures, levels or months


def test_attainment_of_a_manager_and_of_a_team_is_that_of_the_mart(ask: Ask, sql: Sql) -> None:
    for view, fact, unit in (
        ("managers", "fct_manager_kpi", "manager"),
        ("teams", "fct_team_kpi", "branch"),
    ):
        last = sql(f"select max(month_end_date) from {fact}")[0][0].isoformat()
        keys = [f"{view}.{unit}_name", f"{view}.measure_code"]
        rows = ask(
            {
                "measures": [f"{view}.attainment_rate"],
                "dimensions": keys,
                "timeDimensions": [{"dimension": f"{view}.date", "dateRange": [last, last]}],
            }
        )
        ours = {tuple(row[key] for key in keys): row[f"{view}.attainment_rate"] for row in rows}
        plain = sql(
            f"""select {unit}_name, measure_code, attainment_rate from {fact}
            inner join dim_{unit} using ({unit}_key) where month_end_date = '{last}'"""
        )
        assert len(plain) == len(ours)
        assert any(rate is not None for *_, rate in plain)
        for name, code, rate in plain:
            found = ours[name, code]
            assert (found is None) == (rate is None), (name, code)
            assert rate is None or abs(Decimal(found) - rate) < Decimal("0.000001"), (name, code)


def test_measures_of_several_kinds_or_levels_never_make_one_figure(ask: Ask) -> None:
    figures = ["actual_value", "target_value", "attainment_rate"]
    for view, keys in (
        ("managers", ["manager_name"]),
        ("teams", ["branch_name"]),
        ("teams", ["measure_code"]),
    ):
        names = [f"{view}.{figure}" for figure in figures]
        rows = ask({"measures": names, "dimensions": [f"{view}.{key}" for key in keys]})
        assert rows and all(row[name] is None for row in rows for name in names)
    (row,) = ask({"measures": ["managers.score_contribution"]})
    assert row["managers.score_contribution"] is None


def test_all_managers_achieve_by_measure_what_the_team_of_the_head_office_does(ask: Ask) -> None:
    figures = ["actual_value", "denominator_value", "target_value", "attainment_rate"]
    head = {"member": "teams.branch_level", "operator": "equals", "values": ["HEAD_OFFICE"]}
    answers = []
    for view, filters in (("managers", []), ("teams", [head])):
        rows = ask(
            {
                "measures": [f"{view}.{figure}" for figure in figures],
                "dimensions": [f"{view}.measure_code"],
                "filters": filters,
            }
        )
        answers.append(
            {row[f"{view}.measure_code"]: [row[f"{view}.{f}"] for f in figures] for row in rows}
        )
    assert answers[0] == answers[1]
    assert any(value is not None for values in answers[0].values() for value in values)


def test_migration_rates_of_a_class_sum_to_one(ask: Ask) -> None:
    start, share = "credit_migration.start_risk_grade_code", "credit_migration.count_share"
    end, kind = "credit_migration.end_risk_grade_code", "credit_migration.asset_kind"
    count = "credit_migration.exposure_count"
    rows = ask({"measures": [share, count], "dimensions": [kind, start, end]})
    assert all((row[share] is None) == (row[count] is None) for row in rows)
    sums: dict[tuple[str, str], float] = {}
    for row in (row for row in rows if row[count] is not None):  # moves of the last month
        key = row[kind], row[start]
        sums[key] = sums.get(key, 0) + float(row[share])
    assert sums and all(value == pytest.approx(1) for value in sums.values())


def test_the_planned_cost_of_a_campaign_counts_once_however_many_it_addressed(
    ask: Ask, sql: Sql
) -> None:
    cost = "campaigns.planned_cost_amount"
    (plain,) = sql(
        """select sum(planned_cost_amount) from dim_campaign
        where campaign_key in (select campaign_key from fct_campaign_response)"""
    )
    (row,) = ask({"measures": [cost, "campaigns.addressed_count"]})
    assert Decimal(row[cost]) == plain[0]
    by_campaign = ask({"measures": [cost], "dimensions": ["campaigns.campaign_id"]})
    assert total(by_campaign, cost) == plain[0]


def test_business_of_a_merged_branch_is_found_under_its_successor_of_today(
    ask: Ask, sql: Sql
) -> None:
    (merged,) = sql(
        """select distinct old.branch_name, new.branch_name from dim_branch old
        inner join dim_branch new on old.current_branch_durable_key = new.branch_durable_key
        inner join fct_transaction facts on old.branch_key = facts.branch_key
        where old.current_branch_durable_key <> old.branch_durable_key and new.is_current
        order by all limit 1"""
    )
    was = {"member": "transactions.branch_name", "operator": "equals", "values": [merged[0]]}
    rows = ask(
        {
            "measures": ["transactions.transaction_count"],
            "dimensions": ["transactions.branch_today_name"],
            "filters": [was],
        }
    )
    assert [row["transactions.branch_today_name"] for row in rows] == [merged[1]]
