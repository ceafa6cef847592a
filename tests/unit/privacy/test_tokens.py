"""Tokens are HMACs of what they stand for; masks and months tell what is needed and no more."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from datetime import date

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from bankcrm.sql import quote_name
from pipelines.contracts.contract import Contract, get_contract, load_contracts
from pipelines.contracts.stored_columns import stored_columns, stored_names
from pipelines.privacy.vault import BLOCK_BYTES, KEY_BYTES, use_key

KEY = bytes(range(KEY_BYTES))


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 1}) as connected:
        yield connected


@settings(deadline=None, max_examples=50)
@given(
    key=st.binary(min_size=KEY_BYTES, max_size=BLOCK_BYTES),
    value=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
)
def test_a_token_is_the_hmac_sha256_of_kind_and_value_cut_to_128_bits(
    connection: duckdb.DuckDBPyConnection, key: bytes, value: str
) -> None:
    use_key(connection, key)
    ((token,),) = connection.execute("select keyed_token('name', $1)", [value]).fetchall()
    digest = hmac.new(key, f"name:{value}".encode(), hashlib.sha256).hexdigest()
    assert token == f"name_{digest[:32]}"


@pytest.mark.parametrize(
    ("name", "mask"),
    [
        ("Karl Novak", "K*** N***"),
        ("张伟", "张**"),
        ("上海金属贸易有限公司", "上**"),
        ("Cher", "C**"),
        ("ÉMILE  Zola", "É*** Z***"),
        ("Anna-Maria von Berg", "A*** v*** B***"),
    ],
)
def test_a_mask_shows_the_first_character_of_each_word(
    connection: duckdb.DuckDBPyConnection, name: str, mask: str
) -> None:
    use_key(connection, KEY)
    assert connection.execute("select masked_name($1)", [name]).fetchall() == [(mask,)]


def _store(connection: duckdb.DuckDBPyConnection, **values: object) -> dict[str, object]:
    """A row of branch.customer as the raw table keeps it."""
    use_key(connection, KEY)
    contract = get_contract("branch.customer")
    typed = ", ".join(f"${c.name}::{c.sql_type} as {quote_name(c.name)}" for c in contract.columns)
    stored = ", ".join(c.sql for c in stored_columns(contract))
    row = connection.execute(
        f"select {stored} from (select {typed})",
        {c.name: values.get(c.name) for c in contract.columns},
    ).fetchone()
    assert row is not None
    return dict(zip(stored_names(contract), row, strict=True))


def test_values_that_compare_as_equal_match_though_their_tokens_differ(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    one = _store(
        connection, full_name="LI Wei", document_type="ID_CARD", phone="+86 136 7732 2777",
        document_number="110105491231002", address="No. 3 Renmin Rd", birth_date=date(1980, 5, 17),
    )  # fmt: skip
    other = _store(
        connection, full_name="Wei Li", document_type="ID_CARD", phone="13677322777",
        document_number="11010519491231002X", address="no 3 renmin road",
        birth_date=date(1980, 5, 18),
    )  # fmt: skip
    for name in ("full_name", "document_number", "phone", "address"):
        assert one[f"{name}_match"] == other[f"{name}_match"], name
        assert one[f"{name}_token"] != other[f"{name}_token"], name
    assert one["full_name_family"] != other["full_name_family"]
    assert one["birth_date_token"] != other["birth_date_token"]
    assert one["birth_date"] == other["birth_date"] == date(1980, 5, 1)


def test_an_absent_value_has_no_token(connection: duckdb.DuckDBPyConnection) -> None:
    row = _store(connection, full_name="Li Wei")
    assert {n for n, v in row.items() if v is not None} == {
        "full_name", "full_name_token", "full_name_match", "full_name_family",
    }  # fmt: skip


def test_every_column_whose_name_tells_of_a_person_is_marked_in_its_contract() -> None:
    telling = ("full_name", "document_number", "birth", "phone", "address", "email", "contact_name")
    for contract in load_contracts().values():
        for column in contract.columns:
            if any(word in column.name for word in telling):
                assert column.personal, f"{contract.name}.{column.name}"
    assert sum(contract.is_personal for contract in load_contracts().values()) == 3


@pytest.mark.parametrize(
    ("name", "change", "problem"),
    [
        ("customer_id", {"personal": "document", "type": "text"}, "no key"),
        ("gender", {"personal": "text"}, "so text"),
        ("birth_date", {"type": "text"}, "so date"),
    ],
)
def test_a_contract_cannot_call_a_column_personal_that_others_count_on(
    name: str, change: dict[str, str], problem: str
) -> None:
    definition = get_contract("branch.customer").model_dump(mode="json")
    column = next(c for c in definition["columns"] if c["name"] == name)
    column.update(change)
    with pytest.raises(ValidationError, match=problem):
        Contract.model_validate(definition)
