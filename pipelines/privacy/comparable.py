"""Personal values in a form in which they compare: what the match tokens are made of.

``narrow`` and its kin are temporary macros of a connection. A change of them changes every match
token, so their hash is kept beside the tokens (:mod:`pipelines.privacy.vault`).
"""

from __future__ import annotations

import hashlib

import duckdb

from pipelines.sql import quote_text

FULL_WIDTH = "".join(chr(code) for code in range(0xFF01, 0xFF5F)) + "\u3000"
HALF_WIDTH = "".join(chr(code) for code in range(0x21, 0x7F)) + " "

# GB 11643: weights 2**(17 - place) mod 11 of the first 17 digits; the remainder picks the check
# character (ISO 7064 MOD 11-2). Cards of 15 digits left out the century and the check character.
MACROS = f"""
create or replace temp macro narrow(value) as
    translate(value, {quote_text(FULL_WIDTH)}, {quote_text(HALF_WIDTH)});
create or replace temp macro compact(value) as
    nullif(regexp_replace(upper(narrow(value)), '[^\\p{{L}}\\p{{N}}]', '', 'g'), '');
create or replace temp macro with_check_character(body) as
    body || substr('10X98765432', 1 + cast(list_sum(list_transform(
        [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2],
        lambda weight, place: weight * cast(substr(body, place, 1) as integer)
    )) as integer) % 11, 1);
create or replace temp macro comparable_document(document_type, value) as
    case
        when document_type = 'ID_CARD' and regexp_full_match(compact(value), '[0-9]{{15}}')
            then with_check_character(left(compact(value), 6) || '19' || right(compact(value), 9))
        else compact(value)
    end;
create or replace temp macro words(value) as
    list_filter(
        string_split_regex(strip_accents(lower(narrow(value))), '[^\\p{{L}}\\p{{N}}]+'),
        lambda word: word <> ''
    );
create or replace temp macro comparable_name(value) as
    nullif(array_to_string(list_sort(words(value)), ' '), '');
create or replace temp macro comparable_address(value) as
    nullif(array_to_string(list_transform(words(value), lambda word: case word
        when 'rd' then 'road' when 'st' then 'street' when 'ave' then 'avenue'
        when 'rm' then 'room' else word end), ' '), '');
create or replace temp macro digits(value) as regexp_replace(narrow(value), '[^0-9]', '', 'g');
create or replace temp macro comparable_phone(value) as
    case
        when length(digits(value)) < 7 or regexp_full_match(digits(value), '(0+|1+|9+)') then null
        else right(digits(value), 11)
    end;
create or replace temp macro family_name(value) as
    case when contains(value, ' ') then lower(split_part(value, ' ', 1))
        else lower(left(value, 1)) end;
create or replace temp macro masked_name(value) as
    case when contains(value, ' ') then array_to_string(list_transform(
            list_filter(string_split(value, ' '), lambda word: word <> ''),
            lambda word: left(word, 1) || '***'), ' ')
        else left(value, 1) || '**' end;
"""
"""``comparable_document(type, number)``, ``comparable_name``, ``_address``, ``_phone``; the family
name, which is the first of several words, else the first character (Chinese script); and the mask
of a name, the first character of each word."""

MATCH_RULES = hashlib.sha256(MACROS.encode()).hexdigest()[:16]
"""Changes when values may compare otherwise."""


def create_macros(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the temporary macros that normalise what systems deliver."""
    connection.execute(MACROS)
