import { openLiveIndex, type IndexedRow, type IndexEntry, type LiveIndex } from '../state/live-index.ts';
import { takeTurns } from '../core/turns.ts';
import { TributaryError } from '../core/errors.ts';
import { sleepUntil, type Clock } from '../core/clock.ts';
import { SECOND } from '../core/time.ts';
import { canonicalJson } from '../core/json/canonical.ts';
import type { JsonObject, Position, ReadContext } from '../core/types.ts';
import type { Connection } from './connection.ts';
import { createCycle } from './cycle.ts';
import type { OpenTable } from './open-table.ts';
import { wholeRead } from './parent-rows.ts';
import { horizonOf } from './table-run.ts';
import type { TableRecord } from '../core/table.ts';

/** The result of comparing the vendor with the topic. The lists hold the first keys of each kind. */
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
  /** Rows that differed in one comparison but not, or not in the same way, in a later one: they changed in between. */
  readonly changedMeanwhile: number;
  readonly unusable: number;
}

export interface RowDifference {
  readonly count: number;
  readonly keys: readonly TableRecord[];
}

type Kind = 'missing' | 'surplus' | 'different';

const shownKeys = 20;
/** The longest waits together (ms) for the vendor to show the changes made up to the end of the listing. */
const patienceMs = 60_000;
/** Most differences that are compared again (20 MB of memory); changes made meanwhile never cause more. */
const mostComparedAgain = 200_000;
/** Most comparisons; fewer when nothing changes any more. */
const mostLooks = 4;
/** Most rows on one side only about which the vendor is asked one by one. */
const mostAsked = 1_000;

/**
 * Reads the whole table from the vendor, within the budget, and compares it with what the topic holds. While the table is
 * listed, rows come, change and go on both sides, so what differs is compared again, and only lasting differences
 * are reported. Publishes nothing. `onListed` receives the row count of every page. The vendor's keys are kept
 * in `scratch` while comparing, so memory stays flat.
 */
