"""Delivered files as a source system writes them: their place, their bytes, their control file."""

from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path

from pipelines.contract import Contract, Format
from pipelines.control import ControlFile, control_path, delivery_stem


def delivery_file(contract: Contract, business_date: date, rerun: int = 0) -> Path:
    """Place of a text file in the landing folder: ``branch/account/account_2024-01-31_r0.csv``."""
    suffix = ".csv.gz" if contract.format.compression == "gzip" else ".csv"
    stem = delivery_stem(contract.feed, business_date, rerun)
    return Path(contract.source, contract.feed, stem + suffix)


def encode_delivery(written: Format, content: bytes) -> bytes:
    """UTF-8 text in the encoding and compression of its feed; the same text is the same bytes."""
    if written.encoding != "utf-8":
        content = content.decode("utf-8").encode(written.encoding)
    if written.compression == "gzip":
        content = gzip.compress(content, compresslevel=1, mtime=0)
    return content


def write_control(data_file: Path, control: ControlFile) -> Path:
    """Write the control file beside a data file, in one step: its presence means "complete"."""
    path = control_path(data_file)
    part = path.with_suffix(".part")
    part.write_text(control.model_dump_json(indent=2) + "\n", encoding="utf-8")
    part.replace(path)
    return path
