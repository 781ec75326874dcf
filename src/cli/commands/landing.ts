import { join, resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { meantOr } from '../../config/suggest.ts';
import { TributaryError } from '../../core/errors.ts';
import type { KafkaAccess } from '../../kafka/client.ts';
import { planLanding } from '../../landing/apply.ts';
import { leftoverConnectors, pruneConnectors } from '../../landing/leftovers.ts';
import { checkLanding } from '../../landing/check.ts';
import type { ConnectClient } from '../../landing/connect-client.ts';
import { describeDiff, type ConnectorDiff } from '../../landing/diff.ts';
import type { LintFinding } from '../../landing/lint.ts';
import { renderLanding } from '../../landing/render.ts';
import { rereadConnector } from '../../landing/reread.ts';
import { plural } from '../../observability/text.ts';
import { exitCodes, type Cli, type Register } from '../app.ts';
import { note } from '../author.ts';
import { openKafka, withKafka } from '../session/kafka-session.ts';
import { lookAtLandings } from '../landing-look.ts';
import { landingJson, landingLookText, leftoversText, lookTroubled } from '../landing-text.ts';
import {
  allConnectorNames,
  applyOpenLanding,
  openLanding,
  placeOf,
  rememberedPlace,
  requireConnect,
  requireLandedNames,
  requireLanding,
  requireLandings,
  requireOurs,
  type OpenLanding,
} from '../landings.ts';
import { writeInside } from '../write-inside.ts';
import { DAY } from '../../core/time.ts';

type Json = { readonly json?: boolean };
type StatusOptions = Json & { readonly errors: keyof typeof RANGES };

const RANGES = {
  '24h': { ms: DAY, title: '24 hours' },
  '30d': { ms: 30 * DAY, title: '30 days' },
} as const;

export function addLanding(program: Command, run: Register): void {
  const landing = program
    .command('landing')
    .description('land the topics in warehouses: Kafka Connect sinks and the SQL that goes with them');

  landing
    .command('render')
    .description('write the SQL and the connectors of a landing, rendered from the table definitions')
    .argument('<landing>', 'its name in the settings')
    .argument('[file]', 'print only this file, e.g. setup.sql')
    .option('--dir <folder>', 'where to; default landing/<name>')
    .option('--strimzi', 'connectors as KafkaConnector resources, for the KafkaConnect resource "connect" unless the settings name another')
    .option('--json', 'print everything as JSON')
    .addHelpText('after', '\nExample:\n  $ tributary landing render warehouse\n  $ tributary landing render warehouse setup.sql | psql')
    .action(
      run(async (cli, name: string, file: string | undefined, options: Json & { dir?: string; strimzi?: boolean }) => {
        const { landing: opened, rendered: asSet } = await openAt(cli, name);
        const other = options.strimzi === true && opened.settings.strimzi === undefined;
        const rendered = other ? renderLanding({ ...opened, settings: { ...opened.settings, strimzi: { cluster: 'connect' } } }) : asSet;
        if (other)
          cli.say(
            `Set landings.${name}.strimzi: { cluster: <KafkaConnect resource> }, so that \`landing status\` looks for the connectors by these names.`,
          );
        if (options.json)
          return cli.json({
            landing: name,
            files: rendered.files,
            connectors: rendered.connectors.map((one) => ({ name: one.name, config: one.config })),
          });
        if (file !== undefined) {
          const found = rendered.files.find(({ path }) => path === file);
          if (!found)
            throw new TributaryError(`The landing ${name} has no ${file}.`, {
              kind: 'config',
              remedy: `There are ${rendered.files.map(({ path }) => path).join(', ')}.`,
            });
          return cli.print(found.text.trimEnd());
        }
        const wanted = options.dir ?? join('landing', name);
        const folder = resolve(cli.deps.cwd, wanted);
        for (const { path, text } of rendered.files) {
          writeInside(folder, path, text);
          cli.print(join(wanted, path));
        }
      }),
    );

  landing
    .command('check')
    .description("check a landing's connectors for faults, and have the Connect worker validate them")
    .argument('<landing>', 'its name in the settings')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  $ tributary landing check warehouse\nExit code 0: can be applied; 2: it has faults.')
    .action(
      run(async (cli, name: string, options: Json) => {
        const opened = await openAt(cli, name);
        const findings = await checkLanding(opened.landing, opened.rendered, opened.connect);
        if (options.json) cli.json(findings);
        else showFindings(cli, findings);
        if (!opened.connect) cli.say(`landings.${name}.connect_url is not set, so no Connect worker was asked.`);
        if (findings.length > 0) return exitCodes.badSettings;
        if (!options.json) cli.print(`${name}: ${plural(opened.rendered.connectors.length, 'connector')}, no fault found`);
        return exitCodes.ok;
      }),
    );

  landing
    .command('apply')
    .description('show what differs from what Connect has, then make it so; a second time changes nothing')
    .argument('<landing>', 'its name in the settings')
    .option('--dry-run', 'show the difference only')
    .option('--prune', 'remove connectors of connections and landings that the settings no longer have')
    .option('--json', 'the difference as JSON')
    .addHelpText('after', '\nExample:\n  $ tributary landing apply warehouse --dry-run\n  $ tributary landing apply warehouse')
    .action(
      run((cli, name: string, options: Json & { dryRun?: boolean; prune?: boolean }) =>
        withLanding(cli, name, async (opened, apply, access, leftovers) => {
          const connect = requireConnect(opened);
          const findings = await checkLanding(opened.landing, opened.rendered, connect);
          if (findings.length > 0) {
            if (options.json) cli.json({ findings });
            else showFindings(cli, findings);
            return exitCodes.badSettings;
          }
          // Before the difference is shown: none of it would be applied.
          await requireLandedNames(cli.settings(), opened, access);
          const diffs = await planLanding(opened.rendered, connect);
          const left = await leftovers(connect);
          if (options.prune) requireOurs(opened, left);
          if (options.json) cli.json(options.prune ? { connectors: diffs, removed: left } : diffs);
          else {
            for (const line of diffs.flatMap(describeDiff)) cli.print(line);
            if (options.prune) for (const gone of left) cli.print(`- ${gone}: removed`);
          }
          if (options.dryRun) return exitCodes.ok;
          const removed = options.prune && left.length > 0 ? `; removed ${left.join(', ')}` : '';
          await note(cli, access, { command: 'landing-apply', connection: null, table: null, detail: `${name}${removed}` });
          const applied = await apply();
          if (options.prune) await pruneConnectors(connect, left);
          else if (left.length > 0) cli.say(leftoversText(name, left));
          for (const { connector, restarted } of applied)
            if (restarted !== undefined) cli.say(`${connector} had failed and was restarted: ${restarted}`);
          const changed = diffs.filter(({ kind }) => kind !== 'same').length;
          cli.say(
            changed === 0
              ? `${name}: nothing to change; all connectors run.`
              : `${name}: ${plural(changed, 'connector')} applied; all run.`,
          );
          return exitCodes.ok;
        }),
      ),
    );

  landing
    .command('status')
    .description('task states, and how far the warehouse is behind in rows and seconds')
    .argument('[landing]', 'its name in the settings; default: all of them')
    .addOption(new Option('--errors <range>', 'errors of the last 24 hours or 30 days').choices(Object.keys(RANGES)).default('24h'))
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ tributary landing status warehouse --errors 30d\nExit code 0: every connector runs, none may have missed a delete, none is left over and what can be asked answers; 1: something needs a look; 2: the settings of a landing are wrong.',
    )
    .action(
      run(async (cli, name: string | undefined, { errors, json }: StatusOptions) => {
        const settings = cli.settings();
        if (name !== undefined) requireLanding(settings, name);
        const names = name === undefined ? requireLandings(settings) : [name];
        const { ms, title } = RANGES[errors];
        const looks = await withKafka(cli, (kafka) => lookAtLandings(cli, settings, kafka, names, ms), { connect: true });
        const [first] = looks;
        if (name !== undefined && first !== undefined && 'problem' in first) throw first.problem;
        if (json) cli.json(looks.flatMap((look) => landingJson(look, name === undefined)));
        else
          for (const look of looks) {
            if (names.length > 1) cli.print(`${look === first ? '' : '\n'}${look.name}:`);
            cli.print(landingLookText(look, title, cli.deps.clock.now(), cli.paint));
          }
        if (looks.some((look) => 'problem' in look && look.problem.kind === 'config')) return exitCodes.badSettings;
        return looks.some(lookTroubled) ? exitCodes.someFailed : exitCodes.ok;
      }),
    );

  landing
    .command('reread')
    .description('make a landing read its topics from the start again: every row lands again, e.g. after dead letters or a damaged table')
    .argument('<landing>', 'its name in the settings')
    .argument('[connection...]', "only these connections' connectors")
    .addHelpText(
      'after',
      '\nExample:\n  $ tributary landing reread warehouse klaviyo\nRows whose deletes were missed stay: empty the table first for those.',
    )
    .action(
      run(async (cli, name: string, connections: string[]) =>
        withLanding(cli, name, async (opened, _apply, access) => {
          const known = opened.rendered.connectors.map(({ connection }) => connection);
          const unknown = connections.find((wanted) => !known.includes(wanted));
          if (unknown !== undefined)
            throw new TributaryError(`The landing ${name} does not land the connection ${unknown}${meantOr(unknown, known)}`, {
              kind: 'config',
              remedy: `It lands ${known.join(', ')}.`,
            });
          for (const connector of opened.rendered.connectors) {
            if (connections.length > 0 && !connections.includes(connector.connection)) continue;
            await note(cli, access, { command: 'landing-reread', connection: connector.connection, table: null, detail: name });
            await rereadConnector(requireConnect(opened), connector.name, { now: cli.deps.clock.now, signal: cli.interruption() });
            cli.say(`${connector.name} reads its topics from the start.`);
          }
          return exitCodes.ok;
        }),
      ),
    );
}

