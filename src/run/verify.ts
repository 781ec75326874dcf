import { openLiveIndex, type IndexEntry } from '../change/live-index.ts';
import { TributaryError } from '../errors.ts';
import type { Connection } from './connection.ts';
import type { OpenTable } from './open-table.ts';
import { wholeRead } from './parent-rows.ts';
import { reachOf } from './table-run.ts';
import type { TableRecord } from '../table/types.ts';

/** How the vendor's side and the topic compare. The lists hold the first keys of each kind. */
export interface Verification {
  readonly connection: string;
  readonly table: string;
  readonly vendorRows: number;
  readonly topicRows: number;
  /** At the vendor, not in the topic. */
  readonly missing: Finding;
  /** In the topic, not at the vendor. */
  readonly surplus: Finding;
  /** On both sides with different content. */
  readonly different: Finding;
  readonly unusable: number;
}

export interface Finding {
  readonly count: number;
  readonly keys: readonly TableRecord[];
}

const shownKeys = 20;

/**
 * Reads a table whole from the vendor, within the budget, and compares it with what the topic holds.
 * Publishes nothing. `onListed` hears of every page's rows. The vendor's keys are kept in `scratch` while comparing, so memory stays flat.
 */
export async function verifyTable(connection: Connection, table: OpenTable, scratch: string, signal: AbortSignal, onListed?: (rows: number) => void): Promise<Verification> {
  const { definition, services, index, codec } = table;
  const vendor = openLiveIndex(scratch, { topic: table.topic, valueSchemaId: table.valueSchemaId });
  let unusable = 0;
  try {
    const ctx = { ...wholeRead(services, signal, reachOf(table.state)), parents: (name: string) => connection.readRows(name, signal) };
    for await (const page of definition.read(ctx)) {
      const entries: IndexEntry[] = [];
      for (const row of page.rows) {
        const compiled = table.rows(row);
        if (compiled.deadLetter !== undefined) unusable += 1;
        else if (!compiled.deleted) entries.push({ keyHash: compiled.keyHash, row: compiled });
      }
      vendor.apply(entries, new Map());
      onListed?.(page.rows.length);
      if (signal.aborted) throw new TributaryError('The verification was interrupted.', { kind: 'stopped' });
    }
    const missing = collector(codec.decodeKey);
    const different = collector(codec.decodeKey);
    const surplus = collector(codec.decodeKey);
    for (const listed of vendor.entries()) {
      const live = index.get(listed.keyHash);
      if (!live) missing.add(listed.keyBody);
      else if (!live.equals(listed.rowHash)) different.add(listed.keyBody);
    }
    for (const entry of index.entries()) if (!vendor.get(entry.keyHash)) surplus.add(entry.keyBody);
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

function collector(decode: (keyBody: Buffer) => TableRecord): { add(keyBody: Buffer): void; readonly finding: Finding } {
  const finding = { count: 0, keys: [] as TableRecord[] };
  return {
    add(keyBody) {
      finding.count += 1;
      if (finding.keys.length < shownKeys) finding.keys.push(decode(keyBody));
    },
    finding,
  };
}
