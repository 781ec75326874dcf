import type { Writable } from 'node:stream';
import { tableKey } from '../core/run.ts';
import { paintState, stateText } from './status-text.ts';
import type { StatusSnapshot, TableStatus } from './status-view.ts';
import { count, plural, terminalText, withoutColours, type Paint } from './text.ts';

export interface ProgressOptions {
  readonly status: () => StatusSnapshot;
  readonly stream: Writable & { readonly columns?: number; readonly rows?: number };
  /** Repaint a block of lines; otherwise print one line for all tables every 30 s. */
  readonly terminal: boolean;
  readonly paint: Paint;
}

export interface Progress {
  /** Writes text above the block, for example a log line. */
  print(text: string): void;
  /** Removes the block. */
  stop(): void;
}

const repaintMs = 250;
const lineMs = 30_000;

/** Shows on standard error the progress of tables that run, wait or have a problem. */
export function startProgress(options: ProgressOptions): Progress {
  const { stream } = options;
  let painted = 0;

  function lines(): string[] {
    const { at, tables } = options.status();
    const shown = tables.filter(isBusy);
    const wide = Math.max(0, ...shown.map((table) => tableKey(table).length));
    return shown.map((table) => `${tableKey(table).padEnd(wide)}  ${paintState(table.state, stateText(table.state, at), options.paint)}`);
  }

  function erase(): void {
    // First to the beginning of the line, because the terminal's echo of Ctrl-C has moved the cursor.
    if (painted > 0) stream.write(`\r\u001b[${painted}A\u001b[0J`);
    painted = 0;
  }

  function repaint(): void {
    const most = Math.max(1, (stream.rows || 24) - 2);
    const all = lines();
    const block = all.length > most ? [...all.slice(0, most - 1), `... and ${all.length - most + 1} more`] : all;
    const text = block.map((line) => `${fit(terminalText(oneLine(line), true), stream.columns || 80)}\n`).join('');
    erase();
    stream.write(text);
    painted = block.length;
  }

  const timer = setInterval(
    options.terminal
      ? repaint
      : () => {
          const line = summary(options.status());
          if (line !== undefined) stream.write(`${line}\n`);
        },
    options.terminal ? repaintMs : lineMs,
  );
  timer.unref();

  return {
    print(text) {
      if (options.terminal) erase();
      stream.write(`${terminalText(text, true)}\n`);
      if (options.terminal) repaint();
    },
    stop() {
      clearInterval(timer);
      if (options.terminal) erase();
    },
  };
}

/** All tables in one line; undefined while none is busy. */
function summary({ tables }: StatusSnapshot): string | undefined {
  const busy = tables.filter(isBusy);
  if (busy.length === 0) return undefined;
  const of = (kind: TableStatus['state']['kind']) => tables.filter(({ state }) => state.kind === kind).length;
  const rows = busy.reduce((sum, { state }) => sum + ('rows' in state ? state.rows : 0), 0);
  const rate = busy.reduce((sum, { state }) => sum + ('rowsPerSecond' in state ? state.rowsPerSecond : 0), 0);
  const parts = [
    `${of('in_progress')} of ${plural(tables.length, 'table')} in progress`,
    ...(of('rate_limited') === 0 ? [] : [`${of('rate_limited')} rate limited`]),
    ...(of('error') === 0 ? [] : [`${of('error')} in trouble`]),
    `${count(rows)} rows so far, ${count(rate)} rows/s`,
  ];
  return parts.join(', ');
}

function isBusy(table: TableStatus): boolean {
  return table.state.kind === 'in_progress' || table.state.kind === 'rate_limited' || table.state.kind === 'error';
}

function fit(line: string, columns: number): string {
  const plain = withoutColours(line);
  return plain.length < columns ? line : `${plain.slice(0, Math.max(1, columns - 2))}…`;
}

const oneLine = (text: string): string => text.replaceAll('\n', ' ');
