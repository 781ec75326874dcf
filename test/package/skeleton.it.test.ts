import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { stackLogin } from '../support/login.ts';
import { house, packAndInstall, type Packed } from './packed.ts';

// Own sources as a stranger has them: in a folder outside this checkout, against the packed package.
let packed: Packed;
let folder: string;
beforeAll(() => {
  packed = packAndInstall();
  folder = mkdtempSync(join(tmpdir(), 'tributary-stranger-'));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(packed.installed, join(folder, 'node_modules', 'tributary'));
  for (const name of ['tsx', 'typescript', '@types'])
    symlinkSync(realpathSync(join(house, 'node_modules', name)), join(folder, 'node_modules', name));
  const { brokers, registryUrl } = inject('stack');
  writeFileSync(join(folder, 'stack.json'), JSON.stringify({ brokers, registryUrl, login: stackLogin() }));
}, 600_000);
afterAll(() => {
  for (const path of [folder, packed?.folder]) if (path !== undefined) rmSync(path, { recursive: true, force: true });
});

function ran(cwd: string, command: string, ...args: string[]): Promise<{ code: number; text: string }> {
  const env = { PATH: process.env['PATH'] ?? '', HOME: folder, TRIBUTARY_TEST_STACK: join(folder, 'stack.json') };
  return new Promise((resolve) => {
    execFile(command, args, { cwd, env, maxBuffer: 1e8 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), text: `${stdout}${stderr}` }),
    );
  });
}

test(
  'what `tributary new source` writes compiles and passes its own test, unchanged; broken, it does not',
  { timeout: 900_000 },
  async () => {
    expect(await ran(folder, packed.command, 'new', 'source', 'my_shop')).toMatchObject({ code: 0 });
    const skeleton = join(folder, 'my_shop');
    expect(await ran(skeleton, process.execPath, join(folder, 'node_modules', 'typescript', 'bin', 'tsc'), '--noEmit')).toEqual({
      code: 0,
      text: '',
    });
    const passed = await ran(skeleton, process.execPath, '--import', 'tsx', '--test', 'my-shop.test.ts');
    expect(passed.code, passed.text).toBe(0);
    expect(passed.text).toMatch(/# pass 6\n# fail 0/);

    // A vendor whose total says more than its pages hold: no listing is whole any more, so nothing may be deleted.
    const vendor = join(skeleton, 'my-shop-vendor.ts');
    writeFileSync(vendor, readFileSync(vendor, 'utf8').replace('total: items.size', 'total: items.size + 1'));
    const failed = await ran(skeleton, process.execPath, '--import', 'tsx', '--test', 'my-shop.test.ts');
    expect(failed.text).toMatch(/not ok 6 - a listing that breaks off/);
  },
);

test('the sixth source of examples/ passes, and schema, SQL and documents follow from it', { timeout: 600_000 }, async () => {
  const example = join(folder, 'helpdesk');
  cpSync(join(house, 'examples', 'helpdesk'), example, { recursive: true });
  const passed = await ran(example, process.execPath, '--import', 'tsx', '--test', 'helpdesk.test.ts');
  expect(passed.text).toMatch(/# pass 6\n# fail 0/);
  writeFileSync(join(example, '.env'), 'HELPDESK_TOKEN=token-of-the-example\n');
  expect((await ran(example, packed.command, 'discover')).text).toMatch(/helpdesk\.ticket +id +incremental by updated_at +flag +6/);
  expect((await ran(example, packed.command, 'schemas', 'list')).text).toContain('helpdesk/ticket.value.avsc');
  expect((await ran(example, packed.command, 'landing', 'render', 'wh', 'setup.sql')).text).toContain('helpdesk_ticket');
});
