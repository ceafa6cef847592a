"""The data dictionary: complete, tied to what is built, and safe to open."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from cube.compiler.model import load_model
from pipelines.documents.dictionary.entries import Dictionary, Mart, collect_entries
from pipelines.documents.dictionary.pages import PAGES, render_pages
from pipelines.parameters.seeds import SEEDS_FOLDER, read_seeds


def node(kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {
        "resource_type": kind,
        "schema": "marts" if kind == "model" else "parameters",
        "name": name,
        "path": f"marts/facts/{name}.sql",
        "description": f"What {name} is. Grain: one <b>row</b>.",
        "columns": {
            "amount": {
                "name": "amount",
                "data_type": "decimal(18,2)",
                "description": "Money & more.",
                "constraints": [{"type": "not_null"}],
            }
        },
    } | more


@pytest.fixture(scope="module")
def entries() -> Dictionary:
    """Two marts over one step between, and every seed; only one seed reaches a mart."""
    seeds = read_seeds(SEEDS_FOLDER)
    nodes = {f"seed.bankcrm.{seed.name}": node("seed", seed.name) for seed in seeds}
    nodes["model.bankcrm.int_costs"] = node("model", "int_costs", schema="intermediate")
    nodes["model.bankcrm.fct_loan_monthly"] = node("model", "fct_loan_monthly")
    nodes["model.bankcrm.dim_one"] = node("model", "dim_one", path="marts/dimensions/dim_one.sql")
    parents = {
        "model.bankcrm.fct_loan_monthly": ["model.bankcrm.int_costs"],
        "model.bankcrm.int_costs": ["seed.bankcrm.activity"],
    }
    manifest = {"metadata": {"project_name": "bankcrm"}, "nodes": nodes, "parent_map": parents}
    return collect_entries(manifest, load_model(), seeds)


def mart(entries: Dictionary, name: str) -> Mart:
    return next(mart for mart in entries.marts if mart.name == name)


def test_a_mart_names_the_parameters_behind_it_however_far(entries: Dictionary) -> None:
    assert mart(entries, "fct_loan_monthly").parameters == ("activity",)
    assert mart(entries, "dim_one").parameters == ()
    shaped = {parameter.name: parameter.marts for parameter in entries.parameters}
    assert shaped["activity"] == ("fct_loan_monthly",)
    assert shaped["currency"] == ()


def test_only_marts_are_listed_and_each_in_its_chapter(entries: Dictionary) -> None:
    assert [(m.name, m.chapter) for m in entries.marts] == [
        ("fct_loan_monthly", "facts"), ("dim_one", "dimensions"),
    ]  # fmt: skip


def test_a_mart_names_the_questions_it_answers(entries: Dictionary) -> None:
    views = mart(entries, "fct_loan_monthly").views
    assert "loans" in views
    assert "transactions" not in views


def test_every_public_measure_has_a_meaning_and_a_chinese_title(entries: Dictionary) -> None:
    terms = [(q.name, t) for q in entries.questions for t in q.of_kind("measure")]
    assert len(terms) > 300
    assert [f"{q}.{t.name}" for q, t in terms if not (t.description and t.title_zh)] == []


def test_a_measure_names_the_columns_it_is_computed_from(entries: Dictionary) -> None:
    loans = next(question for question in entries.questions if question.name == "loans")
    ratio = next(term for term in loans.terms if term.name == "npl_ratio")
    assert "marts.fct_loan_monthly.principal_balance" in ratio.columns


def test_every_column_of_every_parameter_is_described() -> None:
    import yaml

    documented = yaml.safe_load((SEEDS_FOLDER / "_seeds.yml").read_text(encoding="utf-8"))["seeds"]
    described = {
        (seed["name"], column["name"])
        for seed in documented
        for column in seed.get("columns", [])
        if column.get("description")
    }
    seeds = read_seeds(SEEDS_FOLDER)
    assert [
        (seed.name, column)
        for seed in seeds
        for column in seed.columns
        if (seed.name, column) not in described
    ] == []


class Links(HTMLParser):
    """Where a page leads, and the anchors it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in {"href", "src"} and value:
                self.targets.append(value)
            if name == "id" and value:
                self.ids.add(value)


def test_every_member_has_an_anchor_that_the_explorer_links_to(
    entries: Dictionary, tmp_path: Path
) -> None:
    render_pages(entries, tmp_path)
    page = Links((tmp_path / "questions.html").read_text(encoding="utf-8"))
    names = [name for view in load_model().views.values() for name in view.members]
    assert len(names) > 1000
    assert [name for name in names if name not in page.ids] == []


def test_the_pages_lead_to_each_other_and_nowhere_else(entries: Dictionary, tmp_path: Path) -> None:
    render_pages(entries, tmp_path)
    pages = {name: (tmp_path / f"{name}.html").read_text(encoding="utf-8") for name in PAGES}
    links = {f"{name}.html": Links(text) for name, text in pages.items()}
    for page, found in links.items():
        for target in found.targets:
            file, _, anchor = target.partition("#")
            file = file or page
            assert file == "dbt.html" or (tmp_path / file).is_file(), (page, target)
            if anchor and file in links and not anchor.startswith(("fct_", "dim_", "bridge_")):
                assert anchor in links[file].ids, (page, target)
    assert "Grain: one &lt;b&gt;row&lt;/b&gt;" in pages["marts"]
