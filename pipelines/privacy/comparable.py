"""Personal values in a form in which they compare: what the match tokens are made of.

``narrow`` and its kin are temporary macros of a connection. A change of them changes every match
token, so their hash is kept beside the tokens (:mod:`pipelines.privacy.vault`).
"""

from __future__ import annotations

import hashlib

import duckdb

from bankcrm.sql import quote_text
from pipelines.contracts.check_digits import gb11643_check_character_sql

FULL_WIDTH = "".join(chr(code) for code in range(0xFF01, 0xFF5F)) + "\u3000"
HALF_WIDTH = "".join(chr(code) for code in range(0x21, 0x7F)) + " "

# Most values are ASCII, and most documents digits and capitals already: asking costs a tenth of
# translating them. Cards of 15 digits left out the century and the check character.
MACROS = f"""
create or replace temp macro narrow(value) as
    case when strlen(value) = length(value) then value
        else translate(value, {quote_text(FULL_WIDTH)}, {quote_text(HALF_WIDTH)}) end;
create or replace temp macro compact(value) as
    case when regexp_full_match(value, '[0-9A-Z]+') then value
        else nullif(regexp_replace(upper(narrow(value)), '[^\\p{{L}}\\p{{N}}]', '', 'g'), '') end;
create or replace temp macro with_check_character(body) as
    body || {gb11643_check_character_sql("body")};
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
create or replace temp macro digits(value) as
    case when regexp_full_match(value, '[0-9]*') then value
        else regexp_replace(narrow(value), '[^0-9]', '', 'g') end;
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
