import { checkCell, instantOf } from './cells.ts';
import { IDENTIFIERS, METRIC, TIMESTAMP, type ImportKind } from './columns.ts';
import type { CsvRow } from './csv.ts';
import type { SentColumn } from './mapping.ts';
import { DAY } from '../core/time.ts';

/** What is wrong with one cell, or with a whole row (`column` empty). */
export interface RowFault {
  readonly line: number;
  readonly column: string;
  readonly reason: string;
  readonly remedy: string;
}

export interface RowRules {
  readonly kind: ImportKind;
  readonly columns: readonly SentColumn[];
  /** Number of cells in the header. */
  readonly width: number;
  /** ISO code of the country of national phone numbers. */
  readonly country: string | undefined;
  /** Epoch ms. */
  readonly now: number;
}

/** 100 KB per profile and 5 MB per event: the vendor's limits of "Bulk Import Profiles" and "Create Event", which we apply to files. */
const MOST_BYTES: Readonly<Record<ImportKind, number>> = { profiles: 100_000, events: 5_000_000 };
const YEAR = 365 * DAY;
const SINCE_1990 = Date.UTC(1990, 0, 1);

/** The cells of a row to send, and everything that is wrong with it. */
export function checkRow(row: CsvRow, { kind, columns, width, country, now }: RowRules): { cells: string[]; faults: RowFault[] } {
  const faults: RowFault[] = [];
  const add = (column: string, reason: string, remedy: string): void => void faults.push({ line: row.line, column, reason, remedy });
  if (row.misquoted)
    add('', 'a quote stands inside a cell that is not quoted as a whole', 'Put the cell into quotes and double each quote inside it.');
  else if (row.cells.length !== width) {
    add(
      '',
      `has ${row.cells.length} cells, the header has ${width}`,
      row.cells.length > width
        ? 'Put cells that hold the separator into quotes.'
        : 'Fill the row up with empty cells, or correct its quotes.',
    );
  }
  const cells = columns.map(({ index }) => row.cells[index] ?? '');
  if (faults.length > 0) return { cells, faults };
  columns.forEach(({ from, type }, at) => {
    const cell = cells[at] as string;
    if (cell === '') return;
    const checked = checkCell(type, cell, country);
    if ('value' in checked) cells[at] = checked.value;
    else add(from, checked.reason, checked.remedy);
  });
  const filled = (header: string): string | undefined => {
    const at = columns.findIndex((column) => column.header === header);
    return at < 0 || cells[at] === '' ? undefined : cells[at];
  };
  const who = columns.filter(({ header }) => IDENTIFIERS.includes(header));
  if (who.every(({ header }) => filled(header) === undefined))
    add(who.map(({ from }) => from).join(', '), 'has no identifier', 'Give an e-mail address, a phone number or an external id.');
  if (kind === 'events') needed(columns, filled, now, faults, add);
  const bytes = Buffer.byteLength(cells.join()) + columns.reduce((sum, { header }) => sum + header.length, 0);
  if (bytes > MOST_BYTES[kind]) {
    const widest = columns.reduce((most, _, at) => ((cells[at]?.length ?? 0) > (cells[most]?.length ?? 0) ? at : most), 0);
    add(
      columns[widest]?.from ?? '',
      `makes the row ${bytes.toLocaleString('en')} bytes; ${MOST_BYTES[kind].toLocaleString('en')} are allowed`,
      'Shorten it, or leave the column out.',
    );
  }
  return { cells, faults };
}

function needed(
  columns: readonly SentColumn[],
  filled: (header: string) => string | undefined,
  now: number,
  faults: readonly RowFault[],
  add: (column: string, reason: string, remedy: string) => void,
): void {
  const from = (header: string): string => columns.find((column) => column.header === header)?.from ?? header;
  if (filled(METRIC) === undefined) add(from(METRIC), 'is empty', 'An event needs the name of its metric.');
  const time = filled(TIMESTAMP);
  if (time === undefined) add(from(TIMESTAMP), 'is empty', 'An event needs the time it happened.');
  else if (!faults.some(({ column }) => column === from(TIMESTAMP))) {
    const at = instantOf(time) ?? 0;
    if (at <= SINCE_1990 || at > now + YEAR)
      add(from(TIMESTAMP), 'lies before 1990 or more than a year ahead', 'The vendor refuses such an event; correct the time.');
  }
}
