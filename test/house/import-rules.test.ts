import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { importViolations } from '../../scripts/import-rules.mjs';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tributary-imports-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function violations(file: string, text: string): Promise<string[]> {
  const path = join(root, file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  return importViolations(root);
}

test.each([
  ['producers/pendo/api.ts', `import { x } from '../../src/kafka/topics.ts';`, 'producers import only'],
  ['producers/pendo/tables/a.ts', `import type { X } from '../../../src/config/env.ts';`, 'producers import only'],
  ['producers/pendo/api.ts', `import { Kafka } from 'kafkajs';`, 'no package but zod'],
  ['producers/pendo/api.ts', `export * from '../segment/api.ts';`, 'never imports another'],
  ['producers/pendo/tables/a.ts', `const m = await import('../../segment/api.ts');`, 'never imports another'],
  ['producers/index.ts', `import { a } from './pendo/api.ts';`, `only each source's index.ts`],
  ['src/engine/run.ts', `import { sources } from '../../producers/index.ts';`, 'src never imports producers'],
  ['src/cli/main.ts', `import '../../test/setup/stack.ts';`, 'not shipped'],
  ['src/sdk/http/client.ts', `import { Kafka } from 'kafkajs';`, 'know no Kafka'],
  ['src/record/avro.ts', `import { SchemaRegistry } from '@kafkajs/confluent-schema-registry';`, 'know no Kafka'],
  ['src/state/diff.ts', `import {\n  a,\n  b,\n} from '../kafka/writer.ts';`, 'src/state may import only'],
  ['src/core/errors.ts', `import { x } from '../sdk/define.ts';`, 'src/core may import only'],
  ['src/attic/a.ts', `import { x } from '../core/errors.ts';`, 'not in the list of rooms'],
])('%s may not say %s', async (file, text, reason) => {
  expect(await violations(file, text)).toEqual([expect.stringMatching(new RegExp(`^${file}: imports .*${reason}`))]);
});

test('what the design allows is allowed', async () => {
  await violations('producers/index.ts', `import { pendo } from './pendo/index.ts';`);
  await violations(
    'producers/pendo/tables/a.ts',
    `import { z } from 'zod';\nimport { t } from '../../../src/sdk/define.ts';\nimport { api } from '../api.ts';`,
  );
  await violations(
    'producers/pendo/index.ts',
    `import { TributaryError } from '../../src/core/errors.ts';\nimport { fullScan } from '../../src/sdk/readers/full-scan.ts';`,
  );
  expect(await violations('src/kafka/writer.ts', `import { Kafka } from 'kafkajs';\nimport { d } from '../core/errors.ts';`)).toEqual([]);
});
