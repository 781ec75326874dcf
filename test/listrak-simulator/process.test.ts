import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { programArguments } from '../support/program.ts';

const main = new URL('../../simulators/listrak/main.ts', import.meta.url).pathname;

it('runs as a process that tells where it is, takes orders, and ends when told', async () => {
  const child = spawn(
    process.execPath,
    [
      ...programArguments(main),
      '--messages',
      '4',
      '--contacts',
      '20',
      '--events',
      '50',
      '--sends',
      '20',
      '--clock',
      '2026-06-10T12:00:00Z',
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  try {
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    const { url, controlUrl, user } = JSON.parse(line) as { url: string; controlUrl: string; user: string };
    expect(user).toBe('sync-user');
    const order = async (name: string, args: object = {}): Promise<unknown> =>
      ((await (await fetch(`${controlUrl}/${name}`, { method: 'POST', body: JSON.stringify(args) })).json()) as { result: unknown }).result;
    expect(await order('switches.set', { pageSize: 5 })).toMatchObject({ pageSize: 5 });
    await order('contact.add', { list: 1_001 });
    const lines = (await (await fetch(`${controlUrl}/truth/subscribed_contacts`)).text()).trim().split('\n');
    expect(lines).toHaveLength(21);
    expect((await fetch(`${url}/v31/IntegrationService.asmx?wsdl`)).status).toBe(200);
    expect(await order('calls.list')).toEqual([]);
  } finally {
    child.kill('SIGTERM');
  }
  const [code] = (await once(child, 'exit')) as [number];
  expect(code).toBe(0);
});
