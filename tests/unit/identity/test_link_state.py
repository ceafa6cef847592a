"""What relinks every customer, and what does not: rules and parameters, never a sentence."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipelines.identity.link_state import (
    FOLDER,
    OTHER_MODULES,
    RULE_MODULES,
    hash_rules,
    is_up_to_date,
)
from pipelines.identity.parameters import load_parameters
from pipelines.identity.schema import create_identity_schema
from tests.unit.identity.conftest import DAYS, Bank


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """A copy of the modules."""
    for module in FOLDER.glob("*.py"):
        shutil.copy(module, tmp_path)
    return tmp_path


def change(room: Path, module: str, before: str, after: str) -> None:
    path = room / f"{module}.py"
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")


def test_every_module_is_a_rule_or_named_as_none() -> None:
    modules = {path.stem for path in FOLDER.glob("*.py")}
    assert modules == {*RULE_MODULES, *OTHER_MODULES}
    assert not {*RULE_MODULES} & {*OTHER_MODULES}


@pytest.mark.parametrize(
    ("module", "before", "after"),
    [
        ("clusters", '"""Who is one customer', '"""Who may be one customer'),
        ("clusters", '"""Nothing but its own id', '"""No more than its own id'),
        ("clusters", '"""Whether the two may be', '"""Whether both may be'),
        ("evidence", "# A decision may name", "# Decisions may name"),
        ("evidence", "\n\n\n", "\n\n\n\n"),
        ("review", "No pair of customers has the id", "There is no pair of the id"),
    ],
)
def test_a_changed_sentence_relinks_nobody(
    room: Path, module: str, before: str, after: str
) -> None:
    change(room, module, before, after)
    assert hash_rules(room) == hash_rules()


@pytest.mark.parametrize(
    ("module", "before", "after"),
    [
        ("clusters", "EXACT_DOCUMENT = 1", "EXACT_DOCUMENT = 4"),
        ("edges", "anti join identity.placeholder", "semi join identity.placeholder"),
        ("evidence", "PLACES = 6", "PLACES = 5"),
        ("link", "1 as match_confidence", "0 as match_confidence"),
        ("linkage", "l.source_system <> r.source_system", "true"),
        ("schema", "left(md5({parts}), 10)", "left(md5({parts}), 12)"),
        ("source_records", "min(business_date) as seen", "max(business_date) as seen"),
    ],
)
def test_a_changed_rule_relinks_everybody(room: Path, module: str, before: str, after: str) -> None:
    assert module in RULE_MODULES
    change(room, module, before, after)
    assert hash_rules(room) != hash_rules()


def test_every_rule_module_is_hashed(room: Path) -> None:
    hashes = set()
    for module in RULE_MODULES:
        path = room / f"{module}.py"
        path.write_text(path.read_text(encoding="utf-8") + "\nADDED = 1\n", encoding="utf-8")
        hashes.add(hash_rules(room))
    assert len(hashes) == len(RULE_MODULES)


def test_changed_parameters_relink_everybody(bank: Bank) -> None:
    bank.deliver(DAYS[0], "branch:B1")
    bank.link()
    parameters = load_parameters()
    assert is_up_to_date(bank.connection, parameters)
    changed = parameters.model_copy(update={"prior": parameters.prior * 2})
    assert not is_up_to_date(bank.connection, changed)


def test_a_database_of_earlier_names_is_renamed_and_keeps_links_scores_and_decisions(
    bank: Bank,
) -> None:
    bank.deliver(DAYS[0], "branch:B1")
    bank.deliver(DAYS[0], "card:K1")
    bank.link()
    tables = ("source_attribute", "link", "pair", "compared", "decision")
    before = [bank.connection.execute(f"from identity.{name}").fetchall() for name in tables]
    assert before[0] and before[1] and before[2]
    bank.connection.execute("alter table identity.source_attribute rename to said")
    for name in ("system", "customer_id"):
        bank.connection.execute(
            f"alter table identity.link rename survivor_{name} to founder_{name}"
        )
    create_identity_schema(bank.connection)
    assert before == [bank.connection.execute(f"from identity.{t}").fetchall() for t in tables]
    assert bank.link().customers_affected == 0
    columns = {name for name, *_ in bank.connection.execute("describe identity.link").fetchall()}
    assert {"survivor_system", "survivor_customer_id"} <= columns
