import { TributaryError } from '../core/errors.ts';
import { canonicalJson } from '../core/json/canonical.ts';
import { readTable, type ReadTableOptions } from './read-table.ts';
import type { Change, TableRef } from './types.ts';
import { anySignal } from '../core/signals.ts';

/** A table in memory that stays current: the rows in its topic, by key. */
export interface TableView<R extends object, K extends keyof R> {
  readonly size: number;
  get(key: Readonly<Pick<R, K>>): R | undefined;
  has(key: Readonly<Pick<R, K>>): boolean;
  values(): IterableIterator<R>;
  [Symbol.iterator](): IterableIterator<R>;
  /** Calls back for each change once the view shows it; returns a function that unsubscribes. */
  on(listener: (change: Change<R, K>) => void): () => void;
  /** Rejects when the view can no longer be kept current; every other call then throws the same error. Resolves after {@link close}. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

export type TableViewOptions = Omit<ReadTableOptions, 'from' | 'follow'>;

/**
 * Opens a view and resolves once it shows everything that the topic held when the call began. When the topic is recreated,
 * the view is emptied and filled again. Throws like `readTable`.
 */
export async function tableView<R extends object, K extends keyof R>(
  ref: TableRef<R, K>,
  options: TableViewOptions,
): Promise<TableView<R, K>> {
  const rows = new Map<string, R>();
  const listeners = new Set<(change: Change<R, K>) => void>();
  const closing = new AbortController();
  const signal = anySignal(options.signal, closing.signal);
  let failure: TributaryError | undefined;

  const textOf = (key: Readonly<Pick<R, K>>): string =>
    canonicalJson(
      ref.key.map((column) => {
        const value: unknown = key[column];
        return value instanceof Date ? value.getTime() : value;
      }),
    );
  const apply = (change: Change<R, K>): void => {
    if (change.kind === 'upsert') rows.set(textOf(change.key), change.row);
    else rows.delete(textOf(change.key));
    for (const listener of listeners) listener(change);
  };

  const first = readTable(ref, { ...options, signal });
  for await (const change of first) apply(change);
  if (signal.aborted) throw new TributaryError('Opening the view was stopped.', { kind: 'stopped' });

  async function keepCurrent(from: ReturnType<typeof first.offsets> | 'start'): Promise<void> {
    for await (const change of readTable(ref, { ...options, signal, from, follow: true })) apply(change);
  }
  const ended = (async () => {
    for (let from: Parameters<typeof keepCurrent>[0] = first.offsets(); ; from = 'start') {
      try {
        return await keepCurrent(from);
      } catch (error) {
        if (!(error instanceof TributaryError) || error.code !== 'consumer:offsets_gone') {
          failure = error instanceof TributaryError ? error : undefined;
          throw error;
        }
        rows.clear();
      }
    }
  })();
  // Without a listener the rejection would be unhandled; the next call throws it.
  ended.catch(() => undefined);

  const current = (): Map<string, R> => {
    if (failure !== undefined) throw failure;
    return rows;
  };
  return {
    get size() {
      return current().size;
    },
    get: (key) => current().get(textOf(key)),
    has: (key) => current().has(textOf(key)),
    values: () => current().values(),
    [Symbol.iterator]: () => current().values(),
    on(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    ended,
    async close() {
      closing.abort();
      await ended.catch(() => undefined);
    },
  };
}
