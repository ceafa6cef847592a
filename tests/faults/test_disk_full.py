"""A full disk: asked for before, named when it happens, and gone without a trace afterwards."""

from __future__ import annotations

import resource
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines import build
from pipelines.errors import DiskFull, FailedBuild
from pipelines.operations.journal import Journal
from pipelines.refresh import refresh
from pipelines.settings import Settings
from pipelines.versions import current_version
from tests.faults.homes import NINTH, copy_home, deliver, fingerprints, run_refresh

OLD = "2024-02-02-001"
ROOM = 8_000_000


@pytest.fixture
def small_disk(published_bank: Settings, later: Path, tmp_path: Path) -> Iterator[Settings]:
    """A home on a disk of its own that has a few megabytes left."""
    size = sum(p.stat().st_size for p in published_bank.home.rglob("*") if p.is_file())
    place = tmp_path / "disk"
    place.mkdir()
    options = f"size={int(size * 1.1) + ROOM}"
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


def fill_disk(settings: Settings, leave: int) -> Path:
    """Leave so many bytes of the disk free."""
    filler = settings.home.parent / "filler"
    with filler.open("wb") as stream:
        for _ in range((shutil.disk_usage(settings.home).free - leave) // 4096):
            stream.write(b"\0" * 4096)
    return filler


def test_the_room_is_asked_for_before_anything_is_loaded(waiting_bank: Settings) -> None:
    greedy = Settings(home=waiting_bank.home, disk_reserve_bytes=10**15)
    with pytest.raises(DiskFull, match="may need") as caught:
        refresh(greedy)
    assert caught.value.exit_code == 9
    assert current_version(waiting_bank) == OLD
    assert len(Journal(waiting_bank.home).read("run_started")) == 1


@pytest.mark.parametrize(
    ("step", "leave"), [("load", 300_000), ("build", 1_500_000), ("publish", 40_000)]
)
def test_a_disk_full_at_load_build_or_publish_leaves_the_published_version(
    small_disk: Settings, published_bank: Settings, step: str, leave: int
) -> None:
    """The disk fills up right before the step; once there is room again, the night goes on."""
    before = fingerprints(published_bank)
    if step == "build":
        run_refresh(small_disk, failpoint="build:before")
    if step == "publish":
        make_finished_build(small_disk)
    filler = fill_disk(small_disk, leave)
    exit_code, screen = run_refresh(small_disk)
    assert exit_code == 9, screen
    assert "The disk is full" in screen or "may need" in screen
    assert fingerprints(small_disk) == before
    filler.unlink()
    exit_code, screen = run_refresh(small_disk, failpoint="build:before:error")
    assert "Stopped on purpose" in screen, screen


def make_finished_build(settings: Settings) -> None:
    run_refresh(settings, failpoint="check:before")


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
