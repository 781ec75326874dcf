import { randomUUID } from 'node:crypto';
import type { KafkaAccess } from '../client.ts';
import { plainProducer, withClient } from '../client.ts';
import { canonicalText } from '../../core/json/text.ts';
import { sendControl, type ControlRecord } from './control.ts';
import { topicNames } from './topic-names.ts';

/** A command given on the page or on the command line, stored in `_runs` beside the runs. `at`: epoch ms. */
export interface CommandRecord {
  readonly v: 1;
  readonly kind: 'command';
  readonly id: string;
  readonly at: number;
  /** The user, as far as known. */
  readonly user: string;
  readonly address: string;
  /** `pause`, `resume`, `sync`, `resync`, `backfill`, `allow-deletes`, or a change of the settings. */
  readonly command: string;
  readonly connection: string | null;
  readonly table: string | null;
  /** Details of the command, as text. */
  readonly detail: string;
}

/** The user of a command. `address`: the client's address; for the command line, the machine. */
export interface Author {
  readonly user: string;
  readonly address: string;
}

/** A command to be recorded. */
export type Command = Omit<CommandRecord, 'v' | 'kind' | 'id'>;

const SEND_DEADLINE = 30_000;

/** Records commands; returns once the records are committed. */
export async function noteCommands(access: KafkaAccess, commands: readonly Command[]): Promise<void> {
  const records = commands.map((command): CommandRecord => ({ v: 1, kind: 'command', id: randomUUID(), ...command }));
  const { producer, cut } = plainProducer(access, { maxInFlightRequests: 1 });
  await withClient(
    access,
    'Noting the command',
    { connect: () => producer.connect(), disconnect: () => producer.disconnect(), cut },
    SEND_DEADLINE,
    () =>
      producer.send({
        topic: topicNames(access.settings.prefix).runs,
        acks: -1,
        messages: records.map((record) => ({ partition: 0, key: canonicalText({ command: record.id }), value: canonicalText(record) })),
      }),
  );
}

/** Records the commands, then sends them: a command that cannot be recorded is not sent. */
export async function giveCommands(
  access: KafkaAccess,
  records: readonly ControlRecord[],
  { user, address, at }: Author & { readonly at: number },
): Promise<void> {
  await noteCommands(
    access,
    records.map(({ connection, table, ...rest }) => ({ at, user, address, connection, table, ...inWords(rest) })),
  );
  await sendControl(access, records);
}

function inWords({ slot, value }: Pick<ControlRecord, 'slot' | 'value'>): Pick<Command, 'command' | 'detail'> {
  switch (slot) {
    case 'paused':
      return { command: value !== null && 'paused' in value && value.paused ? 'pause' : 'resume', detail: '' };
    case 'trigger':
      return { command: 'sync', detail: '' };
    case 'allow-deletes':
      return { command: 'allow-deletes', detail: '' };
    case 'backfill': {
      const since = value !== null && 'since' in value ? value.since : null;
      if (since === null) return { command: 'resync', detail: 'all history' };
      return { command: 'backfill', detail: `history since ${new Date(since).toISOString().slice(0, 10)}` };
    }
  }
}

/** Parses a command from a record of `_runs`; undefined for a record of another kind. */
export function commandRecord(fields: Record<string, unknown> | undefined): CommandRecord | undefined {
  return fields?.['v'] === 1 && fields['kind'] === 'command' ? (fields as unknown as CommandRecord) : undefined;
}
