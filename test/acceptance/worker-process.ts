import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Line, Orders } from './worker-child.ts';
import { programArguments } from '../support/program.ts';

/** A process of `worker-child.ts` as its parent sees it. */
export interface WorkerProcess {
  /** Everything it has said so far. */
  readonly lines: readonly Line[];
  give(orders: Orders): void;
  /** From now on its clock is that many milliseconds ahead of the machine's. */
  setClock(ahead: number): void;
  /**
   * The first line, of those from `from` on, that passes.
   * @throws when the process ends, or `seconds` pass, without one; with what it said last.
   */
  line(what: string, passes: (line: Line) => boolean, options?: { readonly from?: number; readonly seconds?: number }): Promise<Line>;
  /** Resolves when it has ended by itself. @throws when `seconds` pass before. */
  gone(seconds?: number): Promise<void>;
  signal(signal: 'SIGKILL' | 'SIGTERM'): void;
  /** Resolves when it is gone and all it said has been read. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

const script = fileURLToPath(new URL('worker-child.ts', import.meta.url));

/** Starts a process that loads everything and then waits for its orders. */
export function startWorkerProcess(): WorkerProcess {
  const child = spawn(process.execPath, programArguments(script), { stdio: ['pipe', 'pipe', 'pipe'] });
  const lines: Line[] = [];
  const waiting = new Set<() => void>();
  let errors = '';
  let end: { code: number | null; signal: NodeJS.Signals | null } | undefined;
  const wake = (): void => waiting.forEach((look) => look());

  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(JSON.parse(line) as Line);
    wake();
  });
  child.stderr.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-4_000)));
  // A process that was killed has closed its end.
  child.stdin.on('error', () => undefined);
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('close', (code, signal) => {
      end = { code, signal };
      wake();
      resolve(end);
    });
  });
  const order = (orders: Partial<Orders>): void => void child.stdin.write(`${JSON.stringify(orders)}\n`);

  return {
    lines,
    give: order,
    setClock: (ahead) => order({ ahead }),
    line(what, passes, { from = 0, seconds = 300 } = {}) {
      return new Promise((resolve, reject) => {
        let seen = from;
        const settle = (finish: () => void): void => {
          clearTimeout(timer);
          waiting.delete(look);
          finish();
        };
        const fail = (why: string): void =>
          settle(() =>
            reject(
              new Error(
                `${why} while waiting for: ${what}\n${lines
                  .slice(-12)
                  .map((line) => JSON.stringify(line))
                  .join('\n')}\n${errors}`,
              ),
            ),
          );
        const look = (): void => {
          for (; seen < lines.length; seen += 1) {
            const line = lines[seen] as Line;
            if (passes(line)) return settle(() => resolve(line));
          }
          if (end) fail(`the process ended (${end.signal ?? end.code})`);
        };
        const timer = setTimeout(() => fail(`${seconds} s passed`), seconds * 1_000);
        waiting.add(look);
        look();
      });
    },
    async gone(seconds = 300) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(
          () => reject(new Error(`the process had not ended after ${seconds} s; it said last: ${JSON.stringify(lines.at(-1))}`)),
          seconds * 1_000,
        );
      });
      await Promise.race([ended, late]).finally(() => clearTimeout(timer));
    },
    signal: (signal) => void child.kill(signal),
    ended,
  };
}
