"""Check digits and card numbers, held against numbers published by those who issue them."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.contracts.check_digits import (
    bad_check_digit_sql,
    card_number_sql,
    mask_card_number_sql,
)
from pipelines.contracts.contract import CheckDigits, CheckDigitScheme
from pipelines.sources.sample.documents import is_id_card

RIGHT: list[tuple[CheckDigitScheme, str]] = [
    ("luhn", "4111111111111111"),
    ("luhn", "79927398713"),
    ("gb11643", "11010519491231002X"),
    ("gb11643", "11010519491231002x"),
    ("gb11643", "110105 19491231 002X"),
    ("gb32100", "91350100M000100Y43"),
    ("mod97", "DE89370400440532013000"),
    ("mod97", "GB82 WEST 1234 5698 7654 32"),
]


def is_bad(scheme: CheckDigitScheme, number: str) -> object:
    condition = bad_check_digit_sql("number", CheckDigits(by="kind", schemes={"K": scheme}))
    row = duckdb.execute(f"select {condition} from (select 'K' as kind, ? as number)", [number])
    return row.fetchall()[0][0]


@pytest.mark.parametrize(("scheme", "number"), RIGHT)
def test_a_right_check_digit_passes_and_any_other_digit_in_its_place_fails(
    scheme: CheckDigitScheme, number: str
) -> None:
    assert is_bad(scheme, number) is False
    wrong = number[:-1] + ("3" if number[-1] != "3" else "4")
    assert is_bad(scheme, wrong) is True


@pytest.mark.parametrize("number", ["110105491231002", "E10000001", "", "\u5ba2\u6237"])
def test_a_number_of_another_form_is_left_alone(number: str) -> None:
    assert not is_bad("gb11643", number)


def test_a_kind_without_a_scheme_is_left_alone() -> None:
    condition = bad_check_digit_sql("number", CheckDigits(by="kind", schemes={"K": "luhn"}))
    query = f"select {condition} from (select 'PASSPORT' as kind, '79927398710' as number)"
    assert duckdb.execute(query).fetchall() == [(None,)]


@given(st.from_regex(r"[0-9]{17}[0-9X]", fullmatch=True))
def test_resident_numbers_are_judged_as_the_sample_bank_makes_them(number: str) -> None:
    assert is_bad("gb11643", number) is not is_id_card(number)


@pytest.mark.parametrize(
    ("text", "is_card", "kept"),
    [
        ("4111111111111111", True, "411111******1111"),
        ("4111-1111 1111 1111", True, "411111******1111"),
        ("411111******1111", True, "411111******1111"),
        ("4111111111111112", False, "4111111111111112"),
        ("CT000000001", False, "CT000000001"),
        ("79927398713", False, "79927398713"),
    ],
)
def test_card_numbers_are_told_from_tokens_and_masked(text: str, is_card: bool, kept: str) -> None:
    query = f"select {card_number_sql('n')}, {mask_card_number_sql('n')} from (select ? as n)"
    assert duckdb.execute(query, [text]).fetchall() == [(is_card, kept)]
