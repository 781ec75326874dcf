import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';
import { TributaryError } from '../core/errors.ts';

/** Writes a file whose name comes from the settings. Throws `config` when its name or a link leads outside the folder. */
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
