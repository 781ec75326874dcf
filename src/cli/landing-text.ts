import type { LandingError } from '../landing/errors-log.ts';
import type { LandingStatus } from '../landing/status.ts';
import { count, duration, textTable, type Paint } from '../observability/text.ts';

/** With the age of the warehouse's data, measured from the vendor; absent where it is not known. */
export type FreshLandingStatus = Omit<LandingStatus, 'topics'> & {
  readonly topics: readonly (LandingStatus['topics'][number] & { readonly freshnessSeconds?: number })[];
};

/** Whether a person should look at the connector: it does not run as it should, or may have missed deletes. */
export function landingTroubled({ state, tasks, failure, topics }: LandingStatus): boolean {
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
    `${new Date(at).toISOString()}  ${code}  ${summary}`,
    `    said: ${message}`,
  ]);
  return [`Errors of the last ${range}, newest first:`, ...lines].join('\n');
}

/** Names connectors of landings or connections that are no longer in the settings. */
export function leftoversText(landing: string, names: readonly string[]): string {
  return `${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} still on Kafka Connect but no longer in the settings: \`tributary landing apply ${landing} --prune\` removes ${names.length === 1 ? 'it' : 'them'}.`;
}

/** One line per topic, followed by what is wrong and what to do. */
export function landingStatusText(found: readonly FreshLandingStatus[], now: number, paint: Paint): string {
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
  const reasons = found.flatMap(({ connector, state, failure, topics, deadLetters }) => [
    ...(failure === undefined ? [] : [`${connector} fails: ${failure}`]),
    ...(state === 'MISSING' ? [`${connector} does not exist: apply the landing.`] : []),
    ...topics
      .filter(({ deletesMayBeMissed }) => deletesMayBeMissed)
      .map(
        ({ topic }) =>
          `${connector} is further behind on ${topic} than the topic keeps deletes. Unless this is its first read, rows deleted meanwhile may stay in the warehouse: when it has caught up, empty the table and have it read again.`,
      ),
    ...(deadLetters > 0 ? [`${connector} could not read ${count(deadLetters)} messages; their headers say why.`] : []),
  ]);
  return [table, ...reasons].join('\n');
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
