import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { RunRecord } from '../../src/kafka/meta/runs.ts';
import type { DisplayState } from '../../src/observability/status-view.ts';
import { state, tableRow } from '../../src/web/api/shapes.ts';
import { fakeSite, NOW, runRecord } from './fake-site.ts';

interface Operation {
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { readonly schema: unknown }>> }>>;
}
const committed = JSON.parse(readFileSync(join(import.meta.dirname, '../../docs/openapi.json'), 'utf8')) as {
  paths: Record<string, Record<string, Operation>>;
};

const every: readonly DisplayState[] = [
  { kind: 'not_synced', nextRunAt: NOW },
  { kind: 'scheduled', nextRunAt: NOW },
  { kind: 'in_progress', mode: 'periodic', startedAt: NOW, rows: 5, rowsPerSecond: 1, percent: 40 },
  { kind: 'rate_limited', until: NOW, rows: 5 },
  { kind: 'error', message: 'Down.', nextTryAt: NOW },
  { kind: 'failed', reason: 'Refused.' },
  { kind: 'paused' },
  { kind: 'disabled', reason: 'Not in the plan.' },
];

describe('the API', () => {
  test('is what docs/openapi.json says (npx tsx scripts/openapi.ts writes it)', async () => {
    const { url } = await fakeSite();
    expect(await (await fetch(`${url}/api/v1/openapi.json`)).json()).toEqual(committed);
  });

  test('answers every route that needs no Kafka in its shape, with every state', async () => {
    const tables = ['klaviyo.metric', 'klaviyo.profile', 'klaviyo.event'] as const;
    for (let from = 0; from < every.length; from += tables.length) {
      const live = Object.fromEntries(
        tables.flatMap((table, at) => (every[from + at] === undefined ? [] : [[table, every[from + at] as DisplayState]])),
      );
      const runs = Object.fromEntries(
        tables.map((table): [string, RunRecord[]] => [
          table,
          [runRecord(table), runRecord(table, { runId: 'r2', outcome: 'failed', failure: { kind: 'data', message: 'Bad.' } })],
        ]),
      );
      const { url } = await fakeSite({ told: { live, runs } });
      const row = tableRow.parse(await (await fetch(`${url}/api/v1/connections/klaviyo/tables/metric`)).json());
      expect(row.status.state).toEqual(every[from]);
      for (const path of [
        '/api/v1/status',
        '/api/v1/overview',
        '/api/v1/connections/klaviyo',
        '/api/v1/workers',
        '/api/v1/health',
        '/api/v1/landings',
        '/api/v1/commands',
        '/api/v1/imports',
      ]) {
        expect(committed.paths[path.replace('/klaviyo', '/{connection}')]?.['get']?.responses['200'], path).toBeDefined();
        expect((await fetch(url + path)).status, path).toBe(200);
      }
    }
    expect(every.map((one) => state.safeParse(one).success)).toEqual(every.map(() => true));
  });

  test.each([
    ['/api/v1/connections/nobody', 404],
    ['/api/v1/connections/klaviyo/tables/nothing', 404],
    ['/api/v1/nowhere', 404],
    ['/api/v1/connections/klaviyo/tables/event/runs?last=0', 400],
    ['/api/v1/connections/klaviyo/tables/event/lookup?key=1', 400],
    ['/api/v1/connections/klaviyo/tables/event/lookup', 400],
  ])('tells what is wrong with %s', async (path, status) => {
    const { url } = await fakeSite();
    const answer = await fetch(url + path);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ error: { message: expect.any(String) as string, code: expect.any(String) as string } });
  });

  test('tells what is wrong with a command', async () => {
    const { url } = await fakeSite();
    const send = (path: string, body: string) =>
      fetch(`${url}/api/v1/connections/${path}/commands`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    expect((await send('klaviyo', '{"command":"explode"}')).status).toBe(400);
    expect((await send('klaviyo', '{')).status).toBe(400);
    expect((await send('nobody', '{"command":"pause"}')).status).toBe(404);
    expect((await send('klaviyo', '{"command":"allow-deletes"}')).status).toBe(400);
    expect((await send('klaviyo/tables/event', '{"command":"backfill","since":"31/31/2025"}')).status).toBe(400);
  });
});
