"""The notebook of first questions: it runs as it stands, and its figures are those of the marts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from bankcrm.settings import PROJECT_FOLDER, Settings
from bankcrm.warehouse.versions import open_published
from cube.server.app import create_app
from tests.servers import get_address, serve_app

NOTEBOOK = PROJECT_FOLDER / "notebooks" / "first_ten_questions.ipynb"


@pytest.fixture(scope="module")
def frames(sample_bank: Settings) -> Iterator[dict[str, Any]]:
    """What the cells leave behind, asked from a server over the sample bank."""
    with serve_app(create_app(sample_bank)) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("BANKCRM_URL", get_address(server))
        patch.delenv("BANKCRM_TOKEN", raising=False)
        yield run_cells()


def run_cells() -> dict[str, Any]:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    names: dict[str, Any] = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    return names


def test_every_question_of_the_notebook_has_an_answer(frames: dict[str, Any]) -> None:
    names = ("balances", "lines", "best", "classes", "below", "credit", "moves", "channels",
             "flows", "scores", "contacts")  # fmt: skip
    assert [name for name in names if frames[name].empty] == []


def test_figures_of_the_notebook_are_those_of_the_marts(
    frames: dict[str, Any], sample_bank: Settings
) -> None:
    with open_published(sample_bank) as marts:
        profit, flow = marts.execute(
            "select (select sum(net_contribution_amount) from marts.fct_profit_monthly),"
            " (select sum(flow_amount) from marts.fct_fund_flow"
            "  where account_type = 'DEPOSIT')"
        ).fetchone() or (None, None)
    assert frames["lines"]["net_contribution_amount"].sum() == profit
    assert frames["flows"]["deposit_flow_amount"].sum() == flow


def test_the_notebook_is_kept_without_outputs() -> None:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    assert [cell["id"] for cell in cells if cell.get("outputs")] == []
