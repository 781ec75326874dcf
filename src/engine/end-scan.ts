import { randomUUID } from 'node:crypto';
import type { IndexedRow } from '../state/live-index.ts';
import { cutText } from '../core/cut.ts';
import type { VanishedVerdict } from '../core/table.ts';
import { decideVanished } from '../state/vanished.ts';
import type { JsonObject, ReadContext, ScanMark } from '../core/types.ts';
import type { TableState } from '../kafka/types.ts';
import { canonicalJson } from '../core/json/canonical.ts';
import type { DeletedRow } from './batch-builder.ts';
import type { OpenTable } from './open-table.ts';
import { rereadOrphans } from './orphans.ts';
import type { Publisher } from './publisher.ts';
import type { TableRun } from './table-run.ts';

/** Vanished keys in one question to the vendor. */
const confirmAtOnce = 500;
/** Among so many vanished keys stands one that the scan has shown. One request can ask about 100 rows at most (Customer.io). */
const controlEvery = 99;
/** Most keys of withheld deletes that are shown. */
const sampleSize = 10;

/**
 * Ends a listing: rows that it did not show are deleted, or withheld when there is any doubt. The deletes are
 * committed before, or together with, the position that ends the scan.
 *
 * @returns closes the scan in the index. Call it once that position is committed, so that a process killed before
 * reads only the last page again and not the whole listing.
 */
export async function endScan(
  table: OpenTable,
  run: TableRun,
  publisher: Publisher,
  ctx: ReadContext,
  end: NonNullable<ScanMark['end']>,
): Promise<() => void> {
  const { definition, index, codec, ref, services } = table;
  // The rows of the last page must be in the index before absent rows are counted.
  await publisher.settle();
  const { scan, withheld } = publisher.remembered();
  const unread = (end.unread ?? []).map((scope) => codec.scopeHashOf(scope));
  if (definition.deletes !== 'scan') {
    publisher.remember(withoutScan);
    return () => index.endScan(unread);
  }
  const allowed = run.handles['allow-deletes'] === undefined ? 0 : (withheld?.count ?? 0);
  // The threshold is judged by this scan alone. Rows are deleted once they were absent in `absentScans` scans in a row,
  // or in one scan when the user has allowed the deletes.
  const missing = await countOf(index.vanishedInTurns(1, unread));
  const unnamed = scan?.unnamed ?? 0;
  const intact = scan !== undefined && index.scanIntact(scan.id);
  // A dead letter with a known key was listed too, whether or not the topic holds its row.
  const listed = index.seenInScan() + unnamed + (scan?.putAside ?? 0);
  const decision =
    unnamed > 0 && missing > allowed
      ? {
          release: false as const,
          text: `${unnamed} rows of the listing came without a usable key, and each may be one of the missing rows.`,
        }
      : decideVanished({
          intact,
          ...(end.total === undefined ? {} : { announced: end.total }),
          seen: listed,
          live: index.size(),
          vanished: missing,
          allowed,
        });

  /** Scopes of the deleted rows: the tables whose rows name them got their outbox tasks with the deletes. */
  const named: Buffer[] = [];
  if (decision.release) {
    if (intact && end.total !== undefined && end.total !== listed) {
      services.emit({
        type: 'warning',
        message: `The vendor announced ${end.total} rows and listed ${listed}; the next listing looks for the others.`,
        ...ref,
      });
    }
    let count = 0;
    const vanished = async function* (): AsyncGenerator<IndexedRow, void, void> {
      for await (const row of index.vanishedInTurns(allowed > 0 ? 1 : (definition.absentScans ?? 1), unread)) {
        count += 1;
        yield row;
      }
    };
    const doubts: string[] = [];
    for await (const gone of confirmed(table, ctx, vanished(), doubts)) {
      publisher.delete(gone);
      if (definition.namedBy) named.push(gone.scopeHash);
      if (publisher.isFull()) await publisher.flush();
    }
    const [reason] = doubts;
    if (reason !== undefined) withhold(doubts.length, reason, []);
    else {
      if (withheld) services.emit({ type: 'deletes-released', count, ...ref });
      publisher.remember(({ withheld: _, ...rest }) => withoutScan(rest));
    }
    await rereadOrphans(table, publisher, ctx, named);
    return () => index.endScan(unread);
  } else {
    withhold(missing, decision.text, await sampleOf(table, index.vanishedInTurns(1, unread)));
    await rereadOrphans(table, publisher, ctx, named);
    // The scan stays open in the index and is dropped when the next one begins, so it never counts as an absence.
    return () => undefined;
  }

  function withhold(count: number, reason: string, sample: readonly string[]): void {
    const some = sample.length === 0 ? {} : { sample };
    publisher.remember((state) => ({
      ...withoutScan(state),
      withheld: { count, reason, since: withheld?.since ?? services.now(), ...some },
    }));
    services.emit({ type: 'deletes-withheld', count, reason, ...some, ...ref });
  }
}

