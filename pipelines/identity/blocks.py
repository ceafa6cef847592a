"""Which records are compared: those that share a key of a block.

A key is made of parts of two attributes, so that a record with one wrong attribute, or with a
typing error in two, still shares one with its like. Keys are made of clear values in memory, inside
the connection of the vault; ``identity.block_key`` keeps their keyed tokens only, cut to a number,
for as long as the record counts.
"""

from __future__ import annotations

import duckdb

from pipelines.privacy.comparable import MATCH_RULES

CLEAR_VALUES = """
clear_value as materialized (
    select token, value from vault.entry where token in (
        select unnest([name_token, birth_date, phone_token, address_token, document_token])
        from member)
), clear_member as (
    select member.* exclude (name, birth_date, phone, address),
        comparable_name(names.value) as name, cast(births.value as date) as birth_date,
        comparable_phone(phones.value) as phone, comparable_address(addresses.value) as address,
        comparable_document(document_type, documents.value) as clear_document
    from member
    left join clear_value as names on names.token = name_token
    left join clear_value as births on births.token = birth_date
    left join clear_value as phones on phones.token = phone_token
    left join clear_value as addresses on addresses.token = address_token
    left join clear_value as documents on documents.token = document_token
)
"""
"""``clear_member``: the rows of ``member``, records, with clear values in place of tokens."""

KEYS = r"""
with part as (
    select record_id, name, phone, address, city, strftime(birth_date, '%Y%m%d') as birth,
        list_filter(string_split(name, ' '), lambda word: length(word) > 1 or word > '~') as words,
        nullif(regexp_extract(address, '[0-9]+'), '') as house,
        nullif(regexp_extract(address, '.*\b([0-9]+)', 1), '') as last_number,
        list_reduce(
            list_filter(string_split(address, ' '), lambda word: word not similar to '[0-9]*'),
            lambda one, other: if(length(other) > length(one), other, one), '') as longest,
        nullif(longest, '') as street
    from {members}
), listed as (
    select record_id, unnest([
        'birth ' || birth,
        'phone ' || phone,
        'address ' || address,
        'house, street, number ' || house || '|' || street || '|' || last_number,
        'name, city ' || name || '|' || city,
        'name, year ' || name || '|' || left(birth, 4)
    ] || list_concat(
        list_transform(words, lambda word: 'word, month ' || word || '|' || left(birth, 6)),
        list_transform(words, lambda word: 'word, day ' || word || '|' || right(birth, 4)),
        list_transform(words, lambda word: 'word, house ' || word || '|' || house || '|' || city),
        list_transform(words, lambda word: 'word, number ' || word || '|' || last_number)
    )) as key
    from part
)
select record_id, key from listed where key is not null
"""
"""A record whose key has a part that is null has no such key. A word of one letter is an initial;
one character of another script is a word."""

TOKEN = "('0x' || substr(keyed_token('block', key), 7, 15))::bigint"
BLOCK_RULES = MATCH_RULES + KEYS


def write_block_keys(connection: duckdb.DuckDBPyConnection) -> None:
    """Bring ``identity.block_key`` up to date, and find whom the new records are compared with.

    Leaves the temporary table ``block_member``: new records, and the others that share a key with
    one, or a document.

    Args:
        connection: the raw database with its vault opened, ``new_record`` and ``crowded``.
    """
    connection.execute(
        """delete from identity.block_key where record_id in (from gone_record)
            or record_id in (select record_id from new_record)"""
    )
    keys = KEYS.format(members="clear_member")
    connection.execute(
        f"""insert into identity.block_key
        with member as (from new_record), {CLEAR_VALUES}
        select distinct record_id, {TOKEN} from ({keys})"""
    )
    connection.execute(
        """create or replace temp table block_member as
        select record_id from new_record
        union select record_id from identity.block_key semi join (
            select key from identity.block_key
            where record_id in (select record_id from new_record)) using (key)
        union select record_id from identity.record
            semi join new_record using (document_type, document_number)
            anti join crowded using (document_type, document_number)"""
    )
