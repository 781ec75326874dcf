import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { isSupportedCountry } from 'libphonenumber-js/max';
import type { ConnectionSettings } from '../../config/settings.ts';
import { asTributaryError, TributaryError } from '../../core/errors.ts';
import { makeLocalFolder } from '../../core/local-folder.ts';
import type { CheckedFile } from '../../import/check-file.ts';
import type { ImportKind } from '../../import/columns.ts';
import type { Encoding } from '../../import/encoding.ts';
import { followImport } from '../../import/follow-import.ts';
import { importsFolder, jobToResume, openJobs } from '../../import/job.ts';
import { checkPublicKey, ownKey } from '../../import/keys.ts';
import { noMapping, parseMappingFile, parsePairs, type Mapping } from '../../import/mapping.ts';
import { queryToFile, removeQueryFile } from '../../import/query.ts';
import {
  previewImport,
  resumeImport,
  sftpAccess,
  startImport,
  type ImportEvent,
  type ImportPlace,
  type StartImport,
} from '../../import/start-import.ts';
import { embeddedWarehouse, isEmbedded, warehouseOf } from '../../import/warehouse.ts';
import { readImports, type ImportRecord } from '../../kafka/meta/imports.ts';
import { count, duration, plural, textTable } from '../../observability/text.ts';
import { createHttpFactory, type HttpFactory } from '../../sdk/http/client.ts';
import { exitCodes, type Cli, type Register } from '../app.ts';
import { author, note } from '../author.ts';
import { selectOne } from '../selection.ts';
import { withKafka, type KafkaSession } from '../session/kafka-session.ts';
import { timeLimit } from '../../core/signals.ts';

/** Options that are the same for every file. */
type Request = Pick<StartImport, 'kind' | 'mapping' | 'consent' | 'encoding' | 'country'>;

/** Time limit (ms) for asking the vendor about all imports of the list together. */
const ASK_MS = 60_000;

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
  readonly query?: string;
  readonly landing?: string;
}

export function addImport(program: Command, run: Register): void {
  const group = program.command('import').description('upload CSV files to a vendor over SFTP');
  for (const kind of ['profiles', 'events'] as const) {
    group
      .command(kind)
      .description(`check files of ${kind}, and upload the rows that are good`)
      .argument('[file.csv...]', 'the files')
      .option('--query <select>', 'instead of files: one SELECT, run against the warehouse of --landing')
      .option('--landing <name>', 'landing of the settings whose warehouse is asked (postgres, redshift)')
      .option('--connection <name>', 'connection of the settings; needed when several take files')
      .option('--map <mapping>', 'column=COLUMN_OF_THE_FILE,... or a YAML file')
      .option('--drop <column...>', 'columns that are left out')
      .option('--date <column...>', 'further columns that hold dates')
      .option('--text <column...>', 'columns that hold no dates, whatever their names')
      .option('--consent', 'send columns about consent')
      .option('--country <code>', 'country of phone numbers without a country code, such as PL')
      .addOption(
        new Option('--encoding <encoding>', 'instead of the detected one').choices(['utf-8', 'utf-16le', 'utf-16be', 'windows-1252']),
      )
      .option('--dry-run', 'check and show the first rows as they will arrive; send nothing')
      .option('--strict', 'send nothing of a file that has a bad row')
      .addHelpText(
        'after',
        `\nExample:\n  $ tributary import ${kind} ${kind}.csv --connection klaviyo --dry-run\n  $ tributary import ${kind} --query "SELECT ..." --landing warehouse`,
      )
      .action(run((cli, files: string[], options: ImportOptions) => importFiles(cli, kind, files, options)));
  }
  group
    .command('resume')
    .description('continue an import that was stopped or interrupted')
    .argument('[id]', 'which one, when several are waiting')
    .action(
      run((cli, id?: string) =>
        withKafka(
          cli,
          async (kafka, settings) => {
            const job = jobToResume(settings.dataDir, id);
            const { connection } = selectOne(settings, job.record.connection);
            await note(cli, kafka.access, { command: 'import-resume', connection: connection.name, table: null, detail: job.record.file });
            sent(cli, await resumeImport(place(cli, connection, settings.dataDir, kafka), job));
          },
          { writes: true },
        ),
      ),
    );
  group
    .command('list')
    .description('imports, and how much of each has arrived')
    .option('--json', 'as JSON')
    .action(run((cli, options: { json?: boolean }) => list(cli, options.json ?? false)));
  group
    .command('key')
    .description('show the public key to add at the vendor; a key pair is created when there is none')
    .option('--public <file>', 'use your own public key instead')
    .action(run((cli, options: { public?: string }) => key(cli, options.public)));
}

