"""Render the dbt sources and staging tests from the feed contracts.

``models/staging/<source>/_<source>.yml`` is generated: a changed contract changes it, and a test
holds the committed file against this rendering.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from bankcrm.settings import PROJECT_FOLDER
from pipelines.contracts.contract import Column, Contract, load_contracts
from pipelines.contracts.stored_columns import StoredColumn, stored_columns

STAGING_FOLDER = PROJECT_FOLDER / "models" / "staging"
_HEADER = (
    "# Rendered from pipelines/contracts by `make contracts`; edit the contract, not this file.\n"
)
_PLURALS = {
    "branch": "branches",
    "account_party": "account_parties",
    "loan_status": "loan_statuses",
}


def model_name(contract: Contract) -> str:
    """Name of the staging model of a feed, for instance ``stg_branch__accounts``."""
    return f"stg_{contract.source}__{_PLURALS.get(contract.feed, contract.feed + 's')}"


def render_staging() -> dict[Path, str]:
    """The yml of every source system, by the path it belongs to."""
    by_source: dict[str, list[Contract]] = {}
    for contract in load_contracts().values():
        by_source.setdefault(contract.source, []).append(contract)
    return {
        STAGING_FOLDER / source / f"_{source}.yml": _render_source(source, contracts)
        for source, contracts in by_source.items()
    }


def write_staging() -> list[Path]:
    """Write the rendered yml files; returns their paths."""
    rendered = render_staging()
    for path, text in rendered.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(rendered)


def _render_source(source: str, contracts: Iterable[Contract]) -> str:
    contracts = list(contracts)
    document = {
        "version": 2,
        "sources": [
            {
                "name": source,
                "database": "raw",
                "schema": source,
                "description": f"Deliveries of the {source} system as loaded, append-only.",
                "tables": [_source_table(contract) for contract in contracts],
            }
        ],
        "models": [_staging_model(contract) for contract in contracts],
    }
    return _HEADER + yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)


def _source_table(contract: Contract) -> dict[str, Any]:
    return {
        "name": contract.feed,
        "description": f"{contract.description} Grain: {contract.grain}.",
        "columns": [
            _source_column(stored, contract.column(stored.delivered_as))
            for stored in stored_columns(contract)
        ],
    }


def _source_column(stored: StoredColumn, column: Column) -> dict[str, Any]:
    return {
        "name": stored.name,
        "description": stored.description,
        "data_type": stored.sql_type,
        "meta": {"needed_by": list(column.needed_by), "pii": column.personal is not None},
    }


def _staging_model(contract: Contract) -> dict[str, Any]:
    test: dict[str, Any] = {
        "key": list(contract.key),
        "dated": contract.is_dated_by_night,
    }
    return {
        "name": model_name(contract),
        "description": f"{contract.title}: rows that count, of the latest rerun of each night. "
        f"Grain: {contract.grain}.",
        "data_tests": [{"delivered_key_is_unique": {"arguments": test}}],
    }
