"""What to change where rows break a rule: one sentence for every rule of a contract."""

from __future__ import annotations

from pipelines.contracts.contract import Column, Contract
from pipelines.validation.row_rules import (
    ABOVE_MAXIMUM,
    BAD_CHECK_DIGIT,
    BAD_PATTERN,
    BELOW_MINIMUM,
    CARD_NUMBER,
    DECIMALS,
    DUPLICATE_KEY,
    FIRST_DATE,
    LAST_DATE,
    REPEATED_KEY,
    SECOND_HEADER,
)

SHOWN_CODES = 8


def remedy_of(contract: Contract, label: str) -> str:
    """What the source system changes so that a rule is kept.

    Args:
        contract: feed of the rows.
        label: ``column: rule`` as quarantine records it; ``row: rule`` for rules of the contract.

    Raises:
        KeyError: the contract has no such rule.
    """
    place, _, rule = label.rpartition(": ")
    if rule == DUPLICATE_KEY:
        return f"Send one row per {place}; a correction replaces the whole file."
    if rule == REPEATED_KEY:
        return (
            f"Give each entry a {place} of its own, for good. To correct an entry, deliver the"
            " business date that it came with again, with the next rerun number."
        )
    if place == "row":
        if rule == SECOND_HEADER:
            return "Send one file: two were joined, and the second brought its header."
        return {own.name: own.remedy for own in contract.rules}[rule]
    return _remedies(contract.column(place))[rule]


def _remedies(column: Column) -> dict[str, str]:
    """The remedy of each rule that a column can break."""
    codes = ", ".join(column.accepted[:SHOWN_CODES])
    more = ", ..." if len(column.accepted) > SHOWN_CODES else ""
    _, decimals = DECIMALS.get(column.type, (0, 0))
    schemes = column.check_digits.schemes if column.check_digits else {}
    return {
        "null_not_allowed": "Send a value; only columns that the contract calls nullable may be"
        " empty.",
        "bad_id": "Send the id as the source system keeps it: as text, without invisible or"
        " full-width characters, never in exponent notation.",
        "bad_code": "Send the code without invisible or full-width characters.",
        "bad_text": "Write the file in the encoding of the contract; this text was read or written"
        " in another one.",
        "bad_decimal": f"Send digits with a point before at most {decimals} decimals, and a minus"
        " in front: 1234.56.",
        "bad_date": f"Send a date as 2024-01-31, from {FIRST_DATE} to {LAST_DATE}.",
        "bad_timestamp": "Send local time as 2024-01-31 17:45:00.",
        "bad_integer": "Send a whole number without a point.",
        "bad_boolean": "Send true or false (t, f, 1, 0, y or n).",
        "not_accepted": f"Send one of {codes}{more}; or have the code added to the contract.",
        BELOW_MINIMUM: f"Send a value from {column.minimum} on; or have the bound changed.",
        ABOVE_MAXIMUM: f"Send a value up to {column.maximum}; or have the bound changed.",
        BAD_PATTERN: f"Send it in the form {column.pattern}: as text, with its leading zeros.",
        BAD_CHECK_DIGIT: "Correct the number in the source system: its check digit"
        f" ({', '.join(sorted(set(schemes.values()))) or 'of its scheme'}) is wrong.",
        CARD_NUMBER: "Send the token of the card, never its number.",
    }
