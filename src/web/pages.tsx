/** @jsxRuntime automatic @jsxImportSource hono/jsx */
import type { Context, Hono } from 'hono';
import { historySince, parseStartDate, type HistoryRange } from '../config/dates.ts';
import { TributaryError } from '../core/errors.ts';
import type { Site } from './app.tsx';
import { giveCommand, targetsOf, type Command, type Target } from './commands.ts';
import { addressOf, type Guarded } from './guard.ts';
import type { ConnectionView } from './model/board-rows.ts';
import { definitionOf, requireRow, tableDetail } from './model/table-detail.ts';
import { lastChanges, lookUp } from './model/topic-rows.ts';
import { Confirm, questions, type Question } from './views/confirm.tsx';
import { Connection, tabs, type Tab } from './views/connection.tsx';
import { Overview, sortings, type OverviewQuery } from './views/overview.tsx';
import { Changes, LookUp } from './views/rows.tsx';
import { Audit, Workers } from './views/system.tsx';
import { Table } from './views/table.tsx';
import { connectionPath, tablePath } from './views/view.ts';
import { addLandingPages } from './landing-pages.tsx';

/** Every page of the site, and the commands of their buttons. */
export function addPages(app: Hono<Guarded>, site: Site): void {
  const { board, context } = site;
  const one = (c: Context): ConnectionView => requireConnection(site, c.req.param('connection') ?? '');

  app.get('/', (c) => site.show(c, <Overview view={site.view(c)} board={board.snapshot()} query={overviewQuery(c)} />));
  app.get('/c/:connection', (c) => {
    const errors = c.req.query('errors');
    return site.show(
      c,
      <Connection view={site.view(c)} connection={one(c)} tab={tabOf(c.req.query('tab'))} {...(errors === undefined ? {} : { errors })} />,
    );
  });
  app.get('/c/:connection/t/:table', async (c) => {
    const detail = await tableDetail(context, board, c.req.param('connection'), c.req.param('table'));
    return site.show(c, <Table view={site.view(c)} detail={detail} errors={c.req.query('errors') !== undefined} />);
  });
  app.get('/c/:connection/t/:table/changes', async (c) => {
    const { connection, table } = c.req.param();
    const changes = await lastChanges(context, connection, definitionOf(context, connection, table), 50);
    return site.show(c, <Changes view={site.view(c)} connection={connection} table={table} changes={changes} />);
  });
  app.get('/c/:connection/t/:table/lookup', async (c) => {
    const { connection, table } = c.req.param();
    const definition = definitionOf(context, connection, table);
    const given = Object.fromEntries(definition.key.map((column) => [column, c.req.query(`key.${column}`) ?? '']));
    try {
      return await site.show(
        c,
        <LookUp view={site.view(c)} connection={connection} table={table} found={await lookUp(context, connection, definition, given)} />,
      );
    } catch (error) {
      if (!(error instanceof TributaryError) || error.kind !== 'config') throw error;
      return site.show(c, <LookUp view={site.view(c)} connection={connection} table={table} error={error.message} />);
    }
  });
  app.get('/workers', (c) => site.show(c, <Workers view={site.view(c)} board={board.snapshot()} pages={site.events.size()} />));
  app.get('/audit', (c) => site.show(c, <Audit view={site.view(c)} board={board.snapshot()} />));

  for (const base of ['/c/:connection', '/c/:connection/t/:table'] as const) {
    app.get(`${base}/ask/:question`, (c) => {
      const question = questions.find((known) => known === c.req.param('question'));
      if (!question) return c.notFound();
      const { history, from = '' } = c.req.query();
      const wrong = history !== undefined && backfillSince(history, from, context.clock.now()) === undefined;
      return ask(c, question, { history, from }, wrong ? 'Give the first day as MM/DD/YYYY or YYYY-MM-DD.' : undefined);
    });
    for (const name of ['pause', 'resume', 'sync', 'resync', 'allow-deletes'] as const)
      app.post(`${base}/${name}`, (c) => command(c, { name }));
    app.post(`${base}/backfill`, async (c) => {
      const form = await c.req.parseBody();
      const [history, from] = [String(form['history'] ?? ''), String(form['from'] ?? '').slice(0, 100)];
      const since = backfillSince(history, from, context.clock.now());
      if (since === undefined) return c.redirect(`${pathOf(c)}/ask/backfill?${new URLSearchParams({ history, from }).toString()}`, 303);
      return command(c, { name: 'backfill', since });
    });
  }
  addLandingPages(app, site);

  function ask(
    c: Context<Guarded>,
    question: Question,
    filled: { readonly history: string | undefined; readonly from: string },
    error: string | undefined,
  ): Promise<Response> {
    const connection = one(c);
    const table = c.req.param('table');
    const row = table === undefined ? {} : { row: requireRow(board, connection.name, table) };
    // Not asked for what the command would refuse.
    targetsOf(context.settings(), { connection: connection.name, table: table ?? null }, { name: question });
    return site.show(
      c,
      <Confirm view={site.view(c)} filled={filled} {...{ connection, question }} {...row} {...(error === undefined ? {} : { error })} />,
    );
  }

  async function command(c: Context<Guarded>, wanted: Command): Promise<Response> {
    const target: Target = { connection: c.req.param('connection') ?? '', table: c.req.param('table') ?? null };
    await giveCommand(context.access, context.settings(), target, wanted, {
      user: c.get('user').name,
      address: addressOf(c),
      now: context.clock.now(),
    });
    void board.refresh();
    return c.redirect(`${fromConnection(c, target) ?? pathOf(c)}?done=${wanted.name}`, 303);
  }
}

/** The page of the connection or table that a request is about. */
function pathOf(c: Context): string {
  const [connection = '', table] = [c.req.param('connection'), c.req.param('table')];
  return table === undefined ? connectionPath(connection) : tablePath(connection, table);
}

/** Where a row's button leads back to: the list it was in. */
function fromConnection(c: Context, { connection, table }: Target): string | undefined {
  const referer = c.req.header('referer');
  if (table === null || referer === undefined) return undefined;
  try {
    return new URL(referer).pathname === connectionPath(connection) ? connectionPath(connection) : undefined;
  } catch {
    return undefined;
  }
}

/** Epoch ms; null for all history; undefined when the date is invalid. */
export function backfillSince(history: string, from: string, now: number): number | null | undefined {
  if (history === 'from') return parseStartDate(from.trim());
  const range = (['30d', '90d', '1y', 'all'] as const satisfies readonly HistoryRange[]).find((known) => known === history);
  return range === undefined ? undefined : (historySince({ range }, now) ?? null);
}

export function requireConnection({ board }: Site, name: string): ConnectionView {
  const found = board.snapshot().connections.find((one) => one.name === name);
  if (found) return found;
  throw new TributaryError(`No connection is called ${name}.`, { kind: 'config', code: 'not_found' });
}

function overviewQuery(c: Context): OverviewQuery {
  return {
    q: (c.req.query('q') ?? '').slice(0, 100),
    state: c.req.query('state') ?? '',
    sort: sortings.find((known) => known === c.req.query('sort')) ?? 'state',
  };
}

function tabOf(text: string | undefined): Tab {
  return tabs.find((known) => known === text) ?? 'periodic';
}
