import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { diedUnasked, launch, logFile, waitUntilReady } from '../../src/stack/part.ts';

const never = new AbortController().signal;
function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'tributary-part-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  mkdirSync(join(dir, 'logs'));
  return dir;
}

test.each([
  ['whose port is taken', 'LOG: Address already in use', 'stack:port_taken'],
  ['that ends for another reason', 'ERROR: no such setting', 'stack:kafka'],
])('a part %s ends the start, and its log is quoted and named', async (_, line, code) => {
  const dir = folder();
  const part = {
    ...{ name: 'kafka', command: process.execPath, args: ['-e', `console.log(${JSON.stringify(line)}); process.exit(3)`] },
    ...{ env: {}, readyWithinMs: 60_000, ready: async () => false },
  } as never;
  const error: unknown = await waitUntilReady(dir, part, launch(dir, part), never).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    kind: 'config',
    code,
    message: `Kafka of the local stack ended at once (exit code 3): ${line}`,
    remedy: `Its whole log is ${logFile(dir, 'kafka')}.`,
  });
});

test('a part that dies while it is used is told with how it ended, and that its data is kept', async () => {
  const dir = folder();
  writeFileSync(logFile(dir, 'registry'), 'INFO up\nERROR out of memory\n');
  expect(await diedUnasked(dir, 'registry', 'exit code 1')).toMatchObject({
    kind: 'transient',
    code: 'stack:registry',
    message: 'The schema registry of the local stack has died (exit code 1): ERROR out of memory.',
    remedy: expect.stringMatching(/the data is kept/) as string,
  });
  expect((await diedUnasked(dir, 'registry', 'signal SIGKILL')).message).toBe(
    'The schema registry of the local stack has died (signal SIGKILL).',
  );
});
