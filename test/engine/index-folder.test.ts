import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { lockIndexFolder, type IndexFolder } from '../../src/engine/index-folder.ts';

let home: string;
let taken: IndexFolder[];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tributary-folders-'));
  taken = [];
});
afterEach(async () => {
  for (const folder of taken) await folder.release();
  rmSync(home, { recursive: true, force: true });
});

const take = async (): Promise<IndexFolder> => {
  const folder = await lockIndexFolder(home, 'shop', []);
  taken.push(folder);
  return folder;
};

it('who finds the folder of a connection in use gets one of its own, and is told who has it; up to 20', async () => {
  expect(await take()).toMatchObject({ path: join(home, 'shop') });
  expect(taken[0]).not.toHaveProperty('heldBy');
  expect(await take()).toMatchObject({ path: join(home, 'shop.2'), heldBy: process.pid });
  while (taken.length < 20) await take();
  await expect(take()).rejects.toMatchObject({
    kind: 'transient',
    reach: 'connection',
    code: 'index_in_use',
    message: `All 20 index folders of shop in ${home} are in use.`,
    remedy: expect.stringContaining(`process ${process.pid} holds`),
  });
});

it('folders that were made meanwhile go with the next one who gets the usual one, unless they are in use', async () => {
  const [first] = [await take(), await take(), await take()];
  await taken.pop()?.release();
  await first.release();
  taken.shift();
  expect((await take()).path).toBe(join(home, 'shop'));
  expect([existsSync(join(home, 'shop.2')), existsSync(join(home, 'shop.3'))]).toEqual([true, false]);
});
