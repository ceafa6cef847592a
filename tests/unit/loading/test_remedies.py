"""Every rule that a row can break says what to change."""

from __future__ import annotations

import pytest

from pipelines.contracts.contract import Contract, load_contracts
from pipelines.validation.remedies import remedy_of
from pipelines.validation.row_rules import DUPLICATE_KEY, row_rules


@pytest.mark.parametrize("contract", load_contracts().values(), ids=load_contracts())
def test_every_rule_of_a_contract_has_a_remedy(contract: Contract) -> None:
    labels = [rule.label for rule in row_rules(contract)]
    labels.append(f"{', '.join(contract.key)}: {DUPLICATE_KEY}")
    for label in labels:
        remedy = remedy_of(contract, label)
        assert remedy.endswith(".") and "None" not in remedy, (label, remedy)


def test_a_remedy_names_what_the_contract_expects() -> None:
    contract = load_contracts()["branch.account"]
    assert remedy_of(contract, "status: not_accepted") == (
        "Send one of ACTIVE, DORMANT, FROZEN, CLOSED; or have the code added to the contract."
    )
    assert remedy_of(contract, "row: closed_before_opened") == (
        "Correct opened_date or closed_date in the source system."
    )
    assert "at most 8 decimals" in remedy_of(contract, "interest_rate: bad_decimal")


def test_a_rule_that_no_contract_has_is_an_error() -> None:
    with pytest.raises(KeyError):
        remedy_of(load_contracts()["branch.account"], "status: bad_weather")
