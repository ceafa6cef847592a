"""Whatever members a query combines, it is answered or refused with a reason, never broken."""

from __future__ import annotations

import random
from typing import Any

from starlette.testclient import TestClient

from cube.compiler.compiled import CompiledView
from cube.compiler.model import MODEL_FOLDER, load_model

SEED, COUNT = 7, 150
UNITS = ["day", "week", "month", "quarter", "year", "fiscal_year", "fiscal_half"]
ZONES = ["UTC", "Europe/Prague", "America/New_York", "Asia/Shanghai"]
RANGES = [["2024-01-01", "2024-05-15"], "last 3 months", "this year", "2024-02-29"]


def draw(view: CompiledView, pick: random.Random) -> dict[str, Any]:
    """A query of a view that need not make sense."""
    by_kind: dict[str, list[str]] = {"measure": [], "dimension": [], "segment": [], "time": []}
    for member in view.members.values():
        by_kind["time" if member.type == "time" else member.kind].append(member.name)
    query: dict[str, Any] = {
        "measures": pick.sample(by_kind["measure"], pick.randint(1, 3)),
        "dimensions": pick.sample(by_kind["dimension"], pick.randint(0, 2)),
        "segments": by_kind["segment"][: pick.choice([0, 0, 1])],
        "timezone": pick.choice(ZONES),
        "total": pick.random() < 0.2,
        "ungrouped": pick.random() < 0.05,
    }
    if pick.random() < 0.7:
        time: dict[str, Any] = {"dimension": pick.choice(by_kind["time"])}
        time["dateRange"] = pick.choice(RANGES)
        if pick.random() < 0.7:
            time["granularity"] = pick.choice(UNITS)
        query["timeDimensions"] = [time]
    if pick.random() < 0.4:
        measure = pick.choice(by_kind["measure"])
        query["filters"] = [{"member": measure, "operator": "gt", "values": ["1"]}]
    return query


def test_any_combination_of_members_is_answered_or_refused(client: TestClient) -> None:
    pick = random.Random(SEED)
    views = list(load_model(MODEL_FOLDER).views.values())
    answered = 0
    for _ in range(COUNT):
        query = draw(pick.choice(views), pick)
        reply = client.post("/cubejs-api/v1/load", json={"query": query})
        assert reply.status_code in (200, 400), (query, reply.text)
        answered += reply.status_code == 200
        if reply.status_code == 400:
            assert reply.json()["error"], query
    assert answered > COUNT / 3
