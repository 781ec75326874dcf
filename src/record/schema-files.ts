import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { TributaryError } from '../core/errors.ts';
import { type AvroRecord, keySchema, valueSchema } from './avro.ts';
import { avroTypeOf } from './avro-types.ts';
import { canonicalJson } from '../core/json/canonical.ts';
import type { TableDefinition } from '../core/table.ts';

/**
 * The committed schemas. `<source>/<table>.key.avsc` and `<source>/<table>.value.avsc` are those of the current definitions;
 * `<source>/history/<table>.value.v<N>.avsc` are earlier value schemas, because a compacted topic can hold a record of the
 * very first one for ever. When a value schema changes, its old file moves to the history. For a table that was never
 * published, delete its files to begin again. The key schema never changes.
 */
export interface SchemaFile {
  /** Path below the schemas directory, with `/`. */
  readonly path: string;
  readonly text: string;
}

export interface DefinedSource {
  readonly name: string;
  readonly tables: readonly TableDefinition[];
}

/** The schema files of a source's current definitions. */
export function schemaFiles(source: DefinedSource): SchemaFile[] {
  return source.tables.flatMap((definition) => [
    { path: keyPath(source.name, definition.name), text: print(keySchema(source.name, definition)) },
    { path: valuePath(source.name, definition.name), text: print(valueSchema(source.name, definition)) },
  ]);
}

/** Why the two value schemas cannot be used in one topic (FULL: each must read the other's records); undefined when they can. */
export function incompatibility(a: AvroRecord, b: AvroRecord): string | undefined {
  const [typeA, typeB] = [avroTypeOf(a), avroTypeOf(b)];
  for (const [reader, writer] of [
    [typeA, typeB],
    [typeB, typeA],
  ] as const) {
    try {
      reader.createResolver(writer);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
  return undefined;
}

/**
 * Writes the schema files of the sources and keeps replaced value schemas in the history.
 * @returns the paths of the written files, below `directory`.
 * @throws TributaryError `config` when a table's new schema is incompatible with an earlier one; then nothing of it is written.
 */
export function generateSchemas(directory: string, sources: readonly DefinedSource[]): string[] {
  const written: string[] = [];
  const write = (path: string, text: string): void => {
    const file = join(directory, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    written.push(path);
  };
  for (const source of sources) {
    const faults = compatibilityFaults(directory, source);
    if (faults.length > 0) throw refusal(faults);
    for (const { path, text } of schemaFiles(source)) {
      const committed = readText(directory, path);
      if (committed === text) continue;
      if (committed !== undefined && path.endsWith('.value.avsc') && meaning(committed) !== meaning(text)) {
        const table = path.slice(source.name.length + 1, -'.value.avsc'.length);
        write(historyPath(source.name, table, historyOf(directory, source.name, table).length + 1), committed);
      }
      write(path, text);
    }
  }
  return written;
}

/** Faults of the committed schemas, one line each: missing, outdated, left over, or incompatible. Empty when there are none. */
export function checkSchemas(directory: string, sources: readonly DefinedSource[]): string[] {
  const faults: string[] = [];
  for (const source of sources) {
    const expected = schemaFiles(source);
    for (const { path, text } of expected) {
      const committed = readText(directory, path);
      if (committed === undefined) faults.push(`${path} is missing; run "tributary schemas generate".`);
      else if (committed !== text) faults.push(`${path} is not what the table definition says; run "tributary schemas generate".`);
    }
    const paths = new Set(expected.map(({ path }) => path));
    for (const name of listFiles(join(directory, source.name))) {
      const path = `${source.name}/${name}`;
      if (name.endsWith('.avsc') && !paths.has(path)) faults.push(`${path} belongs to no table.`);
    }
    faults.push(...compatibilityFaults(directory, source));
  }
  return faults;
}

function compatibilityFaults(directory: string, source: DefinedSource): string[] {
  const faults: string[] = [];
  for (const definition of source.tables) {
    const where = `${source.name}.${definition.name}`;
    const committedKey = readText(directory, keyPath(source.name, definition.name));
    if (committedKey !== undefined && meaning(committedKey) !== meaning(print(keySchema(source.name, definition)))) {
      faults.push(`${where}: the key changed. A key is for ever; give the table another name.`);
    }
    const value = valueSchema(source.name, definition);
    const earlier = [...historyOf(directory, source.name, definition.name), valuePath(source.name, definition.name)];
    for (const path of earlier) {
      const text = readText(directory, path);
      const why = text === undefined ? undefined : incompatibility(value, JSON.parse(text) as AvroRecord);
      if (why !== undefined) faults.push(`${where}: the value schema does not fit ${path} both ways (${why}).`);
    }
  }
  return faults;
}

const keyPath = (source: string, table: string): string => `${source}/${table}.key.avsc`;
const valuePath = (source: string, table: string): string => `${source}/${table}.value.avsc`;
const historyPath = (source: string, table: string, version: number): string => `${source}/history/${table}.value.v${version}.avsc`;
const print = (schema: AvroRecord): string => `${JSON.stringify(schema, null, 2)}\n`;

/** The schema without its docs, which do not affect bytes or readers. */
function meaning(text: string): string {
  return canonicalJson(JSON.parse(text, (name, value) => (name === 'doc' && typeof value === 'string' ? undefined : value)));
}

function historyOf(directory: string, source: string, table: string): string[] {
  const paths: string[] = [];
  for (let version = 1; existsSync(join(directory, historyPath(source, table, version))); version += 1)
    paths.push(historyPath(source, table, version));
  return paths;
}

const listFiles = (directory: string): string[] => (existsSync(directory) ? readdirSync(directory) : []);

function readText(directory: string, path: string): string | undefined {
  const file = join(directory, path);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

function refusal(faults: readonly string[]): TributaryError {
  return new TributaryError(`The table definitions no longer fit the committed schemas:\n${faults.join('\n')}`, {
    kind: 'config',
    code: 'schemas:incompatible',
    remedy: 'Only add or remove nullable columns. For a table that was never published, delete its schema files and generate them anew.',
  });
}
