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
            if referenced not in _columns_of(feed, contracts):
                raise ContractError(
                    f"{contract.name}.{column.name} references unknown {column.references}",
                    "Write references as source.feed.column of a contract.",
                )


def _columns_of(feed: str, contracts: dict[str, Contract]) -> tuple[str, ...]:
    """Columns of a feed; none where no contract describes it."""
    return contracts[feed].column_names if feed in contracts else ()


def _check_roll_forward(contract: Contract, contracts: dict[str, Contract]) -> None:
    rule = contract.roll_forward
    if rule is None:
        return
    used = {rule.key, rule.amount, rule.side, rule.fee}
    known = set(_columns_of(rule.entries, contracts))
    if rule.balance not in contract.column_names or not used <= known:
        raise ContractError(
            f"{contract.name}: roll_forward names columns that do not exist",
            "Name the balance, and the feed of the entries with its columns.",
        )


def _check_closing(contract: Contract, contracts: dict[str, Contract]) -> None:
    closing = contract.closing
    if closing is None:
        return
    known = _columns_of(closing.balances, contracts)
    if closing.column not in contract.column_names or closing.balance not in known:
        raise ContractError(
            f"{contract.name}: closing names columns that do not exist",
            "Name the column that says closed, and the feed of the balances with its column.",
        )
