"""Exports: every mart of the published version as a Parquet file, for those who read no DuckDB."""

from __future__ import annotations

import shutil

import duckdb

from bankcrm.audit import acting_user, record
from bankcrm.settings import Settings
from bankcrm.sql import quote_name, quote_text
from bankcrm.warehouse.versions import current_version, list_versions, version_file


def write_exports(settings: Settings) -> int:
    """Write the marts of the published version into ``<export_folder>/<version>/``.

    A folder appears whole or not at all, is never written twice, and goes when its version goes.

    Returns:
        Number of tables written now; 0 where no export folder is set.
    """
    folder, version = settings.export_folder, current_version(settings)
    if folder is None or version is None:
        return 0
    target = folder / version
    if target.exists():
        return 0
    part = folder / f"{version}.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    with duckdb.connect(str(version_file(settings, version)), read_only=True) as connection:
        tables = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'marts' order by all"
        ).fetchall()
        for (table,) in tables:
            file = quote_text(str(part / f"{table}.parquet"))
            connection.execute(f"copy marts.{quote_name(table)} to {file} (format parquet)")
    details = {"folder": target, "tables": len(tables)}
    record(settings, "exported", acting_user(), version, details)
    part.rename(target)
    for old in folder.iterdir():
        if old.name not in list_versions(settings):
            shutil.rmtree(old)
    return len(tables)
