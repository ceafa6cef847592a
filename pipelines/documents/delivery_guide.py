"""Render ``docs/deliver-your-bank.md`` from the feed contracts.

A test holds the committed file against this rendering, so the page cannot differ from what the
loader does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

from bankcrm.settings import PROJECT_FOLDER
from pipelines.contracts.contract import Column, Contract, get_contract, load_contracts
from pipelines.landing.archive import DATA_SUFFIXES
from pipelines.landing.control import CONTROL_SUFFIX, ControlFile, delivery_stem
from pipelines.landing.control_records import write_records
from pipelines.validation.examination import LARGEST_FILE
from pipelines.validation.file_rules import FEWEST_ROWS
from pipelines.validation.row_rules import FIRST_DATE, LAST_DATE, OPEN_DATE
from pipelines.validation.source import LONGEST_LINE

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
_CONTROL_FIELDS = (
    ("`source`, `feed`", "the folder the file lies in"),
    (
        "`business_date`, `rerun`",
        "as in the file name; the first delivery of a date is rerun 0",
    ),
    (
        "`sequence`",
        "counts the deliveries of the feed from 1 without a gap; a rerun repeats the number of"
        " its date",
    ),
    ("`schema_version`", "version of the contract the file follows"),
    ("`rows`", "rows without the line of column names; 0 for a night without rows"),
    ("`totals`", "the control totals of the feed, exact decimals, over the rows of the file"),
    ("`sha256`", "SHA-256 of the data file as delivered (compressed if it is compressed)"),
)
_ROW_RULES = (
    ("`null_not_allowed`", "is empty where a value is needed"),
    (
        "`bad_id`, `bad_code`",
        "contains control, invisible or full-width characters; an id like `1.2E+10`",
    ),
    (
        "`bad_text`",
        "contains bytes that are not of the stated encoding, or characters that only a wrong"
        " encoding gives",
    ),
    ("`bad_pattern`", "has another form than its column: a leading zero lost"),
    ("`bad_check_digit`", "has a wrong check digit"),
    ("`card_number`", "is a card number where a token belongs; kept masked, and an alert is sent"),
    (
        "`bad_decimal`",
        "is no plain decimal with at most the decimals of its type: no `1,234.56`, no `5.5E2`,"
        " no currency sign",
    ),
    ("`bad_date`, `bad_timestamp`", f"is no date from {FIRST_DATE} to {LAST_DATE}"),
    ("`bad_integer`, `bad_boolean`", "is no whole number; none of true, false, t, f, 1, 0, y, n"),
    ("`not_accepted`", "is none of the legal values"),
    ("`below_minimum`, `above_maximum`", "is outside its bounds"),
    (
        "`duplicate_key`",
        "repeats the key of another row with other values: all of them are quarantined",
    ),
    ("rules of the feed", "contradicts another field, see below"),
)


def render_delivery_guide() -> str:
    """The page as Markdown."""
    contracts = list(load_contracts().values())
    sections = [
        _INTRODUCTION.format(suffixes=_join_code(DATA_SUFFIXES), control_suffix=CONTROL_SUFFIX),
        _render_control_file(),
        _render_records(),
        _render_sequence(),
        _RULES.format(
            open_date=OPEN_DATE,
            longest_line=f"{LONGEST_LINE:,}",
            largest_file=f"{LARGEST_FILE:,}",
            fewest=FEWEST_ROWS,
            rule_table=_render_table(("rule", "the field"), _ROW_RULES),
        ),
        _render_overview(contracts),
        *(_render_contract(contract) for contract in contracts),
    ]
    return "\n\n".join(section.strip() for section in sections) + "\n"


def write_delivery_guide() -> Path:
    """Write the page and return its path."""
    GUIDE.parent.mkdir(parents=True, exist_ok=True)
    GUIDE.write_text(render_delivery_guide(), encoding="utf-8")
    return GUIDE


_INTRODUCTION = """
<!-- Rendered from pipelines/contracts by `make contracts`; edit the contract, not this file. -->
# Deliver your bank's data

