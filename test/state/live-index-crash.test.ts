import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { openLiveIndex } from '../../src/state/live-index.ts';
import { mendStores } from '../../src/state/mend.ts';
import { programArguments } from '../support/program.ts';

const KEYS = 300;
const KILLS = 5;
const writer = fileURLToPath(new URL('./index-writer.ts', import.meta.url));

// Outside a scan batches wait in memory, forty of these at a time.
it.each([
  ['in a scan', 1n],
  ['outside a scan', 90n],
])(
  'a live index whose process is killed while it writes %s holds one batch whole, never a part of one',
  async (where, least) => {
    const directory = mkdtempSync(join(tmpdir(), 'live-index-crash-'));
    try {
      let last = 0n;
      for (let kill = 0; kill < KILLS; kill += 1) {
        const child = spawn(process.execPath, [...programArguments(writer), directory, String(KEYS), where], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        const ended = once(child, 'exit');
        let said = '';
        while (!said.includes(`wrote ${last + least}\n`)) said += String(((await once(child.stdout, 'data')) as [Buffer])[0]);
        expect(said.split('\n')[0]?.trim()).toBe(kill === 0 ? 'at 0 there was none' : `at ${last}`);
        await new Promise((resolve) => {
          setTimeout(resolve, 40 + kill * 23);
        });
        child.kill('SIGKILL');
        expect(await ended).toEqual([null, 'SIGKILL']);

        await mendStores([directory]);
        const index = openLiveIndex(directory, { topic: 'crash', valueSchemaId: 1 });
        if (last > 0n || index.coveredOffsets().size > 0) expect(index.rebuildReason()).toBeUndefined();
        const batch = index.coveredOffsets().get(0) ?? 0n;
        expect(batch).toBeGreaterThan(last);
        expect(index.size()).toBe(batch === 0n ? 0 : KEYS);
        if (where === 'in a scan') {
          expect(index.scanIntact('scan')).toBe(true);
          expect(index.seenInScan()).toBe(index.size());
        }
        const expected = Buffer.alloc(16, `${batch}.`);
        for (const row of index.entries()) expect(row.rowHash.equals(expected)).toBe(true);
        let scoped = 0;
        for (const scope of [0, 1, 2]) scoped += [...index.keysInScope(Buffer.alloc(8, `${scope}.`))].length;
        expect(scoped).toBe(index.size());
        last = batch;
        await index.close();
      }
      expect(last).toBeGreaterThan(0n);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
  120_000,
);

// Of three transactions each.
const MANY = 10_000;

it.each([
  ['in a scan, in turns', true],
  ['outside a scan, in turns', false],
])(
  'a live index whose process is killed while it writes %s holds no less than its offsets say, and the next batch as soon as that is read again',
  async (where, scanning) => {
    const directory = mkdtempSync(join(tmpdir(), 'live-index-crash-'));
    try {
      let last = 0n;
      let ahead = 0;
      for (let kill = 0; kill < KILLS; kill += 1) {
        const child = spawn(process.execPath, [...programArguments(writer), directory, String(MANY), where], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        const ended = once(child, 'exit');
        let said = '';
        // Another turn each time, of a batch that has not been written to its end.
        while ((said.split(`wrote ${last + 1n}\n`)[1]?.match(/turn/g)?.length ?? 0) < 2 + kill)
          said += String(((await once(child.stdout, 'data')) as [Buffer])[0]);
        child.kill('SIGKILL');
        expect(await ended).toEqual([null, 'SIGKILL']);

        await mendStores([directory]);
        const index = openLiveIndex(directory, { topic: 'crash', valueSchemaId: 1 });
        expect(index.rebuildReason()).toBeUndefined();
        const batch = index.coveredOffsets().get(0) ?? 0n;
        const of = (one: bigint): Buffer => Buffer.alloc(16, `${one}.`);
        // Outside a scan the end of a batch may wait for the next one, and is then written with its beginning.
        expect(batch).toBeGreaterThanOrEqual(scanning ? last + 1n : last);
        const rows = [...index.entries()];
        const held = [0n, 1n, 2n].map((later) => rows.filter(({ rowHash }) => rowHash.equals(of(batch + later))).length) as [
          number,
          number,
          number,
        ];
        expect(held[0] + held[1] + held[2]).toBe(rows.length);
        ahead += held[1] + held[2];
        if (scanning || batch > 0n) expect(index.size()).toBe(MANY);
        if (scanning) expect([index.scanIntact('scan'), index.seenInScan()]).toEqual([true, MANY]);
        // What the topic holds behind the offsets is read again.
        for (const one of [batch + 1n, batch + 2n]) {
          const row = { rowHash: of(one), scopeHash: Buffer.alloc(8, `${one % 3n}.`), keyBody: Buffer.from('key') };
          index.apply(
            Array.from({ length: MANY }, (_, key) => ({ keyHash: Buffer.alloc(16, `${key}.`), row })),
            new Map([[0, one]]),
          );
        }
        last = batch + 2n;
        expect([...index.entries()].filter(({ rowHash }) => rowHash.equals(of(last))).length).toBe(MANY);
        for (const scope of [0n, 1n, 2n])
          expect([...index.keysInScope(Buffer.alloc(8, `${scope}.`))].length).toBe(scope === last % 3n ? MANY : 0);
        if (scanning) expect(index.seenInScan()).toBe(MANY);
        await index.close();
      }
      expect(ahead).toBeGreaterThan(0);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
  240_000,
);
