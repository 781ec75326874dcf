import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(import.meta.dirname, '..', '..');

/** What node is started with to run a program of ours: as ../setup/programs.ts has compiled it, else from its source. */
export function programArguments(source: string): string[] {
  const folder = process.env['TRIBUTARY_TEST_PROGRAMS'] ?? '';
  const compiled = join(folder, relative(root, source)).replace(/\.tsx?$/, '.js');
  if (folder !== '' && existsSync(compiled)) return [compiled];
  return ['--import', fileURLToPath(import.meta.resolve('tsx')), source];
}
