"""The seed files as they lie in the project: rows with their lines, and the keys of validities."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import yaml

from bankcrm.files import hash_files
from bankcrm.settings import PROJECT_FOLDER

SEEDS_FOLDER = PROJECT_FOLDER / "seeds"


FROM, TO = "valid_from", "valid_to"
PROPERTIES = "_seeds.yml"


@dataclass(frozen=True)
class SeedRow:
    """One row of a seed file: the line it ends on, and its values by column, as text."""

    line: int
    values: dict[str, str]


@dataclass(frozen=True)
class Seed:
    """One seed file.

    ``validity_key`` are the columns that name one parameter, of which one row holds on a day;
    None where ``_seeds.yml`` does not say.
    """

    name: str
    path: Path
    columns: tuple[str, ...]
    rows: tuple[SeedRow, ...]
    validity_key: tuple[str, ...] | None

    @property
    def has_validity(self) -> bool:
        """Whether rows hold for a time."""
        return FROM in self.columns and TO in self.columns


def read_seeds(folder: Path) -> list[Seed]:
    """Every seed file of a folder, in the order of names.

    Rows with too few or too many fields keep the fields they have; dbt refuses them.
    """
    keys = _read_validity_keys(folder / PROPERTIES)
    return [_read_seed(path, keys.get(path.stem)) for path in sorted(folder.glob("*.csv"))]


def hash_seeds(folder: Path) -> str:
    """Hash of the seed files of a folder: equal hashes mean equal parameters."""
    return hash_files(folder, sorted(folder.glob("*.csv")))


def _read_seed(path: Path, validity_key: tuple[str, ...] | None) -> Seed:
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.reader(stream)
        columns = tuple(next(reader, []))
        rows = tuple(
            SeedRow(reader.line_num, dict(zip(columns, fields, strict=False)))
            for fields in reader
            if fields
        )
    return Seed(path.stem, path, columns, rows, validity_key)


def _read_validity_keys(path: Path) -> dict[str, tuple[str, ...]]:
    seeds = yaml.safe_load(path.read_text(encoding="utf-8"))["seeds"]
    configured = {seed["name"]: seed.get("config", {}).get("meta", {}) for seed in seeds}
    return {
        name: tuple(meta["validity_key"])
        for name, meta in configured.items()
        if "validity_key" in meta
    }
