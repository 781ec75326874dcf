import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { checkFile, type CheckRequest, type CheckedFile } from '../../src/import/check-file.ts';
import { noMapping } from '../../src/import/mapping.ts';

export const NOW = Date.UTC(2026, 5, 10, 12);

export interface Checked extends CheckedFile {
  /** The parts, one after another. */
  readonly sent: string;
  readonly errors: string;
}

export function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'tributary-import-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** Checks a file with this content. */
export async function check(content: string | Buffer, how: Partial<CheckRequest> = {}): Promise<Checked> {
  const at = folder();
  const file = join(at, 'people.csv');
  writeFileSync(file, content);
  const checked = await checkFile({
    kind: 'profiles',
    file,
    mapping: noMapping,
    consent: false,
    now: NOW,
    folder: join(at, 'work'),
    signal: new AbortController().signal,
    ...how,
  });
  return {
    ...checked,
    sent: checked.parts.map(({ path }) => readFileSync(path, 'utf8')).join(''),
    errors: checked.errorFile === undefined ? '' : readFileSync(checked.errorFile, 'utf8'),
  };
}
