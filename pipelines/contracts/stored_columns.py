"""What a raw table keeps of a personal column: tokens, and what is left of a value that is masked.

By the kind that the contract states:

- every kind: ``<column>_token``, equal for equal values;
- document, name, phone, email, address: ``<column>_match``, equal for values that compare as equal;
- name: ``<column>``, the mask, and ``<column>_family``, the token of the family name;
- birth_date: ``<column>``, the first day of its month, which is all that age bands need.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bankcrm.sql import quote_name, quote_text
from pipelines.contracts.contract import Column, Contract, PersonalKind

COMPARABLE: dict[PersonalKind, str] = {
    "name": "comparable_name",
    "email": "lower",
    "phone": "comparable_phone",
    "address": "comparable_address",
}
"""Macros that make a value of a kind comparable; a document's needs its type besides."""


@dataclass(frozen=True)
class StoredColumn:
    """A column of a raw table, and the column of the contract it is made of.

    ``sql`` gives its value over the typed columns of the contract.
    """

    name: str
    delivered_as: str
    sql_type: str
    sql: str
    description: str


def stored_columns(contract: Contract) -> tuple[StoredColumn, ...]:
    """What the raw table of a feed keeps of its columns, in order."""
    return tuple(
        stored
        for column in contract.columns
        for stored in (_personal(contract, column) if column.personal else [_plain(column)])
    )


def stored_names(contract: Contract) -> tuple[str, ...]:
    """Names of :func:`stored_columns`."""
    return tuple(stored.name for stored in stored_columns(contract))


def personal_columns(contract: Contract) -> tuple[Column, ...]:
    """Columns of a feed that hold personal values."""
    return tuple(column for column in contract.columns if column.personal)


def token_name(column: Column) -> str:
    """The raw column that holds the token of a personal column."""
    return f"{column.name}_token"


def _plain(column: Column) -> StoredColumn:
    name = column.name
    return StoredColumn(name, name, column.sql_type, quote_name(name), column.description)


def _personal(contract: Contract, column: Column) -> Iterator[StoredColumn]:
    """The mask of a personal column, where its kind has one, then its tokens."""
    name, value = column.name, quote_name(column.name)
    if column.personal == "name":
        said = f"{column.description} Masked."
        yield StoredColumn(name, name, "varchar", f"masked_name({value})", said)
    if column.personal == "birth_date":
        said = f"{column.description} First day of its month."
        yield StoredColumn(name, name, "date", f"date_trunc('month', {value})::date", said)
    for token, prefix, sql, note in _tokens(contract, column):
        said = f"{column.description} {note}"
        yield StoredColumn(token, name, "varchar", token_sql(prefix, sql), said)


def _tokens(contract: Contract, column: Column) -> Iterator[tuple[str, str, str, str]]:
    """Name, prefix, SQL of the value and description of each token of a personal column."""
    kind, value = column.personal, quote_name(column.name)
    assert kind is not None
    yield token_name(column), kind, f"{value}::varchar", "Token."
    comparable = _comparable(contract, column)
    if comparable is not None:
        note = "Token of the form in which it compares."
        yield f"{column.name}_match", f"{kind}_match", comparable, note
    if kind == "name":
        family = f"family_name({value})"
        yield f"{column.name}_family", "family", family, "Token of the family name."


def _comparable(contract: Contract, column: Column) -> str | None:
    assert column.personal is not None
    value = quote_name(column.name)
    if column.personal == "document":
        document_type = quote_name(contract.identity[0]) if contract.identity else "null"
        return f"comparable_document({document_type}, {value})"
    macro = COMPARABLE.get(column.personal)
    return f"{macro}({value})" if macro else None


def token_sql(prefix: str, value: str) -> str:
    """SQL of the token of a value; null of null. ``prefix`` keeps the kinds apart."""
    return f"keyed_token({quote_text(prefix)}, {value})"


def holder_sql(contract: Contract, customer: str) -> str:
    """SQL of the token of a customer of the feed's holder system, whose id is an SQL expression."""
    return token_sql("holder", f"{quote_text(contract.holder[0] + ':')} || {customer}")
