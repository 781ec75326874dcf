import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from '../../scripts/build.mjs';

export const house = join(import.meta.dirname, '..', '..');

export interface Packed {
  /** Folder of this file's own, to be removed at the end. */
  readonly folder: string;
  readonly files: readonly string[];
  readonly bytes: number;
  /** What `npm install -g` has made of it: the command. */
  readonly command: string;
  /** The package as it was installed. */
  readonly installed: string;
}

const npm = (cwd: string, ...args: string[]): string =>
  execFileSync('npm', [...args, '--no-audit', '--no-fund', '--offline'], { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/**
 * The package as `npm pack` makes it, installed globally into a folder of its own. No registry is asked: its
 * dependencies are those of this checkout, by a link.
 */
export function packAndInstall(): Packed {
  if (!build(house)) throw new Error('the build failed');
  const folder = mkdtempSync(join(tmpdir(), 'tributary-package-'));
  const [packed] = JSON.parse(npm(house, 'pack', '--json', '--ignore-scripts', '--pack-destination', folder)) as {
    filename: string;
    unpackedSize: number;
    files: { path: string }[];
  }[];
  if (packed === undefined) throw new Error('npm packed nothing');
  const unpacked = join(folder, 'unpacked');
  mkdirSync(unpacked);
  execFileSync('tar', ['xzf', join(folder, packed.filename), '-C', unpacked]);
  const manifest = join(unpacked, 'package', 'package.json');
  const { dependencies: _, devDependencies: __, ...rest } = JSON.parse(readFileSync(manifest, 'utf8')) as Record<string, unknown>;
  writeFileSync(manifest, JSON.stringify(rest));
  npm(unpacked, 'pack', './package', '--ignore-scripts');
  const prefix = join(folder, 'prefix');
  npm(unpacked, 'install', '--global', '--prefix', prefix, '--ignore-scripts', join(unpacked, packed.filename));
  const installed = join(prefix, 'lib', 'node_modules', 'tributary');
  symlinkSync(realpathSync(join(house, 'node_modules')), join(installed, 'node_modules'));
  return {
    folder,
    files: packed.files.map(({ path }) => path).sort(),
    bytes: packed.unpackedSize,
    command: join(prefix, 'bin', 'tributary'),
    installed,
  };
}
