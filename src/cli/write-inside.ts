import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';
import { TributaryError } from '../core/errors.ts';

/** Writes a file that something of the settings names. Throws `config` when it would stand outside of the folder, by its name or by a link. */
export function writeInside(folder: string, path: string, text: string): void {
  const file = resolve(folder, path);
  if (file.startsWith(`${folder}${sep}`)) {
    mkdirSync(dirname(file), { recursive: true });
    const [root, parent] = [realpathSync(folder), realpathSync(dirname(file))];
    if (parent === root || parent.startsWith(`${root}${sep}`)) return writeFileSync(file, text);
  }
  throw new TributaryError(`${path} would be written outside of ${folder}.`, {
    kind: 'config',
    remedy: 'Give it a plain name, and --dir a folder without links that lead elsewhere.',
  });
}
