"""Charts as inline SVG, drawn by Vega without a browser, a script or a network.

Marks and texts carry the few colours below; the style sheet of the page replaces them for a dark
screen. Cells of a heat map differ in opacity, so that they fit every background.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import vl_convert

from pipelines.documents.report.answers import Answer
from pipelines.documents.report.formats import PERCENT, name_column
from pipelines.documents.report.layout import Chart, InvalidLayout

INK, FAINT, LINE = "#1d2733", "#5b6773", "#d8dee4"
SERIES = ("#1f6f9f", "#d97b29", "#2e8b64", "#a8476f", "#7766b5", "#7f8a94", "#b79a2f", "#4a9fb8")
WIDTH, ROW_HEIGHT, HEIGHT = 980, 24, 260
VEGALITE_VERSION = "6.4"
FONT = "system-ui, 'Segoe UI', 'Noto Sans', 'Noto Sans CJK SC', sans-serif"
SMALL = 12
_ID = re.compile(r'\bid="([^"]+)"')
Point = dict[str, str | float]
Specification = dict[str, Any]


def draw(chart: Chart, answer: Answer) -> str | None:
    """A chart as an SVG element.

    Args:
        chart: what to draw; its fields name columns of the answer.
        answer: rows of the analysis. Rows without a value are not drawn.

    Returns:
        The element, or None when no row has a value.

    Raises:
        InvalidLayout: the chart names a column that the answer does not have.
    """
    points = _collect(chart, answer)
    if not points:
        return None
    drawn = DRAWERS[chart.kind](chart, points)
    specification = {"width": WIDTH, "height": HEIGHT, "config": CONFIG, **drawn}
    svg: str = vl_convert.vegalite_to_svg(specification, vl_version=VEGALITE_VERSION)
    return _make_ids_unique(svg, answer.analysis)


def _collect(chart: Chart, answer: Answer) -> list[Point]:
    unknown = [name for name in chart.columns if name not in answer.columns]
    if unknown:
        raise InvalidLayout(
            f"The chart of {answer.analysis} names {', '.join(unknown)}, the analysis returns "
            f"{', '.join(answer.columns)}",
            "Correct the sections file.",
        )
    if chart.latest is not None:
        answer = answer.keep_latest(chart.latest)
    rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    rows = [row for row in rows if row[chart.value] is not None]
    return [
        {
            "category": _label(row[chart.category]),
            "value": float(row[chart.value]),
            "series": _label(row[chart.color]) if chart.color else "",
        }
        for row in rows
    ]


def _label(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return "unknown" if value is None else str(value)


def _draw_bars(chart: Chart, points: list[Point]) -> Specification:
    kept = points[: chart.most]
    order = _order(kept, "category")
    return {
        "data": {"values": kept},
        "height": ROW_HEIGHT * len(order),
        "mark": {"type": "bar", "size": 15},
        "encoding": {
            "y": {**_labels("category"), "sort": order},
            "x": _numbers(chart, points),
            "color": _series(chart, sorted(_order(kept, "series"))),
        },
    }


def _draw_columns(chart: Chart, points: list[Point]) -> Specification:
    order = _order(points, "category")
    return {
        "data": {"values": points},
        "mark": {"type": "bar", "size": max(18, min(90, WIDTH // (2 * len(order))))},
        "encoding": {
            "x": {**_labels("category"), "sort": order},
            "y": {**_numbers(chart, points), "aggregate": "sum"},
            "color": _series(chart, _order(points, "series")),
        },
    }


def _draw_lines(chart: Chart, points: list[Point]) -> Specification:
    along = _labels("category", title=name_column(chart.category))
    return {
        "data": {"values": points},
        "mark": {"type": "line", "strokeWidth": 2.5, "point": {"size": 45}},
        "encoding": {
            "x": {**along, "sort": _order(points, "category"), "scale": {"padding": 0.5}},
            "y": _numbers(chart, points),
            "color": _series(chart, _order(points, "series")),
        },
    }


def _draw_heat(chart: Chart, points: list[Point]) -> Specification:
    rows = _order(points, "series")
    return {
        "data": {"values": points},
        "height": ROW_HEIGHT * len(rows),
        "mark": {"type": "rect", "color": SERIES[0]},
        "encoding": {
            "x": {**_labels("category"), "sort": "ascending"},
            "y": {**_labels("series"), "sort": rows},
            "opacity": {
                "field": "value",
                "type": "quantitative",
                "scale": {"range": [0.06, 1]},
                "legend": {**_legend(chart.value), "title": _name_measure(chart.value)},
            },
        },
    }


def _series(chart: Chart, names: list[str]) -> Specification:
    if chart.color is None:
        return {"value": SERIES[0]}
    colors = [SERIES[place % len(SERIES)] for place in range(len(names))]
    return {
        "field": "series",
        "type": "nominal",
        "sort": names,
        "scale": {"domain": names, "range": colors},
        "legend": _legend(chart.color),
    }


def _order(points: list[Point], name: str) -> list[str]:
    return list(dict.fromkeys(str(point[name]) for point in points))


def _labels(field: str, title: str | None = None) -> Specification:
    axis = {
        "labelAngle": 0,
        "labelLimit": 280,
        "labelOverlap": "greedy",
        "grid": False,
        "ticks": False,
        "domainColor": LINE,
    }
    return {"field": field, "type": "ordinal", "title": title, "axis": axis}


def _numbers(chart: Chart, points: list[Point]) -> Specification:
    largest = max(abs(float(point["value"])) for point in points)
    axis = {
        "format": ",~r",
        "grid": True,
        # A count has no halves: few of something get few ticks.
        "tickCount": max(1, min(6, int(largest))) if chart.value.endswith("_count") else 6,
        "domain": False,
        "ticks": False,
        "labelFlush": False,
    }
    title = _name_measure(chart.value)
    return {"field": "value", "type": "quantitative", "title": title, "axis": axis}


def _name_measure(column: str) -> str:
    return name_column(column) + (" (%)" if column.endswith(PERCENT) else "")


def _legend(column: str) -> Specification:
    return {"title": name_column(column), "orient": "top", "direction": "horizontal"}


def _make_ids_unique(svg: str, prefix: str) -> str:
    """Ids of one page must differ: each chart puts its name before its own."""
    for name in set(_ID.findall(svg)):
        svg = svg.replace(f'id="{name}"', f'id="{prefix}-{name}"')
        svg = svg.replace(f"url(#{name})", f"url(#{prefix}-{name})")
        svg = svg.replace(f'href="#{name}"', f'href="#{prefix}-{name}"')
    return svg


_TEXT = {"labelFontSize": SMALL, "titleFontSize": SMALL, "titleFontWeight": "normal"}
CONFIG: Specification = {
    "font": FONT,
    "background": None,
    "aria": False,
    # Fonts of the reader may be wider than those measured here: labels need room on their left.
    "padding": {"left": 40, "right": 40, "top": 4, "bottom": 4},
    "autosize": {"type": "fit-x", "contains": "padding"},
    "view": {"stroke": None},
    "axis": {"labelColor": FAINT, "titleColor": FAINT, "gridColor": LINE, **_TEXT},
    "axisY": {"titlePadding": 16},
    "legend": {
        "labelColor": INK,
        "titleColor": FAINT,
        "symbolType": "square",
        "columnPadding": 20,
        **_TEXT,
    },
}
DRAWERS: dict[str, Callable[[Chart, list[Point]], Specification]] = {
    "bars": _draw_bars,
    "columns": _draw_columns,
    "lines": _draw_lines,
    "heat": _draw_heat,
}
