"""Of a total that is zero or negative there is no share: null, not 112.8 %."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from bankcrm.settings import Settings
from cube.server.app import create_app

LOCAL = "http://127.0.0.1"
LOSSES = """
update marts.fct_account_monthly set end_balance = -end_balance;
update marts.fct_transaction set amount = -amount;
update marts.fct_profit_monthly set contribution_before_cost_amount = -1;
update marts.fct_loan_monthly set principal_balance = -1;
update marts.fct_card_monthly set end_balance = -1;
update marts.fct_customer_monthly set wallet_own_balance = -2, wallet_balance = -1;
"""
NOTHING = """
update marts.fct_account_monthly set end_balance = 0;
update marts.fct_transaction set amount = 0;
update marts.fct_profit_monthly set contribution_before_cost_amount = 0;
update marts.fct_loan_monthly set principal_balance = 0;
update marts.fct_card_monthly set end_balance = 0;
update marts.fct_customer_monthly set wallet_own_balance = 0, wallet_balance = 0;
"""
SHARES = [
    "balances.deposit_end_balance_share",
    "balances.lending_end_balance_share",
    "transactions.amount_share",
    "profit_contribution.fee_share",
    "loans.npl_ratio",
    "loans.overdue_ratio",
    "cards.npl_ratio",
    "cards.overdue_ratio",
    "customers.share_of_wallet",
]


@pytest.mark.parametrize("totals", [LOSSES, NOTHING], ids=["negative", "zero"])
def test_of_a_total_that_is_not_positive_there_is_no_share(
    home: Settings, publish: Callable[..., Path], totals: str
) -> None:
    publish(home.published_folder, "v2", "2024-06-29", totals)
    with TestClient(create_app(home), base_url=LOCAL) as http:
        for share in SHARES:
            answer = http.post("/cubejs-api/v1/load", json={"query": {"measures": [share]}})
            assert answer.status_code == 200, answer.text
            assert answer.json()["data"] == [{share: None}]


def test_of_a_positive_total_every_share_is_known(home: Settings) -> None:
    with TestClient(create_app(home), base_url=LOCAL) as http:
        for share in SHARES:
            answer = http.post("/cubejs-api/v1/load", json={"query": {"measures": [share]}})
            assert answer.json()["data"][0][share] is not None, share
