"""Bytes of a delivered text file: decompress and decode them strictly, before any splitting."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from bankcrm.errors import RejectedDelivery
from pipelines.contracts.file_format import Format
from pipelines.landing.archive import BROKEN, InvalidArchive, find_disguise, open_stream
from pipelines.landing.control_records import DELIVER_AGAIN, Trailer, carries_records, cut_trailer
from pipelines.validation.decoding import Decoder
from pipelines.validation.lines import find_stray_quote, has_mixed_line_ends

BLOCK_BYTES = 4 << 20
SMALL_FILE = 1 << 20
"""Bytes, after decompression, up to which the text of a file is kept to be looked at."""
GLOB_CHARACTERS = re.compile(r"[*?\[]")


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

    size: int = 0
    newlines: int = 0
    returns: int = 0
    line_ends: int = 0
    quotes: int = 0
    has_nul: bool = False
    last: bytes = b""

    def add(self, block: bytes) -> None:
        self.size += len(block)
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
    """A delivered text file whose bytes are valid, ready to be split into fields.

    ``plain`` is UTF-8 without compression: the delivered file itself where it is that already.
    ``lines`` counts its physical lines, the header included. ``rows`` is the text below the
    header line of a small file, None of a larger one. ``problems`` speak against loading it.

    Of a file that carries control records, the header record is the first of two ``header_lines``,
    and ``plain``, ``lines`` and ``rows`` end before its ``trailer``.
    """

    plain: Path
    header_line: str
    lines: int
    rows: str | None
    problems: tuple[str, ...] = ()
    header_lines: int = 1
    trailer: Trailer | None = None


def open_text(path: Path, written: Format, workspace: Workspace, max_bytes: int) -> TextFile:
    """Decode a text file and examine its bytes.

    Args:
        path: file as delivered; compressed when its name ends in ``.gz`` or ``.zip``.
        written: delimiter and encoding that the contract states.
        workspace: takes a decoded copy, where one is needed.
        max_bytes: most bytes to accept after decompression.

    Raises:
        RejectedDelivery: the bytes are no table of lines; every problem of this kind is named.
    """
    text = examine_text(path, written, workspace, max_bytes)
    if text.problems:
        raise RejectedDelivery(path.name, text.problems, DELIVER_AGAIN)
    return text


def examine_text(path: Path, written: Format, workspace: Workspace, max_bytes: int) -> TextFile:
    """As :func:`open_text`, with what is wrong in ``problems`` where the header can be read.

    Raises:
        RejectedDelivery: nothing can be said of the header: the file is empty, too large, no whole
            archive, or no text.
    """
    has_records = carries_records(path, written)
    tally, decoder = _Tally(), Decoder(written.encoding)
    plain, head = _decode(path, decoder, workspace, max_bytes, tally, copy=has_records)
    if decoder.first_bad is not None and written.encoding == "utf-8":
        tally, decoder = _Tally(), Decoder(written.encoding, is_repairing=True)
        plain, head = _decode(path, decoder, workspace, max_bytes, tally, copy=has_records)
    encoding_problem = decoder.find_problem()
    problems = [encoding_problem] if encoding_problem else []
    problems += _find_problems(plain, tally, written.delimiter)
    if tally.has_nul or (tally.newlines == 0 and tally.returns):
        raise RejectedDelivery(path.name, problems, DELIVER_AGAIN)
    lines = tally.newlines + (tally.last != b"\n")
    header, _, rows = head.partition("\n")
    header = header.removeprefix("\ufeff").rstrip("\r")
    is_small = tally.size <= SMALL_FILE
    text = TextFile(plain, header, lines, rows if is_small else None, tuple(problems))
    return _take_off_records(text, head, written) if has_records else text


def _take_off_records(text: TextFile, head: str, written: Format) -> TextFile:
    """The text between the control records of a file; ``head`` is the whole of it, or its begin."""
    trailer, problems = cut_trailer(text.plain, written)
    lines = head.split("\n")[: trailer.line - 1 if trailer else None]
    header, *rows = lines[1:] or [""]
    return replace(
        text,
        header_line=header.rstrip("\r"),
        lines=trailer.line - 1 if trailer else text.lines,
        rows=None if text.rows is None else "".join(f"{row}\n" for row in rows),
        problems=(*text.problems, *problems),
        header_lines=2,
        trailer=trailer,
    )


def _decode(
    path: Path,
    decoder: Decoder,
    workspace: Workspace,
    max_bytes: int,
    tally: _Tally,
    *,
    copy: bool,
) -> tuple[Path, str]:
    """Tally and decode every block; return the plain file, and its text or the begin of it.

    The delivered file is its own plain file, unless it is compressed, in another encoding, found
    to hold undecodable bytes, or to be copied: then it is a decoded copy.
    """
    is_utf8 = decoder.encoding == "utf-8" and not decoder.is_repairing
    keep = is_utf8 and path.suffix == ".csv" and not GLOB_CHARACTERS.search(str(path)) and not copy
    heads = []
    with ExitStack() as stack:
        plain = path if keep else workspace.folder / "delivered.csv"
        write = _discard if keep else stack.enter_context(plain.open("wb")).write
        for block, is_last in _read_blocks(path, decoder.encoding, max_bytes):
            text = decoder.decode(block, is_last)
            if tally.size <= SMALL_FILE:
                heads.append(text)
            plain_block = block if is_utf8 else text.encode()
            tally.add(plain_block)
            write(plain_block)
    return plain, "".join(heads)


def _discard(_: bytes) -> int:
    return 0


def _read_blocks(path: Path, encoding: str, max_bytes: int) -> Iterator[tuple[bytes, bool]]:
    """Decompressed blocks of a file, each with whether it is the last, empty one."""
    size = 0
    try:
        with open_stream(path) as stream:
            while block := stream.read(BLOCK_BYTES):
                disguise = find_disguise(path, block, encoding) if size == 0 else None
                if disguise is not None:
                    raise _unreadable(path, disguise)
                size += len(block)
                if size > max_bytes:
                    problem = f"holds more than {max_bytes:,} bytes when decompressed"
                    raise _unreadable(path, problem)
                yield block, False
    except InvalidArchive as error:
        raise _unreadable(path, error.problem) from error
    except BROKEN as error:
        kind = "gzip" if path.suffix == ".gz" else "zip"
        raise _unreadable(path, f"is no whole {kind} file ({error})") from error
    if size == 0:
        raise _unreadable(path, "is empty: not even a header line")
    yield b"", True


def _find_problems(plain: Path, tally: _Tally, delimiter: str) -> list[str]:
    """What speaks against the bytes as lines of fields."""
    if tally.has_nul:
        return ["contains NUL bytes: it is binary, or UTF-16 where the contract says otherwise"]
    if tally.newlines == 0 and tally.returns:
        return ["ends its lines with a carriage return alone; end them with a newline"]
    problems = []
    line = find_stray_quote(plain, delimiter) if tally.quotes else None
    if line is not None:
        problems.append(
            f"line {line}: a quote that is not closed, or stands inside an unquoted field;"
            " quote the whole field and double the quotes inside it"
        )
    if _has_mixed_line_ends(plain, tally, can_split=line is None):
        problems.append(
            "mixes line ends (newline, carriage return + newline); use one of them throughout"
        )
    return problems


def _has_mixed_line_ends(plain: Path, tally: _Tally, can_split: bool) -> bool:
    """Whether line ends differ outside quoted fields; where quotes are astray, anywhere."""
    if tally.returns in (0, tally.newlines) and tally.line_ends == tally.returns:
        return False
    return not tally.quotes or not can_split or has_mixed_line_ends(plain)


def _unreadable(path: Path, problem: str) -> RejectedDelivery:
    return RejectedDelivery(path.name, [problem], DELIVER_AGAIN)
