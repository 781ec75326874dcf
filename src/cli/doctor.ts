import { existsSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { cacheFolder } from '../config/env.ts';
import { asTributaryError, TributaryError } from '../errors.ts';
import { recall } from '../stack/memory.ts';
import { requireJava, runTool } from '../stack/tools.ts';
import { exitCodes, type Cli, type Register } from './cli.ts';
import { stackFolder } from './kafka-session.ts';

export function addDoctor(program: Command, run: Register): void {
  program.command('doctor')
    .description('look at this machine: Node, Java, Maven, disk space, the local stack; no request leaves it')
    .addHelpText('after', '\nExample:\n  $ tributary doctor')
    .action(run(async (cli) => {
      let bad = 0;
      for (const [what, look] of examinations(cli)) {
        try {
          cli.print(`${cli.paint.good('ok  ')}  ${what}: ${await look()}`);
        } catch (thrown) {
          const error = asTributaryError(thrown, what);
          bad += 1;
          cli.print(`${cli.paint.bad('FAIL')}  ${what}: ${error.message}${error.remedy === undefined ? '' : `\n      ${error.remedy}`}`);
        }
      }
      return bad === 0 ? exitCodes.ok : exitCodes.badSettings;
    }));
}

function examinations(cli: Cli): [string, () => Promise<string> | string][] {
  return [
    ['tributary', () => cli.deps.version],
    ['node', () => {
      const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
      if (major > 20 || (major === 20 && minor >= 19)) return process.version;
      throw new TributaryError(`Node ${process.version} is too old.`, { kind: 'config', remedy: 'Install Node 20.19 or newer.' });
    }],
    ['settings', () => {
      if (!existsSync(cli.settingsFile)) throw new TributaryError(`There is no ${cli.settingsFile}.`, { kind: 'config', remedy: 'Write one with `tributary init`.' });
      return `${cli.settings().file} is well-formed`;
    }],
    ['java', async () => {
      const command = await requireJava();
      return (await runTool(command, ['-version'])).output.split('\n')[0] ?? command;
    }],
    ['maven', async () => {
      const { failed, output } = await runTool('mvn', ['-B', '-v']);
      if (!failed) return output.split('\n')[0] ?? 'there';
      throw new TributaryError('Maven is missing: it fetches the local stack\'s parts once.', {
        kind: 'config', remedy: 'Install it: Debian and Ubuntu `apt install maven`, macOS `brew install maven`.',
      });
    }],
    ['cache', () => diskSpace(cacheFolder())],
    ['data', async () => {
      const dataDir = existsSync(cli.settingsFile) ? cli.settings().dataDir : join(cli.deps.cwd, '.tributary');
      const space = diskSpace(dataDir);
      const stack = existsSync(cli.settingsFile) ? stackFolder(cli.settings()) : join(dataDir, 'stack');
      if (!existsSync(join(stack, 'stack.json'))) return `${space}; no local stack was started yet`;
      const { ports, pids } = await recall(stack);
      const running = Object.keys(pids).length > 0;
      return `${space}; local stack ${running ? `with ${Object.keys(pids).join(', ')}` : 'not running'}, Kafka port ${ports.kafka}`;
    }],
  ];
}

const leastFreeBytes = 2 * 1024 ** 3;

function diskSpace(folder: string): string {
  let existing = folder;
  while (!existsSync(existing)) existing = dirname(existing);
  const { bavail, bsize } = statfsSync(existing);
  const free = bavail * bsize;
  const text = `${folder}, ${(free / 1024 ** 3).toFixed(1)} GB free`;
  if (free >= leastFreeBytes) return text;
  throw new TributaryError(`Only ${text}.`, { kind: 'config', remedy: 'Make room: 2 GB are needed to start with.' });
}
