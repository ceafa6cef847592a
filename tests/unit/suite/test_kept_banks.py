"""Kept banks are those of the README, come back whole, and pack to the same bytes."""

from __future__ import annotations

import re
import tarfile
from pathlib import Path

import pytest

from bankcrm.files import hash_file
from bankcrm.settings import Settings
from pipelines.landing.folder import find_deliveries
from tests.banks.kept import FOLDER, kept_bank, pack_bank

README = (FOLDER / "README.md").read_text(encoding="utf-8")
HASHES = dict(re.findall(r"^\| `(\w+)\.tar\.xz` .*`([0-9a-f]{12})…` \|$", README, re.MULTILINE))
DELIVERIES = {"sample": 1136, "second": 3671}


def test_the_archives_are_those_of_the_readme() -> None:
    found = {path.name.split(".")[0]: hash_file(path)[:12] for path in FOLDER.glob("*.tar.xz")}
    assert found == HASHES and found.keys() == DELIVERIES.keys()


@pytest.mark.parametrize("name", DELIVERIES)
def test_a_bank_comes_back_as_deliveries_with_their_statements(tmp_path: Path, name: str) -> None:
    kept_bank(name, tmp_path)
    found = find_deliveries(Settings(home=tmp_path))
    assert len(found.deliveries) == DELIVERIES[name]
    assert all(hash_file(one.data_file) == one.sha256 for one in found.deliveries)
    assert (tmp_path / "truth" / "customer_truth.csv").is_file()


def test_the_same_files_pack_to_the_same_bytes_at_any_hour(tmp_path: Path) -> None:
    archives = []
    for turn, names in enumerate((["b", "a"], ["a", "b"])):
        feed = tmp_path / f"home{turn}" / "landing" / "branch" / "account"
        feed.mkdir(parents=True)
        for name in names:
            (feed / name).write_text(name, encoding="utf-8")
            (feed / name).chmod(0o600 + 0o044 * turn)
        archives.append(tmp_path / f"{turn}.tar.xz")
        pack_bank(tmp_path / f"home{turn}", archives[-1])
    assert archives[0].read_bytes() == archives[1].read_bytes()
    with tarfile.open(archives[0]) as archive:
        assert archive.getnames() == [f"landing/branch/account/{name}" for name in "ab"]


def test_an_unknown_bank_and_a_bank_on_top_of_another_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there are sample, second"):
        kept_bank("third", tmp_path)
    (tmp_path / "landing").mkdir()
    with pytest.raises(FileExistsError):
        kept_bank("second", tmp_path)
