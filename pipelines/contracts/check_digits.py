"""Check digits and card numbers as SQL conditions over a text.

Schemes: GB 11643 (resident identity numbers, ISO 7064 MOD 11-2), GB 32100 (unified social credit
codes), Luhn (ISO/IEC 7812, card numbers) and MOD 97-10 (ISO 7064, IBAN). A text that has not the
form of such a number is left alone: forms are the business of ``pattern``.
"""

from __future__ import annotations

from collections.abc import Callable

from bankcrm.sql import quote_name, quote_text
from pipelines.contracts.contract import CheckDigits, CheckDigitScheme

GB11643_WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
GB11643_CHECKS = "10X98765432"
GB32100_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
GB32100_WEIGHTS = [pow(3, place, 31) for place in range(17)]
CARD_NUMBER = "[0-9]{13,19}"
MASKED_CARD_NUMBER = r"[0-9]{6}\*{3,9}[0-9]{4}"


def bad_check_digit_sql(column: str, check: CheckDigits) -> str:
    """True where the number has the form of its scheme and the wrong check digit."""
    number = _compact(quote_name(column))
    cases = " ".join(
        f"when {quote_text(value)} then {_BAD[scheme](number)}"
        for value, scheme in check.schemes.items()
    )
    return f"(case {quote_name(check.by)} {cases} end)"


def has_check_digit_sql(number: str, scheme: CheckDigitScheme) -> str:
    """True where a text has the form of a scheme's numbers and the right check digit.

    Args:
        number: SQL of a text without separators, in capitals.
        scheme: by which the check digit is counted.
    """
    return (
        f"(regexp_full_match({number}, {quote_text(_FORM[scheme])}) and not {_BAD[scheme](number)})"
    )


def card_number_sql(text: str) -> str:
    """True where a text is a card number by length and check digit, or a masked one."""
    number = _compact(text)
    is_masked = f"regexp_full_match({text}, '{MASKED_CARD_NUMBER}')"
    return f"({_is_card_number(number)} or {is_masked})"


def mask_card_number_sql(text: str) -> str:
    """The text, with no more than the first six and last four digits of a card number."""
    number = _compact(text)
    masked = f"left({number}, 6) || repeat('*', len({number}) - 10) || right({number}, 4)"
    return f"case when {_is_card_number(number)} then {masked} else {text} end"


def _is_card_number(number: str) -> str:
    """A case, because both sides of `and` would be evaluated for every row."""
    has_form = f"regexp_full_match({number}, '{CARD_NUMBER}')"
    return f"(case when {has_form} then {_luhn(number)} = 0 else false end)"


def gb11643_check_character_sql(body: str) -> str:
    """SQL of the check character (ISO 7064 MOD 11-2) of the first 17 digits of an identity number.

    Weights are 2**(17 - place) mod 11; the remainder picks the character. Digits are taken from the
    whole number, as a list of its characters would cost several times as much; the list of one
    number only names it.

    Args:
        body: SQL of a text; the result is null where it is not all digits.
    """
    total = " + ".join(
        f"n // {10 ** (16 - place)} % 10 * {weight}" for place, weight in enumerate(GB11643_WEIGHTS)
    )
    rest = f"list_transform([try_cast({body} as bigint)], lambda n: ({total}) % 11)[1]"
    return f"substr('{GB11643_CHECKS}', {rest}::integer + 1, 1)"


def _compact(text: str) -> str:
    return f"upper(regexp_replace({text}, '[ -]', '', 'g'))"


def _characters(text: str) -> str:
    return f"string_split({text}, '')"


def _luhn(number: str) -> str:
    digit = "(ascii(d) - 48)"
    doubled = f"case when i % 2 = 0 then {digit} * 2 // 10 + {digit} * 2 % 10 else {digit} end"
    return (
        f"list_sum(list_transform({_characters(f'reverse({number})')},"
        f" lambda d, i: {doubled})) % 10"
    )


def _bad_luhn(number: str) -> str:
    return f"(regexp_full_match({number}, '{_FORM['luhn']}') and {_luhn(number)} <> 0)"


def _bad_gb11643(number: str) -> str:
    check = gb11643_check_character_sql(f"left({number}, 17)")
    has_form = f"regexp_full_match({number}, '{_FORM['gb11643']}')"
    return f"(case when {has_form} then {check} <> right({number}, 1) else false end)"


def _bad_gb32100(number: str) -> str:
    value = f"(instr('{GB32100_ALPHABET}', c) - 1)"
    total = (
        f"list_sum(list_transform({_characters(f'left({number}, 17)')},"
        f" lambda c, i: {value} * {GB32100_WEIGHTS}[i]))"
    )
    check = f"substr('{GB32100_ALPHABET}', ((31 - {total} % 31) % 31)::integer + 1, 1)"
    is_code = f"regexp_full_match({number}, '{_FORM['gb32100']}')"
    return f"({is_code} and {check} <> right({number}, 1))"


def _bad_mod97(number: str) -> str:
    rotated = f"substr({number}, 5) || left({number}, 4)"
    values = (
        f"list_transform({_characters(rotated)}, lambda c:"
        " case when c >= 'A' then ascii(c) - 55 else ascii(c) - 48 end)"
    )
    rest = (
        f"list_reduce({values}, lambda r, v: (r * case when v > 9 then 100 else 10 end + v) % 97)"
    )
    is_iban = f"regexp_full_match({number}, '{_FORM['mod97']}')"
    return f"({is_iban} and {rest} <> 1)"


_FORM: dict[CheckDigitScheme, str] = {
    "gb11643": "[0-9]{17}[0-9X]",
    "gb32100": f"[{GB32100_ALPHABET}]{{18}}",
    "luhn": "[0-9]{8,19}",
    "mod97": "[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}",
}
_BAD: dict[CheckDigitScheme, Callable[[str], str]] = {
    "gb11643": _bad_gb11643,
    "gb32100": _bad_gb32100,
    "luhn": _bad_luhn,
    "mod97": _bad_mod97,
}
