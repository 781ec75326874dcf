import { existsSync, lstatSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';
import { TributaryError } from '../core/errors.ts';

/** Writes a file whose name comes from the settings. Throws `config` when its name or a link leads outside the folder. */
export function writeInside(folder: string, path: string, text: string): void {
  const file = resolve(folder, path);
  if (file.startsWith(`${folder}${sep}`)) {
    mkdirSync(folder, { recursive: true });
    const root = realpathSync(folder);
    // Looked at before anything is made: a folder on the way may be a link.
    let there = dirname(file);
    while (!existsSync(there)) there = dirname(there);
    const parent = realpathSync(there);
    const isLink = lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() === true;
    if (!isLink && (parent === root || parent.startsWith(`${root}${sep}`))) {
      mkdirSync(dirname(file), { recursive: true });
      return writeFileSync(file, text);
    }
  }
  throw new TributaryError(`${path} would be written outside of ${folder}.`, {
    kind: 'config',
    remedy: 'Give it a plain name, and --dir a folder without links that lead elsewhere.',
  });
}
