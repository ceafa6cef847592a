"""Accounts of all systems as delivered: terms, balances, owners."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from tests.integration.oracle.deliveries import Landing, Row
from tests.integration.oracle.figures import fraction, optional_date, optional_fraction
from tests.integration.oracle.history import History

AccountId = tuple[str, str]
"""Source system (branch, loan, card) and the account as that system numbers it."""


@dataclass(frozen=True)
class Terms:
    """What an account was on a day."""

    account_type: str
    product_id: str
    branch_id: str
    currency: str
    status: str
    started: date
    interest_rate: Fraction | None
    rate_type: str = ""
    term_days: Fraction | None = None
    repriced: date | None = None
    customer_id: str | None = None
    credit_limit: Fraction | None = None
    is_debit_card: bool = False
    matures: date | None = None


@dataclass(frozen=True)
class Product:
    """What a product was on a day."""

    pillar: str
    family: str
    day_basis: str
    ftp_method: str
    ftp_profile: str


@dataclass(frozen=True)
class Position:
    """A loan at the end of a day."""

    principal: Fraction
    overdue_principal: Fraction
    overdue_interest: Fraction
    days_past_due: int


@dataclass(frozen=True)
class Standing:
    """A loan or credit card at the end of a day."""

    balance: Fraction
    overdue: Fraction
    days_past_due: int


def read_terms(landing: Landing) -> dict[AccountId, History[Terms]]:
    """Terms of every account, loan and card, by the night that delivered them."""
    terms: dict[AccountId, History[Terms]] = defaultdict(History)
    for night, row in landing.rows("branch.account"):
        terms["branch", row["account_id"]].put(night, _deposit(row))
    for night, row in landing.rows("loan.loan"):
        terms["loan", row["loan_id"]].put(night, _loan(row))
    for night, row in landing.rows("card.card"):
        terms["card", row["card_id"]].put(night, _card(row))
    return dict(terms)


def read_products(landing: Landing) -> dict[str, History[Product]]:
    """Products, by the night that delivered them."""
    products: dict[str, History[Product]] = defaultdict(History)
    for night, row in landing.rows("branch.product"):
        names = ("pillar", "product_family", "day_basis", "ftp_method", "ftp_profile_code")
        products[row["product_id"]].put(night, Product(*(row[name] for name in names)))
    return dict(products)


def read_balances(landing: Landing) -> dict[AccountId, History[Fraction]]:
    """End-of-day balances of accounts, principal of loans, debt of cards, by night."""
    feeds = {
        "branch.account_balance": ("account_id", "balance"),
        "loan.loan_status": ("loan_id", "principal_balance"),
        "card.card_balance": ("card_id", "balance"),
    }
    balances: dict[AccountId, History[Fraction]] = defaultdict(History)
    for feed, (id_column, balance_column) in feeds.items():
        source = feed.partition(".")[0]
        for night, row in landing.rows(feed):
            balances[source, row[id_column]].put(night, fraction(row[balance_column]))
    return balances


def read_positions(landing: Landing) -> dict[str, History[Position]]:
    """Positions of loans, by night."""
    positions: dict[str, History[Position]] = defaultdict(History)
    for night, row in landing.rows("loan.loan_status"):
        position = Position(
            principal=fraction(row["principal_balance"]),
            overdue_principal=fraction(row["overdue_principal"]),
            overdue_interest=fraction(row["overdue_interest"]),
            days_past_due=int(row["days_past_due"]),
        )
        positions[row["loan_id"]].put(night, position)
    return dict(positions)


def read_standings(landing: Landing) -> dict[AccountId, History[Standing]]:
    """Loans and credit cards with their arrears, by the night that delivered a position."""
    standings: dict[AccountId, History[Standing]] = defaultdict(History)
    for night, row in landing.rows("loan.loan_status"):
        overdue = fraction(row["overdue_principal"]) + fraction(row["overdue_interest"])
        standing = Standing(fraction(row["principal_balance"]), overdue, int(row["days_past_due"]))
        standings["loan", row["loan_id"]].put(night, standing)
    for night, row in landing.rows("card.card_balance"):
        overdue = fraction(row["overdue_amount"])
        standing = Standing(fraction(row["balance"]), overdue, int(row["days_past_due"]))
        standings["card", row["card_id"]].put(night, standing)
    return dict(standings)


def _deposit(row: Row) -> Terms:
    return Terms(
        account_type="DEPOSIT",
        product_id=row["product_id"],
        branch_id=row["branch_id"],
        currency=row["currency_code"],
        status=row["status"],
        started=date.fromisoformat(row["opened_date"]),
        interest_rate=optional_fraction(row["interest_rate"]),
        rate_type=row["rate_type"],
        term_days=optional_fraction(row["term_days"]),
        repriced=optional_date(row["repricing_date"]),
    )


def _loan(row: Row) -> Terms:
    return Terms(
        account_type="LOAN",
        product_id=row["product_id"],
        branch_id=row["branch_id"],
        currency=row["currency_code"],
        status=row["status"],
        started=date.fromisoformat(row["origination_date"]),
        interest_rate=optional_fraction(row["interest_rate"]),
        rate_type=row["rate_type"],
        term_days=optional_fraction(row["term_days"]),
        repriced=optional_date(row["repricing_date"]),
        customer_id=row["customer_id"],
        matures=optional_date(row["maturity_date"]),
    )


def _card(row: Row) -> Terms:
    return Terms(
        account_type="CARD",
        product_id=row["product_id"],
        branch_id=row["branch_id"],
        currency=row["currency_code"],
        status=row["status"],
        started=date.fromisoformat(row["issued_date"]),
        interest_rate=optional_fraction(row["interest_rate"]),
        customer_id=row["customer_id"],
        credit_limit=optional_fraction(row["credit_limit"]),
        is_debit_card=row["card_type"] == "DEBIT",
    )
