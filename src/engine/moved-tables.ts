import type { ConnectionSettings } from '../config/settings.ts';
import { TributaryError } from '../core/errors.ts';
import type { KafkaAccess } from '../kafka/client.ts';
import { readAllStates } from '../kafka/meta/state.ts';
import type { TopicNaming } from '../kafka/meta/topic-names.ts';
import { movedTable } from '../kafka/topic-rules.ts';

/**
 * Refuses to go on if the settings name other topics for tables that were read before. Called before a topic is created, a schema
 * registered or a sink changed, and before rows are looked for in a topic that does not hold them.
 *
 * @throws TributaryError `config`
 */
export async function requireKeptNames(
  access: KafkaAccess,
  naming: TopicNaming,
  connections: readonly Pick<ConnectionSettings, 'name' | 'tables'>[],
): Promise<void> {
  // What an open transaction hides is looked at again when the connection is opened.
  const states = await readAllStates(access, { skipOpen: true }).catch((error: unknown) => {
    // An unreadable record stops its connection only, when that connection is opened.
    if (error instanceof TributaryError && error.code === 'kafka:state-version') return new Map<string, never>();
    throw error;
  });
  const moved = connections.flatMap(({ name, tables }) =>
    tables.flatMap((table) => {
      const error = movedTable(naming, name, table.name, states.get(name)?.states.get(table.name));
      return error === undefined ? [] : [{ error, table: `${name}.${table.name}` }];
    }),
  );
  const [first, ...others] = moved;
  if (first === undefined) return;
  const { message, code, remedy } = first.error;
  throw new TributaryError(others.length === 0 ? message : `${message} The same goes for ${others.map(({ table }) => table).join(', ')}.`, {
    kind: 'config',
    reach: 'connection',
    ...(code === undefined ? {} : { code }),
    ...(remedy === undefined ? {} : { remedy }),
  });
}
