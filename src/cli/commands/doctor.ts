import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { cacheFolder } from '../../config/env.ts';
import type { Settings } from '../../config/settings.ts';
import { diskSpace } from '../../core/disk-space.ts';
import { TributaryError } from '../../core/errors.ts';
import { recall } from '../../stack/memory.ts';
import { isAlive } from '../../core/processes.ts';
import { requireJava, requireMaven, runTool } from '../../stack/tools.ts';
import { exitCodes, type Cli, type Register } from '../app.ts';
import { finding, findingText, type CheckFinding } from '../findings.ts';
import { stackFolder } from '../session/kafka-session.ts';

export function addDoctor(program: Command, run: Register): void {
  program
    .command('doctor')
    .description('check this machine: Node, Java, Maven, disk space, the local stack; sends no request to the network')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  $ tributary doctor')
    .action(
      run(async (cli, options: { json?: boolean }) => {
        const findings: CheckFinding[] = [];
        for (const [what, look] of examinations(cli)) {
          const found = await finding(what, async () => look());
          findings.push(found);
          if (!options.json) cli.print(findingText(found, cli.paint));
        }
        if (options.json) cli.json(findings);
        return findings.every(({ ok }) => ok) ? exitCodes.ok : exitCodes.badSettings;
      }),
    );
}

function examinations(cli: Cli): [string, () => Promise<string> | string][] {
  return [
    ['tributary', () => cli.deps.version],
    [
      'node',
      () => {
        const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
        if (major > 20 || (major === 20 && minor >= 19)) return process.version;
        throw new TributaryError(`Node ${process.version} is too old.`, { kind: 'config', remedy: 'Install Node 20.19 or newer.' });
      },
    ],
    [
      'settings',
      () => {
        if (!existsSync(cli.settingsFile))
          throw new TributaryError(`There is no ${cli.settingsFile}.`, { kind: 'config', remedy: 'Write one with `tributary init`.' });
        return `${cli.settings().file} is well-formed`;
      },
    ],
    [
      'java',
      async () => {
        const command = await requireJava();
        return (await runTool(command, ['-version'])).output.split('\n')[0] ?? command;
      },
    ],
    ['maven', requireMaven],
    ['cache', () => diskSpace(cacheFolder())],
    [
      'data',
      async () => {
        const settings = readable(cli);
        const dataDir = settings?.dataDir ?? join(cli.deps.cwd, '.tributary');
        const space = diskSpace(dataDir);
        const stack = settings === undefined ? join(dataDir, 'stack') : stackFolder(settings);
        if (!existsSync(join(stack, 'stack.json'))) return `${space}; no local stack was started yet`;
        const { ports, pids } = await recall(stack);
        const alive = await Promise.all(Object.entries(pids).map(async ([part, pid]) => ((await isAlive(pid)) ? [part] : [])));
        const running = alive.flat();
        return `${space}; local stack ${running.length > 0 ? `with ${running.join(', ')}` : 'not running'}, Kafka port ${ports.kafka}`;
      },
    ],
  ];
}

/** The settings, if they can be read; what is wrong with them is one check of its own and no fault of the folder. */
function readable(cli: Cli): Settings | undefined {
  if (!existsSync(cli.settingsFile)) return undefined;
  try {
    return cli.settings();
  } catch (error) {
    if (error instanceof TributaryError) return undefined;
    throw error;
  }
}
