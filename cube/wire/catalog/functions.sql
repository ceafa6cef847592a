-- Functions of PostgreSQL that clients call on the catalog. What this server does not have (indexes,
-- constraints, triggers, views of its own, roles) has no definition; every right but reading is no.
-- Aliases begin with _: an argument is put into the text of a macro, where its aliases would be hidden.
create macro format_type(_type, _modifier) as (
    select case
        when _d.oid = 1700 and _modifier > 4
            then format('numeric({},{})', (_modifier - 4) >> 16, (_modifier - 4) & 65535)
        else _d.display
    end from pg.type_display as _d where _d.oid = _type
);
create macro regclass_name(_oid) as (
    select case when _c.relnamespace in (11, 20000) then _c.relname else _n.nspname || '.' || _c.relname end
    from pg.pg_class as _c inner join pg.pg_namespace as _n on _c.relnamespace = _n.oid
    where _c.oid = try_cast(_oid as uinteger)
);
create macro regclass_oid(_name) as (
    select min(_c.oid)
    from pg.pg_class as _c inner join pg.pg_namespace as _n on _c.relnamespace = _n.oid
    where replace(cast(_name as varchar), '"', '') in (_c.relname, _n.nspname || '.' || _c.relname)
);
create macro regproc_name(_oid) as (
    select _p.proname from pg.pg_proc as _p where _p.oid = try_cast(_oid as uinteger)
);
create macro regnamespace_name(_oid) as (
    select _n.nspname from pg.pg_namespace as _n where _n.oid = try_cast(_oid as uinteger)
);
create macro regrole_name(_oid) as (
    select _r.rolname from pg.pg_roles as _r where _r.oid = try_cast(_oid as uinteger)
);
create macro pg_get_userbyid(_oid) as (select _r.rolname from pg.pg_roles as _r where _r.oid = _oid);
create macro pg_table_is_visible(_oid) as (
    exists (select 1 from pg.pg_class as _c where _c.oid = _oid and _c.relnamespace in (11, 20000))
);
create macro pg_type_is_visible(_oid) as true;
create macro pg_function_is_visible(_oid) as true;
create macro pg_collation_is_visible(_oid) as true;
create macro pg_operator_is_visible(_oid) as true;
create macro pg_opclass_is_visible(_oid) as true;
create macro pg_opfamily_is_visible(_oid) as true;
create macro pg_statistics_obj_is_visible(_oid) as true;
create macro obj_description(_oid) as (
    select _d.description from pg.pg_description as _d where _d.objoid = _oid and _d.objsubid = 0
), (_oid, _catalog) as (
    select _d.description from pg.pg_description as _d
    inner join pg.pg_class as _c on _d.classoid = _c.oid
    where _d.objoid = _oid and _d.objsubid = 0 and _c.relname = _catalog
);
create macro col_description(_oid, _column) as (
    select _d.description from pg.pg_description as _d
    where _d.objoid = _oid and _d.objsubid = _column and _column > 0
);
create macro shobj_description(_oid, _catalog) as cast(null as varchar);
create macro pg_get_expr(_tree, _oid) as cast(null as varchar),
(_tree, _oid, _pretty) as cast(null as varchar);
create macro pg_get_constraintdef(_oid) as cast(null as varchar),
(_oid, _pretty) as cast(null as varchar);
create macro pg_get_indexdef(_oid) as cast(null as varchar),
(_oid, _column, _pretty) as cast(null as varchar);
create macro pg_get_viewdef(_oid) as cast(null as varchar), (_oid, _pretty) as cast(null as varchar);
create macro pg_get_ruledef(_oid) as cast(null as varchar), (_oid, _pretty) as cast(null as varchar);
create macro pg_get_triggerdef(_oid) as cast(null as varchar),
(_oid, _pretty) as cast(null as varchar);
create macro pg_get_serial_sequence(_table, _column) as cast(null as varchar);
create macro pg_get_functiondef(_oid) as cast(null as varchar);
create macro pg_get_function_result(_oid) as cast(null as varchar);
create macro pg_get_function_arguments(_oid) as cast(null as varchar);
create macro pg_get_function_identity_arguments(_oid) as cast(null as varchar);
create macro pg_get_partkeydef(_oid) as cast(null as varchar);
create macro pg_get_statisticsobjdef_columns(_oid) as cast(null as varchar);
create macro pg_relation_is_publishable(_oid) as false;
create macro pg_encoding_to_char(_encoding) as 'UTF8';
create macro getdatabaseencoding() as 'UTF8';
create macro pg_table_size(_oid) as cast(0 as bigint);
create macro pg_relation_size(_oid) as cast(0 as bigint), (_oid, _fork) as cast(0 as bigint);
create macro pg_total_relation_size(_oid) as cast(0 as bigint);
create macro pg_indexes_size(_oid) as cast(0 as bigint);
create macro pg_database_size(_oid) as cast(0 as bigint);
create macro pg_tablespace_size(_oid) as cast(0 as bigint);
create macro pg_tablespace_location(_oid) as '';
create macro pg_is_in_recovery() as false;
create macro pg_is_wal_replay_paused() as false;
create macro pg_advisory_unlock_all() as cast(null as varchar);
create macro pg_stat_get_numscans(_oid) as cast(0 as bigint);
create macro row_security_active(_oid) as false;
create macro inet_server_addr() as cast(null as varchar);
create macro inet_server_port() as cast(null as integer);
create macro inet_client_addr() as cast(null as varchar);
create macro txid_current() as cast(1 as bigint);
create macro current_schemas(_implicit) as
if(_implicit, ['pg_catalog', 'cubes'], ['cubes']);
create macro may_read(_right) as
upper(split_part(cast(_right as varchar), ',', 1)) in ('SELECT', 'USAGE', 'CONNECT', 'EXECUTE');
create macro has_table_privilege(_object, _right) as may_read(_right),
(_user, _object, _right) as may_read(_right);
create macro has_any_column_privilege(_object, _right) as may_read(_right),
(_user, _object, _right) as may_read(_right);
create macro has_column_privilege(_object, _column, _right) as may_read(_right),
(_user, _object, _column, _right) as may_read(_right);
create macro has_schema_privilege(_object, _right) as may_read(_right),
(_user, _object, _right) as may_read(_right);
create macro has_database_privilege(_object, _right) as may_read(_right),
(_user, _object, _right) as may_read(_right);
create macro has_sequence_privilege(_object, _right) as may_read(_right),
(_user, _object, _right) as may_read(_right);
create macro has_function_privilege(_object, _right) as may_read(_right),
(_user, _object, _right) as may_read(_right);
create macro has_tablespace_privilege(_object, _right) as may_read(_right),
(_user, _object, _right) as may_read(_right);
create macro pg_has_role(_role, _right) as false, (_user, _role, _right) as false;
create macro quote_ident(_name) as if(
    regexp_full_match(_name, '[a-z_][a-z0-9_$]*'), _name, '"' || replace(_name, '"', '""') || '"'
);
create macro quote_literal(_text) as '''' || replace(_text, '''', '''''') || '''';
create macro array_upper(_array, _dimension) as len(_array);
create macro array_lower(_array, _dimension) as if(len(_array) > 0, 1, null);
create macro current_setting(_name) as (
    select _s.setting from pg.pg_settings as _s where _s.name = lower(_name)
), (_name, _missing) as (
    select _s.setting from pg.pg_settings as _s where _s.name = lower(_name)
);
create macro _pg_expandarray(_array) as {'x': cast(null as integer), 'n': cast(null as integer)};
create macro pg_options_to_table(_options) as table
select cast(null as varchar) as option_name, cast(null as varchar) as option_value where false;
-- The words of DuckDB's parser, which is descended from PostgreSQL's.
create macro pg_get_keywords() as table
select
    keyword_name as word, case keyword_category
        when 'reserved' then 'R' when 'column_name' then 'C' when 'type_function' then 'T' else 'U'
    end as catcode, keyword_category as catdesc
from duckdb_keywords();
create macro pg_get_function_sqlbody(_oid) as cast(null as varchar);
create macro pg_char_to_encoding(_name) as 6;
create macro pg_conversion_is_visible(_oid) as true;
