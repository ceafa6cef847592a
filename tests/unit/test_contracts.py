"""Feed contracts: well formed, complete, and the source of what is rendered from them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bankcrm.errors import ContractError
from bankcrm.settings import PROJECT_FOLDER
from pipelines.contracts.contract import CONTRACTS_FOLDER, get_contract, load_contracts
from pipelines.contracts.dbt_sources import model_name, render_model, render_staging

CONTRACTS = load_contracts()
STAGED = {"type": "text", "description": "A column.", "needed_by": [], "staged_as": "renamed"}


def write_contract(folder: Path, **changes: object) -> Path:
    document = yaml.safe_load((CONTRACTS_FOLDER / "teller" / "teller.yml").read_text())
    path = folder / "teller" / "teller.yml"
    path.parent.mkdir(parents=True)
    path.write_text(yaml.safe_dump(document | changes))
    return path


def test_the_committed_staging_is_what_the_contracts_render() -> None:
    for path, text in render_staging().items():
        assert path.read_text(encoding="utf-8") == text, f"run `make contracts`: {path.name}"


def test_no_staging_model_of_a_source_is_written_by_hand() -> None:
    rendered = set(render_staging())
    folders = {path.parent for path in rendered}
    assert {path for folder in folders for path in folder.iterdir()} == rendered


def test_a_staging_model_renames_groups_and_takes_the_latest_delivery_of_a_key() -> None:
    sql = render_model(get_contract("finance.gl_balance"))
    assert (
        """    select
        -- ids
        branch_id,
        -- text
        gl_account_code,
        currency_code,
        -- numbers
        balance as balance_amount,
        -- dates
        month_end_date,
        -- lineage
        business_date,
        load_id
    from source
    qualify row_number() over (
        partition by branch_id, gl_account_code, currency_code, month_end_date
        order by business_date desc
    ) = 1
"""
        in sql
    )


def test_a_staging_model_keeps_every_night_of_a_snapshot_and_only_tokens_of_a_person() -> None:
    sql = render_model(get_contract("branch.customer"))
    assert "qualify" not in sql
    assert "document_number_token" in sql
    assert "        document_number,\n" not in sql


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_feed_has_a_staging_model_that_carries_its_key(name: str) -> None:
    contract = CONTRACTS[name]
    folder = PROJECT_FOLDER / "models" / "staging" / contract.source
    sql = (folder / f"{model_name(contract)}.sql").read_text()
    assert f"source_rows('{contract.source}', '{contract.feed}')" in sql
    for column in contract.column_names:
        assert column in sql


def test_every_mart_that_a_column_says_needs_it_is_known() -> None:
    known = {path.stem for path in (PROJECT_FOLDER / "models" / "marts").rglob("*.sql")}
    named = {mart for c in CONTRACTS.values() for column in c.columns for mart in column.needed_by}
    assert named <= known


def test_an_unknown_feed_names_the_known_ones() -> None:
    with pytest.raises(ContractError, match="Known feeds"):
        get_contract("branch.nonsense")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"key": ["nobody"]}, "unknown columns"),
        ({"grian": "typo"}, "Extra inputs"),
        ({"delivery": "weekly"}, "delivery"),
        ({"feed": "other"}, "describes teller.other"),
        ({"latest_by_key": True}, "each night stays"),
        ({"columns": [STAGED | {"name": "a"}, STAGED | {"name": "b"}], "key": ["a"]}, "one name"),
        ({"columns": [STAGED | {"name": "a", "personal": "text"}], "key": []}, "not for personal"),
    ],
)
def test_a_malformed_contract_is_refused_by_file_and_reason(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    write_contract(tmp_path, **changes)
    with pytest.raises(ContractError, match=message) as caught:
        load_contracts(tmp_path)
    assert "teller.yml" in str(caught.value)


def test_a_reference_to_an_unknown_feed_is_refused(tmp_path: Path) -> None:
    write_contract(tmp_path)
    with pytest.raises(ContractError, match=r"references unknown branch\.branch"):
        load_contracts(tmp_path)
