import { afterEach } from 'vitest';
import type { SegmentOptions } from '../../simulators/segment/options.ts';
import { startSegmentSimulator, type SegmentSimulator } from '../../simulators/segment/segment-simulator.ts';

let open: SegmentSimulator[] = [];
afterEach(async () => {
  await Promise.all(open.map((simulator) => simulator.close()));
  open = [];
});

export async function started(options: SegmentOptions = {}): Promise<SegmentSimulator> {
  const simulator = await startSegmentSimulator({ limits: { enabled: false }, ...options });
  open.push(simulator);
  return simulator;
}

export interface Reply {
  status: number;
  headers: Headers;
  body: any;
}

export async function ask(simulator: SegmentSimulator, path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Reply> {
  const response = await fetch(simulator.url + path, {
    method,
    headers: { authorization: `Bearer ${simulator.tokens.business}`, ...headers },
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

/** All rows of a listing, page by page. */
export async function askAll(simulator: SegmentSimulator, path: string, key: string, count = 200, between?: () => void): Promise<any[]> {
  const rows: any[] = [];
  const mark = path.includes('?') ? '&' : '?';
  for (let cursor: string | null | undefined = ''; cursor !== null && cursor !== undefined;) {
    const { body }: Reply = await ask(
      simulator,
      `${path}${mark}pagination.count=${count}${cursor && `&pagination.cursor=${encodeURIComponent(cursor)}`}`,
    );
    rows.push(...body.data[key]);
    cursor = body.data.pagination?.next;
    between?.();
  }
  return rows;
}

export const DAY = 86_400_000;
