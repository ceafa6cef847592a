"""Sentences for people."""

from __future__ import annotations

from collections.abc import Sequence


def join_first(texts: Sequence[str], most: int) -> str:
    """The first ``most`` texts, and how many more there are."""
    more = len(texts) - most
    return "; ".join(texts[:most]) + (f"; and {more:,} more" if more > 0 else "")
