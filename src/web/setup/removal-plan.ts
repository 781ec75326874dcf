import { TributaryError } from '../../core/errors.ts';
import { plural } from '../../observability/text.ts';
import type { Site } from '../app.tsx';
import type { WebLanding } from '../context.ts';
import { requireLandingOf } from '../landing-pages.tsx';
import { requireConnection } from '../pages.tsx';
import type { Saving } from './drafts.ts';
import type { Change } from './edit-yaml.ts';
import { draft, type Draft } from './settings-file.ts';

/** What taking a connection or a landing out of the settings does. Nothing is done by making it. */
export interface RemovalPlan {
  readonly name: string;
  readonly saving: Saving;
  /** What goes and what stays, a sentence each. */
  readonly consequences: readonly string[];
  /** Stops the connectors that go. Throws when a Connect worker does not answer: then nothing has been taken out of the settings. */
  stop(): Promise<void>;
}

/** A sink that goes with what is removed. */
interface Sink {
  readonly open: WebLanding;
  readonly connector: string;
}

/** Throws `config` for a connection that is not there, or that a landing cannot do without. */
export function connectionRemoval(site: Site, named: string): RemovalPlan {
  const { context, board } = site;
  const connection = requireConnection(site, named);
  const { name } = connection;
  const sinks = context
    .landings()
    .flatMap((open) => open.rendered.connectors.filter((one) => one.connection === name).map((one) => ({ open, connector: one.name })));
  const published = connection.tables.reduce((sum, table) => sum + (board.facts.state(table.name)?.rowsPublished ?? 0), 0);
  return {
    name,
    saving: { draft: withoutConnection(site, name), command: 'connection-remove', connection: name, detail: '' },
    consequences: [
      `${plural(connection.tables.length, 'table')} of ${connection.sourceTitle} will be read no more. Runs that are under way stop after the page they are at.`,
      ...stopped(sinks),
      `The topics stay with all they hold (${plural(published, 'row')} published so far), and so do the positions: a connection of the same name goes on where this one stopped.`,
      sinks.length === 0 ? 'No warehouse lands this connection.' : 'The tables in the warehouses stay with all their rows.',
    ],
    stop: () => stop(sinks),
  };
}

/** Throws `config` for a landing that is not there. */
export function landingRemoval(site: Site, named: string): RemovalPlan {
  const { name, open } = requireLandingOf(site, named);
  const sinks = open.rendered.connectors.map((one) => ({ open, connector: one.name }));
  const seen = site.board.snapshot().landings.find((one) => one.name === name);
  const waiting =
    seen?.seenAt === undefined
      ? 'how many rows have not landed yet is not known'
      : seen.rowsAtMost === 0
        ? 'every row has landed'
        : `up to ${plural(seen.rowsAtMost, 'row')} that have not landed yet will not`;
  return {
    name,
    saving: {
      draft: draft(site.context, [{ path: ['landings', name], value: undefined }]),
      ...{ command: 'landing-remove', connection: null, detail: name },
    },
    consequences: [
      ...stopped(sinks),
      `The tables in the warehouse stay with all their rows; ${waiting}.`,
      'The topics stay, and so do the dead-letter topics. A landing of the same name goes on where this one stopped.',
    ],
    stop: () => stop(sinks),
  };
}

/** The settings without the connection, which no landing may name any more either. */
function withoutConnection({ context }: Site, name: string): Draft {
  const changes: Change[] = [{ path: ['connections', name], value: undefined }];
  for (const { landing } of context.landings()) {
    const named = landing.settings.connections;
    if (!named?.includes(name)) continue;
    if (named.length === 1)
      throw new TributaryError(`The landing ${landing.name} lands nothing but ${name}.`, {
        kind: 'config',
        remedy: `Remove the landing ${landing.name} first.`,
      });
    changes.push({ path: ['landings', landing.name, 'connections'], value: named.filter((one) => one !== name) });
  }
  return draft(context, changes);
}

async function stop(sinks: readonly Sink[]): Promise<void> {
  for (const { open, connector } of sinks) if ((await open.connect?.status(connector)) !== undefined) await open.connect?.delete(connector);
}

function stopped(sinks: readonly Sink[]): string[] {
  if (sinks.length === 0) return [];
  return [
    `${plural(sinks.length, 'connector')} will be stopped and deleted from Kafka Connect: ${sinks.map(({ connector }) => connector).join(', ')}.`,
  ];
}
