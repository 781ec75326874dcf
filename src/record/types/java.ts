import { camel, GENERATED, typedTables, type ColumnKind, type TypedColumn, type TypedTable, type TypesWriter } from './columns.ts';

const BOXED: Readonly<Record<ColumnKind, string>> = {
  string: 'String',
  long: 'Long',
  double: 'Double',
  boolean: 'Boolean',
  timestamp: 'Instant',
  date: 'LocalDate',
  json: 'String',
};

/** Words that cannot be the name of a record component. */
const RESERVED = new Set(
  'abstract assert boolean break byte case catch char class const continue default do double else enum extends final finally float for goto if implements import instanceof int interface long native new package private protected public return short static strictfp super switch synchronized this throw throws transient try void volatile while true false null _ clone finalize getClass hashCode notify notifyAll toString wait'.split(
    ' ',
  ),
);

/** A record class per table (Java 17), built from what a Kafka Avro deserializer returns; needs `org.apache.avro:avro` only. */
export const javaTypes: TypesWriter = (sources) =>
  sources.flatMap((source) => typedTables(source).map((table) => ({ path: `tributary/${table.typeName}.java`, text: record(table) })));

function record({ source, table, typeName, doc, columns }: TypedTable): string {
  const names = componentNames(columns);
  return `// ${GENERATED}
package tributary;

import java.time.Instant;
import java.time.LocalDate;
import org.apache.avro.generic.GenericRecord;

/**
 * ${escaped(doc)}
 *
${columns.map(({ name, doc: about }) => ` * @param ${names.get(name)} ${escaped(about)}`).join('\n')}
 */
public record ${typeName}(
${columns.map(({ name, kind }) => `    ${BOXED[kind]} ${names.get(name)}`).join(',\n')}) {

  /** Part of the topic's name behind its prefix, unless the connection has a name of its own. */
  public static final String TABLE = "${source}.${table}";

  /** The row a value holds; null for a tombstone and for the marker before it. */
  public static ${typeName} of(GenericRecord value) {
    if (value == null || Boolean.TRUE.equals(value.hasField("_deleted") ? value.get("_deleted") : null)) return null;
    return new ${typeName}(
${columns.map(({ name, kind }) => `        ${reader(kind)}(value, "${name}")`).join(',\n')});
  }

  private static Object get(GenericRecord value, String column) {
    return value.hasField(column) ? value.get(column) : null;
  }
${[...new Set(columns.map(({ kind }) => reader(kind)))].map((name) => HELPERS[name] ?? '').join('')}}
`;
}

const reader = (kind: ColumnKind): string =>
  ({ string: 'text', json: 'text', long: 'whole', double: 'real', boolean: 'flag', timestamp: 'instant', date: 'day' })[kind];

/** Values arrive as Avro's plain types, or converted when the deserializer supports logical types. */
const HELPERS: Readonly<Record<string, string>> = {
  text: `
  private static String text(GenericRecord value, String column) {
    Object found = get(value, column);
    return found == null ? null : found.toString();
  }
`,
  whole: `
  private static Long whole(GenericRecord value, String column) {
    return get(value, column) instanceof Number number ? Long.valueOf(number.longValue()) : null;
  }
`,
  real: `
  private static Double real(GenericRecord value, String column) {
    return get(value, column) instanceof Number number ? Double.valueOf(number.doubleValue()) : null;
  }
`,
  flag: `
  private static Boolean flag(GenericRecord value, String column) {
    return (Boolean) get(value, column);
  }
`,
  instant: `
  private static Instant instant(GenericRecord value, String column) {
    Object found = get(value, column);
    return found instanceof Number millis ? Instant.ofEpochMilli(millis.longValue()) : (Instant) found;
  }
`,
  day: `
  private static LocalDate day(GenericRecord value, String column) {
    Object found = get(value, column);
    return found instanceof Number days ? LocalDate.ofEpochDay(days.longValue()) : (LocalDate) found;
  }
`,
};

/** Camel case, as usual in Java. If two columns would get the same name, or a reserved word, the column's own name with an underscore. */
function componentNames(columns: readonly TypedColumn[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const taken = new Set<string>();
  for (const { name } of columns) {
    let made = camel(name);
    while (RESERVED.has(made) || taken.has(made) || /^\d/.test(made)) made = `${/^\d/.test(made) ? '_' : ''}${made}_`;
    taken.add(made);
    names.set(name, made);
  }
  return names;
}

const escaped = (text: string): string =>
  text
    .replace(/\s+/g, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('*/', '*&#47;')
    .replaceAll('@', '&#64;')
    .replaceAll('\\', '&#92;');
