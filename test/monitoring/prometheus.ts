import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { freePort, until } from '../support/command.ts';

export const grafana = fileURLToPath(new URL('../../grafana/', import.meta.url));

/** Runs a tool and answers what it says. Throws when it is not there: these tests prove nothing without it. */
export function runTool(command: string, args: readonly string[], cwd = grafana): { readonly code: number | null; readonly text: string } {
  const done = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (done.error)
    throw new Error(`${command} is missing. Install it (Debian: apt-get install prometheus docker-compose), then run the tests again.`, {
      cause: done.error,
    });
  return { code: done.status, text: `${done.stdout}${done.stderr}` };
}

export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [seconds: number, value: string])[];
}

export interface Rule {
  readonly name: string;
  readonly query: string;
  readonly type: 'alerting' | 'recording';
  readonly state?: 'inactive' | 'pending' | 'firing';
  readonly health: 'ok' | 'err' | 'unknown';
  readonly lastError?: string;
}

export interface Prometheus {
  readonly url: string;
  /** Every second since the start. Throws with Prometheus' words when the expression does not parse. */
  range(expression: string): Promise<readonly Series[]>;
  labelValues(label: string, series: string): Promise<readonly string[]>;
  rules(): Promise<readonly Rule[]>;
  stop(): Promise<void>;
}

/** Prometheus with our own configuration, but scraping `target` (host:port) every second. */
export async function startPrometheus(target: string): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-prometheus-'));
  const config = parse(readFileSync(join(grafana, 'prometheus.yml'), 'utf8')) as {
    global: Record<string, string>;
    rule_files: string[];
    scrape_configs: { static_configs: { targets: string[] }[] }[];
  };
  config.global = { scrape_interval: '1s', evaluation_interval: '1s' };
  config.rule_files = config.rule_files.map((file) => join(grafana, file));
  for (const scrape of config.scrape_configs) scrape.static_configs = [{ targets: [target] }];
  writeFileSync(join(folder, 'prometheus.yml'), stringify(config));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  runTool('prometheus', ['--version']);
  const server = spawn(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let complaints = '';
  server.stderr.on('data', (chunk: Buffer) => (complaints = (complaints + chunk.toString()).slice(-4_000)));
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const started = Math.floor(Date.now() / 1000);

  async function ask<T>(path: string, query: Record<string, string> = {}): Promise<T> {
    const answer = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(query)}`);
    const body = (await answer.json()) as { status: string; data: T; error?: string };
    if (body.status !== 'success') throw new Error(`${query['query'] ?? path}: ${body.error}`);
    return body.data;
  }
  const prometheus: Prometheus = {
    url,
    range: async (query) =>
      (await ask<{ result: Series[] }>('query_range', { query, start: String(started), end: String(Date.now() / 1000), step: '1' })).result,
    labelValues: (label, series) => ask(`label/${label}/values`, { 'match[]': series }),
    rules: async () => (await ask<{ groups: { rules: Rule[] }[] }>('rules')).groups.flatMap((group) => group.rules),
    async stop() {
      server.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
  try {
    await until(
      'Prometheus is ready',
      async () => {
        if (server.exitCode !== null) throw new Error(`Prometheus ended: ${complaints}`);
        return (await fetch(`${url}/-/ready`).catch(() => undefined))?.ok === true;
      },
      60_000,
    );
  } catch (error) {
    await prometheus.stop();
    throw error;
  }
  return prometheus;
}
