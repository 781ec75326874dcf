import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context, Hono } from 'hono';
import { parseStartDate } from '../../config/dates.ts';
import { TributaryError } from '../../core/errors.ts';
import { shownJson } from '../../core/shown.ts';
import { readDeadLetters } from '../../kafka/meta/dead-letters.ts';
import type { Site } from '../app.tsx';
import { commandDone, commandNames, giveCommand, type Command, type Target } from '../commands.ts';
import { waitTexts } from '../../observability/wait-text.ts';
import { addressOf, type Guarded } from '../guard.ts';
import type { ImportWork } from '../imports/work.ts';
import { statusOf } from '../model/status.ts';
import { definitionOf, requireRow, runsOf } from '../model/table-detail.ts';
import { lastChanges, lookUp } from '../model/topic-rows.ts';
import { param, type AddRoute } from './add-route.ts';
import { addImportRoutes } from './import-routes.ts';
import { addSetupRoutes } from './setup-routes.ts';
import * as shapes from './shapes.ts';

const json = <S extends z.ZodType>(schema: S, description: string) => ({ description, content: { 'application/json': { schema } } });
const refusals = {
  400: json(shapes.error, 'The request is not valid.'),
  401: json(shapes.error, 'The token is missing or wrong.'),
  403: json(shapes.error, 'This server is read-only, or the request comes from a foreign page.'),
  404: json(shapes.error, 'Not found.'),
  503: json(shapes.error, 'Kafka does not answer at the moment.'),
};
const named = (name: string) =>
  z
    .string()
    .min(1)
    .openapi({ param: { name, in: 'path' } });
const ofConnection = z.object({ connection: named('connection') });
const ofTable = ofConnection.extend({ table: named('table') });
const ofLanding = z.object({ landing: named('landing') });
const last = z.coerce.number().int().min(1).max(1_000).default(50).openapi({ description: 'How many of the newest.' });
const table = '/api/v1/connections/{connection}/tables/{table}';

const order = z.object({
  command: z.enum(commandNames),
  since: z.string().optional().openapi({
    description: 'For a back-fill: first day to read, MM/DD/YYYY or YYYY-MM-DD; all history when absent.',
    example: '2026-01-31',
  }),
});

/** Title and description of the API in `/api/v1/openapi.json` and docs/openapi.json. */
const about = {
  openapi: '3.1.0',
  info: {
    title: 'Tributary',
    version: 'v1',
    description: 'The data-sync page as JSON. Times are epoch milliseconds. With `web.token` set, send it as `Authorization: Bearer`.',
  },
};

/** The JSON API: the same models as the pages and the command line. */
export function addApi(app: Hono<Guarded>, site: Site, work: ImportWork): void {
  const api = apiOf(site, work);
  app.get('/api/v1/openapi.json', (c) => c.json(openapiOf(api)));
  app.route('/', api as unknown as Hono<Guarded>);
}

export const openapiOf = (api: OpenAPIHono<Guarded>): object => api.getOpenAPI31Document(about);

