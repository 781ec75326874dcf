import { InvalidArgumentError, type Command } from 'commander';
import { TributaryError } from '../../core/errors.ts';
import { shownJson } from '../../core/shown.ts';
import type { TableDefinition } from '../../core/table.ts';
import { requireKeptNames } from '../../engine/moved-tables.ts';
import { textTable } from '../../observability/text.ts';
import { changesSince, lastChanges, lookUp, type Change } from '../../web/model/topic-rows.ts';
import type { Cli, Register } from '../app.ts';
import { withKafka } from '../session/kafka-session.ts';
import { selectTable } from '../selection.ts';
import { instantSince, positive, sinceOption, type Since } from '../since.ts';

interface PeekOptions {
  readonly key?: readonly (readonly [string, string])[];
  readonly since?: Since;
  readonly last?: number;
  readonly deleted?: boolean;
  readonly follow?: boolean;
  readonly columns?: readonly string[];
  readonly json?: boolean;
}

const lastByDefault = 20;
/** Most characters of a cell, and of a line when the terminal's width is not known. */
const widestCell = 32;
const widestLine = 160;

export function addPeek(program: Command, run: Register): void {
  program
    .command('peek')
    .description("rows of a table's topic, decoded: the newest changes, or what it holds for a key")
    .argument('<connection.table>', 'the table')
    .option('--key <column=value...>', 'the versions of one row; the plain value of a hashed column is hashed', keyOption)
    .option('--since <when>', 'all changes since then: 2026-03-01T12:00Z, or 30m, 12h, 7d ago', sinceOption)
    .option('--last <n>', `how many of the newest changes (default: ${lastByDefault})`, positive)
    .option('--deleted', 'only deletes')
    .option('--follow', 'continue with what is published from now on, until Ctrl-C')
    .option('--columns <names>', 'these columns, comma-separated', (text: string) => text.split(',').map((name) => name.trim()))
    .option('--json', 'one JSON object a line, with all columns')
    .addHelpText(
      'after',
      '\nExample:\n  $ tributary peek klaviyo.profile --key id=01GDDKASAP8TKDDA2GRZDSVP4H\n  $ tributary peek klaviyo.event --since 1h --columns id,event_datetime,metric_name\n  $ tributary peek klaviyo.profile --deleted --follow --json',
    )
    .action(
      run(async (cli, typed: string, options: PeekOptions) => {
        const settings = cli.settings();
        const { connection, definition } = selectTable(settings, typed);
        check(definition, options);
        await withKafka(cli, async ({ access, registry, stop }) => {
          await requireKeptNames(access, settings, [{ name: connection.name, tables: [definition] }]);
          const context = { access, registry, settings: () => settings };
          const wanted = ({ kind }: Change): boolean => (options.deleted ? kind === 'marker' : kind !== 'tombstone');
          const print = printer(cli, definition, options);
          let shownAny = false;
          const show = (changes: readonly Change[]): void => {
            shownAny ||= changes.length > 0;
            print(changes);
          };
          if (options.key !== undefined) {
            const { now, versions } = await lookUp(context, connection.name, definition, Object.fromEntries(options.key));
            const shown = versions.filter(wanted);
            show(shown);
            if (shown.length === 0) cli.say(`${typed} has never held that key, or no longer knows of it.`);
            else if (now === undefined) cli.say('The row is deleted.');
          } else {
            const since = options.since === undefined ? undefined : instantSince(options.since, cli.deps.clock.now());
            // Changes that arrive while the newest ones are printed are shown by --follow.
            const begin = cli.deps.clock.now();
            if (since === undefined) {
              const last = options.last ?? lastByDefault;
              const newest = await lastChanges(context, connection.name, definition, last * 2);
              show(
                newest
                  .filter((change) => wanted(change) && (!options.follow || change.at < begin))
                  .slice(0, last)
                  .reverse(),
              );
            }
            if (since !== undefined || options.follow)
              await following(
                context,
                connection.name,
                definition,
                { since: since ?? begin, follow: options.follow ?? false },
                wanted,
                show,
              ).catch((error: unknown) => {
                if (!stop.aborted) throw error;
              });
            if (!shownAny && !options.follow) cli.say(emptiness(typed, options));
          }
        });
      }),
    );
}

/** What it means that nothing was shown; silence could also be a table that was not read. */
function emptiness(typed: string, { since, deleted }: PeekOptions): string {
  if (since !== undefined)
    return `Nothing of ${typed} was ${deleted ? 'deleted' : 'published'} since then, as far as the topic still holds it.`;
  return deleted ? `None of the newest changes of ${typed} is a delete; --since looks at all since a time.` : `${typed} holds no rows yet.`;
}

