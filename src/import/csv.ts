import { CsvError, parse } from 'csv-parse';
import type { Readable } from 'node:stream';
import { TributaryError } from '../core/errors.ts';

/** One record of a file. */
export interface CsvRow {
  /** Line it begins on, counted from 1. */
  readonly line: number;
  readonly cells: readonly string[];
  /** A quote stands where CSV allows none, so the borders of the cells are a guess. */
  readonly misquoted: boolean;
}

/** An event may have 5 MB; a longer row is a quote that was never closed. */
const MOST_IN_A_ROW = 8 * 1024 * 1024;

const DELIMITERS = [',', ';', '\t', '|'];

/** The delimiter: a comma, unless the first line has none and has another candidate. */
export function delimiterOf(firstLine: string): string {
  const bare = firstLine.replace(/"[^"]*"/g, '');
  const times = (mark: string): number => bare.split(mark).length - 1;
  return bare.includes(',') ? ',' : DELIMITERS.reduce((best, mark) => (times(mark) > times(best) ? mark : best), ',');
}

/**
 * Reads records from UTF-8 text, one at a time.
 * @throws TributaryError `config` where the rest of the file cannot be divided into rows.
 */
export async function* readCsv(name: string, text: Readable, delimiter: string): AsyncGenerator<CsvRow> {
  // Line of the last parsed record. The parser reads ahead of the consumer, so its error may come before earlier records are
  // consumed.
  let last = 1;
  const parser = parse({
    on_record: (record: string[], { lines }: { readonly lines: number }) => {
      last = lines;
      return record;
    },
    delimiter,
    info: true,
    raw: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    record_delimiter: ['\r\n', '\n', '\r'],
    max_record_size: MOST_IN_A_ROW,
  });
  text.on('error', (error) => parser.destroy(error));
  text.pipe(parser);
  const mark = delimiter === '|' ? '\\|' : delimiter;
  const cell = `(?:"(?:[^"]|"")*"|[^"${mark}\\r\\n]*)`;
  const proper = new RegExp(`^${cell}(?:${mark}${cell})*[\\r\\n]*$`);
  try {
    for await (const { record, info, raw } of parser as AsyncIterable<{ record: string[]; info: { lines: number }; raw: string }>) {
      const ends = raw.replace(/^[\r\n]+|[\r\n]+$/g, '').match(/\r\n|\n|\r/g)?.length ?? 0;
      yield { line: info.lines - ends, cells: record, misquoted: raw.includes('"') && !proper.test(raw) };
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = last + 1;
    if (error.code === 'CSV_MAX_RECORD_SIZE') {
      throw unreadable(
        `${name}, line ${line}: the row that begins here has more than 8 MB`,
        'A quote was probably opened and never closed. Close it, or double every quote inside a cell.',
      );
    }
    if (error.code === 'CSV_QUOTE_NOT_CLOSED') {
      throw unreadable(
        `${name}, line ${line}, column ${Number(error['column'] ?? 0) + 1}: a quote is opened and never closed`,
        'Close it, or double every quote inside a cell.',
      );
    }
    throw unreadable(`${name}, line ${line}: ${error.message}`, 'Export the file again as CSV: commas, quotes doubled inside cells.');
  } finally {
    parser.destroy();
    text.destroy();
  }
}

const unreadable = (what: string, remedy: string): TributaryError =>
  new TributaryError(`${what}.`, { kind: 'config', code: 'import:csv', remedy });

/** One record as CSV by RFC 4180, without its line end. A single empty cell is quoted, because an empty line is not a record. */
export function csvLine(cells: readonly string[]): string {
  if (cells.length === 1 && cells[0] === '') return '""';
  return cells.map((cell) => (/[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',');
}
