import { existsSync, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import type { ConnectionSettings } from '../../config/settings.ts';
import { TributaryError } from '../../core/errors.ts';
import type { CheckedFile } from '../../import/check-file.ts';
import type { ImportKind } from '../../import/columns.ts';
import type { Encoding } from '../../import/encoding.ts';
import { followImport } from '../../import/follow-import.ts';
import { jobToResume } from '../../import/job.ts';
import { checkPublicKey, ownKey } from '../../import/keys.ts';
import { noMapping, parseMappingFile, parsePairs, type Mapping } from '../../import/mapping.ts';
import { previewImport, resumeImport, startImport, type ImportEvent, type ImportPlace } from '../../import/start-import.ts';
import { readImports, type ImportRecord } from '../../kafka/meta/imports.ts';
import { count, duration, plural, textTable } from '../../observability/text.ts';
import { createHttpFactory } from '../../sdk/http/client.ts';
import { exitCodes, type Cli, type Register } from '../app.ts';
import { selectOne } from '../selection.ts';
import { withKafka, type KafkaSession } from '../session/kafka-session.ts';

interface ImportOptions {
  readonly connection?: string;
  readonly map?: string;
  readonly drop?: string[];
  readonly date?: string[];
  readonly text?: string[];
  readonly consent?: boolean;
  readonly dryRun?: boolean;
  readonly strict?: boolean;
  readonly encoding?: Encoding;
  readonly country?: string;
}

export function addImport(program: Command, run: Register): void {
  const group = program.command('import').description('bring CSV files into a vendor over SFTP');
  for (const kind of ['profiles', 'events'] as const) {
    group
      .command(kind)
      .description(`check files of ${kind}, and upload the rows that are good`)
      .argument('<file.csv...>', 'the files')
      .option('--connection <name>', 'connection of the settings; needed when several take files')
      .option('--map <mapping>', 'column=COLUMN_OF_THE_FILE,... or a YAML file')
      .option('--drop <column...>', 'columns that are left out')
      .option('--date <column...>', 'further columns that hold dates')
      .option('--text <column...>', 'columns that hold no dates whatever they are called')
      .option('--consent', 'send columns that speak of consent')
      .option('--country <code>', 'whose national phone numbers are meant, such as PL')
      .addOption(
        new Option('--encoding <encoding>', 'instead of what is recognised').choices(['utf-8', 'utf-16le', 'utf-16be', 'windows-1252']),
      )
      .option('--dry-run', 'check and show the first rows as they will arrive; send nothing')
      .option('--strict', 'send nothing of a file in which one row is bad')
      .addHelpText('after', `\nExample:\n  $ tributary import ${kind} ${kind}.csv --connection klaviyo --dry-run`)
      .action(run((cli, files: string[], options: ImportOptions) => importFiles(cli, kind, files, options)));
  }
  group
    .command('resume')
    .description('go on with an import that was stopped or cut')
    .argument('[id]', 'which, when several wait')
    .action(
      run((cli, id?: string) =>
        withKafka(cli, async (kafka, settings) => {
          const job = jobToResume(settings.dataDir, id);
          const { connection } = selectOne(settings, job.record.connection);
          sent(cli, await resumeImport(place(cli, connection, settings.dataDir, kafka), job));
        }),
      ),
    );
  group
    .command('list')
    .description('imports, and how much of each has arrived')
    .option('--json', 'as JSON')
    .action(run((cli, options: { json?: boolean }) => list(cli, options.json ?? false)));
  group
    .command('key')
    .description('show the public key to add at the vendor; a pair is made when there is none')
    .option('--public <file>', 'a public key of yours instead')
    .action(run((cli, options: { public?: string }) => key(cli, options.public)));
}

async function importFiles(cli: Cli, kind: ImportKind, files: readonly string[], options: ImportOptions): Promise<number> {
  const settings = cli.settings();
  const connection = connectionOf(cli, options.connection);
  const mapping = mappingOf(cli, options);
  const { country, encoding } = options;
  const request = { kind, mapping, consent: options.consent ?? false, encoding, country: country?.toUpperCase() };
  const paths = files.map((file) => resolve(cli.deps.cwd, file));
  for (const path of paths)
    if (!existsSync(path)) throw new TributaryError(`${path} is not there.`, { kind: 'config', remedy: 'Check the path.' });
  let refused = false;
  if (options.dryRun) {
    for (const file of paths) {
      const common = { dataDir: settings.dataDir, clock: cli.deps.clock, signal: cli.interruption(), onEvent: listener(cli) };
      const checked = await previewImport({ ...request, ...common, file });
      report(cli, file, checked);
      for (const row of checked.preview) cli.print(JSON.stringify(row));
      refused ||= checked.refused > 0;
    }
    return refused ? exitCodes.someFailed : exitCodes.ok;
  }
  await withKafka(cli, async (kafka) => {
    for (const file of paths) {
      const { checked, record } = await startImport({
        ...request,
        ...place(cli, connection, settings.dataDir, kafka),
        file,
        strict: options.strict ?? false,
        by: userInfo().username,
      });
      report(cli, file, checked);
      if (record === undefined) cli.say(`Nothing of ${file} was sent${checked.parts.length > 0 ? ' (--strict)' : ': no row is good'}.`);
      else sent(cli, record);
      refused ||= checked.refused > 0;
    }
  });
  return refused ? exitCodes.someFailed : exitCodes.ok;
}

function place(cli: Cli, connection: ConnectionSettings, dataDir: string, { access }: KafkaSession): ImportPlace {
  return { connection, dataDir, access, clock: cli.deps.clock, signal: cli.interruption(), onEvent: listener(cli) };
}

/** Progress, at most a line in two seconds. */
function listener(cli: Cli): (event: ImportEvent) => void {
  let told = cli.deps.clock.now();
  return (event) => {
    if (event.type === 'pinned')
      return cli.say(`First use of this server: its host key ${event.fingerprint} is kept, another one will be refused.`);
    if (event.type === 'retry') return cli.say(`${event.error.message} Tried again in ${duration(event.waitMs)}.`);
    const now = cli.deps.clock.now();
    if (now - told < 2_000) return;
    told = now;
    if (event.type === 'reading') return cli.say(`${count(event.rows)} rows checked`);
    const { record, secondsLeft } = event;
    const left = secondsLeft === undefined ? '' : `, ${duration(secondsLeft * 1000)} left`;
    cli.say(`${count(record.sentRows)} rows, ${count(record.sentBytes)} of ${count(record.bytes)} bytes sent${left}`);
  };
}

function report(cli: Cli, file: string, { rows, refused, faults, reasons, errorFile, encoding }: CheckedFile): void {
  for (const { line, column, reason, remedy } of faults)
    cli.say(`${file}, line ${line}${column === '' ? '' : `, column ${column}`}: ${reason}. ${remedy}`);
  const total = [...reasons.values()].reduce((sum, n) => sum + n, 0);
  if (total > faults.length) for (const [reason, times] of reasons) cli.say(`${count(times)} times: ${reason}`);
  cli.say(
    `${file}: ${plural(rows, 'row')} (${encoding.toUpperCase()}), ${count(refused)} refused${errorFile === undefined ? '' : `; they are in ${errorFile}`}.`,
  );
}

function sent(cli: Cli, { importId, file, sentRows, connection }: ImportRecord): void {
  cli.say(`${file}: ${plural(sentRows, 'row')} uploaded to ${connection}. Follow it with: tributary import list (${importId})`);
}

async function list(cli: Cli, json: boolean): Promise<void> {
  await withKafka(cli, async (kafka, settings) => {
    const { clock, random } = cli.deps;
    const nothing = (): void => undefined;
    const observer = { onRequest: nothing, onThrottled: nothing, onWaited: nothing, onRecovered: nothing, onRetry: nothing };
    const http = createHttpFactory({ clock, random, observer, redactor: cli.redactor });
    const found: ImportRecord[] = [];
    for (const record of await readImports(kafka.access)) {
      const connection = settings.connections.find(({ name }) => name === record.connection);
      found.push(connection === undefined ? record : await followImport(place(cli, connection, settings.dataDir, kafka), record, http));
    }
    if (json) return cli.json(found);
    if (found.length === 0) return cli.say('Nothing has been imported.');
    cli.print(
      textTable(
        ['STATUS', 'PROCESSED ROWS', 'IMPORT DATE', 'IMPORTED BY', 'FILE', 'ROWS', 'REFUSED', 'ERROR FILE'],
        found.map((one) => [
          one.state === 'completed' ? 'Complete' : 'Not complete',
          one.processed === null ? '-' : `${one.processed} %`,
          new Date(one.at).toISOString(),
          one.by,
          one.file,
          count(one.rows),
          count(one.refused),
          one.errorFile ?? '-',
        ]),
        ['left', 'right', 'left', 'left', 'left', 'right', 'right'],
      ),
    );
    for (const { file, processedBy, failure } of found)
      cli.say(`${file}: ${failure === undefined ? processedBy : `${failure.message} ${failure.remedy ?? ''}`}`);
  });
}

function key(cli: Cli, given: string | undefined): void {
  const settings = cli.settings();
  const path = given === undefined ? undefined : resolve(cli.deps.cwd, given);
  const found = path === undefined ? ownKey(settings.dataDir) : { ...checkPublicKey(readFileSync(path, 'utf8'), path), made: false };
  if (found.made) cli.say(`A key pair was made; the private key stays in ${found.file}.`);
  if (found.warning !== undefined) cli.say(found.warning);
  for (const step of settings.connections.find(({ source }) => source.imports !== undefined)?.source.imports?.keySteps ?? [])
    cli.say(`- ${step}`);
  if (path !== undefined) cli.say('- Name your private key in connections.<name>.settings.sftp.key_file.');
  cli.print(found.text);
}

function connectionOf(cli: Cli, name: string | undefined): ConnectionSettings {
  const settings = cli.settings();
  if (name !== undefined) return selectOne(settings, name).connection;
  const able = settings.connections.filter(({ source }) => source.imports !== undefined);
  const [only] = able;
  if (only !== undefined && able.length === 1) return only;
  throw new TributaryError(able.length === 0 ? 'No connection of the settings takes files.' : 'Several connections take files.', {
    kind: 'config',
    remedy: able.length === 0 ? 'Add a Klaviyo connection.' : `Name one with --connection: ${able.map((one) => one.name).join(', ')}.`,
  });
}

function mappingOf(cli: Cli, { map, drop = [], date = [], text = [] }: ImportOptions): Mapping {
  const base =
    map === undefined
      ? noMapping
      : map.includes('=')
        ? parsePairs(map)
        : parseMappingFile(map, readFileSync(resolve(cli.deps.cwd, map), 'utf8'));
  return { columns: base.columns, drop: [...base.drop, ...drop], dates: [...base.dates, ...date], texts: [...base.texts, ...text] };
}
