import { createRedactor } from '../../src/core/redact.ts';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import { klaviyoSettings } from '../../producers/klaviyo/settings.ts';
import type { ConnectionSettings } from '../../src/config/settings.ts';
import { systemClock } from '../../src/core/clock.ts';
import { followImport } from '../../src/import/follow-import.ts';
import { ownKey } from '../../src/import/keys.ts';
import { noMapping } from '../../src/import/mapping.ts';
import { startImport } from '../../src/import/start-import.ts';
import { readImports } from '../../src/kafka/meta/imports.ts';
import { createHttpFactory } from '../../src/sdk/http/client.ts';
import { DEFAULT_KEY, startKlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import { startSftp } from '../../simulators/klaviyo/sftp.ts';
import { accessTo } from '../kafka/support.ts';

test('an import is recorded, followed by reading the profiles back, and listed', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tributary-import-'));
  const account = await startKlaviyoSimulator({ profiles: 20, events: 0, metrics: 3, limits: false });
  const sftp = await startSftp({ users: { sim_user: ownKey(dataDir).text }, ingest: (kind, file) => void account.ingest(kind, file) });
  onTestFinished(async () => {
    await sftp.close();
    await account.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const settings = klaviyoSettings.parse({
    api_key: DEFAULT_KEY,
    base_url: account.url,
    sftp: { host: '127.0.0.1', port: sftp.port, user: 'sim_user' },
  });
  const connection = { name: 'shop', source: klaviyo, settings } as unknown as ConnectionSettings;
  const file = join(dataDir, 'people.csv');
  writeFileSync(file, `Email\n${Array.from({ length: 120 }, (_, n) => `i${n}@import.test\n`).join('')}nobody\n`);
  const access = accessTo();
  const place = {
    connection,
    dataDir,
    access,
    clock: systemClock,
    signal: new AbortController().signal,
    onEvent: () => undefined,
    redactor: createRedactor(),
  };
  const request = { ...place, kind: 'profiles', file, mapping: noMapping, consent: false, by: 'anna' } as const;

  expect((await startImport({ ...request, strict: true })).record).toBeUndefined();
  expect(sftp.received()).toBe(0);

  const { record } = await startImport({ ...request, strict: false });
  const [listed] = await readImports(access);
  expect(listed).toEqual(record);
  expect(listed).toMatchObject({
    state: 'uploaded',
    rows: 121,
    refused: 1,
    sentRows: 120,
    by: 'anna',
    file: 'people.csv',
    processed: null,
  });

  const nothing = (): void => undefined;
  const observer = { onRequest: nothing, onThrottled: nothing, onWaited: nothing, onRecovered: nothing, onRetry: nothing };
  const http = createHttpFactory({ clock: systemClock, random: Math.random, observer });
  const followed = await followImport(place, record!, http);
  expect(followed).toMatchObject({ state: 'completed', processed: 100, processedBy: expect.stringMatching(/read back/) });
  expect(await readImports(access)).toEqual([followed]);
});
