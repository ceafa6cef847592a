"""Tables on the screen: a number is never cut, however narrow the terminal."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from rich.console import Console

from pipelines.cli.screens.tables import format_value, print_rows

COLUMNS = ("branch_name", "month_end", "margin", "cost_to_serve", "loss")
ROWS = [
    ("Hangzhou Branch of the East Region", date(2024, 1, 31), Decimal("1234567890.12"), None, 7),
    ("Xian", date(2024, 2, 29), Decimal("-0.05"), Decimal("98765432.10"), 1_000_000),
]


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_numbers_dates_and_names_are_whole_at_every_width(width: int) -> None:
    console = Console(width=width, record=True)
    print_rows(console, COLUMNS, ROWS, "Profit")
    screen = console.export_text()
    for row in ROWS:
        for value in row:
            assert format_value(value) in screen
    assert "…" not in screen


def test_markup_in_a_value_is_shown_as_it_is() -> None:
    assert format_value("[red]") == r"\[red]"
    assert format_value(None) == ""
    assert format_value(True) == "yes"
    assert format_value(1234) == "1,234"
