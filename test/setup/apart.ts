import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

/** Unit tests that need a process of their own: they replace modules, or measure the process that they run in. */
export const apart: readonly string[] = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts') && !name.endsWith('.it.test.ts'))
  .map((name) => join('test', name))
  .filter((name) => /vi\.(do)?mock\(|process\.(memoryUsage|cpuUsage)|keepsItsPromises/i.test(readFileSync(join(root, name), 'utf8')));
