"""`bankcrm export`: from rights and a period to a workbook that is written as a whole or not."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from bankcrm.audit import acting_user, record
from bankcrm.settings import Settings
from cube.compiler.model import load_model
from cube.engine.engine import Engine, build_engine
from cube.export.definitions import (
    InvalidExport,
    Language,
    Table,
    load_tables,
    month_end,
    month_start,
    own_table,
    table_of_link,
)
from cube.export.filled import TIMEOUT_SECONDS, FilledTables, fill_tables, find_unknown
from cube.export.workbook import Facts, write_workbook
from cube.security.auth import SecurityContext
from cube.security.logins import ANONYMOUS

MONTHS = 24
"""Months of a workbook unless a period is given, the running one included."""


@dataclass(frozen=True)
class Order:
    """What is wanted.

    Args:
        first: first day; the start of the month 24 months back unless given.
        last: last day; the end of the running month unless given.
        link: link to a pivot of the explorer, for a table of one's own.
        view: view of a table of one's own, with ``measures`` and ``dimensions``.
        server: address that the Power Query recipes ask.
    """

    output: Path | None = None
    first: date | None = None
    last: date | None = None
    link: str | None = None
    view: str | None = None
    measures: tuple[str, ...] = ()
    dimensions: tuple[str, ...] = ()
    language: Language = "en"
    server: str | None = None


@dataclass(frozen=True)
class Export:
    """A workbook that was written: its path, what it holds, and what the rights left out."""

    path: Path
    filled: FilledTables


def export_workbook(settings: Settings, context: SecurityContext, order: Order) -> Export:
    """Write a workbook with the rights of a user, and enter it in the audit log.

    Args:
        settings: the home whose published version is read.
        context: claims of the user, as a token has them.
        order: what is wanted.

    Raises:
        InvalidExport: what is wanted cannot be a workbook, or the rights leave no row of it.
        NothingPublished: there is no version.
        BankcrmError: a query fails, or the file cannot be written.
    """
    with closing(build_engine(settings, load_model(), TIMEOUT_SECONDS)) as engine:
        with engine.warehouse.pin() as version:
            business_date = version.business_date
        period = _choose_period(order, business_date)
        tables = _choose_tables(order, engine, context, business_date)
        filled = fill_tables(engine, context, tables, period, order.language)
    _require_rows(filled)
    facts = Facts(
        user=str(context.get("sub") or ANONYMOUS),
        groups=tuple(context["groups"]),
        period=period,
        is_open_ended=order.last is None,
        made_at=datetime.now(tz=UTC),
        server=order.server or f"http://{settings.host}:{settings.port}",
        language=order.language,
    )
    path = order.output or Path(f"bankcrm-{filled.business_date}.xlsx")
    _write_whole(settings, filled, facts, path)
    return Export(path, filled)


def _choose_period(order: Order, business_date: date) -> tuple[date, date]:
    last = order.last or month_end(business_date)
    first = order.first or month_start(min(last, business_date), MONTHS - 1)
    if first > last:
        raise InvalidExport(
            f"the period ends on {last}, before it begins on {first}", "Correct --from and --to."
        )
    return first, last


def _choose_tables(
    order: Order, engine: Engine, context: SecurityContext, business_date: date
) -> Sequence[Table]:
    """The tables of every workbook, or the one table that was asked for."""
    if order.link is not None and order.view is not None:
        raise InvalidExport("--link and --view both name a table", "Give one of them.")
    if order.link is not None:
        table = table_of_link(order.link, business_date)
    elif order.view is not None:
        table = own_table(order.view, order.measures, order.dimensions)
    elif order.measures or order.dimensions:
        raise InvalidExport("the table has no view", "Say which one with --view.")
    else:
        return load_tables()
    access = engine.control.grant(context)
    find_unknown(table, access)
    definition = access.views[table.view].definition
    named = {"title": definition.title, "about": definition.description}
    chinese = {
        f"{key}_zh": definition.meta.get(f"{name}_zh")
        for key, name in (("title", "title"), ("about", "description"))
    }
    known = {key: str(value) for key, value in {**named, **chinese}.items() if value}
    return (table.model_copy(update=known),)


def _require_rows(filled: FilledTables) -> None:
    if not any(table.rows.num_rows for table in filled.tables):
        raise InvalidExport(
            "these rights and this period leave no row",
            "A branch manager needs --branch, a customer manager --manager; else take a longer "
            "period with --from and --to.",
        )


def _write_whole(settings: Settings, filled: FilledTables, facts: Facts, path: Path) -> None:
    """The file appears, or replaces the one before, when it is whole and entered in the audit log.

    Only the user of the machine may read it, until they pass it on.
    """
    descriptor, name = -1, ""
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        os.close(descriptor)
        part = Path(name)
        write_workbook(filled, facts, part)
        record(settings, "exported", facts.user, filled.version, _describe(filled, facts, path))
        part.replace(path)
    except OSError as error:
        raise InvalidExport(
            f"the workbook cannot be written to {path}: {error.strerror or error}",
            "Give another file with --output, or free space.",
        ) from error
    finally:
        if name:
            Path(name).unlink(missing_ok=True)


def _describe(filled: FilledTables, facts: Facts, path: Path) -> dict[str, object]:
    """What an auditor wants to know: who got what, how much of it, in which file."""
    return {
        "workbook": path.resolve(),
        "groups": facts.groups,
        "by": acting_user(),
        "period": [day.isoformat() for day in facts.period],
        "tables": {
            table.table.view + "." + table.table.name: table.rows.num_rows
            for table in filled.tables
        },
    }
