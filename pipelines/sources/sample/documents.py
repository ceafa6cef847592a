"""Identity documents: resident ID cards, passports and unified social credit codes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipelines.sources.sample.arrays import Ints, Texts

ID_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2], dtype=np.int64)
ID_CHECK = np.array(list("10X98765432"))
LICENCE_ALPHABET = np.array(list("0123456789ABCDEFGHJKLMNPQRTUWXY"))
LICENCE_WEIGHTS = np.array([pow(3, place, 31) for place in range(17)], dtype=np.int64)
BODY_LENGTH = 17


def make_id_cards(area: Ints, birth: NDArray[np.datetime64], serial: Ints) -> Texts:
    """Resident ID numbers (GB 11643): area, date of birth, serial, check digit modulo 11.

    Args:
        area: six-digit county codes.
        birth: dates of birth.
        serial: 0 to 999, odd for men. Equal numbers get the next free serial of that parity.

    Returns:
        Distinct texts of 18 characters.
    """
    years = birth.astype("datetime64[Y]").astype(np.int64) + 1970
    months = birth.astype("datetime64[M]").astype(np.int64) % 12 + 1
    days = (birth - birth.astype("datetime64[M]")).astype(np.int64) + 1
    prefix = area * 10**8 + years * 10**4 + months * 100 + days
    body = prefix * 1000 + _make_distinct(prefix, serial)
    digits = body[:, None] // 10 ** np.arange(16, -1, -1, dtype=np.int64) % 10
    check = ID_CHECK[(digits * ID_WEIGHTS).sum(axis=1) % 11]
    return np.array([f"{n}{c}" for n, c in zip(body.tolist(), check, strict=True)], dtype=object)


def make_licences(area: Ints, serial: Ints) -> Texts:
    """Unified social credit codes (GB 32100): department, area, body code, check character.

    Args:
        area: six-digit county codes.
        serial: distinct numbers below 31**9.
    """
    places = 31 ** np.arange(8, -1, -1, dtype=np.int64)
    head = np.tile(np.array([9, 1], dtype=np.int64), (area.size, 1))
    county = area[:, None] // 10 ** np.arange(5, -1, -1, dtype=np.int64) % 10
    values = np.concatenate([head, county, serial[:, None] // places % 31], axis=1)
    check = (31 - (values * LICENCE_WEIGHTS).sum(axis=1) % 31) % 31
    letters = LICENCE_ALPHABET[np.concatenate([values, check[:, None]], axis=1)]
    return np.array(["".join(row) for row in letters], dtype=object)


def make_passports(serial: Ints) -> Texts:
    """Passport numbers: a letter and eight digits."""
    return np.array([f"E{10_000_000 + number}" for number in serial.tolist()], dtype=object)


def is_id_card(number: str) -> bool:
    """Whether a resident ID number has 18 characters and the right check digit."""
    body = number[:BODY_LENGTH]
    if len(number) != BODY_LENGTH + 1 or not (body.isascii() and body.isdigit()):
        return False
    total = sum(int(digit) * int(weight) for digit, weight in zip(body, ID_WEIGHTS, strict=True))
    return number[BODY_LENGTH] == str(ID_CHECK[total % 11])


def is_licence(number: str) -> bool:
    """Whether a unified social credit code has 18 characters and the right check character."""
    alphabet = "".join(LICENCE_ALPHABET)
    if len(number) != BODY_LENGTH + 1 or any(letter not in alphabet for letter in number):
        return False
    values = [alphabet.index(letter) for letter in number]
    total = sum(v * int(w) for v, w in zip(values[:BODY_LENGTH], LICENCE_WEIGHTS, strict=True))
    return values[BODY_LENGTH] == (31 - total % 31) % 31


def _make_distinct(prefix: Ints, serial: Ints) -> Ints:
    serial = serial.copy()
    while True:
        _, first = np.unique(prefix * 1000 + serial, return_index=True)
        repeated = np.ones(prefix.size, dtype=np.bool_)
        repeated[first] = False
        if not repeated.any():
            return serial
        serial[repeated] = (serial[repeated] + 2) % 1000
