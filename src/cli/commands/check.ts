import type { Command } from 'commander';
import { cacheFolder } from '../../config/env.ts';
import { kafkaSettings, type ConnectionSettings, type Settings } from '../../config/settings.ts';
import { TributaryError } from '../../core/errors.ts';
import { createHttpFactory } from '../../sdk/http/client.ts';
import { withAdmin } from '../../kafka/client.ts';
import { createRegistry } from '../../kafka/registry.ts';
import type { KafkaSettings } from '../../kafka/types.ts';
import { placeOf } from '../../kafka/registry-errors.ts';
import { kafkaJars, registryApp } from '../../stack/artifacts.ts';
import { isFetched } from '../../stack/fetch.ts';
import { recall, type StackMemory } from '../../stack/memory.ts';
import { isRunning } from '../../stack/orphans.ts';
import { requireJava, requireMaven } from '../../stack/tools.ts';
import { diskSpace } from '../../core/disk-space.ts';
import { clockCheck, kafkaChecks } from '../kafka-checks.ts';
import { plural } from '../../observability/text.ts';
import { createAccess } from '../../web/security.ts';
import { exitCodes, type Cli, type Register } from '../app.ts';
import { remembered, stackFolder } from '../session/kafka-session.ts';
import { finding, findingText, type CheckFinding } from '../findings.ts';
import { anySignal, timeLimit } from '../../core/signals.ts';

const probeTimeoutMs = 20_000;

export function addCheck(program: Command, run: Register): void {
  program
    .command('check')
    .description("test settings, Kafka, registry and every connection's key; shows what is missing and how to correct it")
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  $ tributary check')
    .action(
      run(async (cli, options: { json?: boolean }) => {
        const settings = cli.settings();
        const tables = settings.connections.reduce((sum, connection) => sum + connection.tables.length, 0);
        const findings: CheckFinding[] = [
          { what: 'settings', ok: true, text: `${plural(settings.connections.length, 'connection')}, ${plural(tables, 'table')}` },
        ];
        const show = (all: readonly CheckFinding[]): void => {
          findings.push(...all);
          if (!options.json) for (const found of all) cli.print(findingText(found, cli.paint));
        };
        if (!options.json) for (const found of findings) cli.print(findingText(found, cli.paint));
        for (const check of [
          ...stackChecks(cli, settings),
          ...settings.connections.map((connection) => async () => [await probe(cli, connection), ...costs(connection)]),
        ])
          show(await check());
        if (options.json) cli.json(findings);
        const bad = findings.filter(({ ok }) => !ok);
        if (bad.length === 0) return exitCodes.ok;
        return bad.some(({ kind }) => kind === 'config') ? exitCodes.badSettings : exitCodes.someFailed;
      }),
    );
}

function stackChecks(cli: Cli, settings: Settings): (() => Promise<readonly CheckFinding[]>)[] {
  const { registry } = settings;
  const folder = async () => [await finding('data folder', async () => diskSpace(settings.dataDir)), ...(await pageFaults(cli, settings))];
  if (!settings.kafka || !registry) {
    return [
      folder,
      async () => [
        await finding('local Kafka', async () => {
          await requireJava();
          const fetched = await Promise.all([kafkaJars, registryApp].map((artifact) => isFetched(artifact, cacheFolder())));
          if (!fetched.every(Boolean)) await requireMaven();
          return 'no kafka: in the settings, so a local stack is started by run and sync; what it needs is there';
        }),
      ],
      () => localStack(cli, settings),
    ];
  }
  return [folder, ...clusterChecks(cli, settings, kafkaSettings(settings, undefined))];
}

/** The checks of the user's own Kafka on the local one, if it runs; a check starts nothing. */
async function localStack(cli: Cli, settings: Settings): Promise<readonly CheckFinding[]> {
  const dir = stackFolder(settings);
  const seen: { memory?: StackMemory; running?: boolean } = {};
  const found = await finding('local stack', async () => {
    seen.memory = await recall(dir);
    seen.running = await isRunning(dir, seen.memory);
    return '';
  });
  const { memory, running } = seen;
  if (memory === undefined || running === undefined) return [found];
  // A stack that has never run holds nothing.
  if (memory.ports.kafka === 0) return [];
  if (!running)
    return [
      {
        what: 'topics',
        ok: true,
        skipped: true,
        text: 'the local Kafka does not run, so what it holds was not compared with the settings (names and partitions of topics, schemas); run and sync do it when they start it',
      },
    ];
  cli.redactor.add(memory.password);
  const findings: CheckFinding[] = [];
  for (const check of clusterChecks(cli, settings, kafkaSettings(settings, remembered(memory)))) findings.push(...(await check()));
  return findings;
}

