import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { SentEvent } from '../sdk/imports.ts';
import { checkRow, type RowFault } from './check-row.ts';
import { instantOf } from './cells.ts';
import { IDENTIFIERS, TIMESTAMP, UNIQUE_ID, type ImportKind } from './columns.ts';
import { csvLine, delimiterOf, readCsv } from './csv.ts';
import { findDuplicates } from './duplicates.ts';
import { findEncoding, openText, type Encoding, type FoundEncoding } from './encoding.ts';
import { errorFileName } from './job.ts';
import { badHeader, planColumns, type Mapping, type SentColumn } from './mapping.ts';
import { writeParts, type Part } from './parts.ts';
import { readStaged, stagedBytes, writeText } from './row-file.ts';
import { spreadSample } from './spread-sample.ts';
import { stopIf } from './stop.ts';

export interface CheckRequest {
  readonly kind: ImportKind;
  readonly file: string;
  readonly mapping: Mapping;
  /** Columns about consent may be sent. */
  readonly consent: boolean;
  readonly encoding?: Encoding | undefined;
  /** ISO code of the country of national phone numbers. */
  readonly country?: string | undefined;
  /** Epoch ms. Events may lie at most a year ahead of it, and it is part of the names of the parts. */
  readonly now: number;
  /** Folder for the parts, the error file and temporary files; created here. */
  readonly folder: string;
  readonly signal: AbortSignal;
  onProgress?(rows: number): void;
}

export interface CheckedFile {
  readonly encoding: Encoding;
  readonly columns: readonly SentColumn[];
  /** Rows of the file, and how many of them are refused. */
  readonly rows: number;
  readonly refused: number;
  /** The first faults, and the number of faults of each kind. */
  readonly faults: readonly RowFault[];
  readonly reasons: ReadonlyMap<string, number>;
  /** The first rows as they will be sent. */
  readonly preview: readonly Readonly<Record<string, string>>[];
  /** E-mail addresses of profiles, spread evenly over the good rows. */
  readonly sample: readonly string[];
  /** Events with an e-mail address, spread evenly over the good rows. */
  readonly events: readonly SentEvent[];
  /** Files to upload; none when no row is good. */
  readonly parts: readonly Part[];
  /** Every bad row with its reason; undefined when there is none. */
  readonly errorFile: string | undefined;
}

const FAULTS_SHOWN = 20;
const PREVIEW_ROWS = 5;
/** At most twice this number is kept. */
const SAMPLE_ROWS = 500;
/** Each event is read back with a request of its own. */
const SAMPLE_EVENTS = 50;
const PROGRESS_ROWS = 10_000;

/**
 * Reads a file to its end and writes its good rows into parts, before anything is sent. Memory does not grow with the file.
 * @throws TributaryError `config` when the file as a whole cannot be used, `stopped` when the signal fires.
 */
export async function checkFile(request: CheckRequest): Promise<CheckedFile> {
  const { file, folder } = request;
  const found = await findEncoding(file, request.encoding, request.signal);
  const delimiter = delimiterOf(await firstLine(file, found));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const staging = join(folder, 'rows.staged');
  const duplicates = findDuplicates(folder);
  try {
    return await inTwoPasses(request, found, delimiter, staging, duplicates);
  } finally {
    duplicates.close();
    await rm(staging, { force: true });
  }
}

