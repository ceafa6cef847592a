-- Rows of the catalog, from three relations that the server registers: ``type_rows`` (types.csv),
-- ``table_rows`` and ``column_rows`` (what the user may see).
create table pg.type_display as
select cast("oid" as uinteger) as "oid", display from type_rows;
insert into pg.pg_namespace by name
select
    cast(v.id as uinteger) as "oid", v.nspname, 10 as nspowner
from (
    values (11, 'pg_catalog'), (13000, 'information_schema'), (20000, 'cubes')
) as v (id, nspname);
insert into pg.pg_namespace by name
select distinct
    cast(20001 as uinteger) as "oid", 'marts' as nspname, 10 as nspowner
from table_rows
where schema_name = 'marts';
insert into pg.pg_type by name
select
    t."oid", t.typname, 11 as typnamespace, 10 as typowner, t.typlen, t.typlen between 1 and 8 as typbyval,
    t.typtype, t.typcategory, false as typispreferred, true as typisdefined, t.typdelim,
    0 as typrelid, 0 as typsubscript, t.typelem, t.typarray, t.input_oid as typinput, 0 as typoutput,
    t.receive_oid as typreceive, 0 as typsend, 0 as typmodin, 0 as typmodout, 0 as typanalyze,
    'i' as typalign, 'p' as typstorage, false as typnotnull, 0 as typbasetype, -1 as typtypmod,
    0 as typndims, t.collation_oid as typcollation
from type_rows as t;
insert into pg.pg_proc by name
select distinct
    "oid", proname, 11 as pronamespace, 10 as proowner, 12 as prolang,
    'f' as prokind, false as proretset, 'i' as provolatile, 1 as pronargs
from (
    select receive_oid as "oid", receive as proname from type_rows
    union all
    select input_oid, input from type_rows
);
insert into pg.pg_class by name
select
    t."oid", t.table_name as relname, n."oid" as relnamespace, 0 as reltype, 0 as reloftype,
    10 as relowner, if(n."oid" = 11, 0, 2) as relam, 0 as relfilenode, 0 as reltablespace,
    1 as relpages, -1 as reltuples, 0 as relallvisible, 0 as reltoastrelid, false as relhasindex,
    false as relisshared, 'p' as relpersistence, 'r' as relkind, t.columns as relnatts,
    0 as relchecks, false as relhasrules, false as relhastriggers, false as relhassubclass,
    false as relrowsecurity, false as relforcerowsecurity, true as relispopulated,
    'n' as relreplident, false as relispartition, 0 as relrewrite, 1 as relfrozenxid, 1 as relminmxid,
    ['bankcrm=r/bankcrm'] as relacl
from table_rows as t
inner join pg.pg_namespace as n on t.schema_name = n.nspname;
insert into pg.pg_attribute by name
select
    c.table_oid as attrelid, c.column_name as attname, c.type_oid as atttypid, -1 as attstattarget,
    t.typlen as attlen, c.position as attnum, if(t.typelem > 0 and t.typcategory = 'A', 1, 0) as attndims,
    -1 as attcacheoff, c.modifier as atttypmod, t.typbyval as attbyval, 'i' as attalign,
    'p' as attstorage, '' as attcompression, false as attnotnull, false as atthasdef,
    false as atthasmissing, '' as attidentity, '' as attgenerated, false as attisdropped,
    true as attislocal, 0 as attinhcount, t.typcollation as attcollation
from column_rows as c
inner join pg.pg_type as t on c.type_oid = t."oid";
insert into pg.pg_description
select "oid", 1259, 0, description from table_rows where description is not null
union all
select table_oid, 1259, position, description from column_rows where description is not null;
insert into pg.pg_database by name
select
    16384 as "oid", 'bankcrm' as datname, 10 as datdba, 6 as "encoding", 'c' as datlocprovider,
    false as datistemplate, true as datallowconn, -1 as datconnlimit, 1 as datfrozenxid,
    1 as datminmxid, 1663 as dattablespace, 'C.UTF-8' as datcollate, 'C.UTF-8' as datctype;
insert into pg.pg_roles by name
select
    10 as "oid", 'bankcrm' as rolname, false as rolsuper, true as rolinherit,
    false as rolcreaterole, false as rolcreatedb, true as rolcanlogin, false as rolreplication,
    -1 as rolconnlimit, false as rolbypassrls;
insert into pg.pg_user by name
select 'bankcrm' as usename, 10 as usesysid, false as usecreatedb, false as usesuper;
insert into pg.pg_am by name select 2 as "oid", 'heap' as amname, 't' as amtype;
insert into pg.pg_tablespace by name select 1663 as "oid", 'pg_default' as spcname, 10 as spcowner;
insert into pg.pg_collation by name
select
    100 as "oid", 'default' as collname, 11 as collnamespace, 10 as collowner,
    'd' as collprovider, true as collisdeterministic, -1 as collencoding;
insert into pg.pg_language by name select 12 as "oid", 'internal' as lanname, 10 as lanowner;
insert into pg.pg_tables by name
select
    schema_name as schemaname, table_name as tablename, 'bankcrm' as tableowner,
    false as hasindexes, false as hasrules, false as hastriggers, false as rowsecurity
from table_rows
where schema_name != 'pg_catalog';
insert into pg.pg_timezone_names by name
select
    'UTC' as "name", 'UTC' as abbrev, interval 0 second as utc_offset, false as is_dst;
insert into info.schemata by name
select 'bankcrm' as catalog_name, nspname as schema_name, 'bankcrm' as schema_owner
from pg.pg_namespace;
insert into info.tables by name
select
    'bankcrm' as table_catalog, schema_name as table_schema, table_name,
    'BASE TABLE' as table_type, 'NO' as is_insertable_into, 'NO' as is_typed
from table_rows
where schema_name != 'pg_catalog';
insert into info.columns by name
select
    'bankcrm' as table_catalog, t.schema_name as table_schema, t.table_name, c.column_name,
    c.position as ordinal_position, 'YES' as is_nullable,
    if(y.typcategory = 'A', 'ARRAY', d.display) as data_type,
    'bankcrm' as udt_catalog, 'pg_catalog' as udt_schema, y.typname as udt_name,
    cast(c.position as varchar) as dtd_identifier, 'NO' as is_self_referencing,
    'NO' as is_identity, 'NEVER' as is_generated, 'NO' as is_updatable,
    if(c.modifier > 4, (c.modifier - 4) >> 16, null) as numeric_precision,
    if(c.modifier > 4, (c.modifier - 4) & 65535, null) as numeric_scale
from column_rows as c
inner join table_rows as t on c.table_oid = t."oid"
inner join pg.pg_type as y on c.type_oid = y."oid"
inner join pg.type_display as d on y."oid" = d."oid";
insert into info.table_privileges by name
select
    'bankcrm' as grantor, 'bankcrm' as grantee, 'bankcrm' as table_catalog,
    schema_name as table_schema, table_name, 'SELECT' as privilege_type, 'NO' as is_grantable
from table_rows
where schema_name != 'pg_catalog';
insert into info.role_table_grants by name
select grantor, grantee, table_catalog, table_schema, table_name, privilege_type, is_grantable
from info.table_privileges;
insert into info.enabled_roles values ('bankcrm');
