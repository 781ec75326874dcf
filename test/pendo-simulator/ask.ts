import { onTestFinished } from 'vitest';
import { DEFAULT_KEY, startPendoSimulator, type PendoSimulator } from '../../simulators/pendo/simulator.ts';
import type { PendoOptions } from '../../simulators/pendo/options.ts';

export async function started(options: PendoOptions = {}): Promise<PendoSimulator> {
  const simulator = await startPendoSimulator({ limits: { enabled: false }, ...options });
  onTestFinished(() => simulator.close());
  return simulator;
}

export interface Reply {
  status: number;
  statusText: string;
  headers: Headers;
  text: string;
  body: any;
}

export async function ask(
  simulator: PendoSimulator,
  method: string,
  path: string,
  body?: unknown,
  key: string | null = DEFAULT_KEY,
): Promise<Reply> {
  const response = await fetch(simulator.url + path, {
    method,
    headers: { 'content-type': 'application/json', ...(key === null ? {} : { 'x-pendo-integration-key': key }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    parsed = undefined;
  }
  return { status: response.status, statusText: response.statusText, headers: response.headers, text, body: parsed };
}

export const aggregate = (simulator: PendoSimulator, pipeline: readonly object[], key?: string): Promise<Reply> =>
  ask(simulator, 'POST', '/api/v1/aggregation', { response: { mimeType: 'application/json' }, request: { requestId: 'x', pipeline } }, key);

export async function rowsOf(simulator: PendoSimulator, ...pipeline: readonly object[]): Promise<any[]> {
  const { status, text, body } = await aggregate(simulator, pipeline);
  if (status !== 200) throw new Error(`${status} ${text}`);
  return body.results ?? [];
}

export const all = { appId: 'expandAppIds("*")' };
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
