import { setTimeout as sleep } from 'node:timers/promises';
import { TributaryError } from '../core/errors.ts';
import type { ConnectClient } from './connect-client.ts';
import type { ApplyOptions } from './apply.ts';

/**
 * Makes a connector read its topics from the start again. The topic holds the whole table, so this lands every row that
 * became a dead letter without being faulty, and repairs a table that somebody has changed. It does not remove rows whose
 * tombstones the topic no longer holds; empty the table first for that.
 */
export async function rereadConnector(connect: ConnectClient, name: string, options: ApplyOptions): Promise<void> {
  const deadline = options.now() + (options.timeoutMs ?? 60_000);
  if ((await connect.status(name)) === undefined) {
    throw new TributaryError(`There is no connector ${name}.`, { kind: 'config', remedy: 'Apply the landing first.' });
  }
  await connect.stop(name);
  for (;;) {
    const status = await connect.status(name);
    if (status?.connector.state === 'STOPPED' && status.tasks.length === 0) break;
    if (options.now() > deadline)
      throw new TributaryError(`The connector ${name} does not stop.`, {
        kind: 'transient',
        remedy: 'Check the log of the Connect worker, then try again.',
      });
    await sleep(200, undefined, { signal: options.signal });
  }
  await connect.resetOffsets(name);
  await connect.resume(name);
}
