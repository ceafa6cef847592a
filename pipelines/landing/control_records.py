"""Control records: what a source system states in the first and the last line of the data file.

A feed whose contract says ``control: records`` has no control file::

    HDR|teller.transaction|2024-01-31|31|0|1    feed, business date, sequence, rerun, schema version
    transaction_id|account_id|...               names of the columns
    ...
    TRL|20|25575.85|21777.30                    rows, then the control totals of the contract

The header says which delivery the file is, so it is read when the landing folder is looked
through; the trailer is read with the rows, and is proof that the file is whole.
"""

from __future__ import annotations

import mmap
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

from pydantic import ValidationError

from bankcrm.errors import RejectedDelivery
from pipelines.contracts.contract import Contract
from pipelines.contracts.file_format import Format
from pipelines.landing.archive import BROKEN, InvalidArchive, open_stream
from pipelines.landing.control import ControlFile, Label

HEADER, TRAILER = "HDR", "TRL"
DELIVER_AGAIN = "Correct the extract and deliver it again."
LONGEST_RECORD = 10_000
"""Bytes of the longest header record."""
NEWLINE = b"\n"
CHUNK_BYTES = 16 << 20
_HEADER_FIELDS = ("feed", "business date", "sequence", "rerun", "schema version")
_NEEDED_FIELDS = 3
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER = re.compile(r"[0-9]{1,15}")
_AMOUNT = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?")


class TrailerControl(ControlFile):
    """What the records of a data file state about it."""

    stated_by: ClassVar[str] = "the trailer"


@dataclass(frozen=True)
class Trailer:
    """The trailer record of a file: its line, and the text of it."""

    line: int
    text: str


def carries_records(path: Path, written: Format) -> bool:
    """Whether a data file states in itself what it is."""
    return written.control == "records" and not path.name.endswith(".parquet")


def write_records(
    contract: Contract, label: Label, content: bytes, rows: int, totals: Mapping[str, Decimal]
) -> bytes:
    """UTF-8 text of a delivery between its header and its trailer record."""
    mark = contract.format.delimiter
    head = [label.business_date, label.sequence, label.rerun, label.schema_version]
    sums = [f"{totals[total.label]:.2f}" for total in contract.control_totals]
    header = mark.join([HEADER, contract.name, *map(str, head)])
    trailer = mark.join([TRAILER, str(rows), *sums])
    return f"{header}\n".encode() + content + f"{trailer}\n".encode()


def read_label(path: Path, contract: Contract) -> Label:
    """Which delivery a file says it is in its header record.

    Raises:
        RejectedDelivery: the first line is no header record, or cannot be read.
    """
    line = _read_first_line(path, contract.format)
    fields = line.split(contract.format.delimiter)
    if fields[0] != HEADER:
        problem = f"line 1 is no header record; one begins with {HEADER}"
        raise RejectedDelivery(path.name, [problem], DELIVER_AGAIN)
    problems = list(_find_header_problems(fields[1:]))
    if problems:
        raise RejectedDelivery(path.name, problems, DELIVER_AGAIN)
    try:
        return _make_label(fields[1:])
    except ValidationError as error:
        faults = [f"line 1, header record: {e['loc'][0]}: {e['msg']}" for e in error.errors()]
        raise RejectedDelivery(path.name, faults, DELIVER_AGAIN) from error


def _read_first_line(path: Path, written: Format) -> str:
    try:
        with open_stream(path) as stream:
            begin = stream.read(LONGEST_RECORD)
    except InvalidArchive as error:
        raise RejectedDelivery(path.name, [error.problem], DELIVER_AGAIN) from error
    except (*BROKEN, OSError) as error:
        raise RejectedDelivery(path.name, [f"cannot be read: {error}"], DELIVER_AGAIN) from error
    text = begin.decode(written.encoding, "replace").removeprefix("\ufeff")
    return text.partition("\n")[0].rstrip("\r")


def _find_header_problems(fields: Sequence[str]) -> Iterator[str]:
    """What makes the fields behind the tag of a header record unreadable."""
    if not _NEEDED_FIELDS <= len(fields) <= len(_HEADER_FIELDS):
        due = ", ".join(_HEADER_FIELDS[:_NEEDED_FIELDS])
        more = " and ".join(_HEADER_FIELDS[_NEEDED_FIELDS:])
        yield (
            f"line 1: {len(fields)} fields behind {HEADER}; due are {due}, and where they are not 0"
            f" and 1, {more}"
        )
        return
    for name, field in zip(_HEADER_FIELDS[1:], fields[1:], strict=False):
        if name == "business date" and not _is_date(field):
            yield f"line 1: {field!r} in the header record is no date; write it 2024-01-31"
        elif name != "business date" and not _NUMBER.fullmatch(field):
            yield f"line 1: {name} {field!r} in the header record is no number"


