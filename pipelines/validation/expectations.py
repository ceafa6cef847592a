"""Expectations of a delivery in Great Expectations, and the page that people read.

The loader's rules are SQL and stricter; these state, per contract, what a text file can be held
against without knowing the bank. Great Expectations is imported only when a page is written.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import duckdb
import pandas as pd

from bankcrm.files import hash_file
from bankcrm.sql import quote_name
from pipelines.contracts.contract import Column, Contract
from pipelines.landing.control import ControlFile, control_path
from pipelines.landing.control_records import carries_records, read_control, read_label
from pipelines.validation.examination import LARGEST_FILE
from pipelines.validation.header import split_header
from pipelines.validation.row_rules import normalise, text_pattern
from pipelines.validation.source import (
    Source,
    csv_sql,
    explain_failure,
    open_parquet,
)
from pipelines.validation.text_file import Workspace, open_text
from pipelines.validation.unreadable import is_unreadable

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite
    from great_expectations.core.batch_definition import BatchDefinition
    from great_expectations.data_context.data_context.ephemeral_data_context import (
        EphemeralDataContext,
    )
    from great_expectations.data_context.store.store import DataDocsSiteConfigTypedDict
    from great_expectations.expectations.expectation import Expectation

SITE = "delivery"
_DIGIT, _LETTER = re.compile(r"\d"), re.compile(r"[^\W\d_]")


def read_frame(path: Path, contract: Contract, max_bytes: int = LARGEST_FILE) -> pd.DataFrame:
    """Every column of a delivered file as normalised text, None where empty.

    Raises:
        RejectedDelivery: the file cannot be split into fields at all.
    """
    with Workspace() as workspace, duckdb.connect() as connection:
        source, names = _open(connection, path, contract, workspace, max_bytes)
        known = {column.name: normalise(column) for column in contract.columns}
        columns = ", ".join(
            f"{known.get(name, quote_name(name))} as {quote_name(name)}" for name in names
        )
        try:
            return connection.execute(f"select {columns} from {source.sql}").df()
        except duckdb.Error as error:
            if not is_unreadable(error):
                raise
            raise explain_failure(source, error) from error


def _open(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    contract: Contract,
    workspace: Workspace,
    max_bytes: int,
) -> tuple[Source, tuple[str, ...]]:
    """Source of a file with whatever columns it has, and their names."""
    if path.name.endswith(".parquet"):
        return open_parquet(connection, path, contract, max_bytes), contract.column_names
    delimiter = contract.format.delimiter
    text = open_text(path, contract.format, workspace, max_bytes)
    source = Source(path, csv_sql(text, delimiter), text, delimiter)
    return source, split_header(text.header_line, delimiter)


def hide_values(frame: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """The frame of a feed with personal columns as the page may quote it: shapes, not values.

    Letters become X and digits 9, except in keys and where a value is as expected and not personal:
    so every expectation is met or missed as before, wherever a name slipped to.
    """
    if contract.is_personal:
        for column in contract.columns:
            if column.name in frame and column.name not in contract.key:
                hide = partial(_hide_value, column)
                frame[column.name] = frame[column.name].map(hide, na_action="ignore")
    return frame


def _hide_value(column: Column, value: str) -> str:
    pattern = text_pattern(column)
    fits = value in column.accepted or (pattern is not None and re.fullmatch(pattern, value))
    if fits and not column.personal:
        return value
    return _LETTER.sub("X", _DIGIT.sub("9", value))


def build_suite(contract: Contract, rows: int | None = None) -> ExpectationSuite:
    """Great Expectations suite of a contract, over columns of text.

    Args:
        contract: feed of the delivery.
        rows: number of rows that the control file states, if known.
    """
    gx = _import_great_expectations()
    suite: ExpectationSuite = gx.ExpectationSuite(name=contract.name)
    for expectation in _table_expectations(gx.expectations, contract, rows):
        suite.add_expectation(expectation)
    for column in contract.columns:
        for expectation in _column_expectations(gx.expectations, column):
            suite.add_expectation(expectation)
    return suite


def write_data_docs(path: Path, contract: Contract, folder: Path) -> Path:
    """Validate a file and write the page about it.

    Args:
        path: data file; the row count of a control file beside it is held against it.
        contract: feed of the file.
        folder: folder for the pages.

    Returns:
        Path of ``index.html``.

    Raises:
        RejectedDelivery: the file cannot be split into fields at all.
    """
    frame = hide_values(read_frame(path, contract), contract)
    gx = _import_great_expectations()
    context = _open_context(gx, folder)
    validation = gx.ValidationDefinition(
        name=path.name.split(".", 1)[0],
        data=_add_batch(context, contract, path.name),
        suite=context.suites.add(build_suite(contract, _stated_rows(path, contract))),
    )
    checkpoint = gx.Checkpoint(
        name=contract.name,
        validation_definitions=[context.validation_definitions.add(validation)],
        actions=[gx.checkpoint.UpdateDataDocsAction(name="write_pages")],
        result_format={"result_format": "SUMMARY"},
    )
    context.checkpoints.add(checkpoint).run(batch_parameters={"dataframe": frame})
    return folder / "index.html"


def _import_great_expectations() -> ModuleType:
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "False")
    import great_expectations  # noqa: PLC0415 - takes seconds, and only this needs it

    return great_expectations


def _open_context(gx: ModuleType, folder: Path) -> EphemeralDataContext:
    """A context that keeps nothing but the pages in a folder."""
    context: EphemeralDataContext = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = gx.data_context.types.base.ProgressBarsConfig(globally=False)
    for name in list(context.get_site_names()):
        context.delete_data_docs_site(name)
    store = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder.resolve())}
    index = {"class_name": "DefaultSiteIndexBuilder"}
    site: DataDocsSiteConfigTypedDict = {
        "class_name": "SiteBuilder",
        "site_index_builder": index,
        "store_backend": store,
    }
    context.add_data_docs_site(site_name=SITE, site_config=site)
    return context


def _add_batch(
    context: EphemeralDataContext, contract: Contract, file_name: str
) -> BatchDefinition[None]:
    source = context.data_sources.add_pandas(contract.name)
    return source.add_dataframe_asset(file_name).add_batch_definition_whole_dataframe("whole_file")


def _stated_rows(path: Path, contract: Contract) -> int | None:
    if carries_records(path, contract.format):
        label = read_label(path, contract)
        with Workspace() as workspace:
            text = open_text(path, contract.format, workspace, LARGEST_FILE)
        assert text.trailer is not None, "or the file would have no page"
        control, _ = read_control(text.trailer, contract, label, hash_file(path))
        return control.rows if control else None
    beside = control_path(path)
    if not beside.is_file():
        return None
    return ControlFile.model_validate_json(beside.read_bytes()).rows


def _table_expectations(
    expect: ModuleType, contract: Contract, rows: int | None
) -> Iterator[Expectation]:
    names = list(contract.column_names)
    yield expect.ExpectTableColumnsToMatchOrderedList(column_list=names)
    if rows is not None:
        yield expect.ExpectTableRowCountToEqual(value=rows)
    if len(contract.key) == 1:
        yield expect.ExpectColumnValuesToBeUnique(column=contract.key[0], notes=contract.grain)
    else:
        key = list(contract.key)
        yield expect.ExpectCompoundColumnsToBeUnique(column_list=key, notes=contract.grain)


def _column_expectations(expect: ModuleType, column: Column) -> Iterator[Expectation]:
    name, notes = column.name, column.description
    if not column.nullable:
        yield expect.ExpectColumnValuesToNotBeNull(column=name, notes=notes)
    pattern = text_pattern(column)
    if pattern is not None:
        yield expect.ExpectColumnValuesToMatchRegex(
            column=name, regex=f"^(?:{pattern})$", notes=notes
        )
    if column.accepted:
        legal = list(column.accepted)
        yield expect.ExpectColumnValuesToBeInSet(column=name, value_set=legal, notes=notes)
