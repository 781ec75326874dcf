import type { Command } from 'commander';
import type { Register } from './app.ts';

/** A command as shown by the help; a test compares it with the command itself. */
export interface CommandSummary {
  readonly name: string;
  /** Options and arguments as the help prints them. */
  readonly args: string;
  readonly description: string;
}

/** The commands of one file, which is loaded only when one of them is called, so that start-up stays fast. */
export interface CommandFile {
  readonly commands: readonly CommandSummary[];
  load(): Promise<(program: Command, run: Register) => void>;
}

const file = (
  load: CommandFile['load'],
  ...commands: readonly (readonly [name: string, args: string, description: string])[]
): CommandFile => ({
  load,
  commands: commands.map(([name, args, description]) => ({ name, args, description })),
});

/** All commands, in the order of the help. */
export const COMMAND_FILES: readonly CommandFile[] = [
  file(async () => (await import('./commands/init.ts')).addInit, ['init', '[source...]', 'write a commented tributary.yaml to start from']),
  file(async () => (await import('./commands/new.ts')).addNew, ['new', '', 'write a working skeleton of your own source']),
  file(
    async () => (await import('./commands/check.ts')).addCheck,
    ['check', '[options]', "test settings, Kafka, registry and every connection's key; shows what is missing and how to correct it"],
  ),
  file(
    async () => (await import('./commands/discover.ts')).addDiscover,
    [
      'discover',
      '[options] [connection[.table]...]',
      'list tables with key, method, delete rule and columns; without settings, of every source',
    ],
  ),
  file(
    async () => (await import('./commands/docs.ts')).addDocs,
    [
      'docs',
      '[options] [connection[.table]...]',
      'write a catalogue of the tables: a page, Markdown, and an AsyncAPI file of the topics; without settings, of every source',
    ],
  ),
  file(
    async () => (await import('./commands/run.ts')).addRun,
    ['run', '[options]', 'keep all tables in sync by their schedules until stopped; several processes share the connections'],
  ),
  file(
    async () => (await import('./commands/web.ts')).addWeb,
    ['web', '', 'serve the data-sync page only, for workers that run elsewhere; several may run'],
  ),
  file(
    async () => (await import('./commands/sync.ts')).addSync,
    ['sync', '[options] [connection[.table]...]', 'read tables once and end; unchanged rows are not published again'],
  ),
  file(
    async () => (await import('./commands/status.ts')).addStatus,
    ['status', '[options] [connection[.table]...]', 'what every table is doing, how fresh it is and what went wrong'],
  ),
  file(
    async () => (await import('./commands/runs.ts')).addRuns,
    ['runs', '[options] [connection[.table]]', 'the last runs, newest first, with what failed and what to do; kept for 90 days'],
  ),
  file(
    async () => (await import('./commands/peek.ts')).addPeek,
    ['peek', '[options] <connection.table>', "rows of a table's topic, decoded: the newest changes, or what it holds for a key"],
  ),
  file(
    async () => (await import('./commands/pause.ts')).addPause,
    ['pause', '<connection[.table]...>', 'stop reading tables, with their positions saved; lasts until resume'],
    ['resume', '<connection[.table]...>', 'continue paused or disabled tables from where they stopped'],
  ),
  file(
    async () => (await import('./commands/trigger.ts')).addTrigger,
    ['trigger', '<connection[.table]...>', 'request a run now, outside the schedule, from the running worker'],
  ),
  file(
    async () => (await import('./commands/backfill.ts')).addBackfill,
    [
      'backfill',
      '[options] <connection[.table]...>',
      'read history again, in addition to the periodic runs; unchanged rows are not published again',
    ],
  ),
  file(
    async () => (await import('./commands/verify.ts')).addVerify,
    [
      'verify',
      '[options] <connection.table>',
      'list a table at the vendor and compare it with its topic: missing, surplus, different; publishes nothing',
    ],
  ),
  file(async () => (await import('./commands/state.ts')).addState, ['state', '', 'positions and counts stored in the state topic']),
  file(async () => (await import('./commands/dead-letters.ts')).addDeadLetters, ['dead-letters', '', 'rows that could not be published']),
  file(
    async () => (await import('./commands/deletes.ts')).addDeletes,
    ['deletes', '', 'deletes that were withheld because too many rows vanished at once'],
  ),
  file(async () => (await import('./commands/notify.ts')).addNotify, ['notify', '', 'messages about tables that need attention']),
  file(async () => (await import('./commands/import.ts')).addImport, ['import', '', 'upload CSV files to a vendor over SFTP']),
  file(
    async () => (await import('./commands/landing.ts')).addLanding,
    ['landing', '', 'land the topics in warehouses: Kafka Connect sinks and the SQL that goes with them'],
  ),
  file(
    async () => (await import('./commands/schemas.ts')).addSchemas,
    ['schemas', '', 'the Avro schemas generated from the table definitions'],
  ),
  file(
    async () => (await import('./commands/demo.ts')).addDemo,
    ['demo', '[options]', 'a complete pipeline on this machine: a simulated Klaviyo account, Kafka, a registry, Connect and PostgreSQL'],
  ),
  file(
    async () => (await import('./commands/doctor.ts')).addDoctor,
    ['doctor', '[options]', 'check this machine: Node, Java, Maven, disk space, the local stack; sends no request to the network'],
  ),
];
