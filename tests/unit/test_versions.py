"""Versions and the pointer: readers always meet exactly one whole version."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from bankcrm.errors import BankcrmError, NothingPublished
from bankcrm.settings import Settings
from bankcrm.warehouse.versions import current_version, list_versions, open_published
from pipelines.publishing.publish import next_version, point_to, prune, publish, start_build
from pipelines.publishing.rollback import roll_back

NIGHT = date(2024, 1, 31)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, keep_versions=2)


def publish_number(settings: Settings, number: int) -> str:
    build_file = start_build(settings, None)
    with duckdb.connect(str(build_file)) as connection:
        connection.execute(f"create table answer as select {number} as number")
    version = next_version(settings, NIGHT)
    publish(settings, build_file, version)
    return version


def read_number(settings: Settings) -> int:
    with open_published(settings) as connection:
        row = connection.execute("select number from answer").fetchone()
    assert row is not None
    return int(row[0])


def test_the_published_version_is_the_last_one_and_rollback_returns_to_the_one_before(
    settings: Settings,
) -> None:
    first, second = publish_number(settings, 1), publish_number(settings, 2)
    assert (first, second) == ("2024-01-31-001", "2024-01-31-002")
    assert read_number(settings) == 2
    assert roll_back(settings) == first
    assert read_number(settings) == 1
    point_to(settings, second)
    assert read_number(settings) == 2


def test_a_version_number_is_never_used_twice_after_a_rollback(settings: Settings) -> None:
    publish_number(settings, 1)
    publish_number(settings, 2)
    roll_back(settings)
    assert next_version(settings, NIGHT) == "2024-01-31-003"


def test_an_open_connection_keeps_its_version_while_a_new_one_is_published(
    settings: Settings,
) -> None:
    publish_number(settings, 1)
    with open_published(settings) as connection:
        publish_number(settings, 2)
        assert connection.execute("select number from answer").fetchone() == (1,)
    assert read_number(settings) == 2


def test_old_versions_are_pruned_and_the_published_one_never_is(settings: Settings) -> None:
    oldest = publish_number(settings, 1)
    for number in (2, 3, 4):
        publish_number(settings, number)
    point_to(settings, oldest)
    prune(settings)
    assert list_versions(settings) == [oldest, "2024-01-31-003", "2024-01-31-004"]
    assert read_number(settings) == 1


def test_leftovers_of_a_build_that_was_cut_short_are_thrown_away(settings: Settings) -> None:
    leftover = start_build(settings, None)
    leftover.with_name(leftover.name + ".wal").write_bytes(b"half a transaction")
    fresh = start_build(settings, None)
    assert [path.name for path in fresh.parent.iterdir()] == [fresh.name]


def test_a_build_with_a_write_ahead_log_beside_it_is_not_published(settings: Settings) -> None:
    build_file = start_build(settings, None)
    build_file.with_name(build_file.name + ".wal").write_bytes(b"x")
    with pytest.raises(BankcrmError, match="write-ahead log"):
        publish(settings, build_file, "2024-01-31-001")
    assert current_version(settings) is None


@pytest.mark.parametrize("content", ["", "gone.duckdb\n", "../raw.duckdb\n"])
def test_a_pointer_to_nothing_is_an_error_that_names_the_way_out(
    settings: Settings, content: str
) -> None:
    publish_number(settings, 1)
    (settings.published_folder / "CURRENT").write_text(content)
    with pytest.raises(BankcrmError, match="not a published version") as caught:
        current_version(settings)
    assert "rollback --to" in caught.value.remedy


def test_reading_before_anything_is_published_says_what_to_run(settings: Settings) -> None:
    with pytest.raises(NothingPublished, match="bankcrm refresh"), open_published(settings):
        pass


@pytest.mark.parametrize(
    "attack",
    [
        "select * from read_csv('/etc/hostname')",
        "select * from glob('/*')",
        "copy answer to '/tmp/stolen.csv'",
        "attach '/tmp/other.duckdb'",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "set memory_limit = '100GB'",
        "create table more as select 1",
        "delete from answer",
    ],
)
def test_a_published_connection_reads_its_tables_and_nothing_else(
    settings: Settings, attack: str
) -> None:
    publish_number(settings, 1)
    with open_published(settings) as connection, pytest.raises(duckdb.Error):
        connection.execute(attack)
