"""Render the dbt sources, staging models and staging tests from the feed contracts.

``models/staging/<source>/`` is generated, one model per feed and one yml: a changed contract
changes them, and a test holds the committed files against this rendering.
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
_NOTE = "Rendered from pipelines/contracts by `make contracts`; edit the contract, not this file."
_MODEL = """\
-- {note}
with source as (
    {{{{ source_rows('{source}', '{feed}') }}}}
),

renamed as (
    select
{columns}
    from source{latest}
)

select * from renamed
"""
_LATEST = """
    qualify row_number() over (
        partition by {key}
        order by business_date desc
    ) = 1"""
_GROUPS: dict[str, tuple[str, ...]] = {
    "ids": ("id",),
    "text": ("text", "code"),
    "numbers": ("integer", "amount", "rate", "share"),
    "booleans": ("boolean",),
    "dates": ("date", "timestamp"),
}
"""Groups of columns in a staging model, with the contract types that belong to each."""
_PLURALS = {
    "branch": "branches",
    "account_party": "account_parties",
    "loan_status": "loan_statuses",
}


def model_name(contract: Contract) -> str:
    """Name of the staging model of a feed, for instance ``stg_branch__accounts``."""
    return f"stg_{contract.source}__{_PLURALS.get(contract.feed, contract.feed + 's')}"


def render_staging() -> dict[Path, str]:
    """The model of every feed and the yml of every source system, by the path it belongs to."""
    by_source: dict[str, list[Contract]] = {}
    for contract in load_contracts().values():
        by_source.setdefault(contract.source, []).append(contract)
    documents = {
        STAGING_FOLDER / source / f"_{source}.yml": _render_source(source, contracts)
        for source, contracts in by_source.items()
    }
    models = {
        STAGING_FOLDER / contract.source / f"{model_name(contract)}.sql": render_model(contract)
        for contract in load_contracts().values()
    }
    return documents | models


def render_model(contract: Contract) -> str:
    """SQL of the staging model of a feed: columns by group, and which delivery of a key counts."""
    groups = [
        f"        -- {group}\n" + ",\n".join(f"        {column}" for column in columns)
        for group, columns in _group_columns(contract).items()
        if columns
    ]
    return _MODEL.format(
        note=_NOTE,
        source=contract.source,
        feed=contract.feed,
        columns=",\n".join(groups),
        latest=_LATEST.format(key=", ".join(contract.key)) if contract.latest_by_key else "",
    )


def _group_columns(contract: Contract) -> dict[str, list[str]]:
    """Selected columns by group; what a personal column leaves is text, but for its date."""
    group_of = {kind: group for group, kinds in _GROUPS.items() for kind in kinds}
    columns: dict[str, list[str]] = {group: [] for group in _GROUPS}
    for stored in stored_columns(contract):
        column = contract.column(stored.delivered_as)
        is_token = stored.name != column.name
        group = "text" if is_token else group_of[column.type]
        renamed = f" as {column.staged_as}" if column.staged_as else ""
        columns[group].append(stored.name + renamed)
    return columns | {"lineage": ["business_date", "load_id"]}


def write_staging() -> list[Path]:
    """Write the rendered files; returns their paths."""
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
    return f"# {_NOTE}\n" + yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)


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
        "key": [contract.column(name).staged_name for name in contract.key],
        "dated": contract.is_dated_by_night,
    }
    return {
        "name": model_name(contract),
        "description": f"{contract.title}: rows that count, of the latest rerun of each night. "
        f"Grain: {contract.grain}.",
        "data_tests": [{"delivered_key_is_unique": {"arguments": test}}],
    }