def _is_date(text: str) -> bool:
    try:
        return _DATE.fullmatch(text) is not None and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _make_label(fields: Sequence[str]) -> Label:
    source, _, feed = fields[0].partition(".")
    names = ("business_date", "sequence", "rerun", "schema_version")
    stated = dict(zip(names, fields[1:], strict=False))
    return Label.model_validate({"source": source, "feed": feed} | stated)


def cut_trailer(plain: Path, written: Format) -> tuple[Trailer | None, list[str]]:
    """Take the trailer record off a plain copy of a file, with all that follows it.

    Args:
        plain: UTF-8 copy of the data file, not the file itself: it is cut short.
        written: format of the feed.

    Returns:
        The trailer, None where there is none; and what is wrong.
    """
    tag = f"{TRAILER}{written.delimiter}".encode()
    with plain.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        end = _find_end(data)
        place = _find_trailer(data, tag, end)
        if place is None:
            problem = (
                f"the trailer is missing: the last line, {_count(data, NEWLINE, end) + 1}, does not"
                f" begin with {tag.decode()!r}; the file is cut, or not yet whole"
            )
            return None, [problem]
        line_end = data.find(NEWLINE, place, end)
        text = data[place : end if line_end < 0 else line_end].decode("utf-8", "replace")
        line, last = (_count(data, NEWLINE, position) + 1 for position in (place, end))
    os.truncate(plain, place)
    problem = f"data after the trailer of line {line}, up to line {last}"
    return Trailer(line, text.rstrip("\r")), [problem] if last > line else []


def _find_end(data: mmap.mmap) -> int:
    """Where the last line ends, its line end and blank lines behind it left out."""
    end = len(data)
    while end and data[end - 1] in b"\r\n \t":
        end -= 1
    return end


def _find_trailer(data: mmap.mmap, tag: bytes, end: int) -> int | None:
    """Place of the first line that begins with the tag and is no part of a quoted field; where
    quotes are astray, of the last line if that begins with it."""
    place = 0
    while place >= 0:
        if data[place : place + len(tag)] == tag and _count(data, b'"', place) % 2 == 0:
            return place
        place = data.find(NEWLINE + tag, place) + 1 or -1
    last = data.rfind(NEWLINE, 0, end) + 1
    return last if data[last : last + len(tag)] == tag else None


def _count(data: mmap.mmap, byte: bytes, end: int) -> int:
    """How often a byte stands before a place."""
    chunks = range(0, end, CHUNK_BYTES)
    return sum(data[start : min(start + CHUNK_BYTES, end)].count(byte) for start in chunks)


def read_control(
    trailer: Trailer, contract: Contract, label: Label, sha256: str
) -> tuple[TrailerControl | None, list[str]]:
    """What the records of a file state about it.

    Args:
        trailer: trailer record of the file.
        contract: feed of the file.
        label: what the header record says.
        sha256: hash of the file; no record states it.

    Returns:
        The statement, None where the trailer cannot be read; and what is wrong with it.
    """
    labels = [total.label for total in contract.control_totals]
    _, *fields = (field.strip() for field in trailer.text.split(contract.format.delimiter))
    if len(fields) != 1 + len(labels):
        due = ", ".join(["rows", *labels])
        return None, [f"line {trailer.line}: {len(fields)} fields behind {TRAILER}; due are {due}"]
    rows, *sums = fields
    problems = [] if _NUMBER.fullmatch(rows) else [f"{rows!r} is no number of rows"]
    problems += [
        f"{stated!r} is no {name}"
        for name, stated in zip(labels, sums, strict=True)
        if not _AMOUNT.fullmatch(stated)
    ]
    if problems:
        return None, [f"line {trailer.line}, trailer: {problem}" for problem in problems]
    totals = {name: Decimal(stated) for name, stated in zip(labels, sums, strict=True)}
    figures = {"rows": int(rows), "totals": totals, "sha256": sha256}
    return TrailerControl.model_validate(label.model_dump() | figures), []
