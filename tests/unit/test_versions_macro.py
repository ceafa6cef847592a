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


def render_versions(relation: str, *attributes: str) -> str:
    """The query of :file:`macros/versions.sql` over a table, or over ``deletions``: the table
    ``delivered`` with the deletions of a feed of full snapshots."""
    names = ("surrogate_key.sql", "versions.sql", "with_deletions.sql")
    text = "".join((PROJECT_FOLDER / "macros" / name).read_text("utf-8") for name in names)
    text = text.replace("{% test", "{#").replace("{% endtest %}", "#}")
    environment = Environment(autoescape=False)
    adapter = SimpleNamespace()
    environment.globals["adapter"] = adapter
    module = environment.from_string(text).module
    adapter.dispatch = lambda *_: module.duckdb__surrogate_key  # type: ignore[attr-defined]
    deletions = module.with_deletions("delivered", "member_id")  # type: ignore[attr-defined]
    versions = module.versions(relation, "member_id", attributes)  # type: ignore[attr-defined]
    return f"with deletions as ({deletions}) {versions}"


QUERY = render_versions("delivered", "grade")
SNAPSHOT_QUERY = render_versions("deletions", "grade", "is_deleted")


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


def make_snapshot_versions(nights: Nights) -> list[tuple[str, date, date, bool]]:
    """Versions of a member of full snapshots, in each of which another member is."""
    with duckdb.connect() as connection:
        connection.execute("create table delivered (member_id int, business_date date, grade text)")
        for number, grade in enumerate(nights):
            day = MONDAY + timedelta(days=number)
            connection.execute("insert into delivered values (2, $1, 'X')", [day])
            if grade is not None:
                connection.execute("insert into delivered values (1, $1, $2)", [day, grade])
        columns = "grade, valid_from, valid_to, is_deleted"
        query = f"select {columns} from ({SNAPSHOT_QUERY}) where member_id = 1 order by 2"
        return connection.execute(query).fetchall()


def test_a_member_that_a_full_snapshot_lacks_ends_on_that_date() -> None:
    gone = MONDAY + timedelta(days=2)
    assert make_snapshot_versions(["A", "A", None, None]) == [
        ("A", BEGIN, gone, False),
        ("A", gone, END, True),
    ]


def test_a_deleted_member_that_a_snapshot_delivers_again_begins_there() -> None:
    gone, back = MONDAY + timedelta(days=1), MONDAY + timedelta(days=3)
    assert make_snapshot_versions(["A", None, None, "A"]) == [
        ("A", BEGIN, gone, False),
        ("A", gone, back, True),
        ("A", back, END, False),
    ]


def test_a_member_of_every_snapshot_is_never_deleted() -> None:
    assert make_snapshot_versions(["A", "A", "B"]) == [
        ("A", BEGIN, MONDAY + timedelta(days=2), False),
        ("B", MONDAY + timedelta(days=2), END, False),
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
