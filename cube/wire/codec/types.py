"""Types of the wire: PostgreSQL's numbers for them, and DuckDB's types as one of them.

Source: PostgreSQL 15, ``pg_type.dat``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class WireType:
    """A type of PostgreSQL: its oid, its length in bytes (-1 varies), the oid of its elements."""

    oid: int
    size: int
    element: int = 0
    modifier: int = -1


BOOL: Final = WireType(16, 1)
BYTEA: Final = WireType(17, -1)
INT8: Final = WireType(20, 8)
INT2: Final = WireType(21, 2)
INT4: Final = WireType(23, 4)
TEXT: Final = WireType(25, -1)
OID: Final = WireType(26, 4)
FLOAT4: Final = WireType(700, 4)
FLOAT8: Final = WireType(701, 8)
UNKNOWN: Final = WireType(705, -2)
VARCHAR: Final = WireType(1043, -1)
DATE: Final = WireType(1082, 4)
TIME: Final = WireType(1083, 8)
TIMESTAMP: Final = WireType(1114, 8)
TIMESTAMPTZ: Final = WireType(1184, 8)
INTERVAL: Final = WireType(1186, 16)
NUMERIC: Final = WireType(1700, -1)
UUID: Final = WireType(2950, 16)

_ARRAYS = {16: 1000, 20: 1016, 21: 1005, 23: 1007, 25: 1009, 26: 1028, 700: 1021, 701: 1022}
_ARRAYS |= {1082: 1182, 1114: 1115, 1184: 1185, 1700: 1231, 1043: 1015}
ELEMENTS: Final = {array: element for element, array in _ARRAYS.items()}
"""Oid of the elements of each array type that a parameter may have."""

ARRAY_OF: Final = dict(_ARRAYS)
"""Oid of the array of each element type."""

_SIMPLE = {
    "BOOLEAN": BOOL,
    "TINYINT": INT2,
    "SMALLINT": INT2,
    "UTINYINT": INT2,
    "INTEGER": INT4,
    "USMALLINT": INT4,
    "BIGINT": INT8,
    "HUGEINT": NUMERIC,
    "UBIGINT": NUMERIC,
    "UHUGEINT": NUMERIC,
    "FLOAT": FLOAT4,
    "DOUBLE": FLOAT8,
    "VARCHAR": TEXT,
    "BLOB": BYTEA,
    "DATE": DATE,
    "TIME": TIME,
    "TIMESTAMP": TIMESTAMP,
    "TIMESTAMP_S": TIMESTAMP,
    "TIMESTAMP_MS": TIMESTAMP,
    "TIMESTAMP_NS": TIMESTAMP,
    "TIMESTAMP WITH TIME ZONE": TIMESTAMPTZ,
    "INTERVAL": INTERVAL,
    "UUID": UUID,
    "UINTEGER": OID,
}
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")
_HEADER = 4


def from_duckdb(name: str) -> WireType:
    """The type that a column of DuckDB's type ``name`` is sent as; text where there is no other.

    The catalog keeps oids as UINTEGER, which no mart uses.
    """
    if name.endswith("[]"):
        element = from_duckdb(name[:-2])
        array = _ARRAYS.get(element.oid)
        return TEXT if array is None else WireType(array, -1, element.oid)
    if decimal := _DECIMAL.fullmatch(name):
        precision, scale = map(int, decimal.groups())
        return WireType(NUMERIC.oid, -1, modifier=(precision << 16 | scale) + _HEADER)
    return _SIMPLE.get(name, TEXT)
