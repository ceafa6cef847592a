"""Amounts that no rule lets pass: what their text can denote, and whether that explains a total.

The source system counted every amount in its control total. Of a quarantined row whose amount
cannot be read, only the text is left. It explains a difference only if it can denote exactly the
missing amount: otherwise a corrupt amount in another row would hide behind it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
NOTHING = frozenset({Decimal("0.00")})
MOST_SUMS = 10_000
"""Sums that are followed up; more of them explain any difference, which is no explanation."""
_SCIENTIFIC = re.compile(r"[0-9]+(?:[.,][0-9]+)?[eE][+-]?[0-9]{1,2}")
_SIDE = re.compile(r"\b(?:DR?|DB|CR?)\b|[借贷]", re.IGNORECASE)
_FIGURE = re.compile(r"[^0-9]*?((?:(?<![A-Za-z])[.,])?[0-9][0-9.,' ]*)[^0-9]*")
"""Digits with marks between them, and whatever stands before and behind: a currency, a sign."""
_GROUPED = {
    mark: re.compile(rf"[0-9]{{1,3}}(?:{re.escape(mark)}[0-9]{{3}})+") for mark in (".", ",")
}


def possible_amounts(text: str | None) -> frozenset[Decimal]:
    """Every amount that a text can denote; nothing, where it holds no digit.

    A point or a comma may separate decimals or thousands. More decimals than two are rounded or
    cut. A sign may lead or trail, or be parentheses; a mark of the side (DR, CR) may be either.
    """
    plain = unicodedata.normalize("NFKC", text or "").strip().replace("\u2212", "-")
    plain = "".join(str(unicodedata.decimal(mark, mark)) for mark in plain)
    if not re.search("[0-9]", plain):
        return NOTHING
    is_negative = "-" in (plain[0], plain[-1]) or (plain[0] == "(" and plain[-1] == ")")
    values = _read_values(plain.strip("+-()'\" "))
    modes = (ROUND_DOWN, ROUND_HALF_UP)
    amounts = {value.quantize(CENT, mode) for value in values for mode in modes}
    if _SIDE.search(plain):
        return frozenset(amounts | {-amount for amount in amounts})
    return frozenset({-amount for amount in amounts} if is_negative else amounts)


def _read_values(unsigned: str) -> set[Decimal]:
    """The readings of an amount without its sign; none where it is more than one figure."""
    if _SCIENTIFIC.fullmatch(unsigned):
        return {Decimal(unsigned.replace(",", "."))}
    found = _FIGURE.fullmatch(unsigned)
    return _read_figure(re.sub("[' ]", "", found[1]).rstrip(".,")) if found else set()


def _read_figure(figure: str) -> set[Decimal]:
    """The readings of digits with points and commas between them."""
    values = set()
    for mark, other in ((".", ","), (",", ".")):
        whole, found, decimals = figure.rpartition(mark)
        if found and decimals.isdigit() and mark not in whole:
            values |= {Decimal(f"{digits}.{decimals}") for digits in _read_whole(whole, other)}
        values |= {Decimal(digits) for digits in _read_whole(figure, mark) if digits}
    return values


def _read_whole(figure: str, mark: str) -> set[str]:
    """The digits of a whole number, whose thousands a mark may separate."""
    if figure.isdigit() or not figure:
        return {figure}
    return {figure.replace(mark, "")} if _GROUPED[mark].fullmatch(figure) else set()


def can_explain(difference: Decimal, rows: Iterable[frozenset[Decimal]]) -> bool:
    """Whether one amount of each row sums to the difference.

    Rows that can be read in so many ways that they would explain anything explain nothing.
    """
    sums = {Decimal(0)}
    for amounts in rows:
        sums = {known + amount for known in sums for amount in amounts}
        if len(sums) > MOST_SUMS:
            return False
    return difference in sums