function clusterChecks(cli: Cli, settings: Settings, kafka: KafkaSettings): (() => Promise<readonly CheckFinding[]>)[] {
  const client = createRegistry(kafka, { signal: cli.interruption() });
  const access = { settings: kafka, onClientLog: ({ message }: { message: string }) => cli.log.debug(message), signal: cli.interruption() };
  return [
    async () => [
      await finding('kafka', () =>
        withAdmin(access, 'Asking Kafka', async (admin) => {
          const { brokers } = await admin.describeCluster();
          if (brokers.length < kafka.replicationFactor) {
            throw new TributaryError(
              `The cluster has ${plural(brokers.length, 'broker')}, fewer than replication_factor ${kafka.replicationFactor}.`,
              {
                kind: 'config',
                remedy: `Set kafka.replication_factor to ${brokers.length} or less.`,
              },
            );
          }
          return `${plural(brokers.length, 'broker')} answer${brokers.length === 1 ? 's' : ''} at ${kafka.brokers.join(', ')}`;
        }),
      ),
    ],
    async () => [
      await finding(
        'registry',
        async () => `answers with ${plural(await client.countSubjects(cli.interruption()), 'subject')} at ${placeOf(kafka.registry.url)}`,
      ),
    ],
    async () => [await clockCheck(kafka.registry.url, cli.deps.clock.now)],
    ...kafkaChecks(settings, access, client),
  ];
}

/** Why `run` would not serve the page; empty when it would, because that needs no line. */
async function pageFaults(cli: Cli, settings: Settings): Promise<readonly CheckFinding[]> {
  if (!settings.web.enabled) return [];
  const found = await finding('page', async () => {
    createAccess(settings, cli.deps.clock.now);
    return '';
  });
  return found.ok ? [] : [found];
}

const costs = ({ name, source, settings, tables }: ConnectionSettings): CheckFinding[] =>
  (
    source.costs?.(
      settings,
      tables.map((table) => table.name),
    ) ?? []
  ).map((text) => ({ what: `${name} requests`, ok: true, text }));

/** Probes a connection. Its client would retry without a limit, so after a time limit the last error is reported. */
async function probe(cli: Cli, connection: ConnectionSettings): Promise<CheckFinding> {
  let lastError: TributaryError | undefined;
  const { clock, random } = cli.deps;
  const observer = {
    onRequest: () => undefined,
    onThrottled: () => undefined,
    onWaited: () => undefined,
    onRecovered: () => undefined,
    onRetry: (error: TributaryError) => void (lastError = error),
  };
  const late = timeLimit(probeTimeoutMs);
  return finding(connection.name, async () => {
    const api: unknown = connection.source.connect(connection.settings, {
      http: createHttpFactory({ clock, random, observer, redactor: cli.redactor }),
      now: clock.now,
    });
    try {
      const { account } = await connection.source.probe(api, anySignal(late, cli.interruption()));
      return `${connection.source.title} answers as ${account}`;
    } catch (error) {
      if (!late.aborted) throw error instanceof TributaryError ? onceOnly(error) : error;
      throw lastError === undefined
        ? new TributaryError(`${connection.source.title} did not answer within ${probeTimeoutMs / 1000} s.`, {
            kind: 'transient',
            remedy: 'Try again; if this persists, check the network.',
          })
        : onceOnly(lastError);
    }
  });
}

/** The error without its promise to retry: a run retries until it succeeds, but this command has given up. */
export function onceOnly(lastError: TributaryError): TributaryError {
  const { message, kind, reach, code, detail, remedy } = lastError;
  const sentences = (remedy ?? '')
    .split(/(?<=[.;])\s+/)
    .filter((text) => text !== '' && !/\b(repeated|again later|tried again)\b/.test(text));
  const rest = sentences.join(' ').replace(/^If this persists, (.)/, (_, first: string) => first.toUpperCase());
  return new TributaryError(message, {
    kind,
    reach,
    cause: lastError,
    remedy: rest === '' ? 'Try again; if this persists, ask the vendor or check the network.' : rest,
    ...(code === undefined ? {} : { code }),
    ...(detail === undefined ? {} : { detail }),
  });
}
