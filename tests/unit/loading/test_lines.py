from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.validation.lines import find_stray_quote, has_mixed_line_ends, number_records


def write(folder: Path, content: str) -> Path:
    path = folder / "plain.csv"
    path.write_bytes(content.encode())
    return path


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('a,b\n"1","2"\n', None),
        ('"a","b"\n1,2', None),
        ('\ufeff"a",b\n1,2', None),
        ('a,b\n"1 ""x""\n",2\n', None),
        ('a,b\n1,""\n', None),
        ('a,b\r\n"1","2"\r\n', None),
        ('a,b\n1,"2\n', 2),
        ('a,b\n1,2"\n', 2),
        ('a,b\n1,"2"x\n', 2),
        ('a,b\n1, "2"\n', 2),
        ('a,b\n"1\n2",3\n4,5"6\n', 4),
    ],
)
def test_the_first_quote_out_of_place_is_found(
    tmp_path: Path, content: str, line: int | None
) -> None:
    assert find_stray_quote(write(tmp_path, content), ",") == line


def test_a_quoted_field_may_follow_a_delimiter_of_several_characters(tmp_path: Path) -> None:
    assert find_stray_quote(write(tmp_path, 'a|+|b\n1|+|"2|+|3"\n'), "|+|") is None
    assert find_stray_quote(write(tmp_path, 'a|+|b\n1|"2"\n'), "|+|") == 2


@pytest.mark.parametrize(
    ("content", "is_mixed"),
    [
        ('a,b\r\n"1\n2",3\r\n', False),
        ('a,b\n"1\r\n2",3\n', False),
        ('a,b\r\n"1",3\n', True),
    ],
)
def test_line_breaks_inside_quotes_are_no_line_ends(
    tmp_path: Path, content: str, is_mixed: bool
) -> None:
    assert has_mixed_line_ends(write(tmp_path, content)) is is_mixed


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    records=st.lists(
        st.tuples(st.text(alphabet='ab"\n, \r', max_size=5), st.integers(0, 2)), max_size=12
    ),
    line_end=st.sampled_from(["\n", "\r\n"]),
    ends=st.booleans(),
)
def test_records_are_numbered_by_the_line_they_start_in(
    tmp_path: Path, records: list[tuple[str, int]], line_end: str, ends: bool
) -> None:
    content, expected = f"a,b{line_end}", []
    for text, blank_lines in records:
        content += line_end * blank_lines
        expected.append(content.count("\n") + 1)
        row = io.StringIO()
        csv.writer(row, lineterminator=line_end, quoting=csv.QUOTE_ALL).writerow([text, "x"])
        content += row.getvalue()
    path = write(tmp_path, content if ends else content.removesuffix(line_end))
    assert number_records(path).tolist() == expected
    assert find_stray_quote(path, ",") is None