export async function verifyTable(
  connection: Connection,
  table: OpenTable,
  scratch: string,
  clock: Clock,
  signal: AbortSignal,
  onListed?: (rows: number) => void,
): Promise<Verification> {
  const { definition, services, codec } = table;
  const incremental = definition.method === 'incremental';
  const vendor = openLiveIndex(scratch, { topic: table.topic, valueSchemaId: table.valueSchemaId });
  try {
    let position: Position | undefined;
    let readTo: number | undefined;
    let looks = 0;

    /** Parents are read again for each listing, because they change too. */
    function context(): ReadContext {
      const cycle = createCycle(connection.readRows);
      return { ...wholeRead(services, signal, horizonOf(table.state)), parents: (name: string) => cycle.parents(name, signal) };
    }

    async function list(ctx: ReadContext): Promise<number> {
      let unusable = 0;
      let scan: string | undefined;
      for await (const page of definition.read(ctx)) {
        // The listing began again: rows of the earlier scan may be gone by now.
        if (!incremental && scan !== undefined && page.scan !== undefined && page.scan.id !== scan) vendor.beginScan(page.scan.id);
        scan = page.scan?.id ?? scan;
        const entries: IndexEntry[] = [];
        const turns = takeTurns();
        for (const row of page.rows) {
          if (turns.over()) await turns.next();
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

    /** Lists everything; afterwards `vendor` holds only what this listing showed. */
    async function listWhole(): Promise<number> {
      looks += 1;
      vendor.beginScan(`look ${looks}`);
      const unusable = await list(context());
      const older: IndexEntry[] = [];
      for (const { keyHash } of vendor.vanished(1)) older.push({ keyHash, row: null });
      vendor.apply(older, new Map());
      vendor.endScan();
      return unusable;
    }

    const changes = (): Promise<number> => list({ ...context(), mode: 'periodic', position, runStart: services.now(), changesOnly: true });

    async function compareAgain(): Promise<void> {
      if (!incremental) await listWhole();
      else {
        // A row that changes during the listing moves out of the part still to come, and the vendor shows recent changes
        // late: so the changes are read again, up to now.
        const here = services.now();
        for (let patience = patienceMs; ;) {
          readTo = undefined;
          await changes();
          const late = here - (readTo ?? here);
          // Vendors count in seconds: a wait of less would often end in the same second.
          const wait = Math.max(late, SECOND);
          if (late <= 0 || wait > patience) break;
          patience -= wait;
          await sleepUntil(clock, services.now() + wait, signal);
        }
      }
      // Applies what a worker has published meanwhile.
      await connection.follow();
    }

    const unusable = await listWhole();
    if (incremental) await changes();
    await connection.follow();
    let differing = differences(table, vendor);
    let changedMeanwhile = 0;
    for (let look = 1; look < mostLooks && differing !== undefined && differing.size > 0; look += 1) {
      await compareAgain();
      const now = differences(table, vendor);
      if (now === undefined) break;
      const still = new Map([...differing].filter(([key, kind]) => now.get(key) === kind));
      const settled = differing.size - still.size;
      changedMeanwhile += settled;
      // A change made just before the first listing may not be in it, so its differences are compared once more.
      const recent = incremental && look === 1 ? [...now].filter(([key, kind]) => still.get(key) !== kind) : [];
      differing = new Map([...still, ...recent]);
      if (settled === 0 && recent.length === 0) break;
    }
    if (differing !== undefined) changedMeanwhile += await settleSingly(table, vendor, differing, context());

    const found = { missing: collector(codec.decodeKey), surplus: collector(codec.decodeKey), different: collector(codec.decodeKey) };
    for (const { kind, keyHash, keyBody } of differ(table.index, vendor)) {
      if (differing === undefined || differing.get(keyHash.toString('latin1')) === kind) found[kind].add(keyBody);
    }
    return {
      connection: table.ref.connection,
      table: table.ref.table,
      vendorRows: vendor.size(),
      topicRows: table.index.size(),
      missing: found.missing.finding,
      surplus: found.surplus.finding,
      different: found.different.finding,
      changedMeanwhile,
      unusable,
    };
  } finally {
    await vendor.close();
  }
}

function* differ(index: LiveIndex, vendor: LiveIndex): Generator<IndexedRow & { readonly kind: Kind }, void, void> {
  for (const listed of vendor.entries()) {
    const live = index.get(listed.keyHash);
    if (!live) yield { ...listed, kind: 'missing' };
    else if (!live.equals(listed.rowHash)) yield { ...listed, kind: 'different' };
  }
  for (const row of index.entries()) if (!vendor.get(row.keyHash)) yield { ...row, kind: 'surplus' };
}

/** What differs now, by key hash; undefined when there are too many differences to remember. */
function differences({ index }: OpenTable, vendor: LiveIndex): Map<string, Kind> | undefined {
  const found = new Map<string, Kind>();
  for (const { kind, keyHash } of differ(index, vendor)) {
    found.set(keyHash.toString('latin1'), kind);
    if (found.size > mostComparedAgain) return undefined;
  }
  return found;
}

/**
 * Asks the vendor about each row of an incremental table that is on one side only, where the API can answer that. A
 * full table needs no question, because it has been listed again. Removes from `differing` rows that exist
 * although no listing showed them, and rows that were listed and have been deleted since. Returns how many.
 */
async function settleSingly(
  { definition, index, codec }: OpenTable,
  vendor: LiveIndex,
  differing: Map<string, Kind>,
  ctx: ReadContext,
): Promise<number> {
  if (definition.confirm === undefined || definition.method !== 'incremental') return 0;
  const asked = new Map<string, { readonly hash: string; readonly keyHash: Buffer; readonly kind: Kind }>();
  const keys: JsonObject[] = [];
  for (const { kind, keyHash, keyBody } of differ(index, vendor)) {
    const hash = keyHash.toString('latin1');
    if (kind === 'different' || differing.get(hash) !== kind) continue;
    if (keys.length === mostAsked) return 0;
    const key = codec.decodeKey(keyBody) as JsonObject;
    keys.push(key);
    asked.set(canonicalJson(key), { hash, keyHash, kind });
  }
  if (keys.length === 0) return 0;
  let settled = 0;
  const listedAndGone: IndexEntry[] = [];
  for await (const { key, gone, doubt } of definition.confirm(ctx, keys)) {
    const row = asked.get(canonicalJson(key));
    if (row === undefined || doubt !== undefined || gone !== (row.kind === 'missing')) continue;
    differing.delete(row.hash);
    settled += 1;
    if (gone) listedAndGone.push({ keyHash: row.keyHash, row: null });
  }
  vendor.apply(listedAndGone, new Map());
  return settled;
}

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
