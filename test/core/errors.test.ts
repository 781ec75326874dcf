import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { asTributaryError, interruptedAs, TributaryError } from '../../src/core/errors.ts';
import { fileError, makeLocalFolder } from '../../src/core/local-folder.ts';

/** A file where a folder is wanted: nothing can be made in it, whoever asks. */
function inTheWay(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-errors-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'file'), '');
  return join(folder, 'file', 'data');
}
const thrown = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
};

test('a folder that cannot be made is named, with the setting that chooses it', () => {
  const path = inTheWay();
  expect(thrown(() => makeLocalFolder(path))).toMatchObject({
    kind: 'config',
    reach: 'connection',
    code: 'local_folder',
    message: expect.stringContaining(`The folder ${path} cannot be written to (ENOTDIR)`) as string,
    remedy: expect.stringMatching(/data_dir/) as string,
  });
});

test('an error of the system about a file says which, why, and what to do; other errors stay what they are', () => {
  const path = inTheWay();
  expect(fileError(thrown(() => writeFileSync(path, '')))).toMatchObject({
    kind: 'config',
    code: 'file:ENOTDIR',
    message: `${path} cannot be read or written: a part of its path is a file (ENOTDIR).`,
    remedy: expect.stringMatching(/path or its permissions/) as string,
  });
  expect(fileError(Object.assign(new Error('x'), { code: 'ECONNRESET' }))).toBeUndefined();
  expect(fileError(Object.assign(new Error('x'), { code: 'ENOENT' }))).toBeUndefined();
  expect(fileError(undefined)).toBeUndefined();
});

test('a step that a stop has ended is told from one that failed, and the whole is called interrupted', () => {
  const step = asTributaryError(AbortSignal.abort().reason, 'GET /api/profiles');
  expect(step).toMatchObject({ kind: 'stopped', code: 'stopped:step', message: 'GET /api/profiles was stopped.' });
  expect(interruptedAs('The check', step)).toMatchObject({
    kind: 'stopped',
    code: undefined,
    message: 'The check was interrupted.',
    detail: 'GET /api/profiles was stopped.',
  });
  const other = new TributaryError('No.', { kind: 'config', code: 'x' });
  expect(interruptedAs('The check', other)).toBe(other);
});
