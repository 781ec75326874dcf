import { openLiveIndex, type IndexedRow, type IndexEntry, type LiveIndex } from '../state/live-index.ts';
import { TributaryError } from '../core/errors.ts';
import { sleepUntil, type Clock } from '../core/clock.ts';
import type { Position, ReadContext } from '../core/types.ts';
import type { Connection } from './connection.ts';
import { createCycle } from './cycle.ts';
import type { OpenTable } from './open-table.ts';
import { wholeRead } from './parent-rows.ts';
import { horizonOf } from './table-run.ts';
import type { TableRecord } from '../core/table.ts';

/** How the vendor's side and the topic compare. The lists hold the first keys of each kind. */
export interface Verification {
  readonly connection: string;
  readonly table: string;
  readonly vendorRows: number;
  readonly topicRows: number;
  /** At the vendor, not in the topic. */
  readonly missing: RowDifference;
  /** In the topic, not at the vendor. */
  readonly surplus: RowDifference;
  /** On both sides with different content. */
  readonly different: RowDifference;
  readonly unusable: number;
}

export interface RowDifference {
  readonly count: number;
  readonly keys: readonly TableRecord[];
}

const shownKeys = 20;
/** The longest wait until the vendor shows what had changed when the table had been listed. */
const patienceMs = 60_000;

/**
 * Reads a table whole from the vendor, within the budget, and compares it with what the topic holds.
 * Publishes nothing. `onListed` hears of every page's rows. The vendor's keys are kept in `scratch` while comparing, so memory stays flat.
 */
export async function verifyTable(
  connection: Connection,
  table: OpenTable,
  scratch: string,
  clock: Clock,
  signal: AbortSignal,
  onListed?: (rows: number) => void,
): Promise<Verification> {
  const { definition, services, index, codec } = table;
  const vendor = openLiveIndex(scratch, { topic: table.topic, valueSchemaId: table.valueSchemaId });
  try {
    const cycle = createCycle(connection.readRows);
    const base = { ...wholeRead(services, signal, horizonOf(table.state)), parents: (name: string) => cycle.parents(name, signal) };
    let position: Position | undefined;
    let readTo: number | undefined;

    async function list(ctx: ReadContext): Promise<number> {
      let unusable = 0;
      let scan: string | undefined;
      for await (const page of definition.read(ctx)) {
        // A listing that began anew: what the first one showed may be gone.
        if (definition.method === 'full_table' && scan !== undefined && page.scan !== undefined && page.scan.id !== scan)
          vendor.clear('its listing began anew');
        scan = page.scan?.id ?? scan;
        const entries: IndexEntry[] = [];
        for (const row of page.rows) {
          const compiled = table.rows(row);
          if (compiled.deadLetter !== undefined) unusable += 1;
          else if (!compiled.deleted) entries.push({ keyHash: compiled.keyHash, row: compiled });
        }
        vendor.apply(entries, new Map());
        position = page.position;
        readTo = page.readTo ?? readTo;
        onListed?.(page.rows.length);
        if (signal.aborted) throw new TributaryError('The verification was interrupted.', { kind: 'stopped' });
      }
      return unusable;
    }

    const unusable = await list(base);
    if (definition.method === 'incremental') {
      // A row that changes while its table is listed leaves the part still to come, and what has just changed is not
      // shown yet: before such rows count as surplus, the changes since are read as far as to here.
      const listedAt = services.now();
      const changes = (): Promise<number> => list({ ...base, mode: 'periodic', position, runStart: services.now() });
      await changes();
      const late = listedAt - (readTo ?? listedAt);
      if (late > 0 && late <= patienceMs && hasSurplus(index, vendor)) {
        await sleepUntil(clock, services.now() + late, signal);
        await changes();
      }
    }
    const missing = collector(codec.decodeKey);
    const different = collector(codec.decodeKey);
    const surplus = collector(codec.decodeKey);
    for (const listed of vendor.entries()) {
      const live = index.get(listed.keyHash);
      if (!live) missing.add(listed.keyBody);
      else if (!live.equals(listed.rowHash)) different.add(listed.keyBody);
    }
    for (const { keyBody } of surplusOf(index, vendor)) surplus.add(keyBody);
    return {
      connection: table.ref.connection,
      table: table.ref.table,
      vendorRows: vendor.size(),
      topicRows: index.size(),
      missing: missing.finding,
      surplus: surplus.finding,
      different: different.finding,
      unusable,
    };
  } finally {
    await vendor.close();
  }
}

function* surplusOf(index: LiveIndex, vendor: LiveIndex): Generator<IndexedRow, void, void> {
  for (const entry of index.entries()) if (!vendor.get(entry.keyHash)) yield entry;
}

const hasSurplus = (index: LiveIndex, vendor: LiveIndex): boolean => surplusOf(index, vendor).next().done !== true;

function collector(decode: (keyBody: Buffer) => TableRecord): { add(keyBody: Buffer): void; readonly finding: RowDifference } {
  const finding = { count: 0, keys: [] as TableRecord[] };
  return {
    add(keyBody) {
      finding.count += 1;
      if (finding.keys.length < shownKeys) finding.keys.push(decode(keyBody));
    },
    finding,
  };
}
