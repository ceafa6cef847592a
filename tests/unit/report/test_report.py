"""The page of the report: whole, offline, escaped, and honest about what is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from bankcrm.errors import BankcrmError
from bankcrm.settings import PROJECT_FOLDER
from pipelines.documents.report.formats import format_cell
from pipelines.documents.report.freshness import Freshness
from pipelines.documents.report.layout import InvalidLayout, Layout, read_layout
from pipelines.documents.report.page import render_report

HOSTILE = """</svg><script>alert("1")</script>&<img src=x onerror='steal()'>"""
FRESHNESS = Freshness("2024-02-29-001", date(2024, 2, 29), date(2024, 2, 29), [])
HEADLINE = """-- Figures
-- How to read: all of them.
select * from (values
    ('Customers', 2050.00::decimal(18,2), 'count', date '2024-02-29'),
    ('Unknown', null, 'money', date '2024-02-29'),
    ('Counter', 6.75, 'percent', date '2024-02-29')
) as figures (figure, figure_value, unit, month_end)
"""
BRANCHES = f"""-- Profit by branch
-- How to read: the longest bar
-- earns most.
select * from (values
    ('North', {"'" + HOSTILE.replace("'", "''") + "'"}, 12.5::decimal(18,2)),
    ('South', 'Plain', -3.25),
    ('South', 'Silent', null)
) as branches (region, branch, amount)
"""
EMPTY = """-- Nothing
-- How to read: it is empty.
select 1 as month_end, 2 as amount where false
"""
CHART = {"kind": "bars", "category": "branch", "value": "amount", "color": "region"}


class Page:
    """Renders a layout over a folder of analyses."""

    def __init__(self, folder: Path, connection: duckdb.DuckDBPyConnection) -> None:
        self.folder, self.connection = folder, connection
        for name, query in (("headline", HEADLINE), ("branches", BRANCHES), ("empty", EMPTY)):
            (folder / f"{name}.sql").write_text(query, encoding="utf-8")

    def render(self, *sections: Mapping[str, object], freshness: Freshness = FRESHNESS) -> str:
        chapters = [{"title": "Customers & co", "sections": sections}]
        layout = Layout.model_validate({"headline": "headline", "chapters": chapters})
        return render_report(self.connection, freshness, layout, self.folder)


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    with duckdb.connect() as connection:
        yield Page(tmp_path, connection)


def assert_offline(html: str) -> None:
    """No script, and nothing that a browser would fetch."""
    assert "<script" not in html
    names = html.replace("http://www.w3.org/2000/svg", "").replace(
        "http://www.w3.org/1999/xlink", ""
    )
    assert "://" not in names
    assert not re.search(r"<(link|img|iframe|object|embed|base)\b|@import", html)
    assert set(re.findall(r'(?:src|href)="([^"]{0,1})', html)) <= {"#"}
    assert set(re.findall(r"url\((.)", html)) <= {"#"}


def test_hostile_names_are_shown_as_they_are_in_table_and_chart_and_do_nothing(page: Page) -> None:
    html = page.render({"analysis": "branches", "chart": CHART})
    assert_offline(html)
    escaped = "&lt;/svg&gt;&lt;script&gt;alert("
    assert html.count(escaped) >= 2
    assert "onerror='steal()'>" not in html


@pytest.mark.parametrize(
    ("kind", "mark"), [("bars", "rect"), ("columns", "rect"), ("lines", "line"), ("heat", "rect")]
)
def test_every_kind_of_chart_is_drawn(page: Page, kind: str, mark: str) -> None:
    html = page.render({"analysis": "branches", "chart": {**CHART, "kind": kind}})
    assert "<svg" in html
    assert f"mark-{mark}" in html
    assert_offline(html)


def test_charts_of_one_page_share_no_id(page: Page) -> None:
    for name in ("first", "second"):
        (page.folder / f"{name}.sql").write_text(BRANCHES, encoding="utf-8")
    html = page.render(*({"analysis": name, "chart": CHART} for name in ("first", "second")))
    names = re.findall(r'\bid="([^"]+)"', html)
    assert names
    assert len(names) == len(set(names))


def test_a_group_of_bars_has_the_same_colour_in_every_order(page: Page) -> None:
    (page.folder / "reversed.sql").write_text(BRANCHES + "order by amount asc", encoding="utf-8")
    rows = {"analysis": "branches", "chart": CHART}, {"analysis": "reversed", "chart": CHART}
    charts = [page.render(row).partition("<svg")[2].partition("</svg>")[0] for row in rows]
    legends = [re.findall(r">(North|South)</text>", chart) for chart in charts]
    assert legends == [["North", "South"]] * 2


def test_an_axis_of_counts_has_no_halves(page: Page) -> None:
    (page.folder / "breaches.sql").write_text("select 'North' as branch, 2 as breach_count")
    chart = {"kind": "bars", "category": "branch", "value": "breach_count"}
    html = page.render({"analysis": "breaches", "chart": chart})
    assert ">2</text>" in html
    assert ">0.5</text>" not in html


def test_a_column_without_a_value_is_aligned_like_its_numbers(page: Page) -> None:
    (page.folder / "unknown.sql").write_text("select 'North' as region, null as amount")
    html = page.render({"analysis": "unknown"})
    assert '<td class="number">\N{EN DASH}</td>' in html


def test_an_analysis_without_rows_says_why_instead_of_showing_an_empty_chart(page: Page) -> None:
    html = page.render({"analysis": "empty", "empty": "Finance has delivered no pools."})
    assert "Finance has delivered no pools." in html
    assert "<table" not in html
    assert "<svg" not in html


def test_figures_and_cells_that_are_unknown_are_a_dash_never_zero(page: Page) -> None:
    html = page.render({"analysis": "branches", "formats": {"amount": "whole"}})
    assert "<dt>Customers</dt><dd>2,050</dd>" in html
    assert "<dt>Unknown</dt><dd>\N{EN DASH}</dd>" in html
    assert "<dt>Counter</dt><dd>6.8 %</dd>" in html
    assert '<td class="number">\N{EN DASH}</td>' in html
    assert '<td class="number">\N{MINUS SIGN}3</td>' in html


def test_the_explanation_of_an_analysis_stands_above_its_table_whole(page: Page) -> None:
    html = page.render({"analysis": "branches"})
    assert "<h3>Profit by branch</h3>" in html
    assert "<b>How to read</b> the longest bar earns most." in html


def test_a_chapter_has_a_heading_and_its_sections_stand_in_the_contents(page: Page) -> None:
    html = page.render({"analysis": "branches"})
    assert '<h2 id="chapter-1">Customers &amp; co</h2>' in html
    contents = html.partition("<nav")[2].partition("</nav>")[0]
    assert '<a class="chapter" href="#chapter-1">Customers &amp; co</a>' in contents
    assert '<a href="#branches">Profit by branch</a>' in contents


def test_a_section_of_no_rows_shows_its_chart_alone_and_says_so(page: Page) -> None:
    html = page.render({"analysis": "branches", "chart": CHART, "rows": 0})
    assert "<svg" in html
    assert "<table" not in html
    assert "3 rows, not listed here." in html


def test_a_table_shows_the_latest_rows_without_the_hidden_columns(page: Page) -> None:
    html = page.render({"analysis": "branches", "latest": "amount", "hide": ["region"]})
    assert "<td>North</td>" not in html
    assert '<td class="number">12.50</td>' in html
    assert "Plain" not in html
    assert "1 of 3 rows." in html


def test_a_code_is_written_in_words_in_chart_and_table(page: Page) -> None:
    (page.folder / "causes.sql").write_text("select 'CREDIT_LOSS' as cause, 5 as loss_percent")
    chart = {"kind": "bars", "category": "cause", "value": "loss_percent"}
    html = page.render({"analysis": "causes", "chart": chart, "formats": {"cause": "code"}})
    assert html.count(">Credit loss<") == 2
    assert "CREDIT_LOSS" not in html
    assert '<td class="number">5.0 %</td>' in html


def test_rows_left_out_are_counted(page: Page) -> None:
    html = page.render({"analysis": "branches", "rows": 2})
    assert "2 of 3 rows." in html
    assert "Silent" not in html


def test_notices_are_shown_and_escaped(page: Page) -> None:
    freshness = FRESHNESS._replace(notices=["Waiting: <b>2024-03-01</b> is not whole."])
    assert "Waiting: &lt;b&gt;2024-03-01&lt;/b&gt; is not whole." in page.render(
        freshness=freshness
    )


def test_the_same_version_gives_the_same_bytes(page: Page) -> None:
    section = {"analysis": "branches", "chart": CHART}
    assert page.render(section) == page.render(section)


@pytest.mark.parametrize(
    "section",
    [
        {"analysis": "branches", "chart": {**CHART, "value": "profit"}},
        {"analysis": "branches", "formats": {"profit": "whole"}},
        {"analysis": "branches", "hide": ["profit"]},
        {"analysis": "branches", "latest": "profit"},
    ],
)
def test_a_section_that_names_an_unknown_column_is_refused_with_its_name(
    page: Page, section: dict[str, object]
) -> None:
    with pytest.raises(InvalidLayout, match="profit"):
        page.render(section)


def test_an_unknown_analysis_is_named(page: Page) -> None:
    with pytest.raises(BankcrmError, match=r"no analysis missing\.sql"):
        page.render({"analysis": "missing"})


def test_a_sections_file_that_is_not_well_formed_is_named(tmp_path: Path) -> None:
    path = tmp_path / "sections.yml"
    sections = "[{analysis: y, chart: {kind: pie}}]"
    path.write_text(f"headline: x\nchapters: [{{title: z, sections: {sections}}}]\n")
    with pytest.raises(InvalidLayout, match=r"sections\.yml"):
        read_layout(path)


def test_every_section_of_the_project_is_an_analysis_of_the_project() -> None:
    layout = read_layout()
    names = [layout.headline, *(section.analysis for section in layout.sections)]
    assert len(names) == len(set(names))
    assert set(names) <= {path.stem for path in (PROJECT_FOLDER / "analyses").glob("*.sql")}


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (Decimal("1234567.895"), None, "1,234,567.90"),
        (Decimal("-0.5"), "whole", "\N{MINUS SIGN}1"),
        (1234, None, "1,234"),
        (2024, "text", "2024"),
        ("COST_TO_SERVE", "code", "Cost to serve"),
        (12.345, "percent", "12.3 %"),
        (True, None, "yes"),
        (date(2024, 2, 29), None, "2024-02-29"),
        (None, "money", "\N{EN DASH}"),
    ],
)
def test_values_are_written_as_people_read_them(value: object, form: str, text: str) -> None:
    assert format_cell(value, form) == text  # type: ignore[arg-type]
