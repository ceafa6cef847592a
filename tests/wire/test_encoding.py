"""Values over the wire are those that psycopg reads, and parameters those that it writes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import Format
from sqlglot import exp

from cube.wire.codec import types
from cube.wire.codec.encoding import format_value, get_encoder
from cube.wire.codec.parameters import split_array, to_literal
from cube.wire.codec.rows import encode_rows
from cube.wire.codec.types import WireType, from_duckdb
from cube.wire.errors import WireError

DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20)
MOMENTS = st.datetimes(min_value=datetime(1700, 1, 1), max_value=datetime(2999, 1, 1))
VALUES: list[tuple[WireType, st.SearchStrategy[Any]]] = [
    (types.BOOL, st.booleans()),
    (types.INT2, st.integers(-(2**15), 2**15 - 1)),
    (types.INT4, st.integers(-(2**31), 2**31 - 1)),
    (types.INT8, st.integers(-(2**63), 2**63 - 1)),
    (types.NUMERIC, DECIMALS),
    (types.FLOAT8, st.floats(allow_nan=False)),
    (types.TEXT, st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))),
    (types.DATE, st.dates(min_value=date(1700, 1, 1))),
    (types.TIMESTAMP, MOMENTS),
    (types.UUID, st.uuids()),
    (types.INTERVAL, st.timedeltas(timedelta(days=-9999), timedelta(days=9999))),
    (WireType(1016, -1, 20), st.lists(st.integers(-9, 9) | st.none(), max_size=4)),
    (WireType(1009, -1, 25), st.lists(st.text("a,{} \"'\\N", max_size=4) | st.none(), max_size=4)),
]


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize(("kind", "values"), VALUES, ids=lambda v: str(getattr(v, "oid", "")))
def test_values_are_read_as_they_were(
    kind: WireType, values: st.SearchStrategy[Any], binary: bool
) -> None:
    load = Transformer().get_loader(kind.oid, Format(int(binary))).load
    encode = get_encoder(kind, binary=binary)

    @settings(max_examples=40, deadline=None)
    @given(values)
    def check(value: object) -> None:
        if kind is types.INTERVAL and not binary:
            return
        assert load(encode(value)) == value

    check()


@pytest.mark.parametrize("binary", [False, True])
@settings(max_examples=60, deadline=None)
@given(value=st.one_of(*(values for kind, values in VALUES if kind is not types.INTERVAL)))
def test_parameters_are_read_as_they_were_written(binary: bool, value: Any) -> None:
    if isinstance(value, list):
        return
    dumper = Transformer().get_dumper(value, PyFormat.BINARY if binary else PyFormat.TEXT)
    content = dumper.dump(value)
    assert content is not None
    tree = to_literal(bytes(content), dumper.oid, binary=binary)
    inner = tree.this if isinstance(tree, exp.Cast) else tree
    text = ("-" if isinstance(tree, exp.Neg) else "") + inner.name
    if isinstance(value, bool):
        assert inner.this is value
    elif isinstance(value, float):
        assert float(text) == value
    elif isinstance(value, int | Decimal):
        assert Decimal(text) == value
    elif isinstance(value, datetime):
        assert datetime.fromisoformat(text) == value
    else:
        assert text.replace("-", "") == str(value).replace("-", "")


@pytest.mark.parametrize(
    ("content", "oid", "binary"),
    [(b"x", 23, False), (b"1", 23, True), (b"nan", 1700, False), (b"\xff", 25, False)],
)
def test_parameters_that_are_no_values_are_refused(content: bytes, oid: int, binary: bool) -> None:
    with pytest.raises(WireError, match="no value of type"):
        to_literal(content, oid, binary=binary)


def test_arrays_in_text_are_split_where_they_end() -> None:
    assert split_array('{a,"b,\\"c",NULL,"NULL"}') == ["a", 'b,"c', None, "NULL"]
    assert split_array("{}") == []
    with pytest.raises(WireError, match="no array"):
        split_array("a,b")


def test_types_of_duckdb_have_types_of_postgresql() -> None:
    assert from_duckdb("DECIMAL(18,2)") == WireType(1700, -1, 0, (18 << 16 | 2) + 4)
    assert from_duckdb("INTEGER[]") == WireType(1007, -1, 23)
    assert from_duckdb("STRUCT(a INTEGER)") is types.TEXT
    assert format_value({"a": [1, None]}) == '{"a": [1, null]}'


def test_rows_are_the_messages_that_a_client_reads(
    connect: Callable[..., psycopg.Connection[Any]],
) -> None:
    assert encode_rows([(1, None)], [get_encoder(types.INT4, binary=True)] * 2) == (
        b"D" + (18).to_bytes(4) + b"\0\2" + b"\0\0\0\4\0\0\0\1" + b"\xff\xff\xff\xff"
    )
    rows = connect().execute("select i, null from generate_series(1, 5000) t(i)").fetchall()
    assert rows == [(i, None) for i in range(1, 5001)]
