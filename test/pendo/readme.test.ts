import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { pendo } from '../../producers/pendo/index.ts';
import { pendoSettings } from '../../producers/pendo/settings.ts';
import { withCatalogue } from '../support/catalogue.ts';
import type { PendoTable } from '../../simulators/pendo/options.ts';
import { DAY, subscription } from './harness.ts';

const folder = new URL('../../producers/pendo/', import.meta.url);
const tables = pendo.tables(pendoSettings.parse({ integration_key: 'x' }));

it('the README lists the tables as they are defined, and every setting', async () => {
  const text = await readFile(new URL('README.md', folder), 'utf8');
  // With -u the list is brought up to date.
  await expect(withCatalogue(text, tables)).toMatchFileSnapshot(fileURLToPath(new URL('README.md', folder)));
  const settings = text.slice(text.indexOf('## Settings'), text.indexOf('## Tables'));
  expect([...settings.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name).sort()).toEqual(Object.keys(pendoSettings.shape).sort());
});

it('an extended key holds every documented column', () => {
  for (const { name, documentedKey, key } of tables)
    for (const column of documentedKey) expect(key, name).toContain(column === 'day' ? 'period_start' : column);
});

describe("the README's arithmetic", () => {
  const text = readFile(new URL('README.md', folder), 'utf8');

  it('of people, objects and metadata is what a first read asks for', async () => {
    // A fiftieth of the people, and of the rows per request.
    const { simulator, table } = await subscription(
      { visitors: 2_000, anonymous: 0, accounts: 100, features: 1_000, guides: 500, pages: 400, sessions: 0 },
      { record_limit: 1_000 },
    );
    const asked = async (...names: PendoTable[]): Promise<number> => {
      const before = simulator.requests.count();
      for (const name of names) expect((await table(name).run()).error).toBeUndefined();
      return simulator.requests.count() - before;
    };
    const counts = [
      await asked('visitors'),
      await asked('accounts'),
      await asked('features', 'guides', 'pages', 'track_types'),
      await asked('metadata_accounts', 'metadata_visitors'),
    ];
    expect(await text).toContain(`${counts.join(' + ')} = ${counts.reduce((a, b) => a + b, 0)} |`);
  });

  it.each([
    ['day', 30, 3, 12],
    ['hour', 720, 26, 242],
  ] as const)('of events by %s is what runs ask for, give or take two', async (period, first, later, lookback) => {
    const { simulator, table } = await subscription({ days: 31, visitors: 12, sessions: 40 }, { period });
    // The hours of one table are a thousand requests.
    for (const name of (period === 'day' ? ['events', 'guide_events'] : ['guide_events']) as PendoTable[]) {
      const since = simulator.clock.now() - 30 * DAY;
      const reader = table(name);
      const asked = async (): Promise<number> => {
        const before = simulator.asked.length;
        expect((await reader.run({ since })).error).toBeUndefined();
        const requests = simulator.asked.slice(before).filter(({ source }) => source !== 'visitors');
        const buckets = requests.filter(({ limit }) => limit !== 1);
        // What follows is asked once of each bucket that has rows.
        expect(requests.length - buckets.length).toBe(buckets.filter(({ rows }) => rows > 0).length);
        return buckets.length;
      };
      const counts = [await asked(), await asked(), (simulator.clock.advance(DAY), await asked())];
      for (const [i, said] of [first, later, lookback].entries())
        expect(Math.abs((counts[i] as number) - said), `${name}: ${counts.join()}`).toBeLessThanOrEqual(2);
    }
    const [a, b, c] = [first, later, lookback].map((requests) => (requests * 6 * 2).toLocaleString('en-US'));
    for (const figure of [`6 × 2 = ${a} |`, `${later} × 6 × 2 = ${b}`, `${lookback} × 6 × 2 = ${c}`]) expect(await text).toContain(figure);
  });
});
