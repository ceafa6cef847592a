-- Tables of PostgreSQL 15's catalog that clients read, with its columns. Each user's are filled with
-- what that user may see; what this server does not have stays empty.
create schema pg;
create schema info;
create table pg.pg_am (
    "oid" uinteger, "amname" varchar, "amhandler" uinteger, "amtype" varchar
);
create table pg.pg_attrdef (
    "oid" uinteger, "adrelid" uinteger, "adnum" smallint, "adbin" varchar
);
create table pg.pg_attribute (
    "attrelid" uinteger, "attname" varchar, "atttypid" uinteger, "attstattarget" integer,
    "attlen" smallint, "attnum" smallint, "attndims" integer, "attcacheoff" integer,
    "atttypmod" integer, "attbyval" boolean, "attalign" varchar, "attstorage" varchar,
    "attcompression" varchar, "attnotnull" boolean, "atthasdef" boolean, "atthasmissing" boolean,
    "attidentity" varchar, "attgenerated" varchar, "attisdropped" boolean, "attislocal" boolean,
    "attinhcount" integer, "attcollation" uinteger, "attacl" varchar[], "attoptions" varchar[],
    "attfdwoptions" varchar[], "attmissingval" varchar
);
create table pg.pg_auth_members (
    "roleid" uinteger, "member" uinteger, "grantor" uinteger, "admin_option" boolean
);
create table pg.pg_cast (
    "oid" uinteger, "castsource" uinteger, "casttarget" uinteger, "castfunc" uinteger,
    "castcontext" varchar, "castmethod" varchar
);
create table pg.pg_class (
    "oid" uinteger, "relname" varchar, "relnamespace" uinteger, "reltype" uinteger,
    "reloftype" uinteger, "relowner" uinteger, "relam" uinteger, "relfilenode" uinteger,
    "reltablespace" uinteger, "relpages" integer, "reltuples" float, "relallvisible" integer,
    "reltoastrelid" uinteger, "relhasindex" boolean, "relisshared" boolean,
    "relpersistence" varchar, "relkind" varchar, "relnatts" smallint, "relchecks" smallint,
    "relhasrules" boolean, "relhastriggers" boolean, "relhassubclass" boolean,
    "relrowsecurity" boolean, "relforcerowsecurity" boolean, "relispopulated" boolean,
    "relreplident" varchar, "relispartition" boolean, "relrewrite" uinteger, "relfrozenxid" bigint,
    "relminmxid" bigint, "relacl" varchar[], "reloptions" varchar[], "relpartbound" varchar
);
create table pg.pg_collation (
    "oid" uinteger, "collname" varchar, "collnamespace" uinteger, "collowner" uinteger,
    "collprovider" varchar, "collisdeterministic" boolean, "collencoding" integer,
    "collcollate" varchar, "collctype" varchar, "colliculocale" varchar, "collversion" varchar
);
create table pg.pg_constraint (
    "oid" uinteger, "conname" varchar, "connamespace" uinteger, "contype" varchar,
    "condeferrable" boolean, "condeferred" boolean, "convalidated" boolean, "conrelid" uinteger,
    "contypid" uinteger, "conindid" uinteger, "conparentid" uinteger, "confrelid" uinteger,
    "confupdtype" varchar, "confdeltype" varchar, "confmatchtype" varchar, "conislocal" boolean,
    "coninhcount" integer, "connoinherit" boolean, "conkey" smallint[], "confkey" smallint[],
    "conpfeqop" uinteger[], "conppeqop" uinteger[], "conffeqop" uinteger[],
    "confdelsetcols" smallint[], "conexclop" uinteger[], "conbin" varchar
);
create table pg.pg_conversion (
    "oid" uinteger, "conname" varchar, "connamespace" uinteger, "conowner" uinteger,
    "conforencoding" integer, "contoencoding" integer, "conproc" uinteger, "condefault" boolean
);
create table pg.pg_database (
    "oid" uinteger, "datname" varchar, "datdba" uinteger, "encoding" integer,
    "datlocprovider" varchar, "datistemplate" boolean, "datallowconn" boolean,
    "datconnlimit" integer, "datfrozenxid" bigint, "datminmxid" bigint, "dattablespace" uinteger,
    "datcollate" varchar, "datctype" varchar, "daticulocale" varchar, "datcollversion" varchar,
    "datacl" varchar[]
);
create table pg.pg_db_role_setting (
    "setdatabase" uinteger, "setrole" uinteger, "setconfig" varchar[]
);
create table pg.pg_default_acl (
    "oid" uinteger, "defaclrole" uinteger, "defaclnamespace" uinteger, "defaclobjtype" varchar,
    "defaclacl" varchar[]
);
create table pg.pg_depend (
    "classid" uinteger, "objid" uinteger, "objsubid" integer, "refclassid" uinteger,
    "refobjid" uinteger, "refobjsubid" integer, "deptype" varchar
);
create table pg.pg_description (
    "objoid" uinteger, "classoid" uinteger, "objsubid" integer, "description" varchar
);
create table pg.pg_enum (
    "oid" uinteger, "enumtypid" uinteger, "enumsortorder" float, "enumlabel" varchar
);
create table pg.pg_event_trigger (
    "oid" uinteger, "evtname" varchar, "evtevent" varchar, "evtowner" uinteger, "evtfoid" uinteger,
    "evtenabled" varchar, "evttags" varchar[]
);
create table pg.pg_extension (
    "oid" uinteger, "extname" varchar, "extowner" uinteger, "extnamespace" uinteger,
    "extrelocatable" boolean, "extversion" varchar, "extconfig" uinteger[],
    "extcondition" varchar[]
);
create table pg.pg_foreign_data_wrapper (
    "oid" uinteger, "fdwname" varchar, "fdwowner" uinteger, "fdwhandler" uinteger,
    "fdwvalidator" uinteger, "fdwacl" varchar[], "fdwoptions" varchar[]
);
create table pg.pg_foreign_server (
    "oid" uinteger, "srvname" varchar, "srvowner" uinteger, "srvfdw" uinteger, "srvtype" varchar,
    "srvversion" varchar, "srvacl" varchar[], "srvoptions" varchar[]
);
create table pg.pg_foreign_table (
    "ftrelid" uinteger, "ftserver" uinteger, "ftoptions" varchar[]
);
create table pg.pg_group (
    "groname" varchar, "grosysid" uinteger, "grolist" uinteger[]
);
create table pg.pg_index (
    "indexrelid" uinteger, "indrelid" uinteger, "indnatts" smallint, "indnkeyatts" smallint,
    "indisunique" boolean, "indnullsnotdistinct" boolean, "indisprimary" boolean,
    "indisexclusion" boolean, "indimmediate" boolean, "indisclustered" boolean,
    "indisvalid" boolean, "indcheckxmin" boolean, "indisready" boolean, "indislive" boolean,
    "indisreplident" boolean, "indkey" smallint[], "indcollation" uinteger[],
    "indclass" uinteger[], "indoption" smallint[], "indexprs" varchar, "indpred" varchar
);
create table pg.pg_indexes (
    "schemaname" varchar, "tablename" varchar, "indexname" varchar, "tablespace" varchar,
    "indexdef" varchar
);
create table pg.pg_inherits (
    "inhrelid" uinteger, "inhparent" uinteger, "inhseqno" integer, "inhdetachpending" boolean
);
create table pg.pg_language (
    "oid" uinteger, "lanname" varchar, "lanowner" uinteger, "lanispl" boolean,
    "lanpltrusted" boolean, "lanplcallfoid" uinteger, "laninline" uinteger,
    "lanvalidator" uinteger, "lanacl" varchar[]
);
create table pg.pg_locks (
    "locktype" varchar, "database" uinteger, "relation" uinteger, "page" integer, "tuple" smallint,
    "virtualxid" varchar, "transactionid" bigint, "classid" uinteger, "objid" uinteger,
    "objsubid" smallint, "virtualtransaction" varchar, "pid" integer, "mode" varchar,
    "granted" boolean, "fastpath" boolean, "waitstart" timestamptz
);
create table pg.pg_matviews (
    "schemaname" varchar, "matviewname" varchar, "matviewowner" varchar, "tablespace" varchar,
    "hasindexes" boolean, "ispopulated" boolean, "definition" varchar
);
create table pg.pg_namespace (
    "oid" uinteger, "nspname" varchar, "nspowner" uinteger, "nspacl" varchar[]
);
create table pg.pg_opclass (
    "oid" uinteger, "opcmethod" uinteger, "opcname" varchar, "opcnamespace" uinteger,
    "opcowner" uinteger, "opcfamily" uinteger, "opcintype" uinteger, "opcdefault" boolean,
    "opckeytype" uinteger
);
create table pg.pg_operator (
    "oid" uinteger, "oprname" varchar, "oprnamespace" uinteger, "oprowner" uinteger,
    "oprkind" varchar, "oprcanmerge" boolean, "oprcanhash" boolean, "oprleft" uinteger,
    "oprright" uinteger, "oprresult" uinteger, "oprcom" uinteger, "oprnegate" uinteger,
    "oprcode" uinteger, "oprrest" uinteger, "oprjoin" uinteger
);
create table pg.pg_opfamily (
    "oid" uinteger, "opfmethod" uinteger, "opfname" varchar, "opfnamespace" uinteger,
    "opfowner" uinteger
);
create table pg.pg_partitioned_table (
    "partrelid" uinteger, "partstrat" varchar, "partnatts" smallint, "partdefid" uinteger,
    "partattrs" smallint[], "partclass" uinteger[], "partcollation" uinteger[], "partexprs" varchar
);
create table pg.pg_policies (
    "schemaname" varchar, "tablename" varchar, "policyname" varchar, "permissive" varchar,
    "roles" varchar[], "cmd" varchar, "qual" varchar, "with_check" varchar
);
create table pg.pg_policy (
    "oid" uinteger, "polname" varchar, "polrelid" uinteger, "polcmd" varchar,
    "polpermissive" boolean, "polroles" uinteger[], "polqual" varchar, "polwithcheck" varchar
);
create table pg.pg_proc (
    "oid" uinteger, "proname" varchar, "pronamespace" uinteger, "proowner" uinteger,
    "prolang" uinteger, "procost" float, "prorows" float, "provariadic" uinteger,
    "prosupport" uinteger, "prokind" varchar, "prosecdef" boolean, "proleakproof" boolean,
    "proisstrict" boolean, "proretset" boolean, "provolatile" varchar, "proparallel" varchar,
    "pronargs" smallint, "pronargdefaults" smallint, "prorettype" uinteger,
    "proargtypes" uinteger[], "proallargtypes" uinteger[], "proargmodes" varchar[],
    "proargnames" varchar[], "proargdefaults" varchar, "protrftypes" uinteger[], "prosrc" varchar,
    "probin" varchar, "prosqlbody" varchar, "proconfig" varchar[], "proacl" varchar[]
);
create table pg.pg_publication (
    "oid" uinteger, "pubname" varchar, "pubowner" uinteger, "puballtables" boolean,
    "pubinsert" boolean, "pubupdate" boolean, "pubdelete" boolean, "pubtruncate" boolean,
    "pubviaroot" boolean
);
create table pg.pg_publication_namespace (
    "oid" uinteger, "pnpubid" uinteger, "pnnspid" uinteger
);
create table pg.pg_publication_rel (
    "oid" uinteger, "prpubid" uinteger, "prrelid" uinteger, "prqual" varchar, "prattrs" smallint[]
);
create table pg.pg_publication_tables (
    "pubname" varchar, "schemaname" varchar, "tablename" varchar, "attnames" varchar[],
    "rowfilter" varchar
);
create table pg.pg_range (
    "rngtypid" uinteger, "rngsubtype" uinteger, "rngmultitypid" uinteger, "rngcollation" uinteger,
    "rngsubopc" uinteger, "rngcanonical" uinteger, "rngsubdiff" uinteger
);
create table pg.pg_rewrite (
    "oid" uinteger, "rulename" varchar, "ev_class" uinteger, "ev_type" varchar,
    "ev_enabled" varchar, "is_instead" boolean, "ev_qual" varchar, "ev_action" varchar
);
create table pg.pg_roles (
    "rolname" varchar, "rolsuper" boolean, "rolinherit" boolean, "rolcreaterole" boolean,
    "rolcreatedb" boolean, "rolcanlogin" boolean, "rolreplication" boolean, "rolconnlimit" integer,
    "rolpassword" varchar, "rolvaliduntil" timestamptz, "rolbypassrls" boolean,
    "rolconfig" varchar[], "oid" uinteger
);
create table pg.pg_rules (
    "schemaname" varchar, "tablename" varchar, "rulename" varchar, "definition" varchar
);
create table pg.pg_seclabel (
    "objoid" uinteger, "classoid" uinteger, "objsubid" integer, "provider" varchar, "label" varchar
);
create table pg.pg_sequence (
    "seqrelid" uinteger, "seqtypid" uinteger, "seqstart" bigint, "seqincrement" bigint,
    "seqmax" bigint, "seqmin" bigint, "seqcache" bigint, "seqcycle" boolean
);
create table pg.pg_sequences (
    "schemaname" varchar, "sequencename" varchar, "sequenceowner" varchar, "data_type" uinteger,
    "start_value" bigint, "min_value" bigint, "max_value" bigint, "increment_by" bigint,
    "cycle" boolean, "cache_size" bigint, "last_value" bigint
);
create table pg.pg_settings (
    "name" varchar, "setting" varchar, "unit" varchar, "category" varchar, "short_desc" varchar,
    "extra_desc" varchar, "context" varchar, "vartype" varchar, "source" varchar,
    "min_val" varchar, "max_val" varchar, "enumvals" varchar[], "boot_val" varchar,
    "reset_val" varchar, "sourcefile" varchar, "sourceline" integer, "pending_restart" boolean
);
create table pg.pg_shdescription (
    "objoid" uinteger, "classoid" uinteger, "description" varchar
);
create table pg.pg_stat_activity (
    "datid" uinteger, "datname" varchar, "pid" integer, "leader_pid" integer, "usesysid" uinteger,
    "usename" varchar, "application_name" varchar, "client_addr" varchar,
    "client_hostname" varchar, "client_port" integer, "backend_start" timestamptz,
    "xact_start" timestamptz, "query_start" timestamptz, "state_change" timestamptz,
    "wait_event_type" varchar, "wait_event" varchar, "state" varchar, "backend_xid" bigint,
    "backend_xmin" bigint, "query_id" bigint, "query" varchar, "backend_type" varchar
);
create table pg.pg_stat_user_tables (
    "relid" uinteger, "schemaname" varchar, "relname" varchar, "seq_scan" bigint,
    "seq_tup_read" bigint, "idx_scan" bigint, "idx_tup_fetch" bigint, "n_tup_ins" bigint,
    "n_tup_upd" bigint, "n_tup_del" bigint, "n_tup_hot_upd" bigint, "n_live_tup" bigint,
    "n_dead_tup" bigint, "n_mod_since_analyze" bigint, "n_ins_since_vacuum" bigint,
    "last_vacuum" timestamptz, "last_autovacuum" timestamptz, "last_analyze" timestamptz,
    "last_autoanalyze" timestamptz, "vacuum_count" bigint, "autovacuum_count" bigint,
    "analyze_count" bigint, "autoanalyze_count" bigint
);
create table pg.pg_statistic_ext (
    "oid" uinteger, "stxrelid" uinteger, "stxname" varchar, "stxnamespace" uinteger,
    "stxowner" uinteger, "stxstattarget" integer, "stxkeys" smallint[], "stxkind" varchar[],
    "stxexprs" varchar
);
create table pg.pg_stats (
    "schemaname" varchar, "tablename" varchar, "attname" varchar, "inherited" boolean,
    "null_frac" float, "avg_width" integer, "n_distinct" float, "most_common_vals" varchar,
    "most_common_freqs" float[], "histogram_bounds" varchar, "correlation" float,
    "most_common_elems" varchar, "most_common_elem_freqs" float[], "elem_count_histogram" float[]
);
create table pg.pg_tables (
    "schemaname" varchar, "tablename" varchar, "tableowner" varchar, "tablespace" varchar,
    "hasindexes" boolean, "hasrules" boolean, "hastriggers" boolean, "rowsecurity" boolean
);
create table pg.pg_tablespace (
    "oid" uinteger, "spcname" varchar, "spcowner" uinteger, "spcacl" varchar[],
    "spcoptions" varchar[]
);
create table pg.pg_timezone_names (
    "name" varchar, "abbrev" varchar, "utc_offset" interval, "is_dst" boolean
);
create table pg.pg_trigger (
    "oid" uinteger, "tgrelid" uinteger, "tgparentid" uinteger, "tgname" varchar, "tgfoid" uinteger,
    "tgtype" smallint, "tgenabled" varchar, "tgisinternal" boolean, "tgconstrrelid" uinteger,
    "tgconstrindid" uinteger, "tgconstraint" uinteger, "tgdeferrable" boolean,
    "tginitdeferred" boolean, "tgnargs" smallint, "tgattr" smallint[], "tgargs" blob,
    "tgqual" varchar, "tgoldtable" varchar, "tgnewtable" varchar
);
create table pg.pg_type (
    "oid" uinteger, "typname" varchar, "typnamespace" uinteger, "typowner" uinteger,
    "typlen" smallint, "typbyval" boolean, "typtype" varchar, "typcategory" varchar,
    "typispreferred" boolean, "typisdefined" boolean, "typdelim" varchar, "typrelid" uinteger,
    "typsubscript" uinteger, "typelem" uinteger, "typarray" uinteger, "typinput" uinteger,
    "typoutput" uinteger, "typreceive" uinteger, "typsend" uinteger, "typmodin" uinteger,
    "typmodout" uinteger, "typanalyze" uinteger, "typalign" varchar, "typstorage" varchar,
    "typnotnull" boolean, "typbasetype" uinteger, "typtypmod" integer, "typndims" integer,
    "typcollation" uinteger, "typdefaultbin" varchar, "typdefault" varchar, "typacl" varchar[]
);
create table pg.pg_user (
    "usename" varchar, "usesysid" uinteger, "usecreatedb" boolean, "usesuper" boolean,
    "userepl" boolean, "usebypassrls" boolean, "passwd" varchar, "valuntil" timestamptz,
    "useconfig" varchar[]
);
create table pg.pg_user_mappings (
    "umid" uinteger, "srvid" uinteger, "srvname" varchar, "umuser" uinteger, "usename" varchar,
    "umoptions" varchar[]
);
create table pg.pg_views (
    "schemaname" varchar, "viewname" varchar, "viewowner" varchar, "definition" varchar
);
create table pg.pg_available_extensions (
    "name" varchar, "default_version" varchar, "installed_version" varchar, "comment" varchar
);
create table pg.pg_shdepend (
    "dbid" uinteger, "classid" uinteger, "objid" uinteger, "objsubid" integer,
    "refclassid" uinteger, "refobjid" uinteger, "deptype" varchar
);
create table pg.pg_authid (
    "oid" uinteger, "rolname" varchar, "rolsuper" boolean, "rolinherit" boolean,
    "rolcreaterole" boolean, "rolcreatedb" boolean, "rolcanlogin" boolean,
    "rolreplication" boolean, "rolbypassrls" boolean, "rolconnlimit" integer,
    "rolpassword" varchar, "rolvaliduntil" timestamptz
);
create table info.tables (
    "table_catalog" varchar, "table_schema" varchar, "table_name" varchar, "table_type" varchar,
    "self_referencing_column_name" varchar, "reference_generation" varchar,
    "user_defined_type_catalog" varchar, "user_defined_type_schema" varchar,
    "user_defined_type_name" varchar, "is_insertable_into" varchar, "is_typed" varchar,
    "commit_action" varchar
);
create table info.columns (
    "table_catalog" varchar, "table_schema" varchar, "table_name" varchar, "column_name" varchar,
    "ordinal_position" integer, "column_default" varchar, "is_nullable" varchar,
    "data_type" varchar, "character_maximum_length" integer, "character_octet_length" integer,
    "numeric_precision" integer, "numeric_precision_radix" integer, "numeric_scale" integer,
    "datetime_precision" integer, "interval_type" varchar, "interval_precision" integer,
    "character_set_catalog" varchar, "character_set_schema" varchar, "character_set_name" varchar,
    "collation_catalog" varchar, "collation_schema" varchar, "collation_name" varchar,
    "domain_catalog" varchar, "domain_schema" varchar, "domain_name" varchar,
    "udt_catalog" varchar, "udt_schema" varchar, "udt_name" varchar, "scope_catalog" varchar,
    "scope_schema" varchar, "scope_name" varchar, "maximum_cardinality" integer,
    "dtd_identifier" varchar, "is_self_referencing" varchar, "is_identity" varchar,
    "identity_generation" varchar, "identity_start" varchar, "identity_increment" varchar,
    "identity_maximum" varchar, "identity_minimum" varchar, "identity_cycle" varchar,
    "is_generated" varchar, "generation_expression" varchar, "is_updatable" varchar
);
create table pg.pg_ts_config (
    "oid" uinteger, "cfgname" varchar, "cfgnamespace" uinteger, "cfgowner" uinteger,
    "cfgparser" uinteger
);
create table pg.pg_ts_dict (
    "oid" uinteger, "dictname" varchar, "dictnamespace" uinteger, "dictowner" uinteger,
    "dicttemplate" uinteger, "dictinitoption" varchar
);
create table pg.pg_ts_parser (
    "oid" uinteger, "prsname" varchar, "prsnamespace" uinteger, "prsstart" uinteger,
    "prstoken" uinteger, "prsend" uinteger, "prsheadline" uinteger, "prslextype" uinteger
);
create table pg.pg_ts_template (
    "oid" uinteger, "tmplname" varchar, "tmplnamespace" uinteger, "tmplinit" uinteger,
    "tmpllexize" uinteger
);
create table pg.pg_largeobject_metadata (
    "oid" uinteger, "lomowner" uinteger, "lomacl" varchar[]
);
create table info.schemata (
    "catalog_name" varchar, "schema_name" varchar, "schema_owner" varchar,
    "default_character_set_catalog" varchar, "default_character_set_schema" varchar,
    "default_character_set_name" varchar, "sql_path" varchar
);
create table info.views (
    "table_catalog" varchar, "table_schema" varchar, "table_name" varchar,
    "view_definition" varchar, "check_option" varchar, "is_updatable" varchar,
    "is_insertable_into" varchar, "is_trigger_updatable" varchar, "is_trigger_deletable" varchar,
    "is_trigger_insertable_into" varchar
);
create table info.table_constraints (
    "constraint_catalog" varchar, "constraint_schema" varchar, "constraint_name" varchar,
    "table_catalog" varchar, "table_schema" varchar, "table_name" varchar,
    "constraint_type" varchar, "is_deferrable" varchar, "initially_deferred" varchar,
    "enforced" varchar, "nulls_distinct" varchar
);
create table info.key_column_usage (
    "constraint_catalog" varchar, "constraint_schema" varchar, "constraint_name" varchar,
    "table_catalog" varchar, "table_schema" varchar, "table_name" varchar, "column_name" varchar,
    "ordinal_position" integer, "position_in_unique_constraint" integer
);
create table info.referential_constraints (
    "constraint_catalog" varchar, "constraint_schema" varchar, "constraint_name" varchar,
    "unique_constraint_catalog" varchar, "unique_constraint_schema" varchar,
    "unique_constraint_name" varchar, "match_option" varchar, "update_rule" varchar,
    "delete_rule" varchar
);
create table info.constraint_column_usage (
    "table_catalog" varchar, "table_schema" varchar, "table_name" varchar, "column_name" varchar,
    "constraint_catalog" varchar, "constraint_schema" varchar, "constraint_name" varchar
);
create table info.constraint_table_usage (
    "table_catalog" varchar, "table_schema" varchar, "table_name" varchar,
    "constraint_catalog" varchar, "constraint_schema" varchar, "constraint_name" varchar
);
create table info.check_constraints (
    "constraint_catalog" varchar, "constraint_schema" varchar, "constraint_name" varchar,
    "check_clause" varchar
);
create table info.routines (
    "specific_catalog" varchar, "specific_schema" varchar, "specific_name" varchar,
    "routine_catalog" varchar, "routine_schema" varchar, "routine_name" varchar,
    "routine_type" varchar, "module_catalog" varchar, "module_schema" varchar,
    "module_name" varchar, "udt_catalog" varchar, "udt_schema" varchar, "udt_name" varchar,
    "data_type" varchar, "character_maximum_length" integer, "character_octet_length" integer,
    "character_set_catalog" varchar, "character_set_schema" varchar, "character_set_name" varchar,
    "collation_catalog" varchar, "collation_schema" varchar, "collation_name" varchar,
    "numeric_precision" integer, "numeric_precision_radix" integer, "numeric_scale" integer,
    "datetime_precision" integer, "interval_type" varchar, "interval_precision" integer,
    "type_udt_catalog" varchar, "type_udt_schema" varchar, "type_udt_name" varchar,
    "scope_catalog" varchar, "scope_schema" varchar, "scope_name" varchar,
    "maximum_cardinality" integer, "dtd_identifier" varchar, "routine_body" varchar,
    "routine_definition" varchar, "external_name" varchar, "external_language" varchar,
    "parameter_style" varchar, "is_deterministic" varchar, "sql_data_access" varchar,
    "is_null_call" varchar, "sql_path" varchar, "schema_level_routine" varchar,
    "max_dynamic_result_sets" integer, "is_user_defined_cast" varchar,
    "is_implicitly_invocable" varchar, "security_type" varchar, "to_sql_specific_catalog" varchar,
    "to_sql_specific_schema" varchar, "to_sql_specific_name" varchar, "as_locator" varchar,
    "created" timestamptz, "last_altered" timestamptz, "new_savepoint_level" varchar,
    "is_udt_dependent" varchar, "result_cast_from_data_type" varchar,
    "result_cast_as_locator" varchar, "result_cast_char_max_length" integer,
    "result_cast_char_octet_length" integer, "result_cast_char_set_catalog" varchar,
    "result_cast_char_set_schema" varchar, "result_cast_char_set_name" varchar,
    "result_cast_collation_catalog" varchar, "result_cast_collation_schema" varchar,
    "result_cast_collation_name" varchar, "result_cast_numeric_precision" integer,
    "result_cast_numeric_precision_radix" integer, "result_cast_numeric_scale" integer,
    "result_cast_datetime_precision" integer, "result_cast_interval_type" varchar,
    "result_cast_interval_precision" integer, "result_cast_type_udt_catalog" varchar,
    "result_cast_type_udt_schema" varchar, "result_cast_type_udt_name" varchar,
    "result_cast_scope_catalog" varchar, "result_cast_scope_schema" varchar,
    "result_cast_scope_name" varchar, "result_cast_maximum_cardinality" integer,
    "result_cast_dtd_identifier" varchar
);
create table info.parameters (
    "specific_catalog" varchar, "specific_schema" varchar, "specific_name" varchar,
    "ordinal_position" integer, "parameter_mode" varchar, "is_result" varchar,
    "as_locator" varchar, "parameter_name" varchar, "data_type" varchar,
    "character_maximum_length" integer, "character_octet_length" integer,
    "character_set_catalog" varchar, "character_set_schema" varchar, "character_set_name" varchar,
    "collation_catalog" varchar, "collation_schema" varchar, "collation_name" varchar,
    "numeric_precision" integer, "numeric_precision_radix" integer, "numeric_scale" integer,
    "datetime_precision" integer, "interval_type" varchar, "interval_precision" integer,
    "udt_catalog" varchar, "udt_schema" varchar, "udt_name" varchar, "scope_catalog" varchar,
    "scope_schema" varchar, "scope_name" varchar, "maximum_cardinality" integer,
    "dtd_identifier" varchar, "parameter_default" varchar
);
create table info.sequences (
    "sequence_catalog" varchar, "sequence_schema" varchar, "sequence_name" varchar,
    "data_type" varchar, "numeric_precision" integer, "numeric_precision_radix" integer,
    "numeric_scale" integer, "start_value" varchar, "minimum_value" varchar,
    "maximum_value" varchar, "increment" varchar, "cycle_option" varchar
);
create table info.table_privileges (
    "grantor" varchar, "grantee" varchar, "table_catalog" varchar, "table_schema" varchar,
    "table_name" varchar, "privilege_type" varchar, "is_grantable" varchar,
    "with_hierarchy" varchar
);
create table info.column_privileges (
    "grantor" varchar, "grantee" varchar, "table_catalog" varchar, "table_schema" varchar,
    "table_name" varchar, "column_name" varchar, "privilege_type" varchar, "is_grantable" varchar
);
create table info.role_table_grants (
    "grantor" varchar, "grantee" varchar, "table_catalog" varchar, "table_schema" varchar,
    "table_name" varchar, "privilege_type" varchar, "is_grantable" varchar,
    "with_hierarchy" varchar
);
create table info.triggers (
    "trigger_catalog" varchar, "trigger_schema" varchar, "trigger_name" varchar,
    "event_manipulation" varchar, "event_object_catalog" varchar, "event_object_schema" varchar,
    "event_object_table" varchar, "action_order" integer, "action_condition" varchar,
    "action_statement" varchar, "action_orientation" varchar, "action_timing" varchar,
    "action_reference_old_table" varchar, "action_reference_new_table" varchar,
    "action_reference_old_row" varchar, "action_reference_new_row" varchar, "created" timestamptz
);
create table info.domains (
    "domain_catalog" varchar, "domain_schema" varchar, "domain_name" varchar, "data_type" varchar,
    "character_maximum_length" integer, "character_octet_length" integer,
    "character_set_catalog" varchar, "character_set_schema" varchar, "character_set_name" varchar,
    "collation_catalog" varchar, "collation_schema" varchar, "collation_name" varchar,
    "numeric_precision" integer, "numeric_precision_radix" integer, "numeric_scale" integer,
    "datetime_precision" integer, "interval_type" varchar, "interval_precision" integer,
    "domain_default" varchar, "udt_catalog" varchar, "udt_schema" varchar, "udt_name" varchar,
    "scope_catalog" varchar, "scope_schema" varchar, "scope_name" varchar,
    "maximum_cardinality" integer, "dtd_identifier" varchar
);
create table info.element_types (
    "object_catalog" varchar, "object_schema" varchar, "object_name" varchar,
    "object_type" varchar, "collection_type_identifier" varchar, "data_type" varchar,
    "character_maximum_length" integer, "character_octet_length" integer,
    "character_set_catalog" varchar, "character_set_schema" varchar, "character_set_name" varchar,
    "collation_catalog" varchar, "collation_schema" varchar, "collation_name" varchar,
    "numeric_precision" integer, "numeric_precision_radix" integer, "numeric_scale" integer,
    "datetime_precision" integer, "interval_type" varchar, "interval_precision" integer,
    "domain_default" varchar, "udt_catalog" varchar, "udt_schema" varchar, "udt_name" varchar,
    "scope_catalog" varchar, "scope_schema" varchar, "scope_name" varchar,
    "maximum_cardinality" integer, "dtd_identifier" varchar
);
create table info.enabled_roles (
    "role_name" varchar
);
create table info.applicable_roles (
    "grantee" varchar, "role_name" varchar, "is_grantable" varchar
);
create table info.view_table_usage (
    "view_catalog" varchar, "view_schema" varchar, "view_name" varchar, "table_catalog" varchar,
    "table_schema" varchar, "table_name" varchar
);
create table info.view_column_usage (
    "view_catalog" varchar, "view_schema" varchar, "view_name" varchar, "table_catalog" varchar,
    "table_schema" varchar, "table_name" varchar, "column_name" varchar
);
create table info.character_sets (
    "character_set_catalog" varchar, "character_set_schema" varchar, "character_set_name" varchar,
    "character_repertoire" varchar, "form_of_use" varchar, "default_collate_catalog" varchar,
    "default_collate_schema" varchar, "default_collate_name" varchar
);
