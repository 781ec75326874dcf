import { randomBytes } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TributaryError } from '../core/errors.ts';
import { freePort, isFree } from './ports.ts';

export type PartName = 'postgres' | 'kafka' | 'registry' | 'connect';
export type PortName = PartName | 'controller';

const PORTS: readonly PortName[] = ['postgres', 'kafka', 'controller', 'registry', 'connect'];

/** The user of PostgreSQL, Kafka, the registry and Connect. */
export const STACK_USER = 'tributary';

export interface StackLogin {
  readonly username: string;
  readonly password: string;
}

/** Log-in of every server of the stack. On loopback it is the only protection from other users of this machine. */
export function loginOf({ password }: StackMemory): StackLogin {
  return { username: STACK_USER, password };
}

/** {@link loginOf} as a header of HTTP basic authentication. */
export function basicAuth(memory: StackMemory): { authorization: string } {
  const { username, password } = loginOf(memory);
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
}

/** What a stack folder stores between starts, in `stack.json`. */
export interface StackMemory {
  version: 1;
  ports: Record<PortName, number>;
  /** Password of {@link STACK_USER} at every server; only the owner can read the file. */
  password: string;
  clusterId: string;
  pids: Partial<Record<PartName, number>>;
}

/** Reads the folder's `stack.json`; creates one for a new folder. */
export async function recall(dir: string): Promise<StackMemory> {
  const path = join(dir, 'stack.json');
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) {
    const memory: StackMemory = {
      version: 1,
      ports: { postgres: 0, kafka: 0, controller: 0, registry: 0, connect: 0 },
      password: randomBytes(18).toString('base64url'),
      clusterId: randomBytes(16).toString('base64url').replace(/^-/, 'A'),
      pids: {},
    };
    return memory;
  }
  try {
    const memory = JSON.parse(text) as StackMemory;
    if (memory.version === 1 && memory.password && memory.clusterId) return memory;
  } catch {
    // reported below
  }
  throw new TributaryError(`The local stack's file ${path} cannot be read.`, {
    kind: 'config',
    remedy: `Restore the file, or remove the folder ${dir} to start with an empty stack.`,
  });
}

/** Writes the file atomically, so that a crash never leaves half a file. */
export function remember(dir: string, memory: StackMemory): void {
  const path = join(dir, 'stack.json');
  writeFileSync(`${path}.new`, `${JSON.stringify(memory, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** Keeps every stored port that is still free, and chooses new ones for the others. Returns the names whose port has changed. */
export async function settlePorts(memory: StackMemory, names: readonly PortName[] = PORTS): Promise<PortName[]> {
  const moved: PortName[] = [];
  for (const name of names) {
    const port = memory.ports[name];
    if (port > 0 && (await isFree(port))) continue;
    memory.ports[name] = await freePort(new Set(Object.values(memory.ports)));
    if (port > 0) moved.push(name);
  }
  return moved;
}
