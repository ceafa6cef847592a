"""A card number where a token belongs: quarantined, masked, and told at once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from bankcrm.failpoints import PERMISSION, PLACE, FailpointReached
from bankcrm.settings import Settings
from pipelines.monitoring import alerts
from pipelines.refresh.refresh import refresh
from tests.integration.loading.good_files import make_cards, make_entries

if TYPE_CHECKING:
    from tests.integration.loading.conftest import Bank

NIGHT = date(2024, 1, 31)


@pytest.mark.parametrize(("card_id", "is_reported"), [("4111111111111111", True), ("CT9", False)])
def test_delivered_card_numbers_raise_an_alert_without_naming_one(
    bank: Bank, monkeypatch: pytest.MonkeyPatch, card_id: str, is_reported: bool
) -> None:
    told: list[alerts.Alert] = []
    monkeypatch.setattr(alerts, "send_alert", lambda _, alert: told.append(alert))
    monkeypatch.setenv(PERMISSION, "1")
    monkeypatch.setenv(PLACE, "verify:before:error")
    cards, entries = make_cards(NIGHT), make_entries(NIGHT)
    bank.deliver_bytes("card.card", NIGHT, cards.write(cards.change(3, card_id=card_id)).encode())
    bank.deliver_bytes("teller.transaction", NIGHT, entries.text.encode(), totals=entries.totals)
    bank.deliver_lines("branch.account_balance", NIGHT, ["A1,1.00"], totals={"balance": Decimal(1)})
    bank.raw.close()
    home = bank.settings.home
    with pytest.raises(FailpointReached):
        refresh(Settings(home=home, alert_urls=("json://localhost",), disk_reserve_bytes=0))
    found = [alert for alert in told if "card numbers" in alert.title]
    assert len(found) == is_reported
    for alert in found:
        assert "card_2024-01-31_r0.csv holds 1 card numbers" in alert.problem
        assert "4111111111111111" not in alert.as_text()
