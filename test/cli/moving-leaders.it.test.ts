import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { settingsText, startCommand, writeFile, type Ended } from '../support/command.ts';
import { refuse, relent } from '../support/refusing-brokers.ts';
import { shopSource, type ShopVendor } from '../support/shop-source.ts';

/* Commands that read topics while their broker refuses what brokers refuse while leaders move. */

/** A limit for what hangs, not a measure. */
const LIMIT_MS = 300_000;
const CLIENT = 'tributary';
/** What only kafkajs or the protocol would say. */
const RAW = /KafkaJS|\b[A-Z]+_[A-Z_]+\b|\bundefined\b|\[object|\.js:\d|It was not expected/;
const vendor: ShopVendor = { items: Array.from({ length: 40 }, (_, at) => `item-${at}`), shops: new Map(), refusals: new Map() };
let folder: string;

const tributary = (...args: readonly string[]): Promise<Ended> => startCommand({ sources: [shopSource(vendor)], cwd: folder }, args).ended;
const lines = ({ out }: Ended): number => out.trimEnd().split('\n').length;
const commands: readonly (readonly [command: string, right: (ended: Ended) => boolean])[] = [
  [
    'verify shop.item',
    ({ code, out }) =>
      code === 1 &&
      out ===
        'shop.item: 41 rows at the vendor, 40 in the topic\n  missing    2  e.g. new-1, new-2\n  surplus    1  e.g. item-7\n  different  0\n' +
          "The table's next run mends it: tributary trigger shop.item (or sync, where no worker runs).\n",
  ],
  ['peek shop.item --last 3', (ended) => ended.code === 0 && lines(ended) === 4 && /upsert +item-\d+$/m.test(ended.out)],
  ['peek shop.item --key id=item-9', (ended) => ended.code === 0 && /upsert +item-9$/m.test(ended.out)],
  ['runs', (ended) => ended.code === 0 && lines(ended) === 2 && /shop\.item .*succeeded/.test(ended.out)],
  ['status', ({ code, out }) => code === 0 && /shop\.item +synced/.test(out) && !out.includes('registry:')],
];
const saying = ({ code, out, err }: Ended): string => `code ${code}\n${out}${err}`;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-leaders-'));
  const connections = 'shop: { source: shop_vendor, tables: [item] }';
  writeFile(
    folder,
    'tributary.yaml',
    settingsText({ prefix: `leaders${randomBytes(4).toString('hex')}`, kafka: inject('stack'), connections }),
  );
  const synced = await tributary('sync');
  if (synced.code !== 0) throw new Error(saying(synced));
  vendor.items.splice(7, 1);
  vendor.items.push('new-1', 'new-2');
}, LIMIT_MS);
beforeEach(() => void relent(CLIENT));
afterAll(() => {
  relent(CLIENT);
  rmSync(folder, { recursive: true, force: true });
});

test.each([
  ['Metadata', 5, 'no leader yet'],
  ['ListOffsets', 6, 'not the leader any more'],
  ['ListOffsets', 78, 'a new leader that does not know the end yet'],
  ['Fetch', 6, 'not the leader any more'],
  ['Fetch', 74, 'an older leader epoch'],
] as const)(
  '%s refused a few times with %i (%s) changes nothing of what is told',
  async (api, code, _) => {
    for (const [command, right] of commands) {
      const refused = refuse(CLIENT, api, code, 2);
      const ended = await tributary(...command.split(' '));
      expect(right(ended), `${command}: ${saying(ended)}`).toBe(true);
      expect(refused(), command).toBe(2);
    }
  },
  LIMIT_MS,
);

test(
  'a broker that refuses without an end is told in words, and no verdict is given',
  async () => {
    refuse(CLIENT, 'ListOffsets', 6, Number.POSITIVE_INFINITY);
    const all = await Promise.all(commands.map(async ([command]) => ({ command, ended: await tributary(...command.split(' ')) })));
    for (const { command, ended } of all) {
      expect(ended, `${command}: ${saying(ended)}`).toMatchObject({ code: 1, out: '' });
      expect(ended.err, command).toMatch(/^error: .+\.\n.+\.\n$/m);
      expect(ended.err, command).not.toMatch(RAW);
    }
  },
  LIMIT_MS,
);

test(
  'topics that cannot be looked at are not called a fault of the registry',
  async () => {
    const refused = refuse(CLIENT, 'DescribeConfigs', 29, Number.POSITIVE_INFINITY);
    const ended = await tributary('status');
    expect(refused()).toBeGreaterThan(0);
    expect(ended.code).toBe(0);
    expect(ended.out).not.toContain('registry:');
  },
  LIMIT_MS,
);