async function importFiles(cli: Cli, kind: ImportKind, files: readonly string[], options: ImportOptions): Promise<number> {
  const settings = cli.settings();
  const connection = connectionOf(cli, options.connection);
  const { country, encoding, query, landing } = options;
  if ((query === undefined) !== (landing === undefined)) throw usage('--query and --landing go together', 'Give both, or files.');
  if ((query === undefined) === (files.length === 0)) {
    const swallowed = files.length === 0 && [options.drop, options.date, options.text].some((list) => list !== undefined);
    throw usage(
      'Either files or --query are imported',
      swallowed ? 'Put the files before --drop, --date and --text, which take all words after them.' : 'Give one of the two.',
    );
  }
  const request: Request = {
    kind,
    mapping: mappingOf(cli, options),
    consent: options.consent ?? false,
    encoding,
    country: country === undefined ? undefined : countryCode(country),
  };
  const paths = files.map((file) => resolve(cli.deps.cwd, file));
  for (const path of paths) requireFile(path);
  if (!options.dryRun) tellWaiting(cli, connection, kind);
  // Checked before a long file is read, because nothing can be sent without user and key.
  if (!options.dryRun) sftpAccess(connection, settings.dataDir, cli.redactor.add);
  const onlyLooks = options.dryRun === true && (landing === undefined || !isEmbedded(settings.landings, landing));
  const all = async (kafka: KafkaSession | undefined): Promise<number> => {
    let refused = false;
    const one = async (file: string, named: string, asked: Request): Promise<void> => {
      const checked = await (options.dryRun || kafka === undefined
        ? preview(cli, file, named, asked)
        : importOne(cli, { ...asked, ...place(cli, connection, settings.dataDir, kafka), file }, named, options.strict ?? false));
      refused ||= checked.refused > 0;
    };
    for (const path of paths) await one(path, path, request);
    if (query !== undefined && landing !== undefined) {
      await withQuery(cli, { query, landing, kafka }, (file, dates) =>
        one(file, `The query of ${landing}`, {
          ...request,
          encoding: 'utf-8',
          mapping: {
            ...request.mapping,
            dates: [...request.mapping.dates, ...dates.filter((name) => !request.mapping.texts.includes(name))],
          },
        }),
      );
    }
    return refused ? exitCodes.someFailed : exitCodes.ok;
  };
  return onlyLooks ? all(undefined) : withKafka(cli, all, { writes: true });
}

async function preview(cli: Cli, file: string, named: string, request: Request): Promise<CheckedFile> {
  const common = { dataDir: cli.settings().dataDir, clock: cli.deps.clock, signal: cli.interruption(), onEvent: listener(cli) };
  const checked = await previewImport({ ...request, ...common, file });
  report(cli, named, checked);
  for (const row of checked.preview) cli.print(JSON.stringify(row));
  cli.say('Nothing was sent (--dry-run).');
  return checked;
}

async function importOne(cli: Cli, request: Omit<StartImport, 'by' | 'strict'>, named: string, strict: boolean): Promise<CheckedFile> {
  const { kind, connection, access } = request;
  await note(cli, access, { command: 'import', connection: connection.name, table: null, detail: `${kind}: ${named}` });
  const { checked, record } = await startImport({
    ...request,
    strict,
    by: author().user,
    onChecked: (found) => report(cli, named, found),
  });
  if (record === undefined) cli.say(`Nothing of ${named} was sent${checked.parts.length > 0 ? ' (--strict)' : ': no row is good'}.`);
  else sent(cli, record);
  return checked;
}

/** Runs a query and passes its result on as a temporary file. A query without rows is not an error. */
async function withQuery(
  cli: Cli,
  { query, landing, kafka }: { readonly query: string; readonly landing: string; readonly kafka: KafkaSession | undefined },
  use: (file: string, dates: readonly string[]) => Promise<void>,
): Promise<void> {
  const { landings, dataDir } = cli.settings();
  const { clock, variables } = cli.deps;
  const warehouse =
    isEmbedded(landings, landing) && kafka?.postgres !== undefined
      ? embeddedWarehouse(landing, kafka.postgres)
      : warehouseOf(landings, landing, variables);
  if (typeof warehouse.client.password === 'string') cli.redactor.add(warehouse.client.password);
  makeLocalFolder(importsFolder(dataDir));
  const onEvent = listener(cli);
  const found = await queryToFile({
    query,
    warehouse,
    folder: importsFolder(dataDir),
    now: clock.now(),
    signal: cli.interruption(),
    onProgress: (read) => onEvent({ type: 'reading', rows: read }),
  });
  try {
    const { path, rows, dates } = found;
    cli.say(`The query of ${landing} brought ${plural(rows, 'row')}${rows === 0 ? '; nothing was sent' : ''}.`);
    if (rows > 0) await use(path, dates);
  } finally {
    await removeQueryFile(found);
  }
}

