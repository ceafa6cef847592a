"""What a source system states about the file it delivers: in a control file beside it, or in
records of the file itself (:mod:`pipelines.landing.control_records`)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

CONTROL_SUFFIX = ".control.json"
FIRST_BUSINESS_DATE, LAST_BUSINESS_DATE = date(1950, 1, 1), date(2200, 12, 31)
LARGEST_NUMBER = 2**31 - 1
"""Of sequence, rerun and schema version."""
LARGEST_ROWS = 10**15


class Label(BaseModel):
    """Which delivery a file is.

    ``sequence`` counts the deliveries of the feed from 1 without a gap; a rerun of a business
    date repeats the sequence number of that date and raises ``rerun``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    feed: str
    business_date: date = Field(ge=FIRST_BUSINESS_DATE, le=LAST_BUSINESS_DATE)
    sequence: int = Field(ge=1, le=LARGEST_NUMBER)
    rerun: int = Field(default=0, ge=0, le=LARGEST_NUMBER)
    schema_version: int = Field(default=1, ge=1, le=LARGEST_NUMBER)


class ControlFile(Label):
    """Statement about one delivered file.

    ``totals`` maps the label of each control total of the contract to an exact decimal.
    """

    stated_by: ClassVar[str] = "the control file"

    rows: int = Field(ge=0, le=LARGEST_ROWS)
    totals: dict[str, Decimal] = Field(default_factory=dict)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


def delivery_stem(feed: str, business_date: date, rerun: int = 0) -> str:
    """Common stem of a data file and its control file, for instance ``account_2024-01-31_r0``."""
    return f"{feed}_{business_date.isoformat()}_r{rerun}"


def control_path(data_file: Path) -> Path:
    """Path of the control file beside a data file."""
    stem = data_file.name.split(".", 1)[0]
    return data_file.with_name(stem + CONTROL_SUFFIX)
