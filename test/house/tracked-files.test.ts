import { execFileSync } from 'node:child_process';
import { existsSync, readlinkSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

// A link in the tree replaces, in each checkout that takes it up, the ignored folder of that name: a link called node_modules removed the packages of all.
test.runIf(existsSync(join(root, '.git')))(
  'a link in the tree leads to a file of the tree; what is installed is ignored, as a link as well',
  () => {
    const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim().split('\n');
    const links = git('ls-files', '--stage')
      .filter((line) => line.startsWith('120000 '))
      .map((line) => line.split('\t')[1] ?? '');
    expect(links.filter((link) => isAbsolute(readlinkSync(join(root, link))) || !existsSync(join(root, link)))).toEqual([]);
    expect(git('check-ignore', '--no-index', 'node_modules')).toEqual(['node_modules']);
  },
);
