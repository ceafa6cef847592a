"""The bank's Czech codes and what they are called here."""

from __future__ import annotations

from collections.abc import Mapping

DEBIT_CREDIT = {"PRIJEM": "C", "VYDAJ": "D", "VYBER": "D"}
"""Type of an entry. VYBER stands where VYDAJ is meant: running balances fall by its amount."""

INTEREST_AND_FEES = {
    "UROK": "INTEREST_CREDIT",
    "SANKC. UROK": "INTEREST_PENALTY",
    "SLUZBY": "FEE",
}
"""Symbols that decide the kind of an entry whatever its operation."""

TRANSFERS = {
    "PREVOD Z UCTU/DUCHOD": "PENSION",
    "PREVOD NA UCET/POJISTNE": "INSURANCE_PAYMENT",
    "PREVOD NA UCET/SIPO": "HOUSEHOLD_PAYMENT",
    "PREVOD NA UCET/UVER": "LOAN_PAYMENT",
}
"""Transfers whose symbol tells their purpose, as operation/symbol."""

OPERATIONS = {
    "VKLAD": "CASH_DEPOSIT",
    "VYBER": "CASH_WITHDRAWAL",
    "VYBER KARTOU": "CARD_WITHDRAWAL",
    "PREVOD Z UCTU": "TRANSFER_IN",
    "PREVOD NA UCET": "TRANSFER_OUT",
}

SYMBOLS = (*INTEREST_AND_FEES, "DUCHOD", "POJISTNE", "SIPO", "UVER")

PARTY_ROLES = {"OWNER": "OWNER", "DISPONENT": "AUTHORISED"}

ACCOUNT_PRODUCTS = {
    "POPLATEK MESICNE": "CA-MONTHLY",
    "POPLATEK TYDNE": "CA-WEEKLY",
    "POPLATEK PO OBRATU": "CA-TRANSACTION",
}
"""Current account by the frequency of its statements."""

CARD_PRODUCTS = {"classic": "DC-CLASSIC", "junior": "DC-JUNIOR", "gold": "DC-GOLD"}

LOAN_PRODUCT = "LOAN"

PRODUCTS = (
    ("CA-MONTHLY", "Current account, monthly statements", "Current account", "LIABILITY"),
    ("CA-WEEKLY", "Current account, weekly statements", "Current account", "LIABILITY"),
    (
        "CA-TRANSACTION",
        "Current account, statement after each transaction",
        "Current account",
        "LIABILITY",
    ),
    (LOAN_PRODUCT, "Instalment loan", "Loan", "ASSET"),
    ("DC-CLASSIC", "Classic debit card", "Debit card", "INTERMEDIARY"),
    ("DC-JUNIOR", "Junior debit card", "Debit card", "INTERMEDIARY"),
    ("DC-GOLD", "Gold debit card", "Debit card", "INTERMEDIARY"),
)
"""Product id, name, family, pillar."""

PRODUCT_LINES = {"LIABILITY": "Deposits", "ASSET": "Loans", "INTERMEDIARY": "Cards"}


def translate_sql(expression: str, codes: Mapping[str, str]) -> str:
    """SQL that turns the bank's code into ours, and an unknown one into null."""
    branches = " ".join(f"when '{theirs}' then '{ours}'" for theirs, ours in codes.items())
    return f"case {expression} {branches} end"


def transaction_type_sql(operation: str, symbol: str) -> str:
    """SQL of the transaction type: interest and fees, then refined transfers, then operations."""
    kinds = (
        translate_sql(symbol, INTEREST_AND_FEES),
        translate_sql(f"{operation} || '/' || {symbol}", TRANSFERS),
        translate_sql(operation, OPERATIONS),
    )
    return f"coalesce({', '.join(kinds)})"