Each source system writes its extracts of a business date into the landing folder
(`<home>/landing` unless `BANKCRM_LANDING` says otherwise), one folder per feed:

```
landing/<source>/<feed>/<feed>_<business date>_r<rerun>.csv
landing/<source>/<feed>/<feed>_<business date>_r<rerun>{control_suffix}
```

The data file ends in {suffixes}. The control file is written last and in
one step (write it under another name, then rename it): a data file without one counts as not yet
delivered. A feed may [carry its control in the data file](#header-and-trailer-records) instead.
Files are never changed afterwards; a correction is a new file with the next rerun number.

Try a file before you deliver it: `bankcrm check FILE` names everything that is wrong with it, with
line numbers; `--docs FOLDER` also writes a page to pass on.

A text file starts with a header line that names the columns in the order of the contract. Fields
are separated by the delimiter of the feed; a field that contains the delimiter, a quote or a line
break stands in double quotes, and quotes inside it are doubled. Decimals have a point, dates are
written `2024-01-31`, timestamps `2024-01-31 17:45:00`. An empty field means "no value". A Parquet
file has the same columns by name, each of its SQL type. A zip archive holds one data file, whatever
its name. Links and pipes are not read.
"""

_RULES = """
## What is rejected, quarantined, normalised

**The whole file is rejected**, nothing of it is loaded and the run says why, when it is empty, cut
or no table (wrong number of fields, stray quotes, mixed line ends, NUL bytes, a line over
{longest_line} bytes, more than {largest_file} bytes when decompressed, bytes that are not of the
stated encoding in more than one line in a hundred); when the header lacks, renames, doubles,
reorders or adds a column or a Parquet column has another type; when row count, control totals,
SHA-256, schema version or sequence number differ from what is expected; when the trailer record is
missing, or data follow it; when it contains its header twice; when a rule is broken by every row
(from {fewest} rows on), because then the extract is wrong and not the rows; when a date column has
day and month swapped throughout. A contract may say `additional_columns: ignore`: then additional
columns are not loaded, and a warning names them.

**A row is quarantined**, the rest of the file is loaded, and line, fields and rules are kept, when:

{rule_table}

**Accepted and normalised:** a byte order mark, CRLF line ends, no final newline, blank lines,
spaces
around a field, lower-case codes, decomposed accents, `{open_date}` in a date that may be empty.
**Collapsed and counted:** a row that repeats another one exactly.

For every file, and for every control total, delivered = accepted + quarantined + collapsed.
"""


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


def _render_control_file() -> str:
    contract = get_contract(EXAMPLE_FEED)
    control = _make_example(contract)
    name = delivery_stem(contract.feed, EXAMPLE_DATE) + CONTROL_SUFFIX
    return f"""
## The control file

`landing/{contract.source}/{contract.feed}/{name}`:

```json
{control.model_dump_json(indent=2)}
```

{_render_table(("field", "meaning"), _CONTROL_FIELDS)}
"""


def _render_records() -> str:
    contract = get_contract(EXAMPLE_FEED)
    control = _make_example(contract)
    records = write_records(contract, control, b"...\n", control.rows, control.totals).decode()
    header, _, trailer = records.splitlines()
    names = contract.format.delimiter.join(contract.column_names)
    labels = ", ".join(f"`{total.label}`" for total in contract.control_totals)
    return f"""
## Header and trailer records

A source system that cannot write a control file states the same inside the data file. The contract
of the feed says so (`control: records` under `format`); the feeds below say which do. Such a file
begins with a header record and ends with a trailer record, separated like the rows. The control
file above would be, in `{delivery_stem(contract.feed, EXAMPLE_DATE)}{contract.format.suffix}`:

```
{header}
{names}
... {control.rows} rows ...
{trailer}
```

{
        _render_table(
            ("record", "fields"),
            (
                (
                    "`HDR`, line 1",
                    "feed as source.feed, business date, sequence, rerun (0 if left out), schema"
                    " version (1 if left out)",
                ),
                (
                    "`TRL`, the last line",
                    f"number of rows, then the control totals in the order of the contract"
                    f" (here {labels}), a point before two decimals",
                ),
            ),
        )
    }

There is no control file, so the file must be whole when it appears under its name: write it under a
name that ends in `.part`, then rename it. A file without a trailer is rejected as cut (and judged
again by the next run), and so is one with anything but blank lines behind it. A header record of
another feed, date or rerun than folder and file name say is no delivery, and the run names it.
Nobody states a hash. A Parquet file has a control file in any case.
"""


def _render_sequence() -> str:
    mandatory = [c.name for c in load_contracts().values() if c.mandatory]
    return f"""
## Nights, reruns and late files

Every calendar date is a business date. A night is loaded when
{_join_code(mandatory)} have arrived for it; the other feeds
may stay away when they have nothing to say. A skipped date, a missing mandatory feed or a gap in
the sequence numbers of a feed makes that night and all later ones wait; `bankcrm status` names the
file that is due. A feed with a deadline is waited for until then by `bankcrm refresh --wait`; when
it is late, its contract decides: the night waits on (`wait`), is built without it (`stale`) or is
blocked and people are told (`block`).

- The same file again: nothing happens, and the run says so.
- A correction: deliver the whole file of that date again with the next rerun number. It replaces
  the earlier one, and everything from that date on is rebuilt.
- Other content under a rerun number that was loaded: rejected; raise the number.
"""


def _render_overview(contracts: Iterable[Contract]) -> str:
    rows = [
        (
            f"[{contract.name}](#{_anchor(contract)})",
            contract.title,
            contract.delivery,
            "every night" if contract.mandatory else "when there is something",
        )
        for contract in contracts
    ]
    return "## Feeds\n\n" + _render_table(("feed", "what", "mode", "due"), rows)


def _render_contract(contract: Contract) -> str:
    parts = [
        f"### {contract.name}",
        f"**{contract.title}.** {contract.description}",
        "\n".join(_describe_contract(contract)),
        _render_table(
            ("column", "type", "empty", "meaning", "legal values", "refers to", "needed by"),
            [_describe_column(column) for column in contract.columns],
        ),
    ]
    if contract.rules:
        rows = [(f"`{rule.name}`", f"`{rule.sql}`", rule.remedy) for rule in contract.rules]
        parts.append(_render_table(("rule", "true for a good row", "what to do"), rows))
    return "\n\n".join(parts)


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
        f"- Grain: {contract.grain}. Key: {_join_code(contract.key)}.",
        f"- Delivery: {_DELIVERIES[contract.delivery]}; due {due}.",
        f"- Text files: delimiter `{written.delimiter}`, {written.encoding}{compression}{records}.",
    ]
    if contract.control_totals:
        labels = _join_code(total.label for total in contract.control_totals)
        lines.append(f"- Control totals: {labels}.")
    if contract.effective is not None:
        columns = [contract.effective.from_column, contract.effective.to_column]
        names = _join_code(name for name in columns if name is not None)
        lines.append(f"- A row takes effect by {names}, whenever it is delivered.")
        if contract.effective.on_business_date:
            lines.append("- A file of which no row is of the business date is rejected.")
    return lines


def _describe_column(column: Column) -> tuple[str, ...]:
    marker = f" (personal data: {column.personal})" if column.personal else ""
    return (
        f"`{column.name}`",
        _TYPES[column.type],
        "may be" if column.nullable else "no",
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


def _render_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(_escape, line))} |" for line in lines)


def _escape(cell: str) -> str:
    return cell.replace("|", r"\|")


def _join_code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _anchor(contract: Contract) -> str:
    return contract.name.replace(".", "")