/** Opens a landing for a command that needs no Kafka. */
async function openAt(cli: Cli, name: string): Promise<OpenLanding> {
  const settings = cli.settings();
  requireLanding(settings, name);
  return openLanding(settings, await rememberedPlace(cli, settings), name);
}

async function withLanding<T>(
  cli: Cli,
  name: string,
  work: (
    opened: OpenLanding,
    apply: () => Promise<readonly ConnectorDiff[]>,
    access: KafkaAccess,
    leftovers: (connect: ConnectClient) => Promise<readonly string[]>,
  ) => Promise<T>,
): Promise<T> {
  const settings = cli.settings();
  requireLanding(settings, name);
  const kafka = await openKafka(cli, settings, { connect: true });
  try {
    const place = placeOf(kafka);
    const opened = openLanding(settings, place, name);
    return await work(
      opened,
      () => applyOpenLanding(settings, opened, kafka.access, kafka.postgres, cli.deps.clock.now, cli.interruption()),
      kafka.access,
      (connect) => leftoverConnectors(connect, settings.prefix, allConnectorNames(settings, place)),
    );
  } finally {
    await kafka.close();
  }
}

function showFindings(cli: Cli, findings: readonly LintFinding[]): void {
  for (const { connector, key, problem, remedy } of findings) {
    cli.print(`${cli.paint.bad('FAIL')}  ${connector}${key === undefined ? '' : `: ${key}`} ${problem}\n      ${remedy}`);
  }
}
