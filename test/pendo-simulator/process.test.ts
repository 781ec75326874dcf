import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { programArguments } from '../support/program.ts';

it('runs as a process that is asked and changed over HTTP, and ends when told', async () => {
  const main = fileURLToPath(new URL('../../simulators/pendo/main.ts', import.meta.url));
  const child = spawn(
    process.execPath,
    [...programArguments(main), '--visitors', '20', '--days', '2', '--now', '2026-03-10T12:00:00Z', '--unlimited'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const { url, controlUrl, key } = JSON.parse(line) as { url: string; controlUrl: string; key: string };
  const control = async (operation: string, body: object): Promise<unknown> =>
    ((await (await fetch(`${controlUrl}/${operation}`, { method: 'POST', body: JSON.stringify(body) })).json()) as { result: unknown })
      .result;

  const id = await control('row.add', { list: 'features' });
  const features = (await (await fetch(`${url}/api/v1/feature?expand=*`, { headers: { 'x-pendo-integration-key': key } })).json()) as {
    id: string;
  }[];
  expect(features.map((feature) => feature.id)).toContain(id);
  const truth = await (await fetch(`${controlUrl}/${encodeURIComponent('truth/features')}`)).text();
  expect(truth.trim().split('\n')).toHaveLength(features.length);
  const body = JSON.stringify({ request: { pipeline: [{ source: { visitors: null } }, { count: null }] } });
  expect(
    await (await fetch(`${url}/api/v1/aggregation`, { method: 'POST', body, headers: { 'x-pendo-integration-key': key } })).json(),
  ).toMatchObject({ results: [{ count: 20 }] });
  expect(await control('asked.counts', {})).toEqual({ visitors: { requests: 1, widestHours: 0 } });
  child.kill('SIGTERM');
  const [code] = (await once(child, 'exit')) as [number | null];
  expect(code).toBe(0);
});
