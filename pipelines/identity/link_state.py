"""By what rules, of what loads and decisions the tables of schema ``identity`` were made.

Links are brought up to date night by night. They may be only where everything before was made by
the same rules; else all is made again, from what the loads say.
"""

from __future__ import annotations

import ast
import hashlib
from functools import cache
from pathlib import Path

import duckdb

from pipelines.identity.parameters import Parameters

LOADS_HASH = """
select coalesce(md5(string_agg(load_id::varchar, ',' order by load_id)), '')
from (select distinct load_id from identity.source_attribute)
"""
"""A program that knows nothing of ``identity.linked`` changes the loads, not what is in it."""
FOLLOWING = (
    *("record", "document", "candidate", "edge", "link", "linked"),
    *("stranger", "placeholder"),
)
"""What is made again; scores of pairs outlive it, see :mod:`pipelines.identity.linkage`."""
RULE_MODULES = (
    *("blocks", "clusters", "edges", "evidence", "fillers", "link", "linkage", "schema"),
    *("source_records", "strangers"),
)
"""Modules that decide what the tables hold: when their code changes, everybody is relinked."""
OTHER_MODULES = ("__init__", "link_state", "parameters", "quality", "review")
"""Modules that do not: they read the links, record decisions, or are hashed by their values."""
FOLDER = Path(__file__).parent


def is_up_to_date(connection: duckdb.DuckDBPyConnection, parameters: Parameters) -> bool:
    """Whether today's rules made the tables, of the loads in ``identity.source_attribute``."""
    rows = connection.execute(
        f"select rules_hash = $1 and loads_hash = ({LOADS_HASH}) from identity.linked",
        [_hash_state(parameters)],
    ).fetchall()
    return rows == [(True,)]


def clear_links(connection: duckdb.DuckDBPyConnection) -> None:
    """Empty every table that follows from loads, scores and decisions."""
    for table in FOLLOWING:
        connection.execute(f"delete from identity.{table}")


def load_last_decision(connection: duckdb.DuckDBPyConnection) -> int:
    """Id of the last decision that the links know of; 0 for none."""
    row = connection.execute("select coalesce(max(decision_id), 0) from identity.linked").fetchone()
    assert row is not None
    return int(row[0])


def save_link_state(connection: duckdb.DuckDBPyConnection, parameters: Parameters) -> None:
    """Save by what rules, of what loads and decisions the tables are made."""
    connection.execute("delete from identity.linked")
    connection.execute(
        f"""insert into identity.linked
        select $1, ({LOADS_HASH}), (select coalesce(max(decision_id), 0) from identity.decision)""",
        [_hash_state(parameters)],
    )


def hash_rules(folder: Path = FOLDER) -> str:
    """Hash of the code of the rules; comments, docstrings and layout are no part of it."""
    code = "\n".join(
        ast.dump(_strip_docstrings((folder / f"{name}.py").read_text(encoding="utf-8")))
        for name in RULE_MODULES
    )
    return hashlib.sha256(code.encode()).hexdigest()


@cache
def _hash_own_rules() -> str:
    return hash_rules()


def _hash_state(parameters: Parameters) -> str:
    state = _hash_own_rules() + parameters.model_dump_json()
    return hashlib.sha256(state.encode()).hexdigest()


def _strip_docstrings(source: str) -> ast.Module:
    """The code without statements that are only a text: docstrings of modules and of names."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [part for part in body if not _is_text(part)]  # type: ignore[attr-defined]
    return tree


def _is_text(statement: ast.AST) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
