import { parse } from 'yaml';
import { z } from 'zod';
import { TributaryError } from '../core/errors.ts';
import {
  forbidden,
  IDENTIFIERS,
  knownColumn,
  looksLikeDate,
  METRIC,
  plainName,
  isAboutConsent,
  TIMESTAMP,
  type CellType,
  type ImportKind,
} from './columns.ts';

/** What the user says about the columns of a file. */
export interface Mapping {
  /** Column to send -> column of the file. */
  readonly columns: Readonly<Record<string, string>>;
  /** Columns of the file that are not sent. */
  readonly drop: readonly string[];
  /** Further columns that hold dates, and columns that are text although their name suggests dates. */
  readonly dates: readonly string[];
  readonly texts: readonly string[];
}

export const noMapping: Mapping = { columns: {}, drop: [], dates: [], texts: [] };

const mappingSchema = z.strictObject({
  columns: z.record(z.string().min(1), z.string().min(1)).default({}),
  drop: z.array(z.string()).default([]),
  dates: z.array(z.string()).default([]),
  texts: z.array(z.string()).default([]),
});

/** Parses `email=E_MAIL,first_name=VORNAME`. Throws `config` for text that is not a list of pairs. */
export function parsePairs(given: string): Mapping {
  const columns: Record<string, string> = {};
  for (const pair of given.split(',')) {
    const at = pair.indexOf('=');
    const to = pair.slice(0, at).trim();
    const from = pair.slice(at + 1).trim();
    if (at < 1 || to === '' || from === '') throw badMapping(`"${pair}" in the mapping is not a pair`);
    if (columns[to] !== undefined) throw badMapping(`The mapping names ${to} twice`);
    columns[to] = from;
  }
  return { ...noMapping, columns };
}

/** Parses a mapping file with `columns:`, `drop:`, `dates:`, `texts:`. Throws `config` with what is wrong in it. */
export function parseMappingFile(path: string, content: string): Mapping {
  let value: unknown;
  try {
    value = parse(content);
  } catch (cause) {
    throw badMapping(`${path} is not YAML (${(cause as Error).message.split('\n')[0]})`);
  }
  const checked = mappingSchema.safeParse(value ?? {});
  if (checked.success) return checked.data;
  throw badMapping(`${path}: ${checked.error.issues.map(({ path: at, message }) => `${at.join('.')}: ${message}`).join('; ')}`);
}

const badMapping = (what: string): TributaryError =>
  new TributaryError(`${what}.`, {
    kind: 'config',
    code: 'import:mapping',
    remedy: 'Write column=COLUMN_OF_THE_FILE, joined by commas, or a YAML file with columns:, drop:, dates: and texts:.',
  });

/** One column to send. */
export interface SentColumn {
  readonly header: string;
  /** Header in the file, and its index. */
  readonly from: string;
  readonly index: number;
  readonly type: CellType;
}

/**
 * Decides which columns of a file with this header are sent, and as what.
 * @throws TributaryError `config`, with the column and what to do, when no row could be sent correctly.
 */
export function planColumns(kind: ImportKind, header: readonly string[], mapping: Mapping, consent: boolean): SentColumn[] {
  refuseHeader(header);
  const at = (name: string): number =>
    header.findIndex((one) => plainName(one) === plainName(name) && (one === name || !header.includes(name)));
  for (const name of [...mapping.drop, ...mapping.dates, ...mapping.texts, ...Object.values(mapping.columns)]) {
    if (at(name) < 0) throw badHeader(`The file has no column ${name}`, `Its columns are: ${header.join(', ')}.`);
  }
  const renamed = new Map(Object.entries(mapping.columns).map(([to, from]) => [at(from), to]));
  const dropped = new Set(mapping.drop.map(at));
  const dates = new Set(mapping.dates.map(at));
  const texts = new Set(mapping.texts.map(at));
  const sent: SentColumn[] = [];
  header.forEach((from, index) => {
    if (dropped.has(index)) return;
    const name = renamed.get(index) ?? from;
    const known = knownColumn(kind, name);
    const wanted = known?.header ?? name;
    const why = known === undefined ? forbidden(wanted) : undefined;
    if (why !== undefined)
      throw badHeader(
        `Column ${from} must not be sent: ${why}`,
        `Leave it out with --drop "${from}", or send it under another name with --map.`,
      );
    if (known === undefined && isAboutConsent(wanted) && !consent) {
      throw badHeader(
        `Column ${from} is about consent`,
        `Leave it out with --drop "${from}", or give --consent if these people have agreed to it.`,
      );
    }
    const twin = sent.find((one) => plainName(one.header) === plainName(wanted));
    if (twin) throw badHeader(`Columns ${twin.from} and ${from} are both sent as ${wanted}`, `Leave one out with --drop "${from}".`);
    const date = dates.has(index) || (looksLikeDate(wanted) && !texts.has(index));
    sent.push({ header: wanted, from, index, type: known?.type ?? (date ? 'date' : 'text') });
  });
  requireColumns(kind, header, sent);
  return sent;
}

function refuseHeader(header: readonly string[]): void {
  const empty = header.findIndex((name) => name.trim() === '');
  if (header.every((name) => name.trim() === '')) throw badHeader('Line 1 is empty', 'The first line must hold the names of the columns.');
  if (header.some((name) => /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(name.trim()) || /^\+\d{7,15}$/.test(name.trim()))) {
    throw badHeader('Line 1 is a row, not a header', 'Put a first line with the names of the columns, such as Email, above it.');
  }
  if (empty >= 0)
    throw badHeader(`Column ${empty + 1} of line 1 has no name`, 'Give every column a name, or remove it and the cells below it.');
  const odd = header.find((name) => name.length > 255 || /[\u0000-\u001f]/.test(name));
  if (odd !== undefined)
    throw badHeader(
      `A column's name in line 1 cannot be used (${JSON.stringify(odd.slice(0, 60))})`,
      'Rename it: one line, 255 characters at most.',
    );
  const seen = new Set<string>();
  for (const name of header) {
    if (seen.has(name)) throw badHeader(`Line 1 names the column ${name} twice`, 'Rename or remove one of the two.');
    seen.add(name);
  }
}

function requireColumns(kind: ImportKind, header: readonly string[], sent: readonly SentColumn[]): void {
  const has = (name: string): boolean => sent.some((column) => column.header === name);
  const names = `Line 1 has ${header.join(', ')}.`;
  if (!IDENTIFIERS.some(has)) {
    throw badHeader(
      'No column identifies the profile of a row',
      `One of ${IDENTIFIERS.join(', ')} is required; name it with --map, e.g. --map email=E_MAIL. ${names}`,
    );
  }
  if (kind !== 'events') return;
  for (const [name, use] of [
    [METRIC, 'metric'],
    [TIMESTAMP, 'time'],
  ] as const) {
    if (!has(name)) throw badHeader(`The column ${name} is missing`, `Events require it; name it with --map ${use}=COLUMN. ${names}`);
  }
}

export const badHeader = (what: string, remedy: string): TributaryError =>
  new TributaryError(`${what}.`, { kind: 'config', code: 'import:header', remedy });
