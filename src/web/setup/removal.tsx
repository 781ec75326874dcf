/** @jsxRuntime automatic @jsxImportSource hono/jsx */
import type { Hono } from 'hono';
import { TributaryError } from '../../core/errors.ts';
import type { Site } from '../app.tsx';
import type { WebLanding } from '../context.ts';
import type { Guarded } from '../guard.ts';
import { requireLandingOf } from '../landing-pages.tsx';
import { requireConnection } from '../pages.tsx';
import { diff, draft, type Change, type Draft } from './settings-file.ts';
import type { Drafts } from './drafts.ts';
import { Removal } from './views.tsx';
import { count, plural } from '../../observability/text.ts';
import { connectionPath, landingPath } from '../views/view.ts';

/** A sink to be removed too. */
interface Sink {
  readonly open: WebLanding;
  readonly connector: string;
}

/** Removes a connection or a landing from the settings: shows what is removed and what stays, and stops its connectors. */
export function addRemoval(app: Hono<Guarded>, site: Site, drafts: Drafts): void {
  const { context } = site;

  app.get('/c/:connection/remove', (c) => {
    const connection = requireConnection(site, c.req.param('connection'));
    const made = withoutConnection(connection.name);
    const sinks = sinksOf(connection.name);
    const published = connection.tables.reduce((sum, { name }) => sum + (site.board.facts.state(name)?.rowsPublished ?? 0), 0);
    return site.show(
      c,
      <Removal
        view={site.view(c)}
        name={connection.name}
        back={connectionPath(connection.name)}
        what="connection"
        lines={diff(made.before, made.after)}
        consequences={[
          `${plural(connection.tables.length, 'table')} of ${connection.sourceTitle} will be read no more. Runs that are under way stop after the page they are at.`,
          ...stopped(sinks),
          `The topics stay with all they hold (${plural(published, 'row')} published so far), and so do the positions: a connection of the same name continues where this one stopped.`,
          sinks.length === 0 ? 'No warehouse lands this connection.' : 'The tables in the warehouses stay with all their rows.',
        ]}
      />,
    );
  });
  app.post('/c/:connection/remove', async (c) => {
    const { name } = requireConnection(site, c.req.param('connection'));
    const made = withoutConnection(name);
    const saving = { draft: made, command: 'connection-remove', connection: name, detail: '' };
    await drafts.save(c, saving, () => stop(sinksOf(name)));
    return c.redirect('/?done=removed', 303);
  });

  app.get('/l/:landing/remove', (c) => {
    const { name, open } = requireLandingOf(site, c.req.param('landing'));
    const made = draft(context, [{ path: ['landings', name], value: undefined }]);
    const seen = site.board.snapshot().landings.find((one) => one.name === name);
    return site.show(
      c,
      <Removal
        view={site.view(c)}
        name={name}
        back={landingPath(name)}
        what="landing"
        lines={diff(made.before, made.after)}
        consequences={[
          ...stopped(allSinks(open)),
          `The tables in the warehouse stay with all their rows${seen === undefined || seen.rowsAtMost === 0 ? '' : `; up to ${count(seen.rowsAtMost)} rows that have not landed yet will not`}.`,
          'The topics stay, and so do the dead-letter topics. A landing of the same name continues where this one stopped.',
        ]}
      />,
    );
  });
  app.post('/l/:landing/remove', async (c) => {
    const { name, open } = requireLandingOf(site, c.req.param('landing'));
    const made = draft(context, [{ path: ['landings', name], value: undefined }]);
    const saving = { draft: made, command: 'landing-remove', connection: null, detail: name };
    await drafts.save(c, saving, () => stop(allSinks(open)));
    return c.redirect('/?done=removed', 303);
  });

  /** The settings without the connection; landings no longer list it either. */
  function withoutConnection(name: string): Draft {
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

  const allSinks = (open: WebLanding): Sink[] => open.rendered.connectors.map(({ name }) => ({ open, connector: name }));
  const sinksOf = (connection: string): Sink[] =>
    context
      .landings()
      .flatMap((open) =>
        open.rendered.connectors.filter((one) => one.connection === connection).map((one) => ({ open, connector: one.name })),
      );

  /** Throws when a Connect worker does not answer; then the settings have not been changed. */
  async function stop(sinks: readonly Sink[]): Promise<void> {
    for (const { open, connector } of sinks)
      if ((await open.connect?.status(connector)) !== undefined) await open.connect?.delete(connector);
  }
}

function stopped(sinks: readonly Sink[]): string[] {
  if (sinks.length === 0) return [];
  return [
    `${plural(sinks.length, 'connector')} will be stopped and deleted from Kafka Connect: ${sinks.map(({ connector }) => connector).join(', ')}.`,
  ];
}
