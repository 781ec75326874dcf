import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { TributaryError } from '../core/errors.ts';
import type { JsonObject, ReadContext } from '../core/types.ts';
import { canonicalJson } from '../core/json/canonical.ts';
import type { Orphan, TableDefinition } from '../core/table.ts';
import type { OpenTable } from './open-table.ts';
import type { Publisher } from './publisher.ts';

/** Orphans asked about at once. */
const askedAtOnce = 500;
/** Names looked up in a row before other tables get their turn. */
const lookedUpAtOnce = 1_000;
/** Scans that have to find a named row gone: with the first one the vendor may still be changing what names it. */
const scansToBelieve = 2;

/**
 * A listing of everything has ended. Rows of other tables may name rows that it does not show and that the topic never
 * held, because they went before they were read: no key vanishes with them. The vendor is asked about each such name,
 * and the rows are read again. Deletes nothing, so it needs no proof of the listing's end.
 *
 * @param deleted scopes of the rows this very scan deleted: they have just been asked about.
 */
export async function handOrphans(table: OpenTable, publisher: Publisher, ctx: ReadContext, deleted: readonly Buffer[]): Promise<void> {
  const { namedBy } = table.definition;
  const naming = namedBy && table.services.tables.get(namedBy.table);
  // A table the user left out has no rows that could name anything.
  if (namedBy && naming) await handOrphansOf(namedBy, naming, table, publisher, ctx, deleted);
}

async function handOrphansOf(
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
        publisher.hand({ table: to, work: { id: randomUUID(), work } });
      }
      if (publisher.isFull()) await publisher.flush();
      const scope = scopes.get(orphan);
      if (gone && scope) believed.push(scope);
    }
    // What was asked is only remembered once its work is.
    await publisher.settle();
    for (const scope of believed) naming.index.noteOrphan(scope);
  }

  // Rows that name nothing have no row to lose.
  const nobody = naming.codec.scopeHashOf(Object.fromEntries((naming.definition.scope ?? []).map((column) => [column, null])));
  let found = new Map<Orphan, Buffer>();
  let looked = 0;
  for (const { scopeHash, keyBody } of naming.index.scopes()) {
    looked += 1;
    if (looked % lookedUpAtOnce === 0) await setImmediate();
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
