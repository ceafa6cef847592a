"""Render ``docs/deliver-your-bank.md`` from the feed contracts.

A test holds the committed file against this rendering, so the page cannot differ from what the
loader does.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bankcrm.settings import PROJECT_FOLDER
from pipelines.contracts.contract import Column, Contract, get_contract, load_contracts
from pipelines.landing.archive import DATA_SUFFIXES
from pipelines.landing.control import CONTROL_SUFFIX, ControlFile, delivery_stem
from pipelines.landing.control_records import write_records
from pipelines.validation.examination import LARGEST_FILE
from pipelines.validation.file_rules import FEWEST_ROWS
from pipelines.validation.row_rules import FIRST_DATE, LAST_DATE, OPEN_DATE
from pipelines.validation.source import LONGEST_LINE

TEMPLATE = "delivery_guide.md.j2"
GUIDE = PROJECT_FOLDER / "docs" / "deliver-your-bank.md"
EXAMPLE_DATE = date(2024, 1, 31)
EXAMPLE_FEED = "teller.transaction"

_DELIVERIES = {
    "full": "full: every row, as it stands that night",
    "changes": "changes: new and changed rows only",
    "entries": "entries: rows that are delivered once and never change",
}
_TYPES = {
    "id": "id",
    "text": "text",
    "code": "code",
    "date": "date",
    "timestamp": "timestamp",
    "integer": "integer",
    "amount": "amount, 2 decimals",
    "rate": "rate, 8 decimals",
    "share": "share, 6 decimals",
    "boolean": "boolean",
}


def render_delivery_guide() -> str:
    """The page as Markdown."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    example = get_contract(EXAMPLE_FEED)
    control = _make_example(example)
    records = write_records(example, control, b"...\n", control.rows, control.totals).decode()
    header_record, _, trailer_record = records.splitlines()
    contracts = list(load_contracts().values())
    return environment.get_template(TEMPLATE).render(
        suffixes=DATA_SUFFIXES,
        control_suffix=CONTROL_SUFFIX,
        example=example,
        stem=delivery_stem(example.feed, EXAMPLE_DATE),
        control=control,
        header_record=header_record,
        trailer_record=trailer_record,
        labels=[total.label for total in example.control_totals],
        mandatory=[contract.name for contract in contracts if contract.mandatory],
        longest_line=LONGEST_LINE,
        largest_file=LARGEST_FILE,
        fewest=FEWEST_ROWS,
        first_date=FIRST_DATE,
        last_date=LAST_DATE,
        open_date=OPEN_DATE,
        contracts=contracts,
        code=_join_code,
        thousands="{:,}".format,
        describe_contract=_describe_contract,
        describe_column=_describe_column,
    )


def write_delivery_guide() -> Path:
    """Write the page and return its path."""
    GUIDE.parent.mkdir(parents=True, exist_ok=True)
    GUIDE.write_text(render_delivery_guide(), encoding="utf-8")
    return GUIDE


def _make_example(contract: Contract) -> ControlFile:
    """What a source system states about a file of three entries."""
    amounts = map(Decimal, ("150.00", "50.00", "100.00", "1.50"))
    labels = [total.label for total in contract.control_totals]
    return ControlFile(
        source=contract.source,
        feed=contract.feed,
        business_date=EXAMPLE_DATE,
        sequence=31,
        rows=3,
        totals=dict(zip(labels, amounts, strict=True)),
        sha256="0" * 63 + "1",
    )


def _describe_contract(contract: Contract) -> list[str]:
    due = "every night" if contract.mandatory else "when there is something to deliver"
    deadline = contract.awaited
    if deadline is not None:
        days = {0: "the same day", 1: "the day after"}
        when = days.get(deadline.days_after, f"{deadline.days_after} days after")
        due += f", by {deadline.due:%H:%M} of {when}, late: `{deadline.late}`"
    written = contract.format
    compression = f", {written.compression}" if written.compression != "none" else ""
    records = ", control records" if written.control == "records" else ""
    lines = [
        f"Grain: {contract.grain}. Key: {_join_code(contract.key)}.",
        f"Delivery: {_DELIVERIES[contract.delivery]}; due {due}.",
        f"Text files: delimiter `{written.delimiter}`, {written.encoding}{compression}{records}.",
    ]
    if contract.control_totals:
        labels = _join_code(total.label for total in contract.control_totals)
        lines.append(f"Control totals: {labels}.")
    if contract.effective is not None:
        columns = [contract.effective.from_column, contract.effective.to_column]
        names = _join_code(name for name in columns if name is not None)
        lines.append(f"A row takes effect by {names}, whenever it is delivered.")
        if contract.effective.on_business_date:
            lines.append("A file of which no row is of the business date is rejected.")
    return lines


def _describe_column(column: Column) -> tuple[str, ...]:
    marker = f" (personal data: {column.personal})" if column.personal else ""
    return (
        f"`{column.name}`",
        _TYPES[column.type],
        "optional" if column.optional else "may be" if column.nullable else "no",
        column.description + marker,
        _describe_legal(column),
        f"`{column.references}`" if column.references else "",
        _join_code(column.needed_by),
    )


def _describe_legal(column: Column) -> str:
    limits = []
    if column.minimum is not None:
        limits.append(f"from {column.minimum:g}")
    if column.maximum is not None:
        limits.append(f"to {column.maximum:g}")
    if column.pattern is not None:
        limits.append(f"of the form `{column.pattern}`")
    if column.check_digits is not None:
        schemes = column.check_digits.schemes.items()
        limits.append("check digit: " + ", ".join(f"`{kind}` {name}" for kind, name in schemes))
    if column.token:
        limits.append("a token, never a card number")
    return _join_code(column.accepted) or " ".join(limits)


def _join_code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
