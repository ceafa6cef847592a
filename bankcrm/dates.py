"""The two dates that stand for no date: a validity without beginning, and one without end."""

from __future__ import annotations

from datetime import date

BEGINNING = date(1900, 1, 1)
"""First day of what was always valid; no business date of a bank lies before it."""
END_OF_TIME = date(9999, 12, 31)
"""Last day of what is valid until further notice; extracts write it for an open end."""
