import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inject, onTestFinished } from 'vitest';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import type { Clock } from '../../src/core/clock.ts';
import { ownKey } from '../../src/import/keys.ts';
import { DEFAULT_KEY, startKlaviyoSimulator, type KlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import { startSftp, type SftpSimulator } from '../../simulators/klaviyo/sftp.ts';
import { settingsText, startCommand, writeFile, type Ended, type Started } from '../support/command.ts';
import { folder } from './check.ts';

/** An account with its SFTP server, and a folder with settings for both. */
export interface Desk {
  readonly dir: string;
  readonly account: KlaviyoSimulator;
  readonly sftp: SftpSimulator;
  readonly prefix: string;
  /** Writes a file and answers its name. */
  file(name: string, content: string | Buffer): string;
  start(...args: string[]): Started;
  run(...args: string[]): Promise<Ended>;
}

export interface DeskOptions {
  readonly clock?: Clock;
  readonly variables?: Readonly<Record<string, string>>;
  readonly landings?: object;
  readonly profiles?: number;
}

/** Writes the settings of one Klaviyo connection on the shared stack. `more`: further sections. */
export function writeKlaviyoSettings(dir: string, prefix: string, settings: object, more = ''): void {
  writeFile(
    dir,
    'tributary.yaml',
    settingsText({
      prefix,
      kafka: inject('stack'),
      metricsPort: 1,
      more,
      connections: `klaviyo: ${JSON.stringify({ settings, history: 'all' })}`,
    }),
  );
}

export async function desk({ clock, variables = {}, landings = {}, profiles = 20 }: DeskOptions = {}): Promise<Desk> {
  const dir = folder();
  const account = await startKlaviyoSimulator({ profiles, events: 0, metrics: 3, limits: false });
  const sftp = await startSftp({
    users: { sim_user: ownKey(join(dir, '.tributary')).text },
    ingest: (kind, file) => void account.ingest(kind, file),
  });
  onTestFinished(async () => {
    await sftp.close();
    await account.close();
  });
  const prefix = `import${randomBytes(4).toString('hex')}`;
  const settings = { api_key: DEFAULT_KEY, base_url: account.url, sftp: { host: '127.0.0.1', port: sftp.port, user: 'sim_user' } };
  writeKlaviyoSettings(dir, prefix, settings, `landings: ${JSON.stringify(landings)}`);
  const start = (...args: string[]): Started =>
    startCommand({ sources: [klaviyo], cwd: dir, variables, ...(clock === undefined ? {} : { clock }) }, ['import', ...args]);
  return {
    dir,
    account,
    sftp,
    prefix,
    file(name, content) {
      writeFileSync(join(dir, name), content);
      return name;
    },
    start,
    run: (...args) => start(...args).ended,
  };
}
