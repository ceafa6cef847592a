"""How the files of a feed are written."""

from __future__ import annotations

from typing import Literal
from zoneinfo import available_timezones

from pydantic import field_validator

from pipelines.contracts.watch import Frozen

Encoding = Literal[
    "utf-8", "utf-16", "gbk", "gb18030", "big5", "shift-jis", "cp932", "cp1252", "iso-8859-2"
]
"""Encodings of text files, by Python's names."""


class Format(Frozen):
    """How the file is written. Parquet files are recognised by their name whatever this says.

    ``control`` says where the source system states what it delivers: in a ``file`` beside the data,
    or in ``records`` of the data file, a header first and a trailer last. A Parquet file has its
    control file beside it in any case.

    ``time_zone`` is the zone of the bank's clock (Asia/Shanghai). Timestamps of a Parquet file that
    are instants, as INT96 and those of Spark are, become local time there; without it such a file
    is rejected.
    """

    delimiter: str = ","
    encoding: Encoding = "utf-8"
    compression: Literal["none", "gzip", "zip"] = "none"
    control: Literal["file", "records"] = "file"
    time_zone: str | None = None

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, zone: str | None) -> str | None:
        if zone is not None and zone not in available_timezones():
            raise ValueError(f"there is no time zone {zone!r}; write one like Asia/Shanghai")
        return zone

    @property
    def suffix(self) -> str:
        """How the name of such a file ends."""
        return {"none": ".csv", "gzip": ".csv.gz", "zip": ".csv.zip"}[self.compression]
