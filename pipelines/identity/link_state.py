"""By what rules, of what loads and decisions the tables of schema ``identity`` were made.

Links are brought up to date night by night. They may be only where everything before was made by
the same rules; else all is made anew, from what the loads say.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import duckdb

from pipelines.identity.parameters import Parameters

LOADS_HASH = """
select coalesce(md5(string_agg(load_id::varchar, ',' order by load_id)), '')
from (select distinct load_id from identity.said)
"""
"""A program that knows nothing of ``identity.linked`` changes the loads, not what stands there."""
FOLLOWING = ("record", "document", "candidate", "edge", "link", "linked")
"""What is made anew; scores of pairs outlive it, see :mod:`pipelines.identity.linkage`."""


def is_up_to_date(connection: duckdb.DuckDBPyConnection, parameters: Parameters) -> bool:
    """Whether the tables were made by today's rules of the loads that ``identity.said`` names."""
    rows = connection.execute(
        f"select rules_hash = $1 and loads_hash = ({LOADS_HASH}) from identity.linked",
        [_hash_rules(parameters)],
    ).fetchall()
    return rows == [(True,)]


def forget_links(connection: duckdb.DuckDBPyConnection) -> None:
    """Empty every table that follows from loads, scores and decisions."""
    for table in FOLLOWING:
        connection.execute(f"delete from identity.{table}")


def read_last_decision(connection: duckdb.DuckDBPyConnection) -> int:
    """Id of the last decision that the links know of; 0 for none."""
    row = connection.execute("select coalesce(max(decision_id), 0) from identity.linked").fetchone()
    assert row is not None
    return int(row[0])


def remember_links(connection: duckdb.DuckDBPyConnection, parameters: Parameters) -> None:
    """Note by what rules, of what loads and decisions the tables are made."""
    connection.execute("delete from identity.linked")
    connection.execute(
        f"""insert into identity.linked
        select $1, ({LOADS_HASH}), (select coalesce(max(decision_id), 0) from identity.decision)""",
        [_hash_rules(parameters)],
    )


def _hash_rules(parameters: Parameters) -> str:
    return hashlib.sha256((_hash_code() + parameters.model_dump_json()).encode()).hexdigest()


@cache
def _hash_code() -> str:
    """Hash of the modules beside this one: whatever they do otherwise, they do to everybody."""
    modules = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(module.read_bytes() for module in modules)).hexdigest()
