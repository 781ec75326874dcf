export type DialectName = 'postgres' | 'redshift' | 'bigquery' | 'synapse' | 'snowflake' | 'trino';

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

/** Words that are reserved in every one of the dialects. */
const SHARED = words(`
  all and any array as asc between by case cast check collate column constraint create cross current_date current_time
  current_timestamp current_user default delete desc distinct drop else end except exists false fetch for foreign from full
  function grant group having identity if in index inner insert intersect interval into is join key lateral left like limit
  merge natural not null of offset on option or order outer over partition plan position primary procedure public
  references return revoke right row rows select session session_user set some start system_user table tag text then time
  timestamp to top trigger true union unique unnest update use user using value values view when where window with
`);

const EXTRA: Readonly<Record<DialectName, readonly string[]>> = {
  postgres: words(`
    analyse analyze asymmetric both concurrently current_catalog current_role current_schema deferrable do freeze ilike initially isnull
    leading localtime localtimestamp notnull only overlaps placing returning similar symmetric tablesample trailing variadic verbose
  `),
  redshift: words(`
    aes128 aes256 allowoverride analyse analyze authorization az64 backup binary blanksasnull both bytedict bzip2 connect
    credentials current_user_id deferrable deflate defrag delta delta32k disable do emptyasnull enable encode encrypt encryption
    explicit freeze globaldict256 globaldict64k gzip ignore ilike initially isnull language leading localtime localtimestamp lun
    luns lzo lzop minus mostly16 mostly32 mostly8 new notnull nulls off offline offset oid old only open overlaps
    parallel partition percent permissions pivot placing qualify raw readratio recover rejectlog resort respect restore similar
    snapshot sysdate system tdes text255 text32k trailing truncatecolumns type unpivot verbose wallet without
  `),
  bigquery: words(`
    assert_rows_modified at contains cube current define enum escape exclude extract following groups grouping hash ignore lookup
    new no nulls preceding proto qualify range recursive respect rollup struct tablesample treat unbounded within
  `),
  synapse: words(`
    add alter authorization backup begin bigint break browse bulk cascade checkpoint close clustered coalesce commit compute contains
    containstable continue convert current cursor database dbcc deallocate declare deny disk distributed double dump errlvl escape
    exec execute exit external file fillfactor freetext freetexttable goto holdlock identity_insert identitycol image kill lineno
    load national nocheck nonclustered nullif off offsets open opendatasource openquery openrowset openxml percent pivot precision
    print proc raiserror read readtext reconfigure replication restore restrict rollback rowcount rowguidcol rule save schema
    securityaudit setuser shutdown statistics tablesample textsize tran transaction truncate try_convert tsequal unpivot updatetext
    varying waitfor while writetext qualify
  `),
  trino: words(`
    current_catalog current_path current_role current_schema cube deallocate describe escape execute extract grouping
    json_array json_exists json_object json_query json_table json_value listagg localtime localtimestamp normalize
    prepare recursive rollup skip trim uescape unnest
  `),
  snowflake: words(`
    account alter connect connection current database following gscluster ilike increment issue localtime localtimestamp minus
    organization qualify regexp rlike sample schema tablesample trim try_cast whenever without
  `),
};

/** Words that must be quoted as the name of a column or table. */
export const RESERVED = Object.fromEntries(
  Object.entries(EXTRA).map(([dialect, extra]) => [dialect, new Set([...SHARED, ...extra])]),
) as unknown as Readonly<Record<DialectName, ReadonlySet<string>>>;
