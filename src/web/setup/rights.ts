import type { ConnectionSettings } from '../../config/settings.ts';
import { asTributaryError, TributaryError } from '../../core/errors.ts';
import type { TableDefinition } from '../../core/table.ts';
import type { ReadContext, Row } from '../../core/types.ts';
import { createHttpFactory } from '../../sdk/http/client.ts';
import type { SettingChoices, Source } from '../../sdk/source.ts';
import type { WebContext } from '../context.ts';
import { DAY } from '../../core/time.ts';
import { timeLimit } from '../../core/signals.ts';

/** Result of the test request for one table. */
export interface TableRight {
  readonly table: string;
  readonly outcome: 'read' | 'refused' | 'unknown';
  /** The vendor's refusal, or why the result is unknown; empty for a table that could be read. */
  readonly text: string;
}

/** Results of all test requests of a set-up. */
export interface Tried {
  readonly account: string;
  readonly rights: readonly TableRight[];
  readonly choices: readonly SettingChoices[];
}

const probeMs = 20_000;
const tablesMs = 30_000;
const atOnce = 3;

/**
 * Tests the key, then requests the first page of every table as a run would; a refusal of the vendor is reported per table.
 * Publishes nothing.
 * @throws TributaryError when the key itself is refused or the vendor does not answer.
 */
export async function tryConnection(
  context: WebContext,
  { source, settings }: Pick<ConnectionSettings, 'source' | 'settings'>,
): Promise<Tried> {
  let lastError: TributaryError | undefined;
  const nothing = () => undefined;
  const observer = {
    onRequest: nothing,
    onThrottled: nothing,
    onWaited: nothing,
    onRecovered: nothing,
    onRetry: (error: TributaryError) => void (lastError = error),
  };
  const late = timeLimit(probeMs);
  const http = createHttpFactory({ clock: context.clock, random: context.random, observer, redactor: context.redactor });
  const api: unknown = source.connect(settings, { http, now: context.clock.now });
  let account: string;
  try {
    ({ account } = await source.probe(api, late));
  } catch (error) {
    throw late.aborted
      ? (lastError ?? new TributaryError(`${source.title} did not answer within ${probeMs / 1000} s.`, { kind: 'transient' }))
      : error;
  }
  const signal = timeLimit(tablesMs);
  const tables = source.tables(settings).filter(({ off }) => off === undefined);
  const [rights, choices] = await Promise.all([tryTables(context, source.title, api, tables, signal), choicesOf(source, api, signal)]);
  return { account, rights, choices };
}

/** Choices for some settings. A list that cannot be read leaves its setting to be typed. */
async function choicesOf(source: Source, api: unknown, signal: AbortSignal): Promise<readonly SettingChoices[]> {
  return (await source.choices?.(api, signal).catch(() => [])) ?? [];
}

async function tryTables(
  { clock }: WebContext,
  title: string,
  api: unknown,
  tables: readonly TableDefinition[],
  signal: AbortSignal,
): Promise<TableRight[]> {
  const now = clock.now();
  const firstRows = new Map<string, Promise<readonly Row[]>>();
  const olderRows = new Map<string, Promise<readonly Row[]>>();
  /** Tables that could not be requested because their parent has no row. */
  const childless = new Map<string, string>();

  function contextOf(table: string, since: number | undefined): ReadContext {
    let scans = 0;
    return {
      api,
      signal,
      mode: 'historical',
      position: undefined,
      since,
      horizon: since,
      runStart: now,
      now: clock.now,
      newScan: () => `try-${(scans += 1)}`,
      scanIntact: () => false,
      // One parent row is enough for the test.
      parents: async (name) => {
        const rows = (await parentRows(name)).slice(0, 1);
        if (rows.length === 0) childless.set(table, name);
        return rows;
      },
      async *liveKeys() {},
      outbox: [],
      complete: () => undefined,
      count: () => undefined,
    };
  }

  /** The last day is enough to see whether reading is allowed. */
  function firstPage(name: string): Promise<readonly Row[]> {
    const known = firstRows.get(name) ?? readFirst(name, now - DAY);
    firstRows.set(name, known);
    return known;
  }

  /** Parent rows to request with: of any age when the last day has none. */
  async function parentRows(name: string): Promise<readonly Row[]> {
    const recent = await firstPage(name);
    if (recent.length > 0) return recent;
    const known = olderRows.get(name) ?? readFirst(name, undefined);
    olderRows.set(name, known);
    return known;
  }

  async function readFirst(name: string, since: number | undefined): Promise<readonly Row[]> {
    const table = tables.find((one) => one.name === name);
    if (table === undefined) return [];
    for await (const page of table.read(contextOf(name, since))) if (page.rows.length > 0) return page.rows;
    return [];
  }

  async function tryOne({ name }: TableDefinition): Promise<TableRight> {
    try {
      await firstPage(name);
      const parent = childless.get(name);
      if (parent === undefined) return { table: name, outcome: 'read', text: '' };
      return { table: name, outcome: 'unknown', text: `Not asked for: it is read per row of ${parent}, which has none yet.` };
    } catch (thrown) {
      const error = asTributaryError(thrown, `Reading ${name}`);
      if (error.kind === 'config') return { table: name, outcome: 'refused', text: [error.message, error.remedy ?? ''].join(' ').trim() };
      return {
        table: name,
        outcome: 'unknown',
        text: signal.aborted ? `${title} had not answered after ${tablesMs / 1000} s.` : error.message,
      };
    }
  }

  const found: TableRight[] = [];
  const queue = [...tables];
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let table = queue.shift(); table !== undefined; table = queue.shift()) found.push(await tryOne(table));
    }),
  );
  return tables.flatMap(({ name }) => found.filter((one) => one.table === name));
}
