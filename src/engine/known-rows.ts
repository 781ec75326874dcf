import { hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ConnectionSettings } from '../config/settings.ts';
import { canonicalJson } from '../core/json/canonical.ts';
import { type KnownRows, PRINT_BYTES, UnparsedRow } from '../core/known-row.ts';
import type { TableDefinition } from '../core/table.ts';
import { VERSION } from '../core/version.ts';
import { compileColumns } from '../record/coerce.ts';
import type { OpenTable } from './open-table.ts';

/** After so many rows in a row that were not known, only one in so many is looked for: a first reading has none. */
const MISSES = 256;
const ONE_IN = 16;

const digest = (content: string | Buffer): Buffer => Buffer.from(hash('sha256', content, 'binary').slice(0, PRINT_BYTES), 'latin1');

/**
 * What a reader asks about rows of this table that it has not parsed; undefined where each row has to be looked at. With
 * `newer`, two rows of one batch are compared by their content.
 */
export function knownRows({ codec, definition, index, shaping }: OpenTable): KnownRows | undefined {
  if (shaping === undefined || definition.newer !== undefined) return undefined;
  let base: Buffer | undefined;
  const salted = (bytes: Buffer): Buffer => digest(Buffer.concat([(base ??= shaping()), bytes]));
  // A plain hash of its text would tell whether somebody's guess of a hidden value is right.
  const hides = definition.cover !== undefined || Object.values(definition.fields).some(({ secret }) => secret);
  const keyOf = compileColumns(definition, definition.key);
  let misses = 0;
  return {
    shapedBy: (beside) => salted(Buffer.from(beside)),
    print: (bytes, shapedBy) => ({ text: hides ? salted(bytes) : digest(bytes), shapedBy }),
    looks() {
      misses += 1;
      return misses <= MISSES || misses % ONE_IN === 0;
    },
    find(key, print, from, parse) {
      const record = keyOf(key);
      if (definition.key.some((column) => record[column] === null)) return undefined;
      const keyHash = codec.keyHash(codec.keyBody(record));
      if (!index.holds(keyHash, print)) return undefined;
      misses = 0;
      return new UnparsedRow(from, parse, { keyHash, print, state: index.state() });
    },
  };
}

/**
 * Hash of what shapes all rows of a table beside the vendor's answers: the program's own files, the Node version, the
 * connection's settings, and the definition with the user's rules for columns. Any change of them makes every row be parsed
 * and compared again. It holds secrets only hashed together with all the rest.
 */
export function shaping(
  { source, settings }: Pick<ConnectionSettings, 'source' | 'settings'>,
  definition: TableDefinition,
  program: () => string = ownProgram,
): () => Buffer {
  let made: Buffer | undefined;
  // Made when it is first needed, because most tables never do.
  return () => (made ??= digest(canonicalJson([program(), process.version, source.name, settings, described(definition)])));
}

/** A definition as text: of functions their source text. The secret of keyed hashes is told apart by the rules' fingerprint. */
function described(definition: TableDefinition): string {
  return JSON.stringify(definition, (_name, value: unknown) => (typeof value === 'function' ? String(value) : value));
}

/** What a row passes through on its way to a record. */
const ROOMS = ['src/core', 'src/sdk', 'src/record', 'src/state', 'src/engine', 'producers'];

/** Hash of a program's files, so that no release, and no change in a working copy, takes an earlier one's rows for its own. */
export const programPrint = (root: string): string =>
  hash('sha256', [VERSION, ...ROOMS.flatMap((room) => filesIn(join(root, room)))].join('\n'), 'hex');

let own: string | undefined;
const ownProgram = (): string => (own ??= programPrint(fileURLToPath(new URL('../..', import.meta.url))));

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.[jt]s$/.test(name) && !name.endsWith('.d.ts'))
    .sort()
    .flatMap((name) => [name, readFileSync(join(folder, name), 'utf8')]);
