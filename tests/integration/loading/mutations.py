"""Everything that is done to a whole file, and what the loader must say to it, as tables.

A mutation turns a good file into what is delivered. The control file states what the source
system counted, and the hash of what is delivered: the hash alone would reject almost all of
them, and here the rules behind it are on trial.
"""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.integration.loading.good_files import GoodFile, Row

MOST_BYTES = 4_000_000
"""Size limit of the loader in these tests."""
SPOILT = 4
"""Index of the row that is spoilt; the header is line 1."""
SPOILT_LINE = SPOILT + 2


@dataclass(frozen=True)
class Delivered:
    """What lies in the landing folder; ``stated`` replaces statements of the control file."""

    content: bytes
    suffix: str | None = None
    stated: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Mutation:
    """One fault: how it is made, and words of the message it must cause.

    ``feeds`` are those it is made for, the two of different shape unless it says otherwise.
    """

    name: str
    make: Callable[[GoodFile], Delivered]
    says: str | Mapping[str, str]
    feeds: tuple[str, ...] = ("teller.transaction", "branch.customer")

    def expected(self, feed: str) -> str:
        return self.says if isinstance(self.says, str) else self.says[feed]


def text(make: Callable[[GoodFile], str]) -> Callable[[GoodFile], Delivered]:
    return lambda good: Delivered(make(good).encode())


def raw(make: Callable[[GoodFile], bytes], suffix: str) -> Callable[[GoodFile], Delivered]:
    return lambda good: Delivered(make(good), suffix)


def _pack(*names: str, flags: int = 0) -> Callable[[GoodFile], bytes]:
    def make(good: GoodFile) -> bytes:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name in names:
                archive.writestr(name, good.text)
        content = bytearray(packed.getvalue())
        if flags:
            content[content.index(b"PK\x01\x02") + 8] |= flags
        return bytes(content)

    return make


def _flip(content: bytes, place: int) -> bytes:
    changed = bytearray(content)
    changed[place] ^= 0xFF
    return bytes(changed)


def _squeeze(good: GoodFile) -> bytes:
    return gzip.compress(good.text.encode(), mtime=0)


def _zip_bomb(_: GoodFile) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.csv", b"0" * (MOST_BYTES + 1))
    return packed.getvalue()


