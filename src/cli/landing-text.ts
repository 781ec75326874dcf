import { shown } from '../core/shown.ts';
import type { LandingError } from '../landing/errors-log.ts';
import type { LandingStatus } from '../landing/status.ts';
import { sinkNotes } from '../web/model/sink-notes.ts';
import { count, duration, textTable, type Paint } from '../observability/text.ts';
import type { LandingLook } from './landing-look.ts';

/** With the age of the warehouse's data, measured from the vendor; absent where it is not known. */
export type FreshLandingStatus = Omit<LandingStatus, 'topics'> & {
  readonly topics: readonly (LandingStatus['topics'][number] & { readonly freshnessSeconds?: number })[];
};

/** Whether a person should look at something of the landing. */
export const lookTroubled = (look: LandingLook): boolean =>
  'problem' in look || look.leftOver.length > 0 || look.found.some(landingTroubled);

/** A landing of `landing status --json`: an object per connector. `named`: which landing it is, is told too. */
export function landingJson(look: LandingLook, named: boolean): object[] {
  const { name: landing } = look;
  const of = named ? { landing } : {};
  if ('problem' in look) {
    const { message, remedy, code } = look.problem;
    return [{ ...of, problem: { message, remedy: remedy ?? null, code: code ?? null } }];
  }
  return [
    ...look.found.map((one) => ({ ...of, ...one, errors: look.errors.filter(({ connector }) => connector === one.connector) })),
    ...look.leftOver.map((connector) => ({ ...of, connector, leftOver: true, errors: [] })),
  ];
}

/** Everything `landing status` shows of a landing. `range`: of which time the errors are. */
export function landingLookText(look: LandingLook, range: string, now: number, paint: Paint): string {
  if ('problem' in look) {
    const { message, remedy } = look.problem;
    return `${paint.bad('error:')} ${message}${remedy === undefined ? '' : `\n${remedy}`}`;
  }
  const { name, found, errors, leftOver } = look;
  return [
    landingStatusText(name, found, now, paint),
    ...(leftOver.length > 0 ? [leftoversText(name, leftOver)] : []),
    landingErrorsText(errors, range),
  ].join('\n');
}

/** Whether a person should look at the connector: it does not run as it should, may have missed deletes, or its warehouse is away. */
function landingTroubled({ state, tasks, failure, topics, warehouseTrouble }: LandingStatus): boolean {
  if (warehouseTrouble !== undefined) return true;
  if (state === 'PAUSED' || state === 'STOPPED') return false;
  return (
    state !== 'RUNNING' ||
    failure !== undefined ||
    tasks.some((task) => task.state !== 'RUNNING') ||
    topics.some(({ deletesMayBeMissed }) => deletesMayBeMissed)
  );
}

/** Recent errors, newest first: when, what, and the message of the connector or the warehouse. */
export function landingErrorsText(errors: readonly LandingError[], range: string): string {
  if (errors.length === 0) return `No errors in the last ${range}.`;
  const lines = errors.flatMap(({ at, code, summary, message }) => [
    `${new Date(at).toISOString()}  ${code}  ${shown(summary)}`,
    `    said: ${shown(message)}`,
  ]);
  return [`Errors of the last ${range}, newest first:`, ...lines].join('\n');
}

/** Names connectors of landings or connections that are no longer in the settings. */
export function leftoversText(landing: string, names: readonly string[]): string {
  return `${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} still on Kafka Connect but no longer in the settings: \`tributary landing apply ${landing} --prune\` removes ${names.length === 1 ? 'it' : 'them'}.`;
}

/** One line per topic, followed by what is wrong and what to do. */
function landingStatusText(landing: string, found: readonly FreshLandingStatus[], now: number, paint: Paint): string {
  const rows = found.flatMap(({ connector, state, tasks, topics, deadLetters }) =>
    topics.map((topic, index) => [
      ...(index === 0 ? [connector, painted(state, paint), tasksText(tasks)] : ['', '', '']),
      topic.topic,
      topic.missing ? '-' : count(topic.rowsAtMost),
      topic.missing ? 'no topic yet' : topic.caughtUp ? 'caught up' : duration(topic.lagSeconds * 1000),
      topic.freshnessSeconds === undefined ? '-' : duration(topic.freshnessSeconds * 1000),
      topic.newestRowAt === undefined ? '-' : `${duration(Math.max(0, now - topic.newestRowAt))} ago`,
      index === 0 ? count(deadLetters) : '',
    ]),
  );
  const table = textTable(
    ['CONNECTOR', 'STATE', 'TASKS', 'TOPIC', 'ROWS LEFT, AT MOST', 'BEHIND', 'VENDOR TO WAREHOUSE', 'NEWEST ROW', 'DEAD LETTERS'],
    rows,
    ['left', 'left', 'left', 'left', 'right', 'left', 'right', 'right', 'right'],
  );
  return [table, ...sinkNotes(landing, found).map(({ text }) => text)].join('\n');
}

function tasksText(tasks: LandingStatus['tasks']): string {
  if (tasks.length === 0) return 'none';
  const counts = new Map<string, number>();
  for (const { state } of tasks) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].map(([state, n]) => `${n} ${state.toLowerCase()}`).join(', ');
}

function painted(state: LandingStatus['state'], paint: Paint): string {
  const text = state.toLowerCase();
  if (state === 'RUNNING') return paint.good(text);
  return state === 'FAILED' || state === 'MISSING' ? paint.bad(text) : paint.odd(text);
}
