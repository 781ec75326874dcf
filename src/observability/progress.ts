import type { Writable } from 'node:stream';
import { paintState, stateText } from './status-text.ts';
import type { StatusSnapshot, TableStatus } from './status-view.ts';
import { terminalText, withoutColours, type Paint } from './text.ts';

export interface ProgressOptions {
  readonly status: () => StatusSnapshot;
  readonly stream: Writable & { readonly columns?: number; readonly rows?: number };
  /** Repaints a block; otherwise one line per table and 10 s. */
  readonly terminal: boolean;
  readonly paint: Paint;
}

export interface Progress {
  /** Writes text above the block, e.g. a log line. */
  print(text: string): void;
  /** Takes the block away. */
  stop(): void;
}

const repaintMs = 250;
const lineMs = 10_000;

/** Shows how far the tables are that run, wait or are in trouble, on standard error. */
export function startProgress(options: ProgressOptions): Progress {
  const { stream } = options;
  let painted = 0;

  function lines(): string[] {
    const { at, tables } = options.status();
    const shown = tables.filter(isBusy);
    const nameOf = (table: TableStatus) => `${table.connection}.${table.table}`;
    const wide = Math.max(0, ...shown.map((table) => nameOf(table).length));
    return shown.map((table) => `${nameOf(table).padEnd(wide)}  ${paintState(table.state, stateText(table.state, at), options.paint)}`);
  }

  function erase(): void {
    // To the line's begin as well: the terminal's own echo of a Ctrl-C has moved the cursor.
    if (painted > 0) stream.write(`\r\u001b[${painted}A\u001b[0J`);
    painted = 0;
  }

  function repaint(): void {
    const most = Math.max(1, (stream.rows ?? 24) - 2);
    const all = lines();
    const block = all.length > most ? [...all.slice(0, most - 1), `... and ${all.length - most + 1} more`] : all;
    const text = block.map((line) => `${fit(terminalText(oneLine(line), true), stream.columns ?? 80)}\n`).join('');
    erase();
    stream.write(text);
    painted = block.length;
  }

  const timer = setInterval(
    options.terminal
      ? repaint
      : () => {
          for (const line of lines()) stream.write(`${terminalText(oneLine(line), true)}\n`);
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

function isBusy(table: TableStatus): boolean {
  return table.state.kind === 'in_progress' || table.state.kind === 'rate_limited' || table.state.kind === 'error';
}

function fit(line: string, columns: number): string {
  const plain = withoutColours(line);
  return plain.length < columns ? line : `${plain.slice(0, Math.max(1, columns - 2))}…`;
}

const oneLine = (text: string): string => text.replaceAll('\n', ' ');
