from __future__ import annotations

import pytest

from pipelines.contracts.contract import get_contract
from pipelines.validation.header import compare_header, split_header

CONTRACT = get_contract("teller.teller")


@pytest.mark.parametrize(
    "line",
    [
        "teller_id|teller_name|branch_id",
        '"teller_id"|"teller_name"|"branch_id"',
        " Teller_ID | TELLER_NAME |branch_id ",
    ],
)
def test_case_spaces_and_quotes_of_a_header_do_not_matter(line: str) -> None:
    check = compare_header(line, CONTRACT)
    assert (check.problems, check.warnings) == ((), ())


def test_every_difference_is_reported_at_once() -> None:
    check = compare_header("teller_no|branch_id|branch_id|colour", CONTRACT)
    assert check.problems == (
        "header: missing columns teller_id, teller_name",
        "header: unknown columns teller_no, colour (renamed?)",
        "header: columns delivered twice branch_id",
    )


def test_columns_out_of_order_are_a_problem() -> None:
    swapped = compare_header("teller_name|teller_id|branch_id", CONTRACT)
    assert swapped.problems == (
        "header: columns out of order; the contract says teller_id, teller_name, branch_id",
    )


def test_an_additional_column_is_a_problem_unless_the_contract_ignores_it() -> None:
    header = "teller_id|teller_name|branch_id|colour"
    added = compare_header(header, CONTRACT)
    assert added.problems == (
        "header: columns colour are not in the contract; have them added to it, or leave them out",
    )
    ignoring = CONTRACT.model_copy(update={"additional_columns": "ignore"})
    assert compare_header(header, ignoring).problems == ()
    assert "colour" in compare_header(header, ignoring).warnings[0]


def test_another_delimiter_is_named() -> None:
    check = compare_header("teller_id;teller_name;branch_id", CONTRACT)
    assert check.problems == (
        "line 1: fields are separated by ';', the contract says '|': write that, or have"
        " `delimiter` changed under `format` of the contract",
    )


def test_a_delimiter_may_have_several_characters() -> None:
    assert split_header("a|+|b", "|+|") == ("a", "b")
