"""Slowly changing dimensions from dated extracts, as the macros render them."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from types import SimpleNamespace

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment

from bankcrm.settings import PROJECT_FOLDER

MONDAY = date(2024, 2, 26)
"""The nights that follow cross a leap day and the end of a month."""
BEGIN, END = date(1900, 1, 1), date(9999, 12, 31)
Version = tuple[str, date, date, bool]
Nights = list[str | None]
"""What the extract of each night says of a member; None where it is not in it."""


def render_versions() -> str:
    """The query of :file:`macros/versions.sql` over the table ``delivered``."""
    names = ("surrogate_key.sql", "versions.sql")
    text = "".join((PROJECT_FOLDER / "macros" / name).read_text("utf-8") for name in names)
    text = text.replace("{% test", "{#").replace("{% endtest %}", "#}")
    environment = Environment(autoescape=False)
    adapter = SimpleNamespace()
    environment.globals["adapter"] = adapter
    module = environment.from_string(text).module
    adapter.dispatch = lambda *_: module.duckdb__surrogate_key  # type: ignore[attr-defined]
    return str(module.versions("delivered", "member_id", ["grade"]))  # type: ignore[attr-defined]


QUERY = render_versions()


def make_versions(nights: Nights) -> list[Version]:
    with duckdb.connect() as connection:
        connection.execute("create table delivered (member_id int, business_date date, grade text)")
        for number, grade in enumerate(nights):
            if grade is not None:
                day = MONDAY + timedelta(days=number)
                connection.execute("insert into delivered values (1, $1, $2)", [day, grade])
        columns = "grade, valid_from, valid_to, is_current"
        return connection.execute(f"select {columns} from ({QUERY}) order by 2").fetchall()


def test_a_member_that_was_deleted_and_comes_back_the_same_has_one_version() -> None:
    assert make_versions(["A", "A", None, None, "A"]) == [("A", BEGIN, END, True)]


def test_a_member_that_was_deleted_and_comes_back_changed_has_no_gap() -> None:
    back = MONDAY + timedelta(days=4)
    assert make_versions(["A", None, None, None, "B"]) == [
        ("A", BEGIN, back, False),
        ("B", back, END, True),
    ]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(["A", "B", "C", None]), min_size=1, max_size=8))
def test_validity_has_no_gap_no_overlap_and_no_zero_length_whatever_was_delivered(
    nights: Nights,
) -> None:
    versions = make_versions(nights)
    if not any(nights):
        assert versions == []
        return
    assert versions[0][1] == BEGIN and versions[-1][2] == END
    for earlier, later in pairwise(versions):
        assert earlier[2] == later[1] and earlier[0] != later[0]
    assert all(valid_from < valid_to for _, valid_from, valid_to, _ in versions)
    assert [is_current for *_, is_current in versions] == [False] * (len(versions) - 1) + [True]
    for number, grade in enumerate(nights):
        day = MONDAY + timedelta(days=number)
        (valid,) = [version[0] for version in versions if version[1] <= day < version[2]]
        assert grade in (None, valid)
