"""Published rows with natural ids in the place of keys, and their differences from expectation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import duckdb

Key = tuple[Any, ...]
NATURAL_IDS = {
    "account_system": ("account", "source_system"),
    "account_number": ("account", "account_id"),
    "product_id": ("product", "product_id"),
    "branch_id": ("branch", "branch_id"),
    "manager_id": ("manager", "manager_id"),
    "teller_id": ("teller", "teller_id"),
    "channel_code": ("channel", "channel_code"),
    "transaction_type_code": ("transaction_type", "transaction_type_code"),
    "currency_code": ("currency", "currency_code"),
    "risk_grade_code": ("risk_grade", "risk_grade_code"),
    "flow_class_code": ("flow_class", "flow_class_code"),
    "activity_code": ("activity", "activity_code"),
    "gl_account_code": ("gl_account", "gl_account_code"),
    "industry_code": ("industry", "industry_code"),
    "aum_band_code": ("customer_profile", "aum_band_code"),
    "age_band_code": ("customer_profile", "age_band_code"),
    "income_band_code": ("customer_profile", "income_band_code"),
    "rfm_segment_code": ("customer_profile", "rfm_segment_code"),
}
"""Dimension and column that give the natural id of a key."""
ROLES = {"previous_risk_grade_code": ("risk_grade", "risk_grade_code", "previous_risk_grade_key")}
"""Dimension, column and key where the key does not bear the name of its dimension."""
SHOWN = 5


def read_fact(
    connection: duckdb.DuckDBPyConnection, fact: str, key: tuple[str, ...], row_type: type[Any]
) -> dict[Key, Any]:
    """Published rows by key, as instances of a dataclass whose fields name the columns.

    Raises:
        AssertionError: when two rows share a key.
    """
    names = [*key, *(field.name for field in fields(row_type))]
    columns = ", ".join(_column(name) for name in names)
    rows = connection.execute(f"select {columns} from marts.{fact} as f").fetchall()
    facts = {row[: len(key)]: row_type(*row[len(key) :]) for row in rows}
    assert len(facts) == len(rows), f"{fact} has several rows of one {key}"
    return facts


def _column(name: str) -> str:
    if name in ROLES:
        dimension, column, foreign_key = ROLES[name]
    elif name in NATURAL_IDS:
        dimension, column = NATURAL_IDS[name]
        foreign_key = f"{dimension}_key"
    else:
        return f"f.{name}"
    found = f"d.{dimension}_key = f.{foreign_key}"
    return f"(select d.{column} from marts.dim_{dimension} as d where {found})"


def differences(expected: Mapping[Key, Any], published: Mapping[Key, Any]) -> list[str]:
    """Sentences about rows and cells that differ; empty when all are equal."""
    lost = [f"{key} is not published" for key in expected.keys() - published.keys()]
    made = [f"{key} is published but not expected" for key in published.keys() - expected.keys()]
    cells = [
        f"{key} {field.name}: expected {want!r}, published {have!r}"
        for key in expected.keys() & published.keys()
        for field in fields(expected[key])
        if (want := getattr(expected[key], field.name))
        != (have := getattr(published[key], field.name))
    ]
    return [*lost, *made, *cells]


def assert_equal(expected: Mapping[Key, Any], published: Mapping[Key, Any]) -> None:
    """Fail with the number of differences and the first few of them."""
    assert expected, "nothing is expected: the deliveries were not read"
    found = sorted(differences(expected, published))
    assert not found, "\n".join([f"{len(found)} differences, for instance:", *found[:SHOWN]])
