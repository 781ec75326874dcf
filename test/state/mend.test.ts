import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, cpSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type IndexEntry, type LiveIndex, openLiveIndex } from '../../src/state/live-index.ts';
import { mendStores } from '../../src/state/mend.ts';
import { programArguments } from '../support/program.ts';

const writer = fileURLToPath(new URL('./index-writer.ts', import.meta.url));
const keys = 2_000;
let directory: string;
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'mend-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const storeFile = (): string => join(directory, readdirSync(directory).find((name) => name.endsWith('.mdb')) as string);
const open = () => openLiveIndex(directory, { topic: 'crash', valueSchemaId: 1 });

/** Leaves a store behind as a killed process does. */
async function killedWriter(): Promise<void> {
  const child = spawn(process.execPath, [...programArguments(writer), directory, String(keys)], { stdio: ['ignore', 'pipe', 'inherit'] });
  // The file grows before its first batch is committed.
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  while (!said.includes('wrote 1')) await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** Goes on in a copy of the folder, as it is while the index is open. */
async function leftAsKilled(index: LiveIndex): Promise<void> {
  const left = directory;
  onTestFinished(() => rmSync(left, { recursive: true, force: true }));
  directory = `${left}-killed`;
  cpSync(left, directory, { recursive: true });
  await index.close();
}

/** As good as random, and the same in every run. */
function noise(length: number, seed: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let at = 0, state = seed; at < length; at += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[at] = state >>> 16;
  }
  return bytes;
}

function overwrite(at: number, bytes: Buffer): void {
  const handle = openSync(storeFile(), 'r+');
  writeSync(handle, bytes, 0, bytes.length, at);
  closeSync(handle);
}

const damages: readonly [string, () => void][] = [
  ['random bytes from its second page on', () => overwrite(4_096, noise(statSync(storeFile()).size - 4_096, 7))],
  ['random bytes from its third page on', () => overwrite(8_192, noise(statSync(storeFile()).size - 8_192, 8))],
  ['random bytes in a row', () => overwrite(storeFileHalf(), noise(40, 9))],
  ['half of it', () => truncateSync(storeFile(), storeFileHalf())],
];
const storeFileHalf = (): number => Math.floor(statSync(storeFile()).size / 2);

describe('a store whose process was killed', () => {
  it('is put in order by another process and holds what it held', async () => {
    await killedWriter();
    await mendStores([directory]);
    const index = open();
    expect(index.rebuildReason()).toBeUndefined();
    expect(index.size()).toBe(keys);
    expect([...index.entries()]).toHaveLength(keys);
    expect(index.scanIntact('scan')).toBe(true);
    await index.close();
  });

  it('is put in order beside others that are damaged, however many are asked for at once', async () => {
    await killedWriter();
    const folders = ['a', 'damaged', 'b', 'c'].map((name) => join(directory, '..', `${basename(directory)}-${name}`));
    onTestFinished(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));
    for (const folder of folders) cpSync(directory, folder, { recursive: true });
    const whole = directory;
    directory = folders[1] as string;
    overwrite(4_096, noise(statSync(storeFile()).size - 4_096, 7));
    directory = whole;
    // Each connection asks for its own.
    await Promise.all(folders.map((folder) => mendStores([folder])));
    const sizes: number[] = [];
    for (const folder of folders) {
      const index = openLiveIndex(folder, { topic: 'crash', valueSchemaId: 1 });
      sizes.push(index.size());
      await index.close();
    }
    expect(sizes).toEqual([keys, 0, keys, keys]);
  });

  it.each(damages)('and that has %s is built anew, or is whole, and never ends the process', async (_what, damage) => {
    await killedWriter();
    damage();
    await mendStores([directory]);
    const index = open();
    // The damage may have hit the last transaction alone: what the store held before it is whole too.
    const held = [...index.entries()].length;
    expect(index.rebuildReason() === undefined ? [0, keys] : [0]).toContain(held);
    expect(index.size()).toBe(held);
    await index.close();
  });
});

describe('a store that was closed', () => {
  it.each(damages)('and that has %s since is built anew', async (_what, damage) => {
    const index = open();
    index.apply(
      Array.from({ length: keys }, (_, at) => ({
        keyHash: Buffer.alloc(16, `${at}.`),
        row: { rowHash: Buffer.alloc(16, 1), scopeHash: Buffer.alloc(8, 1), keyBody: Buffer.from(String(at)) },
      })),
      new Map([[0, 1n]]),
    );
    await index.close();
    damage();
    await mendStores([directory]);
    const again = open();
    expect(again.rebuildReason()).toBeDefined();
    expect(again.size()).toBe(0);
    await again.close();
  });
});

