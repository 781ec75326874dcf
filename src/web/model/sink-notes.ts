import { shown } from '../../core/shown.ts';
import { plural, sentence } from '../../observability/text.ts';
import type { LandingStatus } from '../../landing/status.ts';
import { warehouseWords } from '../../landing/warehouse-words.ts';

/** Something about a connector that a person should know, and what to do. */
export interface SinkNote {
  readonly about: 'failure' | 'missing' | 'paused' | 'deletes' | 'dead-letters' | 'warehouse';
  readonly text: string;
}

/** What is odd about a landing's connectors, each thing once: failures first, the warehouse last. */
export function sinkNotes(landing: string, sinks: readonly LandingStatus[]): readonly SinkNote[] {
  const troubles = new Set(sinks.flatMap(({ warehouseTrouble }) => warehouseTrouble ?? []));
  return [
    ...sinks.flatMap((sink) => notesOf(landing, sink)),
    ...[...troubles].map((trouble) => ({ about: 'warehouse' as const, text: `The warehouse could not be asked. ${shown(trouble)}` })),
  ];
}

function notesOf(landing: string, sink: LandingStatus): readonly SinkNote[] {
  const { connector, connection, state, failure, topics, deadLetters, deadLetterTopic } = sink;
  const notes: SinkNote[] = [];
  const note = (about: SinkNote['about'], text: string): void => void notes.push({ about, text });
  if (failure !== undefined) note('failure', failureText(connector, failure));
  if (state === 'MISSING') note('missing', `${connector} does not exist: \`tributary landing apply ${landing}\` makes it.`);
  if (state === 'PAUSED' || state === 'STOPPED')
    note('paused', `${connector} is ${state.toLowerCase()}, so nothing lands until somebody resumes it on Kafka Connect.`);
  const behind = topics.filter(({ deletesMayBeMissed }) => deletesMayBeMissed).map(({ topic }) => topic);
  if (behind.length > 0)
    note(
      'deletes',
      `${connector} is further behind on ${someOf(behind)} than the topic keeps deletes. Unless this is its first read, rows deleted meanwhile may stay in the warehouse: when it has caught up, empty the table and have it read again.`,
    );
  if (deadLetters > 0)
    note(
      'dead-letters',
      `${connector} could not land ${plural(deadLetters, 'message')}: ${deadLetters === 1 ? 'it is' : 'they are'} in ${deadLetterTopic}, and the headers say why. When the cause is gone: \`tributary landing reread ${landing} ${connection}\`.`,
    );
  return notes;
}

const named = 3;

/** The first few, and how many more: a connector may have 63 topics. */
function someOf(topics: readonly string[]): string {
  const rest = topics.length - named;
  return `${topics.slice(0, named).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

function failureText(connector: string, failure: string): string {
  const { summary, remedy } = warehouseWords(failure) ?? { remedy: 'Correct the cause it names, then apply the landing again.' };
  return `${connector} fails: ${sentence(shown(failure))}${summary === undefined ? '' : ` ${summary}`} ${remedy}`;
}
