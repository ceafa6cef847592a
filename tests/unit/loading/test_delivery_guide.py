from __future__ import annotations

from pipelines.contracts.contract import load_contracts
from pipelines.documents.delivery_guide import GUIDE, render_delivery_guide


def test_the_committed_guide_is_what_the_contracts_render() -> None:
    assert GUIDE.read_text(encoding="utf-8") == render_delivery_guide(), "run `make contracts`"


def test_the_guide_names_every_column_value_and_rule() -> None:
    guide = render_delivery_guide()
    for contract in load_contracts().values():
        section = guide.split(f"\n### {contract.name}\n")[1].split("\n### ")[0]
        for column in contract.columns:
            assert f"| `{column.name}` |" in section
            assert all(f"`{value}`" in section for value in column.accepted)
        assert all(f"| `{rule.name}` |" in section for rule in contract.rules)


def test_cells_of_a_table_keep_their_columns() -> None:
    for line in render_delivery_guide().splitlines():
        if line.startswith("| `customer_id`"):
            assert line.replace("\\|", "").count("|") == 8
