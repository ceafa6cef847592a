"""Values that stand where nothing is known: they identify nobody and count as not delivered.

The list is the seed ``identity_filler``; what repeats one character, and the digits in their order,
need no line there. Values are compared by their tokens, so nothing leaves the vault. Documents that
are no words of anybody's list are found by who bears them (:mod:`pipelines.identity.strangers`).
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from functools import cache
from string import ascii_uppercase, digits

import duckdb

from bankcrm.errors import ContractError
from pipelines.contracts.stored_columns import COMPARABLE, token_sql
from pipelines.parameters.seeds import SEEDS_FOLDER
from pipelines.privacy.comparable import MATCH_RULES

FILE = SEEDS_FOLDER / "identity_filler.csv"
KINDS = ("document", "birth_date", "phone", "address")
SHORTEST_SEQUENCE = 8
"""Digits in their order up to here may be the number of a document, and are: 123456."""
LONGEST = 30
"""Characters of the longest number that is looked at for one repeated character."""


def _read_listed() -> list[tuple[str, str]]:
    with FILE.open(encoding="utf-8", newline="") as stream:
        rows = [(row["attribute"], row["filler_value"]) for row in csv.DictReader(stream)]
    for attribute, _ in rows:
        if attribute not in KINDS:
            raise ContractError(
                f"{FILE.name} has fillers of {attribute!r}", f"Use one of {', '.join(KINDS)}."
            )
    return rows


def _list_repetitions() -> Iterator[tuple[str, str]]:
    for length in range(2, LONGEST + 1):
        for character in digits + ascii_uppercase:
            yield "document", character * length
        for character in digits:
            yield "phone", character * length
    for length in range(SHORTEST_SEQUENCE, LONGEST + 1):
        yield "document", ("1234567890" * 3)[:length]
        yield "document", ("0123456789" * 3)[:length]


@cache
def list_fillers() -> tuple[tuple[str, str], ...]:
    """Attribute and value of every filler.

    Raises:
        ContractError: the seed names an attribute that has no fillers.
    """
    return (*_read_listed(), *_list_repetitions())


def hash_rules() -> str:
    """Changes when values may compare otherwise, or when another value counts as nothing."""
    return hashlib.sha256(f"{MATCH_RULES}{list_fillers()}".encode()).hexdigest()[:16]


def write_fillers(connection: duckdb.DuckDBPyConnection) -> None:
    """Temporary table ``filler_token``: the tokens under which fillers stand in the raw tables.

    Args:
        connection: the raw database with its vault opened.
    """
    connection.execute("create or replace temp table filler_token (token varchar)")
    for kind in KINDS:
        values = [value for attribute, value in list_fillers() if attribute == kind]
        connection.execute(
            f"""insert into filler_token
            select unnest([{_tokens_sql(kind)}]) from (select unnest($1) as value)""",
            [values],
        )


def _tokens_sql(kind: str) -> str:
    match kind:
        case "birth_date":
            return token_sql("birth_date", "value")
        case "document":
            # A filler of 15 digits that calls itself an ID card was written in the long form.
            return ", ".join(
                token_sql("document_match", f"comparable_document({of}, value)")
                for of in ("'ID_CARD'", "'PASSPORT'")
            )
        case "address":
            return token_sql("address_match", f"{COMPARABLE['address']}(value)")
        case _:
            return token_sql("phone_match", "right(digits(value), 11)")


def unless_filler_sql(column: str) -> str:
    """SQL of a token, null where it is that of a filler.

    Args:
        column: a column of tokens.
    """
    return f"if({column} in (select token from filler_token), null, {column})"