def _cut_mid_row(good: GoodFile) -> str:
    last = good.text.splitlines()[-1]
    return good.text[: -len(last) // 2]


def _without(good: GoodFile, position: int) -> str:
    names = [name for place, name in enumerate(good.header) if place != position]
    return good.write(names=names)


def _in_line(good: GoodFile, number: int, change: Callable[[str], str]) -> str:
    lines = good.text.split("\n")
    lines[number - 1] = change(lines[number - 1])
    return "\n".join(lines)


def _swap_neighbours(good: GoodFile) -> str:
    """The header as it should be, the fields of the first column and its type's first code out."""
    a, b = {"teller.transaction": ("debit_credit", "amount")}.get(
        good.contract.name, ("customer_type", "full_name")
    )
    return good.write(good.change_all(lambda _, row: {a: row[b], b: row[a]}))


def _swap_days(row: Row, names: tuple[str, ...]) -> dict[str, str]:
    parts = {name: row[name].split("-") for name in names}
    return {name: "-".join((year, day, month)) for name, (year, month, day) in parts.items()}


DATES = {"teller.transaction": ("posting_date",), "branch.customer": ("birth_date",)}
WORDS = {"teller.transaction": "counterparty_account", "branch.customer": "full_name"}
GROUND = "\u957f\u6c5f\u5927\u8def"


def _in_words(good: GoodFile, value: str) -> list[Row]:
    return good.change_all(lambda _, row: {WORDS[good.contract.name]: value})


def _end_of_header(good: GoodFile, end: str) -> str:
    header, _, rest = good.text.partition("\n")
    return header + end + rest


ENTRIES_ONLY = ("teller.transaction",)
FIELDS = {"teller.transaction": "14", "branch.customer": "13"}

REJECTED = (
    Mutation("empty", text(lambda g: ""), "is empty: not even a header line"),
    Mutation("header only", text(lambda g: g.write([])), "has 0 rows, the control file states 12"),
    Mutation("cut mid-row", text(_cut_mid_row), "line 13: "),
    Mutation("cut at a row boundary", text(lambda g: g.write(g.rows[:-1])), "has 11 rows"),
    Mutation("one row lost", text(lambda g: g.write([*g.rows[:4], *g.rows[5:]])), "has 11 rows"),
    Mutation("one row doubled", text(lambda g: g.write([*g.rows[:5], *g.rows[4:]])), "has 13 rows"),
    Mutation(
        "file doubled", text(lambda g: g.text * 2), "header line again: two files were joined"
    ),
    Mutation("rows doubled", text(lambda g: g.write([*g.rows, *g.rows])), "has 24 rows"),
    Mutation(
        "second header",
        text(lambda g: _in_line(g, 5, lambda line: f"{line}\n{g.text.partition(chr(10))[0]}")),
        "header line again",
    ),
    Mutation(
        "trailer where none is due", text(lambda g: g.text + "TRAILER 12\n"), "line 14: 1 fields"
    ),
    Mutation(
        "rows selected", text(lambda g: g.text + "\n400 rows selected.\n"), "line 15: 1 fields"
    ),
    Mutation(
        "stated count differs",
        lambda g: Delivered(g.text.encode(), stated={"rows": 13}),
        "has 12 rows, the control file states 13",
    ),
    Mutation(
        "stated sum differs",
        lambda g: Delivered(g.text.encode(), stated={"totals": g.totals | {"fee_amount": 7}}),
        "fee_amount sums to 6.00, the control file states 7",
        ENTRIES_ONLY,
    ),
    Mutation(
        "stated sum missing",
        lambda g: Delivered(g.text.encode(), stated={"totals": {}}),
        "lacks the totals amount, amount[debit_credit=D]",
        ENTRIES_ONLY,
    ),
    Mutation(
        "hash differs",
        lambda g: Delivered(g.text.encode(), stated={"sha256": "0" * 64}),
        "its SHA-256 differs from the control file's",
    ),
    Mutation(
        "other version of the contract",
        lambda g: Delivered(g.text.encode(), stated={"schema_version": 2}),
        "schema version 2, the contract is 1",
    ),
    Mutation(
        "column missing",
        text(lambda g: _without(g, 3)),
        {
            "teller.transaction": "missing columns posted_at",
            "branch.customer": "missing columns document_type",
        },
    ),
    Mutation(
        "column renamed",
        text(lambda g: g.write(header=["number", *g.header[1:]])),
        "unknown columns number (renamed?)",
    ),
    Mutation(
        "columns swapped under their header",
        text(_swap_neighbours),
        {
            "teller.transaction": "every row breaks 'debit_credit: not_accepted'",
            "branch.customer": "every row breaks 'customer_type: not_accepted'",
        },
    ),
    Mutation(
        "columns reordered",
        text(lambda g: g.write(names=[*g.header[1:], g.header[0]])),
        "columns out of order; the contract says",
    ),
    Mutation(
        "column duplicated",
        text(lambda g: g.write(names=[*g.header, "branch_id"])),
        "columns delivered twice branch_id",
    ),
    Mutation(
        "column added unannounced",
        text(lambda g: g.write(names=[*g.header, "branch_id"], header=[*g.header, "colour"])),
        "columns colour are not in the contract",
    ),
    Mutation(
        "other delimiter",
        text(lambda g: g.write(delimiter=";")),
        "line 1: fields are separated by ';', the contract says",
    ),
    Mutation("UTF-16", lambda g: Delivered(g.text.encode("utf-16")), "is UTF-16"),
    Mutation("UTF-16 unmarked", lambda g: Delivered(g.text.encode("utf-16-le")), "NUL bytes"),
    Mutation(
        "undeclared GBK",
        lambda g: Delivered(g.write(_in_words(g, GROUND)).encode("gbk")),
        "line 2: byte 0xb3 is not utf-8, and 11 more lines",
    ),
    Mutation("NULs", text(lambda g: _in_line(g, 4, lambda x: x[:9] + "\0" + x[9:])), "NUL bytes"),
    Mutation("mixed line ends", text(lambda g: _end_of_header(g, "\r\n")), "mixes line ends"),
    Mutation(
        "lines end in CR", text(lambda g: g.text.replace("\n", "\r")), "carriage return alone"
    ),
    Mutation(
        "quote not closed",
        text(lambda g: _in_line(g, SPOILT_LINE, lambda line: f'"{line}')),
        "line 6: a quote that is not closed",
    ),
    Mutation(
        "bare quote",
        text(lambda g: _in_line(g, SPOILT_LINE, lambda line: f'{line[:5]}"{line[5:]}')),
        "line 6: a quote that is not closed, or stands inside",
    ),
    Mutation(
        "too many fields",
        text(lambda g: _in_line(g, SPOILT_LINE, lambda x: x + g.contract.format.delimiter + "x")),
        {
            feed: f"line 6: {int(n) + 1} fields where the header has {n}"
            for feed, n in FIELDS.items()
        },
    ),
    Mutation(
        "too few fields",
        text(
            lambda g: _in_line(
                g, SPOILT_LINE, lambda x: x.rpartition(g.contract.format.delimiter)[0]
            )
        ),
        {
            feed: f"line 6: {int(n) - 1} fields where the header has {n}"
            for feed, n in FIELDS.items()
        },
    ),
    Mutation(
        "error page",
        text(lambda g: "<!DOCTYPE html>\n<html><body>502 Bad Gateway</body></html>\n"),
        "line 1: is HTML or XML",
    ),
    Mutation("gzip named .csv", raw(_squeeze, ".csv"), "is gzip, but its name says text"),
    Mutation("zip named .csv", raw(_pack("a.csv"), ".csv"), "is zip, but its name says text"),
    Mutation("text named .gz", raw(lambda g: g.text.encode(), ".csv.gz"), "is no whole gzip file"),
    Mutation("text named .zip", raw(lambda g: g.text.encode(), ".csv.zip"), "is no whole zip file"),
    Mutation("gzip cut", raw(lambda g: _squeeze(g)[:-20], ".csv.gz"), "is no whole gzip file"),
    Mutation(
        "gzip of bad CRC", raw(lambda g: _flip(_squeeze(g), -6), ".csv.gz"), "CRC check failed"
    ),
    Mutation(
        "zip of bad CRC",
        raw(lambda g: _flip(_pack("a.csv")(g), 200), ".csv.zip"),
        "is no whole zip file (Bad CRC-32",
    ),
    Mutation("zip cut", raw(lambda g: _pack("a.csv")(g)[:-20], ".csv.zip"), "is no whole zip file"),
    Mutation("zip of two", raw(_pack("a.csv", "../b"), ".csv.zip"), "is a zip archive of 2 files"),
    Mutation(
        "zip under a password", raw(_pack("a.csv", flags=1), ".csv.zip"), "without a password"
    ),
    Mutation(
        "gzip bomb",
        raw(lambda g: gzip.compress(b"0" * (MOST_BYTES + 1)), ".csv.gz"),
        "holds more than 4,000,000 bytes when decompressed",
    ),
    Mutation("zip bomb", raw(_zip_bomb, ".csv.zip"), "holds more than 4,000,000 bytes"),
    Mutation(
        "field over 1 MB",
        text(lambda g: g.write(g.change(SPOILT, **{WORDS[g.contract.name]: "x" * 1_100_000}))),
        "line 6: longer than 1,000,000 bytes",
    ),
    Mutation(
        "amounts in cents throughout",
        text(
            lambda g: g.write(g.change_all(lambda _, r: {"amount": r["amount"].replace(".", "")}))
        ),
        "amount sums to 1068678.00, the control file states 10686.78",
        ENTRIES_ONLY,
    ),
    Mutation(
        "decimal commas throughout",
        text(
            lambda g: g.write(g.change_all(lambda _, r: {"amount": r["amount"].replace(".", ",")}))
        ),
        "every row breaks 'amount: bad_decimal'",
        ENTRIES_ONLY,
    ),
    Mutation(
        "day and month swapped throughout",
        text(lambda g: g.write(g.change_all(lambda _, r: _swap_days(r, DATES[g.contract.name])))),
        {
            "teller.transaction": "every row breaks 'posting_date: bad_date'",
            "branch.customer": "birth_date is written year, day, month throughout",
        },
    ),
    Mutation(
        "every entry of the day before",
        text(lambda g: g.write(g.change_all(lambda _, r: {"posting_date": "2019-12-31"}))),
        "it is the file of another business date",
        ENTRIES_ONLY,
    ),
)
