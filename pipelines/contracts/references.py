"""What contracts say about each other: references, roll-forward, closing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankcrm.errors import ContractError

if TYPE_CHECKING:
    from pipelines.contracts.contract import Contract


def check_references(contracts: dict[str, Contract]) -> None:
    """Check what contracts say about the columns of other feeds.

    Raises:
        ContractError: naming the contract, when a feed or a column does not exist.
    """
    for contract in contracts.values():
        _check_roll_forward(contract, contracts)
        _check_closing(contract, contracts)
        for column in contract.columns:
            if column.references is None:
                continue
            feed, _, referenced = column.references.rpartition(".")
            if feed not in contracts or referenced not in contracts[feed].column_names:
                raise ContractError(
                    f"{contract.name}.{column.name} references unknown {column.references}",
                    "Write references as source.feed.column of a contract.",
                )


def _check_roll_forward(contract: Contract, contracts: dict[str, Contract]) -> None:
    rule = contract.roll_forward
    if rule is None:
        return
    entries = contracts[rule.entries].column_names if rule.entries in contracts else ()
    used = (rule.key, rule.amount, rule.side, rule.fee)
    if rule.balance not in contract.column_names or not set(used) <= set(entries):
        raise ContractError(
            f"{contract.name}: roll_forward names columns that do not exist",
            "Name the balance, and the feed of the entries with its columns.",
        )


def _check_closing(contract: Contract, contracts: dict[str, Contract]) -> None:
    closing = contract.closing
    if closing is None:
        return
    balances = contracts[closing.balances].column_names if closing.balances in contracts else ()
    if closing.column not in contract.column_names or closing.balance not in balances:
        raise ContractError(
            f"{contract.name}: closing names columns that do not exist",
            "Name the column that says closed, and the feed of the balances with its column.",
        )