it('a large store keeps each row in its scope when it is put in order', async () => {
  const index = open();
  const count = 205_000;
  const entries = Array.from({ length: count }, (_, n): IndexEntry => {
    const keyHash = Buffer.alloc(16);
    // Neighbours among the keys are in scopes far from each other, and some rows are in none.
    keyHash.writeUInt32BE(n, 0);
    const scopeHash = Buffer.alloc(8, n % 4 === 0 ? 0 : `${n % 1_000}.`);
    return { keyHash, row: { rowHash: keyHash, scopeHash, keyBody: keyHash.subarray(0, 4) }, fresh: true };
  });
  await index.applyInTurns(entries, new Map([[0, 9n]]));
  index.flush();
  await leftAsKilled(index);
  await mendStores([directory]);
  const again = open();
  expect([again.rebuildReason(), again.size(), again.coveredOffsets().get(0)]).toEqual([undefined, count, 9n]);
  expect([...again.scopes()]).toHaveLength(750);
  for (const n of [1, 501, 999]) {
    const rows = [...again.keysInScope(Buffer.alloc(8, `${n}.`))].map(({ keyBody }) => keyBody.readUInt32BE(0));
    expect(rows).toEqual(Array.from({ length: 205 }, (_, at) => at * 1_000 + n));
  }
  await again.close();
});

describe('a store whose last pages were given back before they were written', () => {
  /** A file that ends before the last page it counts, as large tables have it whose lists of free pages grow and shrink. */
  function shortened(): ReturnType<typeof open> {
    const index = open();
    const put = (key: number, length: number): IndexEntry => ({
      keyHash: Buffer.alloc(16, `${key}.`),
      row: { rowHash: Buffer.alloc(16, 1), scopeHash: Buffer.alloc(8, 1), keyBody: Buffer.alloc(length, 'k') },
    });
    for (let key = 0; key < 4; key += 1) {
      index.apply([put(key, 10)], new Map([[0, BigInt(key)]]));
      index.flush();
    }
    // Within a scan nothing waits, so that the store is given both.
    index.beginScan('scan');
    index.apply([put(9, 100_000), { keyHash: Buffer.alloc(16, '9.'), row: null }], new Map([[0, 9n]]));
    const [first, second] = [0, 4_096].map((page) => readFileSync(storeFile()).readBigUInt64LE(page + 144)) as [bigint, bigint];
    expect(statSync(storeFile()).size).toBeLessThan(4_096 * Number(first > second ? first : second));
    return index;
  }

  async function reopened(): Promise<unknown> {
    const again = open();
    const held = { reason: again.rebuildReason(), rows: [...again.entries()].length, covered: again.coveredOffsets().get(0) };
    await again.close();
    return held;
  }
  const whole = { reason: undefined, rows: 4, covered: 9n };

  it('is taken as it was closed', async () => {
    await shortened().close();
    await mendStores([directory]);
    expect(await reopened()).toEqual(whole);
    expect(await reopened(), 'once more').toEqual(whole);
  });

  it('is put in order when its process was killed', async () => {
    const index = shortened();
    await leftAsKilled(index);
    await mendStores([directory]);
    expect(await reopened()).toEqual(whole);
  });
});

/** Only the superuser may mount; elsewhere the campaign `disks` shows it. */
const small = mkdtempSync(join(tmpdir(), 'small-disk-'));
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1500k', 'tmpfs', small]).status === 0;
const filler = fileURLToPath(new URL('./disk-filler.ts', import.meta.url));

describe.skipIf(!mounted)('on a full disk', () => {
  it('the index says so, wherever it meets the end of it, and works again once there is room', async () => {
    for (const room of [0, 12, 40, 600]) {
      for (const name of readdirSync(small)) rmSync(join(small, name), { recursive: true });
      const child = spawnSync(process.execPath, [...programArguments(filler), small, String(room)], { encoding: 'utf8' });
      expect([child.signal, child.status], `${room} kB left: ${child.stderr}`).toEqual([null, 0]);
      expect(child.stdout, `${room} kB left`).toMatch(/config disk_full: The disk of .* is full \(ENOSPC\).*\nafterwards 5000/s);
    }
  }, 120_000);
});

afterAll(() => {
  if (mounted) spawnSync('umount', ['-l', small]);
  rmSync(small, { recursive: true, force: true });
});
