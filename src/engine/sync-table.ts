import { asTributaryError, TributaryError } from '../core/errors.ts';
import { prefetch } from '../sdk/concurrency/prefetch.ts';
import type { Page } from '../core/types.ts';
import { endScan } from './end-scan.ts';
import type { OpenTable } from './open-table.ts';
import { createPublisher } from './publisher.ts';
import { withIdleTicks } from './idle-flush.ts';
import { createReadContext } from './read-context.ts';
import type { TableRun } from './table-run.ts';

/** While the vendor is slow, a batch that is not full is committed after this time (ms). */
const idleMs = 1_000;

/**
 * One run of one table: the way of a row from the vendor's page to the topic. Pages are fetched one ahead of
 * publishing; rows become records, records become changes, and changes are committed in one transaction with the
 * position after them. However the run ends, every page handled before its end is committed.
 *
 * @returns when everything there was to read has been read and committed.
 * @throws TributaryError `stopped` when the run's signal ended it; the position is saved.
 */
export async function syncTable(table: OpenTable, run: TableRun): Promise<void> {
  const ctx = createReadContext(table, run);
  const publisher = createPublisher(table, run, ctx);
  const pages = withIdleTicks(prefetch(table.definition.read(ctx), 1), idleMs);

  async function publish(page: Page): Promise<void> {
    const open = publisher.remembered().scan?.id;
    // A listing began again: rows of the earlier scan must not count as seen by the new one.
    if (open !== undefined && page.scan !== undefined && page.scan.id !== open) await publisher.settle();
    await publisher.add(page);
    const closeScan = page.scan?.end && (await endScan(table, run, publisher, ctx, page.scan.end));
    publisher.advance(page);
    if (closeScan) {
      await publisher.settle();
      closeScan();
    } else if (publisher.isFull()) await publisher.flush();
  }

  try {
    for await (const page of pages) {
      if (run.signal.aborted) break;
      if (page === 'idle') await publisher.flush();
      else await run.orCancel(publish(page));
    }
  } catch (error) {
    const failure = asTributaryError(error, `Reading ${table.ref.connection}.${table.ref.table}`);
    if (!publisher.isLost()) {
      await publisher.settle();
      await table.index.flushInTurns();
    }
    throw failure;
  }
  await publisher.settle();
  const isStopped = run.signal.aborted;
  if (!isStopped) await publisher.complete();
  // Once for all of it: each flush waits for the disk.
  await table.index.flushInTurns();
  if (isStopped) throw new TributaryError('The run was interrupted; its position is saved.', { kind: 'stopped' });
}
