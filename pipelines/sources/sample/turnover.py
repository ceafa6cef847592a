"""What companies declare as their turnover: most near the truth, some far above it."""

from __future__ import annotations

import numpy as np

from pipelines.sources.sample.accounts import Accounts
from pipelines.sources.sample.arrays import YUAN, Table, open_stream, to_cents, toss
from pipelines.sources.sample.customers import CUSTOMER_TYPES, People

INCOMING_FLOWS_PER_YEAR = 11.5
"""Payments a company receives in a year, in units of its monthly flow."""
SILENT_SHARE = 0.1
BOASTING_SHARE = 0.12
_STREAM = 110


def make_declared_turnover(seed: int, people: People, accounts: Accounts) -> Table:
    """Declarations of companies, each delivered with the first night of the company.

    Returns:
        Rows of day, customer and amount (cents of a year).
    """
    rng = open_stream(seed, _STREAM)
    company = people.members(people.kind == CUSTOMER_TYPES.index("CORPORATE"))
    boasts = toss(rng, company.size, BOASTING_SHARE)
    factor = np.where(boasts, rng.uniform(2.5, 4.0, company.size), 1.0)
    factor *= np.exp(rng.normal(0.0, 0.2, company.size))
    year = accounts.flow[company] * INCOMING_FLOWS_PER_YEAR * factor
    amount = to_cents(year, 10_000 * YUAN)
    speaks = ~toss(rng, company.size, SILENT_SHARE)
    rows = {"day": np.maximum(people.joined[company], 0), "customer": company, "amount": amount}
    return {name: column[speaks] for name, column in rows.items()}
