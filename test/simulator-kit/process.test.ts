import { execFile } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { programArguments } from '../support/program.ts';

const VENDORS = ['customer-io', 'klaviyo', 'listrak', 'pendo', 'segment'] as const;

/** A simulator that is expected to end by itself. */
function ended(vendor: (typeof VENDORS)[number], ...typed: string[]): Promise<{ code: number; out: string; err: string }> {
  const main = fileURLToPath(new URL(`../../simulators/${vendor}/main.ts`, import.meta.url));
  return new Promise((resolve) => {
    execFile(process.execPath, [...programArguments(main), ...typed], (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

it.each(VENDORS)('%s says what can be typed, and in one sentence what was typed wrong', async (vendor) => {
  const help = await ended(vendor, '--help');
  expect(help).toMatchObject({ code: 0, err: '' });
  for (const option of ['--port N', '--control-port N', '--seed N']) expect(help.out).toContain(option);
  expect(await ended(vendor, '--seeds', '3')).toMatchObject({
    code: 2,
    out: '',
    err: expect.stringMatching(/^[^\n]*--seeds[^\n]*\nSee --help\.\n$/),
  });
  expect(await ended(vendor, '--seed', 'x')).toEqual({ code: 2, out: '', err: '--seed needs a whole number, got "x".\nSee --help.\n' });
});

it.each([
  ['pendo', '--now', 'yesterday', 'needs "real" or a time'],
  ['klaviyo', '--visibility', 'never', 'needs one of instant, documented'],
  ['customer-io', '--region', 'mars', 'needs one of us, eu'],
  ['segment', '--eu-port', 'high', 'needs a whole number'],
] as const)('%s refuses %s %s', async (vendor, option, value, words) => {
  expect(await ended(vendor, option, value)).toMatchObject({ code: 2, out: '', err: expect.stringContaining(words) });
});

it('a port that is taken is named', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void taken.close());
  await new Promise((resolve) => taken.once('listening', resolve));
  const { port } = taken.address() as AddressInfo;
  const { code, err } = await ended('pendo', '--visitors', '5', '--port', String(port));
  expect(code).toBe(2);
  expect(err).toContain(`127.0.0.1:${port}`);
  expect(err).not.toContain('    at ');
});
