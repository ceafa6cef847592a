"""A customer merged and split again: what the bridge shows, and whom the facts belong to."""

from __future__ import annotations

import shutil
from datetime import date
from typing import Any

import pytest
from typer.testing import CliRunner

from bankcrm.settings import Settings
from bankcrm.warehouse.fingerprint import fingerprint_tables
from bankcrm.warehouse.versions import open_published
from pipelines.cli import app
from pipelines.refresh.refresh import refresh
from tests.integration.banks import copy_bank, keep_from

EIGHTH, NINTH = date(2024, 2, 2), date(2024, 2, 3)


class Story:
    """One bank, chapter by chapter."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def run(self, *words: str) -> str:
        runner = CliRunner(env={"COLUMNS": "160"})
        result = runner.invoke(app, [*words, "--home", str(self.settings.home)])
        assert result.exit_code == 0, result.output
        return " ".join(result.output.split())

    def query(self, statement: str, *values: str) -> list[tuple[Any, ...]]:
        with open_published(self.settings) as connection:
            return connection.execute(statement, list(values)).fetchall()

    def owner_of(self, card_id: str) -> set[int]:
        """Customers that entries, months and profit of a card belong to."""
        facts = ("fct_transaction", "fct_account_monthly", "fct_profit_monthly")
        named = " union ".join(
            f"select f.customer_durable_key from marts.{fact} as f"
            " join marts.dim_account as a on f.account_key = a.account_key"
            " where a.source_system = 'card' and a.account_id = $1"
            for fact in facts
        )
        return {key for (key,) in self.query(named, card_id)}

    def fingerprints(self) -> dict[str, tuple[int, int]]:
        with open_published(self.settings) as connection:
            return fingerprint_tables(connection)


@pytest.fixture(scope="module")
def story(delivered_bank: Settings, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """The bank up to its eighth night."""
    folder = tmp_path_factory.mktemp("story")
    settings = copy_bank(delivered_bank, folder / "bank")
    keep_from(settings, NINTH, aside=folder / "later")
    refresh(settings)
    return Story(settings)


MERGED_CARD = """
select branch.source_customer_id, card.source_customer_id, cards.account_id,
    branch.customer_durable_key
from marts.bridge_customer_xref as card
join marts.bridge_customer_xref as branch using (customer_durable_key)
join marts.bridge_account_customer as owners using (customer_durable_key)
join marts.dim_account as cards
    on owners.account_durable_key = cards.account_durable_key and cards.source_system = 'card'
join marts.fct_profit_monthly as profit on profit.account_key = cards.account_key
where card.source_system = 'card' and branch.source_system = 'branch'
    and card.is_current and branch.is_current
order by all limit 1
"""
HISTORY = """
select customer_durable_key, valid_from, is_current from marts.bridge_customer_xref
where source_system = 'card' and source_customer_id = $1 order by valid_from
"""


def test_a_customer_is_merged_split_by_a_person_and_merged_again(story: Story) -> None:
    ((branch_id, card_customer, card_id, key),) = story.query(MERGED_CARD)
    assert story.owner_of(card_id) == {key}

    names = (f"branch:{branch_id}", f"card:{card_customer}")
    output = story.run("identity", "split", *names, "--reason", "father and son", "--by", "Ann")
    assert "are not one customer from the next refresh on" in output
    later = story.settings.home.parent / "later"
    shutil.copytree(later, story.settings.landing_folder, dirs_exist_ok=True)
    refresh(story.settings)
    (own_key,) = story.owner_of(card_id)
    assert own_key != key
    assert story.query(HISTORY, card_customer) == [
        (key, date(1900, 1, 1), False),
        (own_key, EIGHTH, True),
    ]

    upon_the_version_before = story.fingerprints()
    shutil.rmtree(story.settings.published_folder)
    refresh(story.settings)
    assert story.fingerprints() == upon_the_version_before

    pair_id = output.partition(":")[0]
    story.run("identity", "undo", pair_id, "--reason", "one man after all", "--by", "Bob")
    report = refresh(story.settings)
    assert not report.results
    assert story.owner_of(card_id) == {key}
    assert [survivor for survivor, *_ in story.query(HISTORY, card_customer)] == [key, own_key, key]
