import { onTestFinished } from 'vitest';
import type { CustomerIoOptions, KeyKind } from '../../simulators/customer-io/options.ts';
import { startCustomerIoSimulator, type CustomerIoSimulator } from '../../simulators/customer-io/simulator.ts';

export async function started(options: CustomerIoOptions = {}): Promise<CustomerIoSimulator> {
  const simulator = await startCustomerIoSimulator({
    people: 130,
    deliveries: 300,
    activities: 60,
    newsletters: 12,
    bounces: 20,
    limits: { enabled: false },
    ...options,
  });
  onTestFinished(() => simulator.close());
  return simulator;
}

export interface Reply {
  status: number;
  headers: Headers;
  /** Parsed when it is JSON, else the text. */
  body: any;
}

export async function ask(
  simulator: CustomerIoSimulator,
  path: string,
  how: { key?: KeyKind; authorization?: string; body?: unknown } = {},
): Promise<Reply> {
  const response = await fetch(simulator.baseUrl + path, {
    method: how.body === undefined ? 'GET' : 'POST',
    headers: { authorization: how.authorization ?? `Bearer ${simulator.keys[how.key ?? 'full']}` },
    ...(how.body !== undefined && { body: JSON.stringify(how.body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
}

/** The pages of a listing, followed by its tokens; at most 50. */
export async function pages(simulator: CustomerIoSimulator, path: string, body?: unknown): Promise<any[]> {
  const found: any[] = [];
  for (let token = ''; found.length < 50;) {
    const mark = path.includes('?') ? '&' : '?';
    const reply = await ask(
      simulator,
      token === '' ? path : `${path}${mark}start=${encodeURIComponent(token)}`,
      body === undefined ? {} : { body },
    );
    found.push(reply.body);
    if (!reply.body.next) break;
    token = reply.body.next as string;
  }
  return found;
}

export const base64 = (text: string): string => Buffer.from(text).toString('base64');