/** Prints changes that arrive together as one table, so that their columns are aligned. */
async function following(
  context: Parameters<typeof changesSince>[0],
  connection: string,
  definition: TableDefinition,
  how: Parameters<typeof changesSince>[3],
  wanted: (change: Change) => boolean,
  show: (changes: readonly Change[]) => void,
): Promise<void> {
  let waiting: Change[] = [];
  const flush = (): void => {
    const changes = waiting;
    waiting = [];
    show(changes);
  };
  const timer = setInterval(flush, 500);
  try {
    await changesSince(context, connection, definition, how, (change) => {
      if (wanted(change)) waiting.push(change);
      if (waiting.length >= 1_000) flush();
    });
  } finally {
    clearInterval(timer);
    flush();
  }
}

function printer(cli: Cli, definition: TableDefinition, { json, columns }: PeekOptions): (changes: readonly Change[]) => void {
  let shown: readonly string[] | undefined = columns;
  let headed = false;
  return (changes) => {
    if (changes.length === 0) return;
    if (json) {
      for (const { kind, at, partition, offset, key, record, run } of changes)
        cli.deps.stdout.write(
          `${shownJson(cli.redactor.redact(JSON.stringify({ at: new Date(at).toISOString(), change: kind === 'row' ? 'upsert' : 'delete', key, row: record, partition, offset, run }, bigints)))}\n`,
        );
      return;
    }
    shown ??= fitting(cli, definition, changes);
    const header = ['AT', 'CHANGE', ...shown.map((name) => name.toUpperCase())];
    const rows = changes.map(({ kind, at, record, key }) => [
      new Date(at).toISOString(),
      kind === 'row' ? 'upsert' : 'delete',
      ...(shown ?? []).map((name) => cell((record ?? key)[name])),
    ]);
    const text = textTable(header, rows);
    cli.print(headed ? text.slice(text.indexOf('\n') + 1) : text);
    headed = true;
  };
}

/** Key columns, then columns with values, as many as fit side by side. */
function fitting(cli: Cli, definition: TableDefinition, changes: readonly Change[]): string[] {
  const held = [...Object.keys(definition.fields), '_extra'].filter(
    (name) => !definition.key.includes(name) && changes.some(({ record }) => record?.[name] !== null && record?.[name] !== undefined),
  );
  const widthOf = (name: string): number =>
    2 + Math.max(name.length, ...changes.map(({ record, key }) => [...cell((record ?? key)[name])].length));
  const room = cli.deps.stdout.columns || widestLine;
  let used = 24 + 8;
  const fits = [...definition.key, ...held].filter((name, index) => {
    if (used > room && index >= definition.key.length) return false;
    used += widthOf(name);
    return index < definition.key.length || used <= room;
  });
  const left = definition.key.length + held.length - fits.length;
  if (left > 0)
    cli.say(`${left === 1 ? '1 more column has' : `${left} more columns have`} values: --columns selects columns, --json shows all.`);
  return fits;
}

function cell(value: unknown): string {
  const text = value === null || value === undefined ? '' : String(value);
  const characters = [...text];
  return characters.length > widestCell ? `${characters.slice(0, widestCell - 1).join('')}…` : text;
}

function check(definition: TableDefinition, { key, columns, since, follow, last }: PeekOptions): void {
  const refuse = (message: string, remedy: string): never => {
    throw new TributaryError(message, { kind: 'config', remedy });
  };
  const unknown = (columns ?? []).find((name) => !Object.hasOwn(definition.fields, name) && name !== '_extra');
  if (unknown !== undefined)
    refuse(`${definition.name} has no column "${unknown}".`, `It has ${[...Object.keys(definition.fields), '_extra'].join(', ')}.`);
  if (since !== undefined && last !== undefined)
    refuse('--since shows all changes since a time, --last a number of the newest.', 'Leave one of them out.');
  if (key === undefined) return;
  if (since !== undefined || follow || last !== undefined)
    refuse('--key shows all versions of one row and cannot be combined with --since, --last or --follow.', 'Leave one of them out.');
  const given = key.map(([column]) => column);
  const wrong = given.find((column) => !definition.key.includes(column));
  const missing = definition.key.find((column) => !given.includes(column));
  if (wrong !== undefined || missing !== undefined)
    refuse(
      wrong === undefined
        ? `The key of ${definition.name} also has the column ${missing}.`
        : `${wrong} is not a key column of ${definition.name}.`,
      `Give ${definition.key.map((column) => `--key ${column}=...`).join(' ')}.`,
    );
}

function keyOption(text: string, before: readonly (readonly [string, string])[] = []): readonly (readonly [string, string])[] {
  const at = text.indexOf('=');
  if (at <= 0) throw new InvalidArgumentError('Write it as column=value, e.g. --key id=17.');
  return [...before, [text.slice(0, at), text.slice(at + 1)]];
}

const bigints = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? value.toString() : value);
