"""Published files that are damaged, in use, or left over."""

from __future__ import annotations

import threading
import time
from datetime import date
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from bankcrm.errors import BankcrmError, DamagedVersion
from bankcrm.settings import Settings
from bankcrm.warehouse.manifest import manifest_path
from bankcrm.warehouse.versions import (
    BrokenPointer,
    current_version,
    list_versions,
    open_published,
    verified_version,
    version_file,
)
from cube.engine.warehouse import Warehouse
from pipelines.cli import app
from pipelines.publishing.publish import next_version, prune, publish, remove_leftovers, start_build
from pipelines.publishing.rollback import roll_back

NIGHT = date(2024, 1, 31)
FIRST, SECOND = "2024-01-31-001", "2024-01-31-002"


def publish_number(settings: Settings, number: int) -> str:
    """Publish a version of one table that says which one it is, in many rows."""
    build_file = start_build(settings, None)
    version = next_version(settings, NIGHT)
    with duckdb.connect(str(build_file)) as connection:
        connection.execute("create schema meta")
        connection.execute(
            "create table meta.version as select $1::varchar as version, $2::date as business_date",
            [version, NIGHT],
        )
        connection.execute(
            f"create table answer as select {number} as number, hash(range) as noise"
            " from range(100_000)"
        )
    publish(settings, build_file, version)
    return version


def read_number(settings: Settings) -> int:
    with open_published(settings) as connection:
        row = connection.execute("select min(number), max(number) from answer").fetchone()
    assert row is not None and row[0] == row[1]
    return int(row[0])


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(home=tmp_path, keep_versions=2)
    publish_number(settings, 1)
    publish_number(settings, 2)
    return settings


def truncate(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.truncate(path.stat().st_size // 2)


def flip_a_bit(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.seek(path.stat().st_size // 2)
        byte = stream.read(1)
        stream.seek(-1, 1)
        stream.write(bytes([byte[0] ^ 1]))


def test_a_truncated_published_file_is_refused_and_the_previous_served(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    truncate(version_file(settings, SECOND))
    assert read_number(settings) == 1
    assert f"reading {FIRST} instead" in caplog.text
    with pytest.raises(DamagedVersion, match="had"), open_published(settings, SECOND):
        pass
    assert verified_version(settings) is None, "nothing is built upon it"


@pytest.mark.parametrize("harm", [truncate, flip_a_bit])
def test_a_server_refuses_a_truncated_or_bit_flipped_file_and_serves_the_previous(
    settings: Settings, harm: type
) -> None:
    harm(version_file(settings, SECOND))
    warehouse = Warehouse(settings)
    with warehouse.pin() as version:
        assert version.name == FIRST
    warehouse.close()


def test_verify_names_the_damaged_version_and_ends_with_exit_code_10(settings: Settings) -> None:
    verify = ["verify", "--home", str(settings.home)]
    assert CliRunner().invoke(app, verify).exit_code == 0
    flip_a_bit(version_file(settings, FIRST))
    result = CliRunner().invoke(app, verify)
    assert result.exit_code == 10
    assert f"{SECOND}: sound" in result.output
    assert "is not the file that was published" in " ".join(result.output.split())


def test_rollback_refuses_a_damaged_version(settings: Settings) -> None:
    truncate(version_file(settings, FIRST))
    with pytest.raises(DamagedVersion):
        roll_back(settings)
    assert current_version(settings) == SECOND


def test_rollback_takes_one_command_and_less_than_a_second(settings: Settings) -> None:
    begin = time.perf_counter()
    assert roll_back(settings) == FIRST
    assert read_number(settings) == 1
    assert time.perf_counter() - begin < 1


def test_leftover_logs_and_parts_are_removed_before_a_build_and_never_replayed(
    settings: Settings,
) -> None:
    folder = settings.published_folder
    (folder / f"{SECOND}.duckdb.wal").write_bytes(b"another file's transactions")
    (folder / "CURRENT.part").write_text("half")
    (folder / "2024-02-01-001.json").write_text("a manifest whose version never came")
    left = sorted(path.name for path in remove_leftovers(settings))
    assert left == ["2024-01-31-002.duckdb.wal", "2024-02-01-001.json", "CURRENT.part"]
    assert read_number(settings) == 2


@pytest.mark.parametrize("content", [None, b"", b"gone.duckdb\n", b"\xff\xfe\x00"])
def test_current_missing_empty_or_dangling_is_named_with_the_way_out(
    settings: Settings, content: bytes | None
) -> None:
    pointer = settings.published_folder / "CURRENT"
    pointer.unlink() if content is None else pointer.write_bytes(content)
    with pytest.raises(BrokenPointer) as caught, open_published(settings):
        pass
    assert "rollback --to" in caught.value.remedy
    assert verified_version(settings) is None
    screen = CliRunner().invoke(app, ["status", "--home", str(settings.home)]).output
    assert "Damaged" in screen and "rollback --to" in screen
    roll_back(settings, SECOND)
    assert read_number(settings) == 2


def test_retention_never_removes_a_version_in_use(settings: Settings) -> None:
    with open_published(settings, FIRST) as connection:
        publish_number(settings, 3)
        assert prune(settings) == []
        assert connection.execute("select max(number) from answer").fetchone() == (1,)
    assert prune(settings) == [FIRST]
    assert not manifest_path(version_file(settings, FIRST)).exists()


def test_a_version_that_a_server_has_open_is_kept_until_it_lets_go(settings: Settings) -> None:
    warehouse = Warehouse(settings)
    with warehouse.pin() as version:
        publish_number(settings, 3)
        publish_number(settings, 4)
        assert prune(settings) == [FIRST]
        assert version.name == SECOND
    with warehouse.pin():
        "the server has moved on"
    assert prune(settings) == [SECOND]
    warehouse.close()


def test_a_query_across_a_publish_finishes_on_its_version(settings: Settings) -> None:
    with open_published(settings) as connection:
        rows = connection.execute("select number from answer")
        publish_number(settings, 3)
        prune(settings)
        assert {number for (number,) in rows.fetchall()} == {2}
    assert read_number(settings) == 3


def test_readers_over_many_publishes_see_whole_versions_and_no_error(settings: Settings) -> None:
    seen: list[int] = []
    errors: list[Exception] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            try:
                seen.append(read_number(settings))
            except (BankcrmError, duckdb.Error, OSError) as error:
                errors.append(error)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for number in range(3, 9):
        publish_number(settings, number)
        prune(settings)
    stop.set()
    for reader in readers:
        reader.join()
    assert not errors
    assert set(seen) <= set(range(2, 9))
    assert len(list_versions(settings)) <= 2 + len(readers)
