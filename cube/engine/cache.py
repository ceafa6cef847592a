"""Answers kept in memory, least recently used first out, of the version that is served now."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from cachetools import LRUCache

_ENTRY_BYTES = 500
"""What an answer costs beside its body."""


@dataclass(frozen=True)
class Answer:
    """Body of an answer as sent, and its number of rows."""

    body: bytes
    rows: int


class AnswerCache:
    """Answers by their ETag, which stands for the query as understood, the model, the version and
    every claim of the user: one user's copy never answers another.

    A version does not change, so neither does an answer. Safe to share between threads.

    Args:
        maximum_bytes: what all bodies together may hold; 0 keeps nothing.
    """

    def __init__(self, maximum_bytes: int) -> None:
        self._lock = threading.Lock()
        self._version: str | None = None
        self._answers: LRUCache[str, Answer] = LRUCache(maximum_bytes, getsizeof=_size)

    @property
    def bytes(self) -> int:
        """What the answers hold now."""
        return int(self._answers.currsize)

    def get(self, version: str, etag: str) -> Answer | None:
        """The answer, where it is known. To ask for a version drops those of every other."""
        with self._lock:
            self._switch(version)
            return self._answers.get(etag)

    def put(self, version: str, etag: str, answer: Answer) -> None:
        """Keep an answer, unless it is of a version before, or larger than the whole cache."""
        with self._lock:
            if version == self._version and _size(answer) <= self._answers.maxsize:
                self._answers[etag] = answer

    def _switch(self, version: str) -> None:
        if version != self._version:
            self._answers.clear()
            self._version = version


def _size(answer: Answer) -> int:
    return len(answer.body) + _ENTRY_BYTES
