"""The version a build starts from, and the first day it has to build again."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from datetime import date

import duckdb

from bankcrm.settings import Settings
from bankcrm.sql import fetch_row
from bankcrm.warehouse.versions import open_published, verified_version
from pipelines.build.project import hash_project
from pipelines.build.refresh_from import BuiltVersion, find_refresh_from, read_built, read_loads
from pipelines.parameters.changes import ParameterChange, find_parameter_changes
from pipelines.parameters.seeds import SEEDS_FOLDER

logger = logging.getLogger("bankcrm.build")


@dataclass(frozen=True)
class Base:
    """The version a build starts from: nothing, when the project or a parameter without validity
    has changed.

    ``project_hash`` is that of the project which builds upon it, taken before the build.
    ``published`` is the version readers see, if it is intact, and ``published_loads`` what
    it holds; ``built`` is what the build starts from, empty when it starts from nothing.
    """

    project_hash: str
    version: str | None = None
    built: BuiltVersion = field(default_factory=BuiltVersion)
    parameter_changes: tuple[ParameterChange, ...] = ()
    published: str | None = None
    published_loads: tuple[int, ...] = ()
    published_date: date | None = None


def read_base(settings: Settings) -> Base:
    """The version to build upon, as the project and the parameters stand now."""
    project_hash = hash_project()
    version = verified_version(settings)
    if version is None:
        return Base(project_hash)
    with open_published(settings, version) as connection:
        built_with, published_date = fetch_row(
            connection, "select project_hash, business_date from meta.version"
        )
        if built_with != project_hash:
            logger.info("models, macros or tests changed since %s: rebuilding everything", version)
            loads = read_loads(connection)
            return Base(
                project_hash,
                published=version,
                published_loads=loads,
                published_date=published_date,
            )
        built = read_built(connection)
        changes = tuple(find_parameter_changes(connection, SEEDS_FOLDER))
    base = Base(project_hash, version, built, changes, version, built.loads, published_date)
    if any(change.changed_from is None for change in changes):
        return replace(base, version=None, built=BuiltVersion())
    return base


def find_first_day(connection: duckdb.DuckDBPyConnection, base: Base) -> date | None:
    """Earliest day that deliveries, links or parameters affect; None when nothing is new."""
    days = [find_refresh_from(connection, base.built)]
    days += [change.changed_from for change in base.parameter_changes]
    return min((day for day in days if day is not None), default=None)
