"""Oids of the tables of the catalog itself."""

from __future__ import annotations

SYSTEM_OIDS = {
    "pg_class": 1259,
    "pg_type": 1247,
    "pg_proc": 1255,
    "pg_attribute": 1249,
    "pg_namespace": 2615,
    "pg_constraint": 2606,
    "pg_database": 1262,
    "pg_extension": 3079,
    "pg_attrdef": 2604,
    "pg_description": 2609,
    "pg_index": 2610,
    "pg_rewrite": 2618,
    "pg_trigger": 2620,
    "pg_collation": 3456,
    "pg_authid": 1260,
    "pg_tablespace": 1213,
    "pg_language": 2612,
    "pg_am": 2601,
    "pg_operator": 2617,
    "pg_foreign_server": 1417,
    "pg_policy": 3256,
    "pg_event_trigger": 3466,
    "pg_publication": 6104,
    "pg_cast": 2605,
}
"""Oids of catalog tables that others refer to. Source: PostgreSQL 15, ``src/include/catalog``."""