/** Reports imports that were stopped before: importing a file again sends all of it and leaves the first import waiting. */
function tellWaiting(cli: Cli, { name }: ConnectionSettings, kind: ImportKind): void {
  for (const { record } of openJobs(cli.settings().dataDir)) {
    if (record.connection === name && record.kind === kind)
      cli.say(
        `An import of ${record.file}, begun ${new Date(record.at).toISOString()}, is waiting. To continue it: tributary import resume ${record.importId}`,
      );
  }
}

function requireFile(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isFile()) return;
  throw usage(found === undefined ? `${path} does not exist` : `${path} is not a file`, 'Check the path.');
}

function countryCode(given: string): string {
  const code = given.toUpperCase();
  if (isSupportedCountry(code)) return code;
  throw usage(`--country ${given} is not a known country`, 'Give its code of two letters, such as PL or US.');
}

const usage = (what: string, remedy: string): TributaryError =>
  new TributaryError(`${what}.`, { kind: 'config', code: 'import:usage', remedy });

function place(cli: Cli, connection: ConnectionSettings, dataDir: string, { access }: KafkaSession): ImportPlace {
  return {
    connection,
    dataDir,
    access,
    clock: cli.deps.clock,
    signal: cli.interruption(),
    onEvent: listener(cli),
    redactor: cli.redactor,
  };
}

/** Reports progress, at most one line in two seconds. */
function listener(cli: Cli): (event: ImportEvent) => void {
  let told = cli.deps.clock.now();
  return (event) => {
    if (event.type === 'pinned')
      return cli.say(`First use of this server: its host key ${event.fingerprint} is stored; any other key will be refused.`);
    if (event.type === 'retry') return cli.say(`${event.error.message} Tried again in ${duration(event.waitMs)}.`);
    const now = cli.deps.clock.now();
    if (now - told < 2_000) return;
    told = now;
    if (event.type === 'reading') return cli.say(`${count(event.rows)} rows read`);
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
    // The client retries without a limit while the vendor is away; after the time limit the list shows what is known.
    const signal = timeLimit(ASK_MS, cli.interruption());
    for (const record of await readImports(kafka.access)) {
      const connection = settings.connections.find(({ name }) => name === record.connection);
      if (connection === undefined) found.push(record);
      else found.push(await followed(cli, { ...place(cli, connection, settings.dataDir, kafka), signal }, record, http));
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

/** The record, updated from the vendor; unchanged when the vendor cannot be asked now. */
async function followed(cli: Cli, where: ImportPlace, record: ImportRecord, http: HttpFactory): Promise<ImportRecord> {
  try {
    return await followImport(where, record, http);
  } catch (thrown) {
    const error = asTributaryError(thrown, 'The question');
    if (cli.interruption().aborted || error.kind === 'internal') throw error;
    const why = error.kind === 'stopped' ? `the vendor did not answer within ${duration(ASK_MS)}` : error.message.replace(/\.$/, '');
    cli.say(`${record.file}: the vendor could not be asked how much has arrived (${why}). ${error.remedy ?? ''}`.trim());
    return record;
  }
}

function key(cli: Cli, given: string | undefined): void {
  const settings = cli.settings();
  const path = given === undefined ? undefined : resolve(cli.deps.cwd, given);
  const found = path === undefined ? ownKey(settings.dataDir) : { ...checkPublicKey(readFileSync(path, 'utf8'), path), made: false };
  if (found.made) cli.say(`A key pair was created; the private key stays in ${found.file}.`);
  if (found.warning !== undefined) cli.say(found.warning);
  for (const step of settings.connections.find(({ source }) => source.imports !== undefined)?.source.imports?.keySteps ?? [])
    cli.say(`- ${step}`);
  if (path !== undefined) cli.say('- Set connections.<name>.settings.sftp.key_file to the path of your private key.');
  cli.print(found.text);
}

function connectionOf(cli: Cli, name: string | undefined): ConnectionSettings {
  const settings = cli.settings();
  if (name !== undefined) return selectOne(settings, name).connection;
  const able = settings.connections.filter(({ source }) => source.imports !== undefined);
  const [only] = able;
  if (only !== undefined && able.length === 1) return only;
  throw new TributaryError(able.length === 0 ? 'No connection in the settings accepts files.' : 'Several connections accept files.', {
    kind: 'config',
    remedy: able.length === 0 ? 'Add a Klaviyo connection.' : `Choose one with --connection: ${able.map((one) => one.name).join(', ')}.`,
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