/** Every route with its shapes. A request that does not fit is told so, not guessed at. */
export function apiOf(site: Site, work: ImportWork): OpenAPIHono<Guarded> {
  const { board, context } = site;
  const api = new OpenAPIHono<Guarded>({
    defaultHook: (result, c) => {
      if (result.success) return undefined;
      const message = result.error.issues.map(({ path, message: what }) => `${path.join('.')}: ${what}`).join('; ');
      return c.json({ error: { message, code: 'bad_request' } }, 400);
    },
  });
  // Every answer is redacted; integers beyond 2^53 are sent as text.
  const answer = (value: unknown): Response =>
    new Response(shownJson(context.redactor.redact(JSON.stringify(value, bigints))), {
      headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    });

  const add: AddRoute = (method, path, summary, shape, more, work) => {
    const { params, query, body, file, gives = 'application/json' } = more;
    const content =
      body !== undefined ? { 'application/json': { schema: body } } : file !== undefined ? { [file]: { schema: z.string() } } : undefined;
    const request = {
      ...(params === undefined ? {} : { params }),
      ...(query === undefined ? {} : { query }),
      ...(content === undefined ? {} : { body: { required: true, content } }),
    };
    const route = createRoute({
      method,
      path,
      summary,
      request,
      responses: { 200: { description: summary, content: { [gives]: { schema: shape } } }, ...refusals },
    });
    // Each handler returns a text that is redacted as a whole, so the typed c.json cannot be used.
    api.openapi(route, (async (c: Context<Guarded>) => {
      const value = await work(c);
      return value instanceof Response ? value : answer(value);
    }) as never);
  };

  const tableOf = (c: Context<Guarded>): readonly [string, string] => [param(c, 'connection'), param(c, 'table')];
  const newest = (c: Context<Guarded>): number => Number(c.req.query('last') ?? 50);

  add('get', '/api/v1/status', 'What every table is doing, as `tributary status --json` prints it.', shapes.snapshot, {}, () =>
    statusOf(board.facts, context.settings(), context.clock.now()),
  );
  const overview = z.looseObject({
    at: z.number(),
    connections: z.array(shapes.connection),
    landings: z.array(shapes.landing),
    workers: z.array(shapes.worker),
    parts: z.array(shapes.part),
  });
  add('get', '/api/v1/overview', 'Everything the overview shows.', overview, {}, () => {
    const { commands: _, imports: __, ...shown } = board.snapshot();
    return shown;
  });
  add('get', '/api/v1/connections/{connection}', 'One connection with its tables.', shapes.connection, { params: ofConnection }, (c) => {
    const found = board.snapshot().connections.find(({ name }) => name === param(c, 'connection'));
    if (found) return found;
    throw new TributaryError(`No connection is called ${param(c, 'connection')}.`, { kind: 'config', code: 'not_found' });
  });
  add('get', table, 'One table.', shapes.tableRow, { params: ofTable }, (c) => requireRow(board, ...tableOf(c)));
  const runs = z.object({ runs: z.array(shapes.run) });
  add('get', `${table}/runs`, 'Its runs, newest first.', runs, { params: ofTable, query: z.object({ last }) }, async (c) => ({
    runs: await runsOf(context, board, ...tableOf(c), newest(c)),
  }));
  const letters = z.array(shapes.deadLetter);
  add(
    'get',
    `${table}/dead-letters`,
    'Rows that could not be published, newest first.',
    letters,
    { params: ofTable, query: z.object({ last }) },
    (c) => {
      const { status } = requireRow(board, ...tableOf(c));
      return readDeadLetters(context.access, { connection: status.connection, table: status.table, last: newest(c) });
    },
  );
  const changes = z.object({ changes: z.array(shapes.change) });
  add(
    'get',
    `${table}/changes`,
    'The newest messages of its topic, newest first.',
    changes,
    { params: ofTable, query: z.object({ last }) },
    async (c) => ({
      changes: await lastChanges(context, param(c, 'connection'), definitionOf(context, ...tableOf(c)), Math.min(200, newest(c))),
    }),
  );
  const lookedUp = z.object({ key: z.record(z.string(), z.unknown()), now: shapes.change.nullable(), versions: z.array(shapes.change) });
  const keyQuery = z.object({
    key: z.string().max(10_000).openapi({ description: 'The key columns as a JSON object.', example: '{"id":"1"}' }),
  });
  add('get', `${table}/lookup`, 'The current row of a key in the topic.', lookedUp, { params: ofTable, query: keyQuery }, async (c) => {
    const { key, now, versions } = await lookUp(
      context,
      param(c, 'connection'),
      definitionOf(context, ...tableOf(c)),
      keyOf(c.req.query('key') ?? ''),
    );
    return { key, now: now ?? null, versions };
  });
  add('get', '/api/v1/workers', 'The workers and their connections.', z.object({ workers: z.array(shapes.worker) }), {}, () => ({
    workers: board.snapshot().workers,
  }));
  add('get', '/api/v1/health', 'Whether Kafka, the registry and Connect answer.', z.object({ parts: z.array(shapes.part) }), {}, () => ({
    parts: board.snapshot().parts,
  }));
  add('get', '/api/v1/landings', 'The last observed state of the landings.', z.object({ landings: z.array(shapes.landing) }), {}, () => ({
    landings: board.snapshot().landings,
  }));
  add(
    'get',
    '/api/v1/commands',
    'Commands given on a page or here, newest first.',
    z.object({ commands: z.array(shapes.command) }),
    {},
    () => ({
      commands: board.snapshot().commands,
    }),
  );
  addSetupRoutes(add, site, { ofConnection, ofLanding });
  addImportRoutes(add, site, work);

  for (const [path, params, summary] of [
    ['/api/v1/connections/{connection}/commands', ofConnection, 'Gives a command to all tables of a connection.'],
    [`${table}/commands`, ofTable, 'Gives a command to one table.'],
  ] as const) {
    add('post', path, summary, z.object({ done: z.string() }), { params, body: order }, async (c) => {
      const wanted = commandOf(order.parse(await c.req.json()));
      const target = { connection: param(c, 'connection'), table: c.req.param('table') ?? null };
      const who = { user: c.get('user').name, address: addressOf(c), now: context.clock.now() };
      const waits = wanted.name === 'pause' || wanted.name === 'resume' ? [] : waitsNow(target);
      await giveCommand(context.access, context.settings(), target, wanted, who);
      void board.refresh();
      return { done: [commandDone[wanted.name], ...waits].join(' ') };
    });
  }
  return api;

  /** What a run requested now would wait for. */
  function waitsNow({ connection, table: name }: Target): string[] {
    const now = context.clock.now();
    const own = statusOf(board.facts, context.settings(), now).tables.filter((one) => one.connection === connection);
    const wanted = own.filter(({ table }) => name === null || table === name);
    return waitTexts(
      wanted,
      own.filter((one) => !wanted.includes(one)),
      now,
    );
  }
}

function commandOf({ command, since }: z.infer<typeof order>): Command {
  if (command !== 'backfill') return { name: command };
  if (since === undefined) return { name: 'backfill', since: null };
  const day = parseStartDate(since);
  if (day !== undefined) return { name: 'backfill', since: day };
  throw new TributaryError(`"${since}" is no date.`, { kind: 'config', code: 'bad_request', remedy: 'Write MM/DD/YYYY or YYYY-MM-DD.' });
}

function keyOf(text: string): Record<string, string> {
  try {
    const key: unknown = JSON.parse(text);
    if (typeof key === 'object' && key !== null && !Array.isArray(key)) {
      return Object.fromEntries(Object.entries(key).map(([column, value]) => [column, String(value)]));
    }
  } catch {
    // Reported below, like any other text that is not a key.
  }
  throw new TributaryError('key must be a JSON object of the key columns.', { kind: 'config', code: 'bad_request' });
}

function bigints(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
