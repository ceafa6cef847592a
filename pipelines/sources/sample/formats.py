"""SQL that turns numbers of the simulation into ids, amounts and rates as delivered."""

from __future__ import annotations

UNIT_ID = "lpad(cast({0} + 10 as varchar), 5, '0')"

MANAGER_ID = "'M' || lpad(cast({0} + 1 as varchar), 5, '0')"

TELLER_ID = "'T' || lpad(cast({0} + 1 as varchar), 5, '0')"

PERSON_ID = "'P' || lpad(cast({0} + 1 as varchar), 8, '0')"

CUSTOMER_ID = "'C' || lpad(cast({0} + 1 as varchar), 8, '0')"

CARD_CUSTOMER_ID = "'K' || cast({0} as varchar)"

LOAN_CUSTOMER_ID = "lpad(cast({0} as varchar), 8, '0')"

ACCOUNT_ID = "'A' || lpad(cast({0} + 1 as varchar), 9, '0')"

LOAN_ID = "'L' || lpad(cast({0} + 1 as varchar), 8, '0')"

CARD_ID = "'CT' || lpad(cast({0} + 1 as varchar), 9, '0')"

ENTRY_ID = "'E' || lpad(cast({0} + 1 as varchar), 11, '0')"

CARD_ENTRY_ID = "'X' || lpad(cast({0} + 1 as varchar), 11, '0')"

MONEY = "cast({0} as decimal(16,0)) * 0.01"

RATE = "cast({0} as decimal(12,0)) * 0.00000001"

SHARE = "cast({0} as decimal(9,0)) * 0.000001"

CUSTOMER_IDS = {"branch": CUSTOMER_ID, "card": CARD_CUSTOMER_ID, "loan": LOAN_CUSTOMER_ID}