async function inTwoPasses(
  { kind, file, mapping, consent, country, now, folder, signal, onProgress }: CheckRequest,
  found: FoundEncoding,
  delimiter: string,
  staging: string,
  duplicates: ReturnType<typeof findDuplicates>,
): Promise<CheckedFile> {
  const rows = readCsv(basename(file), openText(file, found), delimiter);
  const first = await rows.next();
  if (first.done) throw badHeader(`${file} is empty`, 'Its first line must hold the names of the columns.');
  const header = first.value.cells.map((name) => name.trim());
  const columns = planColumns(kind, header, mapping, consent);
  const unique = uniqueIds(kind, columns);
  const mustDiffer = columns.flatMap(({ header: name }, at) =>
    (kind === 'events' ? name === UNIQUE_ID : IDENTIFIERS.includes(name)) ? [at] : [],
  );
  const errors = await errorReport(join(folder, errorFileName), columns);
  const staged = await writeText(staging);
  const sample = spreadSample<string>(SAMPLE_ROWS);
  const events = spreadSample<SentEvent>(SAMPLE_EVENTS);
  const email = columns.findIndex(({ type }) => type === 'email');
  let [read, refused, good] = [0, 0, 0];
  try {
    for await (const row of rows) {
      if (read % PROGRESS_ROWS === 0) {
        stopIf(signal);
        onProgress?.(read);
      }
      read += 1;
      const { cells, faults } = checkRow(row, { kind, columns, width: header.length, country, now });
      if (faults.length > 0) {
        refused += 1;
        await errors.add(faults, csvLine(cells));
        continue;
      }
      for (const at of mustDiffer) {
        const cell = cells[at] as string;
        if (cell !== '') duplicates.add(at, columns[at]?.type === 'email' ? cell.toLowerCase() : cell, good, row.line);
      }
      good += 1;
      const filled = unique.fill(cells, row.line);
      const address = cells[email] ?? '';
      if (address !== '' && kind === 'profiles') sample.add(address);
      if (address !== '' && kind === 'events') events.add(sentEvent(address, unique.headers, filled));
      await staged.write(stagedBytes({ line: row.line, text: csvLine(filled) }));
    }
  } catch (error) {
    await errors.close();
    throw error;
  } finally {
    await staged.close();
    await rows.return(undefined);
  }
  if (read === 0) throw badHeader(`${file} has a header but no rows`, 'There is nothing to import.');
  onProgress?.(read);

  const repeats = duplicates.repeats();
  let repeat = repeats.next();
  let at = -1;
  const preview: Record<string, string>[] = [];
  const parts = await writeParts({ folder, kind, now, header: csvLine(unique.headers), signal }, async function* () {
    for await (const { line, text } of readStaged(staging)) {
      at += 1;
      const faults: RowFault[] = [];
      for (; !repeat.done && repeat.value.row === at; repeat = repeats.next()) {
        faults.push({
          line,
          column: columns[repeat.value.column]?.from ?? '',
          reason: `is already in line ${repeat.value.firstLine}`,
          remedy: 'Keep one of the two rows.',
        });
      }
      if (faults.length > 0) {
        refused += 1;
        await errors.add(faults, text);
      } else yield text;
    }
  });
  for await (const { cells } of firstRows(parts)) {
    preview.push(Object.fromEntries(unique.headers.map((name, index) => [name, cells[index] ?? ''])));
    if (preview.length === PREVIEW_ROWS) break;
  }
  const errorFile = await errors.close();
  return {
    encoding: found.encoding,
    columns,
    rows: read,
    refused,
    faults: errors.first,
    reasons: errors.reasons,
    preview,
    sample: sample.items(),
    events: events.items(),
    parts,
    errorFile,
  };
}

async function* firstRows(parts: readonly Part[]): AsyncGenerator<{ readonly cells: readonly string[] }> {
  const [part] = parts;
  if (part === undefined) return;
  const rows = readCsv(part.name, openText(part.path, { encoding: 'utf-8', mark: 0 }), ',');
  await rows.next();
  yield* rows;
}

/**
 * An event without an id gets one computed from its line and content, so that a part sent again or a file imported again adds
 * no event twice.
 */
function uniqueIds(
  kind: ImportKind,
  columns: readonly SentColumn[],
): { headers: string[]; fill(cells: readonly string[], line: number): readonly string[] } {
  const headers = columns.map(({ header }) => header);
  if (kind !== 'events') return { headers, fill: (cells) => cells };
  const at = headers.indexOf(UNIQUE_ID);
  const made = (cells: readonly string[], line: number): string =>
    createHash('sha256')
      .update(`${line} ${csvLine(cells)}`)
      .digest('hex')
      .slice(0, 32);
  if (at < 0) return { headers: [...headers, UNIQUE_ID], fill: (cells, line) => [...cells, made(cells, line)] };
  return { headers, fill: (cells, line) => (cells[at] === '' ? cells.with(at, made(cells, line)) : cells) };
}

const sentEvent = (email: string, headers: readonly string[], cells: readonly string[]): SentEvent => ({
  email,
  at: instantOf(cells[headers.indexOf(TIMESTAMP)] ?? '') ?? 0,
  uniqueId: cells[headers.indexOf(UNIQUE_ID)] ?? '',
});

async function errorReport(path: string, columns: readonly SentColumn[]) {
  const first: RowFault[] = [];
  const reasons = new Map<string, number>();
  let file: Awaited<ReturnType<typeof writeText>> | undefined;
  return {
    first: first as readonly RowFault[],
    reasons: reasons as ReadonlyMap<string, number>,
    async add(faults: readonly RowFault[], row: string): Promise<void> {
      if (file === undefined) {
        file = await writeText(path);
        await file.write(`${csvLine(['Line', 'Column', 'Reason', 'Remedy', ...columns.map(({ from }) => from)])}\n`);
      }
      for (const fault of faults) {
        if (first.length < FAULTS_SHOWN) first.push(fault);
        const reason = fault.reason.replace(/\d[\d,]*/g, 'N');
        const kind = fault.column === '' ? reason : `${fault.column} ${reason}`;
        reasons.set(kind, (reasons.get(kind) ?? 0) + 1);
        await file.write(`${csvLine([String(fault.line), fault.column, fault.reason, fault.remedy])},${row}\n`);
      }
    },
    async close(): Promise<string | undefined> {
      await file?.close();
      return file === undefined ? undefined : path;
    },
  };
}

/** The header as text; at most 64 KB are read. */
async function firstLine(file: string, found: FoundEncoding): Promise<string> {
  let text = '';
  for await (const chunk of openText(file, found) as AsyncIterable<Buffer>) {
    text += chunk.toString('utf8');
    if (/[\r\n]/.test(text) || text.length > 65_536) break;
  }
  return text.split(/[\r\n]/, 1)[0] ?? '';
}
