import { TributaryError } from '../core/errors.ts';
import type { ReadContext, Row } from '../core/types.ts';
import type { TableDefinition } from '../core/table.ts';
import type { ConnectionServices } from './open-table.ts';

/**
 * Reads a whole table for its rows and publishes nothing. `parents` returns the rows of the table's own parent.
 * @throws TributaryError when the listing did not prove its end.
 */
export async function readParentRows(
  definition: TableDefinition,
  services: ConnectionServices,
  signal: AbortSignal,
  parents: ReadContext['parents'],
): Promise<readonly Row[]> {
  let rows: Row[] = [];
  let scan: string | undefined;
  let ended = false;
  for await (const page of definition.read({ ...wholeRead(services, signal), parents })) {
    // The listing began again: rows of the earlier scan may be gone by now.
    if (page.scan?.id !== scan) rows = [];
    scan = page.scan?.id;
    rows.push(...page.rows);
    ended ||= page.scan?.end !== undefined;
  }
  if (!ended) {
    throw new TributaryError(`The listing of ${definition.name} ended without proof that it was complete.`, {
      kind: 'data',
      remedy: 'It is read again with the next run.',
    });
  }
  return rows;
}

/** A context for reading a table from its beginning outside a run of its own. */
export function wholeRead(services: ConnectionServices, signal: AbortSignal, since?: number): ReadContext {
  let scans = 0;
  return {
    api: services.api,
    mode: 'historical',
    position: undefined,
    since,
    runStart: services.now(),
    signal,
    now: services.now,
    newScan: () => `whole-${(scans += 1)}`,
    scanIntact: () => false,
    parents: async (table) => {
      throw new TributaryError(`${table} is the parent of a table that is itself a parent.`, { kind: 'internal' });
    },
    async *liveKeys() {},
    outbox: [],
    complete: () => undefined,
    count: () => undefined,
  };
}
