"""Compressed deliveries: one data file in gzip or zip, read as a stream and never unpacked by name.

Names inside an archive are ignored, so none of them can lead out of a folder, and the reader counts
what comes out, so a small file that swells is stopped at the size limit.
"""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from bankcrm.errors import BankcrmError
from pipelines.contracts.file_format import Format

DATA_SUFFIXES = (".csv", ".csv.gz", ".csv.zip", ".parquet")


BROKEN = (gzip.BadGzipFile, zipfile.BadZipFile, EOFError, zlib.error)
"""What reading raises when an archive is cut or damaged."""
MAGIC = {b"\x1f\x8b": "gzip", b"PK\x03\x04": "zip", b"PAR1": "Parquet"}
"""First bytes of files that are sometimes named ``.csv``."""
UNICODE_MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
ENCRYPTED = 0x1
MEMBER = "data.csv"
"""Name of the data file inside a zip archive that is written here."""


class Readable(Protocol):
    """A stream of bytes."""

    def read(self, size: int, /) -> bytes:
        """Next bytes, at most ``size``; empty at the end."""
        ...


class InvalidArchive(BankcrmError):
    """An archive that does not hold one readable data file."""


@contextmanager
def open_stream(path: Path) -> Iterator[Readable]:
    """Decompressed bytes of a delivered file; its name says how it is compressed.

    Raises:
        InvalidArchive: a zip archive is encrypted, or holds another number of files than one.
    """
    if path.suffix == ".gz":
        with gzip.open(path) as stream:
            yield stream
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive, archive.open(_only_member(archive)) as stream:
            yield stream
    else:
        with path.open("rb") as stream:
            yield stream


def _only_member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) != 1:
        raise InvalidArchive(
            f"is a zip archive of {len(members)} files; deliver one data file in it"
        )
    if members[0].flag_bits & ENCRYPTED:
        raise InvalidArchive("is an encrypted zip archive; deliver it without a password")
    if members[0].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InvalidArchive("is a zip archive of another method than deflate")
    return members[0]


def find_disguise(path: Path, head: bytes, encoding: str) -> str | None:
    """What a file is by its first bytes, where that is no text of the encoding; None where it may
    be."""
    if path.suffix not in (".gz", ".zip"):
        for magic, kind in MAGIC.items():
            if head.startswith(magic):
                return f"is {kind}, but its name says text"
    for mark, marked in UNICODE_MARKS.items():
        if head.startswith(mark) and marked.lower() != encoding:
            return (
                f"is {marked}, the contract says {encoding}: write it in {encoding} (Excel: save as"
                f" CSV UTF-8), or have `encoding: {marked.lower()}` put under `format` of the"
                " contract"
            )
    return None


def compress(content: bytes, written: Format) -> bytes:
    """Bytes of a data file as its contract wants them compressed; the same text, the same bytes."""
    if written.compression == "gzip":
        return gzip.compress(content, compresslevel=1, mtime=0)
    if written.compression == "zip":
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.writestr(zipfile.ZipInfo(MEMBER), content, zipfile.ZIP_DEFLATED)
        return packed.getvalue()
    return content
