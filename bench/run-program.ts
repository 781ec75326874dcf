import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/* For benches that start `tributary` as a process, against the stack that TRIBUTARY_TEST_STACK names (scripts/dev-stack.ts). */

export const stack = JSON.parse(readFileSync(process.env['TRIBUTARY_TEST_STACK'] ?? '', 'utf8')) as {
  readonly brokers: readonly string[];
  readonly registryUrl: string;
  readonly login: { readonly username: string; readonly password: string };
};

/** All processes that were started; whoever starts them ends them. */
export const children: ChildProcess[] = [];

/** Starts a simulator of a compiled folder; what it says of itself in its first line. */
export async function simulator<T>(folder: string, name: string, ...options: string[]): Promise<T> {
  const child = spawn(process.execPath, [join(folder, 'simulators', name, 'main.js'), ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  for await (const line of createInterface(child.stdout)) return JSON.parse(line) as T;
  throw new Error(`the simulator of ${name} did not start`);
}

/** A settings file for the stack. */
export const settingsText = (prefix: string, dataDir: string, connections: object): string =>
  `prefix: ${prefix}\ndata_dir: ${dataDir}\nmetrics: { port: 0 }\n` +
  `kafka: ${JSON.stringify({ brokers: stack.brokers, replication_factor: 1, sasl: { mechanism: 'plain', ...stack.login } })}\n` +
  `registry: ${JSON.stringify({ url: stack.registryUrl, ...stack.login })}\nconnections: ${JSON.stringify(connections)}\n`;
