"""Bytes into text: strict where it can be, and honest about the few bytes that are no text.

A byte that is not of the stated encoding becomes U+FFFD, which no rule of a column lets pass: its
row goes into quarantine and the others are loaded. Where more than a few lines hold such bytes,
the encoding is another one than stated, and the file is rejected.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field

REPLACEMENT = "\ufffd"
MOST_BAD_SHARE = 0.01
"""Share of lines with undecodable bytes above which the encoding is wrong; one line may be bad."""
FEWEST_FOREIGN = 10
"""Characters beyond ASCII from which on text that is whole UTF-8 is not taken for anything else."""
_BAD = re.compile("[\udc00-\udcff]+")
_BAD_LINE = re.compile("[\udc00-\udcff][^\n]*")
ESCAPE = "bankcrm-escape"


def _escape_bytes(error: UnicodeError) -> tuple[str, int]:
    """As Python's surrogateescape, which cannot escape the bytes of UTF-16 that are ASCII."""
    assert isinstance(error, UnicodeDecodeError)
    return chr(0xDC00 + error.object[error.start]), error.end


codecs.register_error(ESCAPE, _escape_bytes)


@dataclass
class Decoder:
    """Decodes a file block by block and notes what is no text of the stated encoding."""

    encoding: str
    is_repairing: bool = False
    """Whether the text is written again, with U+FFFD, because some bytes are undecodable."""
    lines: int = 0
    """Newlines seen so far."""
    bad_lines: int = 0
    first_bad: tuple[int, int] | None = None
    """Line and byte of the first undecodable byte."""
    _utf8: codecs.IncrementalDecoder | None = None
    _foreign: int = 0
    _decoder: codecs.IncrementalDecoder = field(init=False)

    def __post_init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder(self.encoding)(
            ESCAPE if self.encoding == "utf-16" else "surrogateescape"
        )
        if self.encoding != "utf-8":
            self._utf8 = codecs.getincrementaldecoder("utf-8")("strict")

    def decode(self, block: bytes, is_last: bool) -> str:
        """Text of a block; undecodable bytes are U+FFFD."""
        self._probe_utf8(block, is_last)
        text = self._decoder.decode(block, is_last)
        if not text.isascii() and _BAD.search(text):
            self._note_bad_lines(text)
            text = _BAD.sub(REPLACEMENT, text)
        self.lines += text.count("\n")
        return text

    def _note_bad_lines(self, text: str) -> None:
        for match in _BAD_LINE.finditer(text):
            self.bad_lines += 1
            if self.first_bad is None:
                line = self.lines + text.count("\n", 0, match.start()) + 1
                self.first_bad = (line, ord(text[match.start()]) - 0xDC00)

    def _probe_utf8(self, block: bytes, is_last: bool) -> None:
        """Forget the probe at the first byte that is no UTF-8."""
        if self._utf8 is not None:
            try:
                text = self._utf8.decode(block, is_last)
            except UnicodeDecodeError:
                self._utf8 = None
            else:
                self._foreign += 0 if text.isascii() else sum(c > "\x7f" for c in text)

    def find_problem(self) -> str | None:
        """Why the file is not of the stated encoding, once all of it was decoded."""
        if self._utf8 is not None and self._foreign >= FEWEST_FOREIGN:
            return f"is UTF-8, the contract says {self.encoding}: write that, or have it changed"
        if self.first_bad is None:
            return None
        line, byte = self.first_bad
        if line > 1 and self.bad_lines <= max(1, int(self.lines * MOST_BAD_SHARE)):
            return None
        more = f", and {self.bad_lines - 1:,} more lines" if self.bad_lines > 1 else ""
        return (
            f"line {line}: byte 0x{byte:02x} is not {self.encoding}{more}: write {self.encoding},"
            " or have the contract changed"
        )
