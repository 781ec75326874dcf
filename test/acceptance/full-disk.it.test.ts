import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, inject, it } from 'vitest';
import { randomStream } from '../../simulators/kit/random.ts';
import type { RunSummary } from '../../src/engine/execute-run.ts';
import { openTestEngine } from '../support/engine.ts';
import { shopSource } from '../support/shop-source.ts';
import { timeLimit } from '../../src/core/signals.ts';

/*
 * The disk of the data folder fills up while a scan notes what it has seen. Only the superuser may mount a small disk; elsewhere the campaign
 * `disks` shows what happens before a first page.
 */

const disks: string[] = [];

function smallDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'scan-disk-'));
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', folder]).status === 0) {
    disks.push(folder);
    return folder;
  }
  rmSync(folder, { recursive: true });
  return undefined;
}

afterAll(() => {
  for (const folder of disks) {
    spawnSync('umount', ['-l', folder]);
    rmSync(folder, { recursive: true, force: true });
  }
});

const first = smallDisk();

describe.skipIf(first === undefined)('a disk that fills up within a scan', () => {
  it('costs no row and deletes none, wherever it fills up', async ({ expect, onTestFinished }) => {
    const dataDir = first as string;
    const filler = join(dataDir, 'filler');
    const random = randomStream(8);
    const numbered = (count: number, from: number): string[] => Array.from({ length: count }, (_, at) => `item-${from + at}`);
    const vendor = { items: numbered(1_500, 0), shops: new Map<string, string[]>(), refusals: new Map<string, number>() };
    const test = await openTestEngine({
      ...inject('stack'),
      prefix: `full${randomBytes(4).toString('hex')}`,
      dataDir,
      connections: [{ source: shopSource(vendor), tables: ['item'], settings: {} }],
    });
    onTestFinished(() => test.close());
    let fill: { pages: number; readonly kb: number } | undefined;
    test.bus.on(({ type }) => {
      if (type !== 'page-read' || fill === undefined || (fill.pages -= 1) > 0) return;
      const { bavail, bsize } = statfsSync(dataDir);
      writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - fill.kb * 1_024)));
      fill = undefined;
    });
    const sync = async (): Promise<RunSummary> => {
      const [run] = await test.engine.sync([{ connection: 'shop_vendor' }], timeLimit(120_000));
      if (run === undefined) throw new Error('nothing was run');
      return run;
    };
    expect((await sync()).outcome).toBe('succeeded');
    const deleted = new Set<string>();
    let told = 0;
    let next = 1_500;
    for (const kb of [0, 0, 8, 40, 100, 300, 0]) {
      // Some go, and so many come that the index has to grow.
      for (const gone of vendor.items.filter(() => random() < 0.02)) deleted.add(gone);
      vendor.items = [...vendor.items.filter((id) => !deleted.has(id)), ...numbered(300, next)];
      next += 300;
      fill = { pages: 1 + Math.floor(random() * 300), kb };
      const { outcome, error } = await sync();
      if (outcome !== 'succeeded') {
        told += 1;
        expect([outcome, error?.kind, error?.code], error?.message).toEqual(['failed', 'config', 'disk_full']);
        expect(error?.remedy).toMatch(/Free some space/);
      }
      rmSync(filler, { force: true });
      fill = undefined;
      expect((await sync()).outcome).toBe('succeeded');
      expect((await sync()).totals.messages).toBe(0);
      const topic = await test.readTable('item');
      expect([...topic.rows.values()].map(({ id }) => String(id)).sort()).toEqual([...vendor.items].sort());
      expect([topic.tombstones, topic.markers.length, topic.repeated]).toEqual([deleted.size, deleted.size, 0]);
    }
    expect(told).toBeGreaterThanOrEqual(3);
  });
});
