"""A full disk: asked for before, named when it happens, and gone without a trace afterwards."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bankcrm.errors import DiskFull, FailedBuild
from bankcrm.failpoints import PERMISSION, PLACE, FailpointReached
from bankcrm.settings import Settings
from bankcrm.warehouse.versions import current_version
from pipelines.build import dbt as build
from pipelines.operations.journal import Journal
from pipelines.operations.runs import read_runs
from pipelines.refresh import build_step, load_step, publish_step
from pipelines.refresh.refresh import refresh
from tests.faults.homes import NINTH, copy_home, deliver, fingerprints, run_refresh

OLD = "2024-02-02-001"
ROOM = 80_000_000


@pytest.fixture
def small_disk(published_bank: Settings, later: Path, tmp_path: Path) -> Iterator[Settings]:
    """A home on a disk of its own that has room for a refresh."""
    size = sum(p.stat().st_size for p in published_bank.home.rglob("*") if p.is_file())
    place = tmp_path / "disk"
    place.mkdir()
    options = f"size={size * 3 + ROOM}"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if mounted.returncode != 0:
        pytest.skip(f"no small disk can be made here: {mounted.stderr.strip()}")
    try:
        settings = copy_home(published_bank, place / "bank")
        deliver(later, settings, NINTH)
        yield settings
    finally:
        subprocess.run(["umount", str(place)], check=True)


def fill_disk(settings: Settings) -> Path:
    """Leave nothing of the disk free."""
    filler = settings.home.parent / "filler"
    with filler.open("wb") as stream, suppress(OSError):
        while True:
            stream.write(b"\0" * 4096)
            stream.flush()
    return filler


def test_the_room_is_asked_for_before_anything_is_loaded(waiting_bank: Settings) -> None:
    greedy = Settings(home=waiting_bank.home, disk_reserve_bytes=10**15)
    with pytest.raises(DiskFull, match="may need") as caught:
        refresh(greedy)
    assert caught.value.exit_code == 9
    assert current_version(waiting_bank) == OLD
    assert len(Journal(waiting_bank.home).read("run_started")) == 1


@pytest.mark.parametrize(
    ("module", "step"),
    [(load_step, "Loader"), (build_step, "start_build"), (publish_step, "publish")],
)
def test_a_disk_full_at_load_build_or_publish_leaves_the_published_version(
    small_disk: Settings,
    published_bank: Settings,
    module: ModuleType,
    step: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The disk fills up right before the step; once there is room again, the night goes on."""
    work = getattr(module, step)

    def fill_and_work(*arguments: Any) -> Any:
        fill_disk(small_disk)
        return work(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(module, step, fill_and_work)
        with pytest.raises(DiskFull) as caught:
            refresh(small_disk)
    filler = small_disk.home.parent / "filler"
    assert filler.exists(), "the step was reached"
    assert caught.value.exit_code == 9
    assert fingerprints(small_disk) == fingerprints(published_bank)

    filler.unlink()
    monkeypatch.setenv(PERMISSION, "1")
    monkeypatch.setenv(PLACE, "build:before:error" if step != "publish" else "check:before:error")
    with pytest.raises(FailpointReached):
        refresh(small_disk)
    taken_up = [s.detail.get("taken_up") for s in read_runs(small_disk)[-1].steps if s.detail]
    assert (True in taken_up) == (step == "publish")


def test_words_of_dbt_about_a_full_disk_are_told_from_a_failed_test(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What dbt says is made up here; the slow test below lets dbt say it."""
    for words, error in (
        ("IO Error: Could not write file: No space left on device", DiskFull),
        ("Got 1 result, configured to fail if != 0", FailedBuild),
    ):
        told = build._Progress(errors=[words])
        monkeypatch.setattr(build, "_run_child", lambda *_, told=told: (1, told))
        with pytest.raises(error):
            build.run_dbt(Settings(home=tmp_path), tmp_path / "x.duckdb", NINTH)


@pytest.mark.slow
def test_dbt_that_cannot_write_further_says_that_the_disk_is_full(
    waiting_bank: Settings, published_bank: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A limit on the size of files stands in for the disk: dbt inherits it."""
    largest = max(p.stat().st_size for p in waiting_bank.home.rglob("*.duckdb"))
    run_refresh(waiting_bank, failpoint="verify:after")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, hard))
    try:
        exit_code, screen = run_refresh(waiting_bank)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert exit_code == 9, screen
    assert fingerprints(waiting_bank) == fingerprints(published_bank)
