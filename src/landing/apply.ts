import { setTimeout as sleep } from 'node:timers/promises';
import { TributaryError } from '../core/errors.ts';
import type { ConnectClient, ConnectorStatus } from './connect-client.ts';
import { diffConnector } from './diff.ts';
import type { ConnectorDiff } from './diff.ts';
import type { RenderedLanding } from './types.ts';

/** What applying would change. Changes nothing itself. */
export async function planLanding(rendered: RenderedLanding, connect: ConnectClient): Promise<ConnectorDiff[]> {
  return Promise.all(rendered.connectors.map(async (connector) => diffConnector(connector, await connect.config(connector.name))));
}

export interface ApplyOptions {
  /** Epoch ms. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  /** Milliseconds within which all tasks must run. */
  readonly timeoutMs?: number;
}

/**
 * Creates or updates every connector that differs and waits until all tasks run. Applying a second time changes nothing;
 * a failed connector is restarted, and one that somebody paused or stopped stays so.
 * Throws `config` with the worker's reason when a task fails, `transient` when the tasks do not run in time.
 */
export async function applyLanding(rendered: RenderedLanding, connect: ConnectClient, options: ApplyOptions): Promise<ConnectorDiff[]> {
  const deadline = options.now() + (options.timeoutMs ?? 90_000);
  const diffs: ConnectorDiff[] = [];
  for (const connector of rendered.connectors) {
    const diff = await whileRebalancing(deadline, options, async () => {
      const found = diffConnector(connector, await connect.config(connector.name));
      if (found.kind !== 'same') await connect.putConfig(connector.name, connector.config);
      return found;
    });
    const restarted =
      diff.kind === 'same' ? await whileRebalancing(deadline, options, () => restartIfFailed(connect, connector.name)) : undefined;
    diffs.push(restarted === undefined ? diff : { ...diff, restarted });
  }
  for (const connector of rendered.connectors) await untilRunning(connect, connector.name, deadline, options);
  return diffs;
}

/** Returns why the connector had failed; undefined when it had not. */
async function restartIfFailed(connect: ConnectClient, name: string): Promise<string | undefined> {
  const status = await connect.status(name);
  const trace = status === undefined ? undefined : failure(status);
  if (trace === undefined) return undefined;
  await connect.restart(name);
  return rootCause(trace);
}

async function untilRunning(connect: ConnectClient, name: string, deadline: number, options: ApplyOptions): Promise<void> {
  let failedSince: number | undefined;
  for (;;) {
    const status = await whileRebalancing(deadline, options, () => connect.status(name));
    const state = status?.connector.state;
    if (state === 'PAUSED' || state === 'STOPPED') return;
    if (status !== undefined && state === 'RUNNING' && status.tasks.length > 0 && status.tasks.every((task) => task.state === 'RUNNING'))
      return;
    const failed = status === undefined ? undefined : failure(status);
    // After a change, a connector still shows its old failure for a moment before the new tasks start.
    failedSince = failed === undefined ? undefined : (failedSince ?? options.now());
    if (failed !== undefined && failedSince !== undefined && options.now() - failedSince > 3_000) {
      throw new TributaryError(`The connector ${name} fails: ${rootCause(failed)}`, {
        kind: 'config',
        remedy: 'Correct the cause it names, then apply the landing again.',
        detail: failed,
        code: 'landing:task_failed',
      });
    }
    if (options.now() > deadline) throw late(name, state ?? 'not there');
    await sleep(200, undefined, { signal: options.signal });
  }
}

/** Connect answers 409 while its workers rebalance; the call is repeated until it succeeds. */
async function whileRebalancing<T>(deadline: number, options: ApplyOptions, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (
        !(error instanceof TributaryError) ||
        error.kind !== 'transient' ||
        error.code === 'connect:unreachable' ||
        options.now() > deadline
      )
        throw error;
      await sleep(300, undefined, { signal: options.signal });
    }
  }
}

function late(name: string, state: string): TributaryError {
  return new TributaryError(`The connector ${name} is not running yet (${state}).`, {
    kind: 'transient',
    remedy: '`tributary landing status` shows when it does; the log of the Connect worker shows what it waits for.',
    code: 'landing:not_running',
  });
}

/** The stack trace of the connector or of its first failed task; undefined when nothing has failed. */
export function failure(status: ConnectorStatus): string | undefined {
  if (status.connector.state === 'FAILED') return status.connector.trace ?? 'no reason given';
  const task = status.tasks.find((one) => one.state === 'FAILED');
  return task === undefined ? undefined : (task.trace ?? 'no reason given');
}

/** The last `Caused by` of a Java stack trace, which names the cause that a person can act on. */
export function rootCause(trace: string): string {
  const lines = trace.split('\n').map((line) => line.trim());
  const cause = lines.findLast((line) => line.startsWith('Caused by: '))?.slice('Caused by: '.length) ?? lines[0] ?? trace;
  const text = cause.replace(/^([a-z_][\w$]*\.)+/i, '');
  return text.length <= 400 ? text : `${text.slice(0, 400)} ...`;
}
