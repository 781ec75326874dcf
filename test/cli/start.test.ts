import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { programArguments } from '../support/program.ts';

const bin = fileURLToPath(new URL('../../bin/tributary.ts', import.meta.url));

/** The files of the project and the packages that a process loaded, as V8's own record says. */
function loadedBy(...args: readonly string[]): {
  readonly status: number | null;
  readonly packages: readonly string[];
  readonly files: readonly string[];
} {
  const coverage = mkdtempSync(join(tmpdir(), 'tributary-start-'));
  try {
    const { status } = spawnSync(process.execPath, [...programArguments(bin), ...args], {
      env: { ...process.env, NODE_V8_COVERAGE: coverage },
    });
    const urls = readdirSync(coverage).flatMap((name) =>
      (JSON.parse(readFileSync(join(coverage, name), 'utf8')) as { result: { url: string }[] }).result.map(({ url }) => url),
    );
    return {
      status,
      packages: [...new Set(urls.flatMap((url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ?? []))].sort(),
      files: urls.filter((url) => !url.includes('/node_modules/')).flatMap((url) => /\/((?:src|producers)\/[^?]+)/.exec(url)?.[1] ?? []),
    };
  } finally {
    rmSync(coverage, { recursive: true, force: true });
  }
}

test.each(['--version', '--help'])('%s loads neither settings nor sources nor a client, so that it answers at once', (option) => {
  const { status, packages, files } = loadedBy(option);
  expect(status).toBe(0);
  expect(files.some((file) => /^src\/cli\/main\.[jt]s$/.test(file))).toBe(true);
  // The others run TypeScript, where the test does not start a compiled program.
  expect(
    packages.filter((name) => !['tsx', 'esbuild', 'get-tsconfig', 'resolve-pkg-maps'].includes(name) && !name.startsWith('@esbuild/')),
  ).toEqual(['commander']);
  expect(files.filter((file) => /^src\/(config\/schema|cli\/app|kafka|engine\/(?!small-heap))|^producers\//.test(file))).toEqual([]);
});
