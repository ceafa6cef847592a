"""Our side of the benchmark: load, build, night and publishing, as the refresh does them."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from bankcrm.dates import BEGINNING
from bankcrm.errors import BankcrmError
from bankcrm.settings import Settings
from bankcrm.warehouse.versions import open_published, version_file
from benchmarks.bare import Node, count_rows, read_nodes
from benchmarks.timing import measure
from pipelines.build.dbt import run_dbt
from pipelines.build.project import hash_project
from pipelines.build.refresh_from import find_refresh_from, read_built
from pipelines.build.seal import VersionLabel, seal
from pipelines.identity.link import link_customers
from pipelines.landing.control import ControlFile
from pipelines.landing.folder import Delivery, find_deliveries
from pipelines.loading.complete_through import set_complete_through
from pipelines.loading.load import Loader
from pipelines.loading.raw import open_raw
from pipelines.publishing.publish import next_version, publish, start_build
from pipelines.sources.sample import make_sample_bank

LOAD, FULL, NIGHT, PUBLISH = "load", "full build", "one night", "seal and publish"


@dataclass(frozen=True)
class Bank:
    """A sample bank in the landing folder of its settings."""

    settings: Settings
    deliveries: tuple[Delivery, ...]

    @property
    def rows(self) -> int:
        """Rows of all deliveries."""
        controls = (delivery.control for delivery in self.deliveries)
        return sum(control.rows for control in controls if isinstance(control, ControlFile))

    @property
    def size(self) -> int:
        """Bytes of all deliveries, as delivered: some feeds are compressed."""
        return sum(delivery.data_file.stat().st_size for delivery in self.deliveries)


@dataclass(frozen=True)
class Stage:
    """What the builds start from and end in.

    ``base`` is a version that lacks the last night, which touches the dates from
    ``refresh_from`` on; ``full`` is the version that full builds publish, each over the last.
    """

    base: str
    full: str
    business_date: date
    refresh_from: date
    nodes: list[Node]


def prepare_bank(home: Path, customers: int, days: int) -> Bank:
    """The sample bank of that size; an earlier benchmark may have left it."""
    settings = Settings(home=home / f"{customers}x{days}", landing=None)
    if not settings.landing_folder.exists():
        part = settings.home / "landing.part"
        shutil.rmtree(part, ignore_errors=True)
        make_sample_bank(part, customers=customers, days=days)
        part.rename(settings.landing_folder)
    return Bank(settings, find_deliveries(settings).deliveries)


def load(bank: Bank) -> dict[str, float]:
    """Load every delivery into a fresh raw database.

    Raises:
        BankcrmError: a delivery is not loaded.
    """
    shutil.rmtree(bank.settings.raw_file.parent, ignore_errors=True)
    with (
        measure() as watch,
        open_raw(bank.settings) as connection,
        Loader(connection, bank.settings.max_file_bytes) as loader,
    ):
        results = [loader.load(delivery) for delivery in bank.deliveries]
    for result in results:
        if result.status != "loaded":
            raise BankcrmError(
                f"{result.file_name} was {result.status}: {'; '.join(result.problems)}",
                f"Remove {bank.settings.home} and run the benchmark again.",
            )
    return watch.to_figures(LOAD)


def prepare_builds(bank: Bank) -> Stage:
    """Publish a version without the last night, from the raw database that holds every night."""
    settings = bank.settings
    shutil.rmtree(settings.published_folder, ignore_errors=True)
    with open_raw(settings) as connection:
        last_night = set_complete_through(connection)
        assert last_night is not None
        # The horizon hides the nights behind it from the models: this one is not built yet.
        connection.execute("update ops.complete_through set business_date = business_date - 1")
        link_customers(connection)
    base = next_version(settings, last_night)
    build_file = start_build(settings, None)
    run_dbt(settings, build_file, BEGINNING)
    nodes = read_nodes(settings.home / "target")
    _publish(settings, build_file, base, last_night)
    with open_published(settings, base) as published:
        built = read_built(published)
    with open_raw(settings) as connection:
        set_complete_through(connection)
        link_customers(connection)
        refresh_from = find_refresh_from(connection, built)
    assert refresh_from is not None
    return Stage(base, next_version(settings, last_night), last_night, refresh_from, nodes)


def build_full(bank: Bank, stage: Stage) -> dict[str, float]:
    """Build every date in an empty file, then seal and publish it."""
    with measure() as building:
        build_file = start_build(bank.settings, None)
        run_dbt(bank.settings, build_file, BEGINNING)
    parts = _split_build(FULL, building.seconds, bank.settings)
    with measure() as publishing:
        _publish(bank.settings, build_file, stage.full, stage.business_date)
    return {FULL: building.seconds, **parts, PUBLISH: publishing.seconds}


def build_night(bank: Bank, stage: Stage) -> dict[str, float]:
    """Build the last night upon a copy of the version before it.

    Raises:
        BankcrmError: a table has another number of rows than after the full build.
    """
    with measure() as building:
        build_file = start_build(bank.settings, stage.base)
        run_dbt(bank.settings, build_file, stage.refresh_from)
    compare_tables(bank, stage, build_file)
    return {NIGHT: building.seconds, **_split_build(NIGHT, building.seconds, bank.settings)}


def compare_tables(bank: Bank, stage: Stage, database: Path) -> None:
    """Compare another build with the last full one.

    Raises:
        BankcrmError: a table has another number of rows.
    """
    schemas = sorted({node.schema for node in stage.nodes if node.kind in ("table", "seed")})
    ours = count_rows(version_file(bank.settings, stage.full), schemas)
    other = count_rows(database, schemas)
    differing = [name for name in ours.keys() | other.keys() if ours.get(name) != other.get(name)]
    if differing:
        raise BankcrmError(f"{database} differs from the full build in {', '.join(differing)}")


def _publish(settings: Settings, build_file: Path, version: str, business_date: date) -> None:
    label = VersionLabel(version, business_date, hash_project())
    seal(build_file, settings.raw_file, label)
    publish(settings, build_file, version)


def _split_build(name: str, seconds: float, settings: Settings) -> dict[str, float]:
    """Where the seconds of the last ``dbt build`` went, from the results that dbt leaves."""
    results = json.loads((settings.home / "target" / "run_results.json").read_text())
    spent: Counter[str] = Counter()
    for result in results["results"]:
        spent[result["unique_id"].split(".")[0] + "s"] += result["execution_time"]
    parts = {
        "start and parse": seconds - results["elapsed_time"],
        "between nodes": results["elapsed_time"] - spent.total(),
    }
    return {f"{name}: {part}": value for part, value in (parts | spent).items()}
