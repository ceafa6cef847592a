"""The functions that a statement may call. Any other is refused by name: DuckDB has some that reach
files, settings and the database itself."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from cube.errors import suggest
from cube.wire.errors import UNDEFINED_FUNCTION, WireError

_NUMBERS = (
    "abs ceil ceiling floor round trunc sign sqrt cbrt power pow exp ln log mod greatest least"
)
_TEXTS = (
    "upper lower length char_length trim ltrim rtrim btrim substring substr left right "
    "replace split_part position str_position strpos concat concat_ws safe_concat "
    "initcap reverse translate chr ascii md5 starts_with regexp_replace regexp_like "
    "regexp_i_like regexp_full_match regexp_extract to_char to_number like ilike overlay"
)
_TIMES = (
    "to_date to_timestamp date_trunc timestamp_trunc date_part extract age current_date "
    "current_timestamp current_time localtimestamp localtime now make_date make_timestamp date "
    "date_add date_sub date_diff ts_or_ds_to_date str_to_time str_to_date time_to_str "
    "unix_to_time timestamp date_from_parts timestamp_from_parts interval justify_interval "
    "last_day year quarter month week day day_of_week day_of_month day_of_year"
)
_LOGIC = (
    "coalesce nullif case if cast try_cast exists and or xor bool_and bool_or every logical_and "
    "logical_or any_value generate_series exploding_generate_series explode unnest "
    "explode_outer grouping nvl2"
)
_AGGREGATES = (
    "sum avg min max count count_if stddev stddev_pop stddev_samp variance variance_pop var_pop "
    "var_samp corr covar_pop covar_samp percentile_cont percentile_disc median mode quantile "
    "string_agg group_concat array_agg approx_distinct row_number rank dense_rank percent_rank "
    "cume_dist ntile lag lead first_value last_value nth_value first last"
)
_LISTS = (
    "array array_length array_size array_to_string array_position array_contains array_cat "
    "array_append cardinality string_to_array split array_upper array_lower generate_subscripts "
    "json_build_object json_object jsonb_build_object json_agg row struct any all"
)
_CATALOG = (
    "format_type pg_get_userbyid pg_table_is_visible pg_type_is_visible pg_function_is_visible "
    "pg_collation_is_visible pg_operator_is_visible pg_opclass_is_visible "
    "pg_opfamily_is_visible pg_statistics_obj_is_visible obj_description col_description "
    "shobj_description pg_get_expr "
    "pg_get_constraintdef pg_get_indexdef pg_get_viewdef pg_get_ruledef pg_get_triggerdef "
    "pg_get_serial_sequence pg_get_functiondef pg_get_function_result pg_get_function_arguments "
    "pg_get_function_identity_arguments pg_get_partkeydef pg_get_statisticsobjdef_columns "
    "pg_relation_is_publishable pg_encoding_to_char pg_table_size pg_relation_size "
    "pg_total_relation_size pg_indexes_size pg_database_size pg_size_pretty "
    "pg_tablespace_location pg_tablespace_size getdatabaseencoding format printf "
    "pg_is_in_recovery pg_is_wal_replay_paused pg_advisory_unlock_all "
    "pg_stat_get_numscans pg_get_function_sqlbody pg_char_to_encoding pg_conversion_is_visible "
    "pg_ts_config_is_visible pg_ts_dict_is_visible row_security_active inet_server_addr "
    "inet_server_port inet_client_addr txid_current current_schema current_schemas "
    "current_catalog current_database current_user session_user current_role version "
    "current_version has_table_privilege has_any_column_privilege has_column_privilege "
    "has_schema_privilege has_database_privilege has_sequence_privilege has_function_privilege "
    "has_tablespace_privilege pg_has_role quote_ident quote_literal current_setting set_config "
    "_pg_expandarray pg_options_to_table pg_get_keywords to_regclass to_regtype pg_backend_pid "
    "regclass_name regclass_oid regproc_name regnamespace_name regrole_name pg_typeof collate"
)

PLAIN: Final = frozenset(" ".join([_NUMBERS, _TEXTS, _TIMES, _LOGIC, _AGGREGATES, _LISTS]).split())
"""Functions over values."""

CATALOG: Final = PLAIN | frozenset(_CATALOG.split())
"""Functions that may also be called where only the catalog is read."""


def get_function_name(node: exp.Expr) -> str:
    """Name of a function as it is written, in small letters."""
    name = (
        node.sql_name()
        if isinstance(node, exp.Func) and not isinstance(node, exp.Anonymous)
        else node.name
    )
    return name.lower()


def check_functions(tree: exp.Expr, known: frozenset[str]) -> None:
    """Refuse what is called and not ``known``.

    Raises:
        WireError: names the function.
    """
    for node in tree.find_all(exp.Func, exp.AnonymousAggFunc, exp.Command):
        name = get_function_name(node)
        if name not in known:
            raise WireError(
                UNDEFINED_FUNCTION, f"the function {name}() is not supported{suggest(name, known)}"
            )
