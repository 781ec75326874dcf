import { randomUUID } from 'node:crypto';
import { TributaryError } from '../core/errors.ts';
import type { JsonObject, ReadContext } from '../core/types.ts';
import { takeTurns } from '../core/turns.ts';
import { canonicalJson } from '../core/json/canonical.ts';
import type { Orphan, TableDefinition } from '../core/table.ts';
import type { OpenTable } from './open-table.ts';
import type { Publisher } from './publisher.ts';

/** Orphans in one question to the vendor. */
const askedAtOnce = 500;
/** Scans in which a named row must be absent before it counts as an orphan: during the first one the vendor may still be updating the rows that name it. */
const scansToBelieve = 2;

/**
 * Runs after a complete listing. Rows of another table may name parents that the listing does not show and that the topic
 * never held, because the vendor deleted them before we read them; no key vanishes in that case. The vendor is asked about
 * each such name, and outbox tasks have the naming rows read again. Deletes nothing, so it does not need a proven end.
 *
 * @param deleted scopes of the rows this scan deleted: the vendor has just been asked about them.
 */
export async function rereadOrphans(table: OpenTable, publisher: Publisher, ctx: ReadContext, deleted: readonly Buffer[]): Promise<void> {
  const { namedBy } = table.definition;
  const naming = namedBy && table.services.tables.get(namedBy.table);
  // A table that is not selected holds no rows that could name anything.
  if (namedBy && naming) await rereadOrphansOf(namedBy, naming, table, publisher, ctx, deleted);
}

async function rereadOrphansOf(
  namedBy: NonNullable<TableDefinition['namedBy']>,
  naming: OpenTable,
  table: OpenTable,
  publisher: Publisher,
  ctx: ReadContext,
  deleted: readonly Buffer[],
): Promise<void> {
  await publisher.settle();
  for (const scope of deleted) naming.index.noteOrphan(scope);
  const done = new Set(deleted.map((scope) => scope.toString('latin1')));
  const asked = new Map(
    [...table.services.tables].map(([name, { outbox }]) => [name, new Set(outbox.map(({ work }) => canonicalJson(work)))]),
  );

  async function ask(scopes: ReadonlyMap<Orphan, Buffer>): Promise<void> {
    const believed: Buffer[] = [];
    for await (const { orphan, rereads, gone } of namedBy.confirm(ctx, [...scopes.keys()])) {
      for (const { table: to, work } of rereads) {
        const pending = asked.get(to);
        const text = canonicalJson(work);
        if (!pending || pending.has(text)) continue;
        pending.add(text);
        publisher.addTask({ table: to, work: { id: randomUUID(), work } });
      }
      if (publisher.isFull()) await publisher.flush();
      const scope = scopes.get(orphan);
      if (gone && scope) believed.push(scope);
    }
    // An orphan is marked as asked about only after its outbox tasks are committed.
    await publisher.settle();
    for (const scope of believed) naming.index.noteOrphan(scope);
  }

  // Rows whose parent columns are null have no parent.
  const nobody = naming.codec.scopeHashOf({});
  let found = new Map<Orphan, Buffer>();
  const turns = takeTurns();
  for (const { scopeHash, keyBody } of naming.index.scopes()) {
    if (turns.over()) await turns.next();
    if (ctx.signal.aborted) throw new TributaryError('The run was interrupted; its position is saved.', { kind: 'stopped' });
    if (
      table.index.holdsScope(scopeHash) ||
      scopeHash.equals(nobody) ||
      done.has(scopeHash.toString('latin1')) ||
      naming.index.orphanChecks(scopeHash) >= scansToBelieve
    )
      continue;
    found.set(orphanOf(naming, scopeHash, keyBody), scopeHash);
    if (found.size < askedAtOnce) continue;
    await ask(found);
    found = new Map();
  }
  if (found.size > 0) await ask(found);
}

function orphanOf({ codec, index }: OpenTable, scopeHash: Buffer, keyBody: Buffer): Orphan {
  const decode = (key: Buffer): JsonObject => codec.decodeKey(key) as JsonObject;
  return {
    example: decode(keyBody),
    *keys() {
      for (const row of index.keysInScope(scopeHash)) yield decode(row.keyBody);
    },
    isNamed: (scope) => codec.scopeHashOf(scope).equals(scopeHash),
  };
}
