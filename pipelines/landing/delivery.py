"""Delivered files as a source system writes them: their place, their bytes, what it states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

from bankcrm.files import hash_file
from pipelines.contracts.contract import Contract
from pipelines.contracts.file_format import Format
from pipelines.landing.archive import compress
from pipelines.landing.control import ControlFile, Label, control_path, delivery_stem
from pipelines.landing.control_records import carries_records, write_records


def delivery_file(contract: Contract, business_date: date, rerun: int = 0) -> Path:
    """Place of a text file in the landing folder: ``branch/account/account_2024-01-31_r0.csv``."""
    stem = delivery_stem(contract.feed, business_date, rerun)
    return Path(contract.source, contract.feed, stem + contract.format.suffix)


def name_files(due: Sequence[tuple[Contract, int]], business_date: date) -> str:
    """The files that are due for a date, in words: feeds with the number of their rerun."""
    names = [str(delivery_file(contract, business_date, rerun)) for contract, rerun in due]
    with_control = [contract for contract, _ in due if contract.format.control == "file"]
    if not with_control:
        return ", ".join(names)
    each = "each with its" if len(names) > 1 else "with its"
    return f"{', '.join(names)}{',' if len(names) > 1 else ''} {each} control file"


def write_delivery(
    path: Path,
    contract: Contract,
    label: Label,
    content: bytes,
    *,
    rows: int,
    totals: Mapping[str, Decimal],
) -> None:
    """Write a data file with what is stated about it, in the way of its feed.

    Args:
        path: place in the landing folder.
        contract: feed of the file.
        label: which delivery it is.
        content: UTF-8 text: column names and rows.
        rows: number of rows.
        totals: control totals by label.
    """
    has_records = carries_records(path, contract.format)
    if has_records:
        content = write_records(contract, label, content, rows, totals)
    part = path.with_name(path.name + ".part")
    part.write_bytes(encode_delivery(contract.format, content))
    part.replace(path)
    if not has_records:
        figures = {"rows": rows, "totals": totals, "sha256": hash_file(path)}
        write_control(path, ControlFile.model_validate(label.model_dump() | figures))


def encode_delivery(written: Format, content: bytes) -> bytes:
    """UTF-8 text in the encoding and compression of its feed; the same text is the same bytes."""
    if written.encoding != "utf-8":
        content = content.decode("utf-8").encode(written.encoding)
    return compress(content, written)


def write_control(data_file: Path, control: ControlFile) -> Path:
    """Write the control file beside a data file, in one step: its presence means "complete"."""
    path = control_path(data_file)
    part = path.with_suffix(".part")
    part.write_text(control.model_dump_json(indent=2) + "\n", encoding="utf-8")
    part.replace(path)
    return path
