import { afterEach } from 'vitest';
import { parseLossless } from '../../simulators/kit/lossless-json.ts';
import { startKlaviyoSimulator, type KlaviyoSimulator, type KlaviyoSimulatorOptions } from '../../simulators/klaviyo/simulator.ts';

export const NOW = Date.UTC(2026, 2, 10, 12, 0, 0);
export const HEADERS = { authorization: 'Klaviyo-API-Key pk_simulator_000', revision: '2026-07-15' };

const running: KlaviyoSimulator[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((simulator) => simulator.close()));
});

/** A small one whose time stands still, without rate limits unless asked for; closed after the test. */
export async function simulator(options: KlaviyoSimulatorOptions = {}): Promise<KlaviyoSimulator> {
  const started = await startKlaviyoSimulator({ profiles: 250, events: 900, metrics: 30, now: NOW, limits: false, ...options });
  running.push(started);
  return started;
}

export interface Reply {
  status: number;
  headers: Headers;
  text: string;
  body: any;
}

export type Parameters = Record<string, string | number>;

export async function get(
  base: { url: string },
  path: string,
  parameters: Parameters = {},
  headers: Record<string, string> = HEADERS,
): Promise<Reply> {
  const query = Object.entries(parameters)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&');
  return read(await fetch(`${base.url}${path}${query === '' ? '' : `?${query}`}`, { headers }));
}

export async function post(base: { url: string }, path: string, body: unknown): Promise<Reply> {
  return read(
    await fetch(base.url + path, {
      method: 'POST',
      headers: { ...HEADERS, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  );
}

async function read(response: Response): Promise<Reply> {
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: text === '' ? undefined : parseLossless(text) };
}

export function cursorOf(reply: Reply): string | undefined {
  const next = reply.body.links.next as string | null | undefined;
  return next ? (new URL(next).searchParams.get('page[cursor]') ?? undefined) : undefined;
}

/** All pages of a listing, resending the parameters with each cursor. */
export async function walk(
  base: { url: string },
  path: string,
  parameters: Parameters,
  between?: (page: number) => void,
): Promise<Reply[]> {
  const pages: Reply[] = [];
  let cursor: string | undefined;
  do {
    const reply = await get(base, path, { ...parameters, ...(cursor === undefined ? {} : { 'page[cursor]': cursor }) });
    pages.push(reply);
    if (reply.status !== 200 || pages.length > 100) break;
    between?.(pages.length);
    cursor = cursorOf(reply);
  } while (cursor !== undefined);
  return pages;
}

export function idsOf(pages: readonly Reply[]): string[] {
  return pages.flatMap((page) => page.body.data.map((row: { id: string }) => row.id) as string[]);
}

export function rowsOf(pages: readonly Reply[]): any[] {
  return pages.flatMap((page) => page.body.data as any[]);
}

export function problem(reply: Reply): any {
  return reply.body.errors[0];
}

export function at(ms: number): string {
  return new Date(ms).toISOString().replace('.000', '');
}