/**
 * The vanished rows that the vendor confirms as deleted; all of them when the table does not ask the vendor. A vendor that says
 * of everything that it is gone (a replica that lags, an answer to another question) is found out by a control: a row that
 * the scan has just shown is asked about too.
 *
 * @param doubts receives one sentence for each row that the vendor could not confirm.
 */
async function* confirmed(
  table: OpenTable,
  ctx: ReadContext,
  vanished: AsyncIterable<IndexedRow>,
  doubts: string[],
): AsyncGenerator<DeletedRow & Pick<IndexedRow, 'scopeHash'>, void, void> {
  const { confirm } = table.definition;
  if (!confirm) {
    for await (const { keyHash, keyBody, scopeHash } of vanished) yield { keyHash, keyBody, scopeHash };
    return;
  }
  for await (const rows of inGroups(vanished, confirmAtOnce)) {
    const keys = rows.map((row) => table.codec.decodeKey(row.keyBody) as JsonObject);
    const byKey = new Map(rows.map((row, at) => [canonicalJson(keys[at]), row]));
    const shown = table.index.oneSeenInScan();
    const control = shown && (table.codec.decodeKey(shown.keyBody) as JsonObject);
    const controlText = canonicalJson(control ?? null);
    const gone: (VanishedVerdict & { readonly row: IndexedRow })[] = [];
    let believed = true;
    for await (const verdict of confirm(ctx, withControl(keys, control))) {
      const text = canonicalJson(verdict.key);
      const row = byKey.get(text);
      if (text === controlText) believed &&= !verdict.gone;
      else if (verdict.doubt !== undefined) doubts.push(verdict.doubt);
      else if (verdict.gone && row) gone.push({ ...verdict, row });
    }
    if (!believed) {
      const reason = `The vendor was asked whether ${keys.length} missing rows still exist, and said of ${cutText(controlText, 80)}, which its listing had just shown, that it does not. All is asked again after the next listing.`;
      doubts.push(...gone.map(() => reason));
      continue;
    }
    for (const { row, marker, rereads } of gone) {
      yield {
        keyHash: row.keyHash,
        keyBody: row.keyBody,
        scopeHash: row.scopeHash,
        ...(marker === undefined ? {} : { known: marker }),
        // A table that is not selected has no run that could do the task.
        outbox: (rereads ?? [])
          .filter(({ table: to }) => table.services.tables.has(to))
          .map(({ table: to, work }) => ({ table: to, work: { id: randomUUID(), work } })),
      };
    }
  }
}

function withControl(keys: readonly JsonObject[], control: JsonObject | undefined): readonly JsonObject[] {
  if (control === undefined) return keys;
  const asked: JsonObject[] = [];
  for (let at = 0; at < keys.length; at += controlEvery) asked.push(...keys.slice(at, at + controlEvery), control);
  return asked;
}

/** Keys of some of the rows, for the person who decides about them. */
async function sampleOf({ codec }: OpenTable, vanished: AsyncIterable<IndexedRow>): Promise<string[]> {
  const sample: string[] = [];
  for await (const { keyBody } of vanished) {
    if (sample.push(canonicalJson(codec.decodeKey(keyBody))) === sampleSize) break;
  }
  return sample;
}

function withoutScan({ scan: _, ...rest }: TableState): TableState {
  return rest;
}

async function countOf(rows: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of rows) count += 1;
  return count;
}

async function* inGroups<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[], void, void> {
  let group: T[] = [];
  for await (const item of items) {
    group.push(item);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}
