"""Bytes of a delivered text file: decompress and decode them strictly, before any splitting."""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from pipelines.contract import Format
from pipelines.errors import RejectedDelivery
from pipelines.loading.lines import find_stray_quote, has_mixed_line_ends

BLOCK_BYTES = 4 << 20
SMALL_FILE = 1 << 20
"""Bytes, after decompression, up to which the text of a file is kept to be looked at."""
GZIP_MAGIC = b"\x1f\x8b"
GLOB_CHARACTERS = re.compile(r"[*?\[]")
DELIVER_AGAIN = "Correct the extract and deliver it again, with its control file."


class Workspace:
    """A temporary folder, made when it is first asked for: most files need none."""

    def __enter__(self) -> Self:
        self._stack = ExitStack()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @cached_property
    def folder(self) -> Path:
        """The folder; it is removed with everything in it when the context ends."""
        return Path(self._stack.enter_context(TemporaryDirectory(prefix="bankcrm-")))


@dataclass
class _Tally:
    """Counts over the bytes of a file, block by block."""

    newlines: int = 0
    returns: int = 0
    line_ends: int = 0
    quotes: int = 0
    has_nul: bool = False
    last: bytes = b""

    def add(self, block: bytes) -> None:
        self.newlines += block.count(b"\n")
        self.quotes += block.count(b'"')
        self.has_nul |= b"\0" in block
        returns = block.count(b"\r")
        if returns or self.last == b"\r":
            self.returns += returns
            self.line_ends += (self.last + block).count(b"\r\n")
        self.last = block[-1:] or self.last


@dataclass(frozen=True)
class TextFile:
    """A delivered text file whose bytes are sound, ready to be split into fields.

    ``plain`` is UTF-8 without compression: the delivered file itself where it is that already.
    ``lines`` counts its physical lines, the header included. ``rows`` is the text below the
    header line of a small file, None of a larger one.
    """

    plain: Path
    header_line: str
    lines: int
    rows: str | None


def open_text(path: Path, written: Format, workspace: Workspace, max_bytes: int) -> TextFile:
    """Decode a text file and examine its bytes.

    Args:
        path: file as delivered; compressed when its name ends in ``.gz``.
        written: delimiter and encoding that the contract states.
        workspace: takes a decoded copy, where one is needed.
        max_bytes: most bytes to accept after decompression.

    Raises:
        RejectedDelivery: the bytes are no table of lines; every problem of this kind is named.
    """
    tally = _Tally()
    plain, header, rows = _decode(path, written.encoding, workspace, max_bytes, tally)
    problems = _find_problems(plain, tally, written.delimiter)
    if problems:
        raise RejectedDelivery(path.name, problems, DELIVER_AGAIN)
    lines = tally.newlines + (tally.last != b"\n")
    return TextFile(plain, header, lines, rows)


def _decode(
    path: Path, encoding: str, workspace: Workspace, max_bytes: int, tally: _Tally
) -> tuple[Path, str, str | None]:
    """Tally and decode every block; return the plain file, its first line and a small rest."""
    is_plain = encoding == "utf-8" and path.suffix != ".gz"
    keep = is_plain and not GLOB_CHARACTERS.search(str(path))
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    head, size = "", 0
    with ExitStack() as stack:
        plain = path if keep else workspace.folder / "delivered.csv"
        write = _discard if keep else stack.enter_context(plain.open("wb")).write
        for block, is_last in _read_blocks(path, max_bytes):
            try:
                text = decoder.decode(block, is_last)
            except UnicodeDecodeError as error:
                raise _undecodable(path, encoding, tally.newlines, error) from error
            tally.add(block)
            write(block if encoding == "utf-8" else text.encode())
            head += text if size <= SMALL_FILE else ""
            size += len(block)
    header, _, rows = head.partition("\n")
    return plain, header.removeprefix("\ufeff").rstrip("\r"), rows if size <= SMALL_FILE else None


def _discard(_: bytes) -> int:
    return 0


def _read_blocks(path: Path, max_bytes: int) -> Iterator[tuple[bytes, bool]]:
    """Decompressed blocks of a file, each with whether it is the last, empty one."""
    size = 0
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
        while block := _read_block(path, stream.read):
            if size == 0 and path.suffix != ".gz" and block.startswith(GZIP_MAGIC):
                raise _unreadable(path, "is gzip, but its name does not end in .gz")
            size += len(block)
            if size > max_bytes:
                raise _unreadable(path, f"holds more than {max_bytes:,} bytes when decompressed")
            yield block, False
    if size == 0:
        raise _unreadable(path, "is empty: not even a header line")
    yield b"", True


def _read_block(path: Path, read: Callable[[int], bytes]) -> bytes:
    try:
        return read(BLOCK_BYTES)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise _unreadable(path, f"is no whole gzip file ({error})") from error


def _find_problems(plain: Path, tally: _Tally, delimiter: str) -> list[str]:
    if tally.has_nul:
        return ["contains NUL bytes: it is binary, or UTF-16 where the contract says otherwise"]
    if tally.newlines == 0 and tally.returns:
        return ["ends its lines with a carriage return alone; end them with a newline"]
    if tally.quotes:
        line = find_stray_quote(plain, delimiter)
        if line is not None:
            return [
                f"line {line}: a quote that is not closed, or stands inside an unquoted field;"
                " quote the whole field and double the quotes inside it"
            ]
    is_uniform = tally.returns in (0, tally.newlines) and tally.line_ends == tally.returns
    if not is_uniform and (not tally.quotes or has_mixed_line_ends(plain)):
        return ["mixes line ends (newline, carriage return + newline); use one of them throughout"]
    return []


def _unreadable(path: Path, problem: str) -> RejectedDelivery:
    return RejectedDelivery(path.name, [problem], DELIVER_AGAIN)


def _undecodable(
    path: Path, encoding: str, lines_before: int, error: UnicodeDecodeError
) -> RejectedDelivery:
    line = lines_before + error.object[: error.start].count(b"\n") + 1
    bad_byte = error.object[error.start]
    return _unreadable(path, f"line {line}: byte 0x{bad_byte:02x} is not {encoding}")
