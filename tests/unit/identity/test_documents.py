"""Documents compare alike however a system writes them."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bankcrm.sql import quote_text
from pipelines.privacy.comparable import FULL_WIDTH, HALF_WIDTH, create_macros


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connected:
        create_macros(connected)
        yield connected


@pytest.mark.parametrize(
    ("kind", "written", "compared"),
    [
        # 11010519491231002X is the worked example of GB 11643.
        ("ID_CARD", "110105491231002", "11010519491231002X"),
        ("ID_CARD", "11010519491231002x", "11010519491231002X"),
        ("ID_CARD", "110105 19491231 002X", "11010519491231002X"),
        ("ID_CARD", "110105-491231-002", "11010519491231002X"),
        ("ID_CARD", "\uff11\uff11010519491231002\uff38", "11010519491231002X"),
        ("PASSPORT", "110105491231002", "110105491231002"),
        ("PASSPORT", " e 1234.5678 ", "E12345678"),
        ("BUSINESS_LICENCE", "91350100M000100Y43", "91350100M000100Y43"),
        ("ID_CARD", "", None),
        ("ID_CARD", " - ", None),
        ("ID_CARD", None, None),
    ],
)
def test_a_document_is_the_same_however_it_is_written(
    connection: duckdb.DuckDBPyConnection, kind: str, written: str | None, compared: str | None
) -> None:
    found = connection.execute("select comparable_document($1, $2)", [kind, written]).fetchone()
    assert found == (compared,)


@pytest.mark.parametrize(
    ("macro", "written", "compared"),
    [
        ("comparable_name", "Weiqiang  LI", "li weiqiang"),
        ("comparable_name", "Müller, Jörg", "jorg muller"),
        ("comparable_name", "\u674e\u4f1f", "\u674e\u4f1f"),
        ("comparable_phone", "+86 136-7732 2777", "13677322777"),
        ("comparable_phone", "0000000", None),
        ("comparable_phone", "12345", None),
        ("comparable_address", "No. 3, Renmin Rd", "no 3 renmin road"),
    ],
)
def test_names_phones_and_addresses_are_the_same_however_they_are_written(
    connection: duckdb.DuckDBPyConnection, macro: str, written: str, compared: str | None
) -> None:
    assert connection.execute(f"select {macro}($1)", [written]).fetchone() == (compared,)


WRITTEN = st.text(
    st.one_of(
        st.sampled_from("0123456789AZaz -./+"),
        st.sampled_from("\uff10\uff19\uff21\uff5a\uff0d\u3000\xe9\xdf\xf1\u674e\u0661"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    )
)
NARROWED = f"translate($1, {quote_text(FULL_WIDTH)}, {quote_text(HALF_WIDTH)})"


@settings(deadline=None, max_examples=200)
@given(written=WRITTEN)
@example(written="110105491231002")
@example(written="0000000")
def test_what_needs_no_translating_compares_as_if_it_were_translated(
    connection: duckdb.DuckDBPyConnection, written: str
) -> None:
    short = connection.execute("select narrow($1), compact($1), digits($1)", [written])
    found = short.fetchone()
    long = connection.execute(
        f"""select {NARROWED},
            nullif(regexp_replace(upper({NARROWED}), '[^\\p{{L}}\\p{{N}}]', '', 'g'), ''),
            regexp_replace({NARROWED}, '[^0-9]', '', 'g')""",
        [written],
    )
    assert found == long.fetchone()
