/** @jsxRuntime automatic @jsxImportSource hono/jsx */
import { Hono, type Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { bodyLimit } from 'hono/body-limit';
import { compress } from 'hono/compress';
import { HTTPException } from 'hono/http-exception';
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Settings } from '../config/settings.ts';
import { asTributaryError } from '../core/errors.ts';
import { shownJson, shownLines } from '../core/shown.ts';
import { importPath } from './api/import-routes.ts';
import { addApi } from './api/routes.ts';
import { addAssets } from './assets.ts';
import type { WebContext } from './context.ts';
import { createEventStream, type EventStream } from './events.ts';
import {
  addressOf,
  foreign,
  formGuard,
  isSecure,
  localPath,
  originGuard,
  pageHeaders,
  sessionCookie,
  userGuard,
  type Guarded,
} from './guard.ts';
import { addImports, receivingPath } from './imports/pages.tsx';
import { importWork } from './imports/work.ts';
import { createBoard, type Board } from './model/board.ts';
import { onceGuard } from './once.ts';
import { addPages } from './pages.tsx';
import { createAccess } from './security.ts';
import { addSetup } from './setup/pages.tsx';
import { Login, ErrorPage } from './views/login.tsx';
import type { View } from './views/view.ts';
import { commandDone } from './commands.ts';

/** The data-sync page: its routes, its data and its open connections to browsers. */
export interface WebApp {
  readonly fetch: Hono['fetch'];
  readonly board: Board;
  readonly events: EventStream;
  stop(): Promise<void>;
}

/** What the routes share. */
export interface Site {
  readonly context: WebContext;
  readonly board: Board;
  readonly events: EventStream;
  /** Responds with a page. */
  show(c: Context<Guarded>, page: JSX.Element | Promise<JSX.Element>): Promise<Response>;
  view(c: Context<Guarded>): View;
}

/** Largest form or JSON body in bytes; a private key fits. */
const largestBody = 256 * 1024;

/**
 * Creates the page for a topic prefix.
 * @throws TributaryError `config` when anybody could use it without a log-in.
 */
export function createWebApp(
  context: WebContext,
  settings: Pick<Settings, 'metrics' | 'web'>,
  openBoard: (context: WebContext) => Board = createBoard,
): WebApp {
  const access = createAccess(settings, context.clock.now);
  const board = openBoard(context);
  const events = createEventStream(board);
  const app = new Hono<Guarded>();

  const site: Site = {
    context,
    board,
    events,
    show: async (c, page) => c.html(textOf(context.redactor.redact((await page).toString())), 200, { 'cache-control': 'no-store' }),
    view: (c) => {
      const done = c.req.query('done');
      return {
        now: context.clock.now(),
        user: c.get('user'),
        formToken: c.get('formToken'),
        readOnly: c.get('readOnly'),
        path: c.req.path,
        away: awayOf(board),
        version: context.version,
        tokenAsked: access.tokenAsked,
        ...(done !== undefined && Object.hasOwn(told, done) ? { done: told[done] as string } : {}),
      };
    },
  };

  app.use(pageHeaders);
  app.use(originGuard());
  app.use(async (c, next) => (c.req.path === '/events' ? next() : compress()(c, next)));
  const limited = bodyLimit({ maxSize: largestBody, onError: (c) => c.text('That is too large.\n', 413) });
  app.use(async (c, next) => (c.req.path === receivingPath || isFile(c) ? next() : limited(c, next)));
  addAssets(app);
  addLogin(app, access);
  app.use(userGuard(access, settings.web.read_only));
  app.use(formGuard(access, receivingPath, isFile));
  app.use(onceGuard(context.clock.now, (path) => path === receivingPath || path.startsWith('/api/')));
  app.get('/events', (c) => events.open(c));
  app.post('/logout', (c) => {
    access.logout(getCookie(c, sessionCookie(c)) ?? '');
    deleteCookie(c, sessionCookie(c), { path: '/' });
    return c.redirect('/login', 303);
  });
  const importing = importWork(context);
  addApi(app, site, importing);
  addSetup(app, site);
  addImports(app, site, access, importing);
  addPages(app, site);

  app.notFound((c) =>
    c.req.path.startsWith('/api/')
      ? c.json({ error: { message: 'There is no such address.', code: 'not_found' } }, 404)
      : c.html(textOf((<ErrorPage title="Not found" message="There is no such page." />).toString()), 404),
  );
  app.onError((thrown, c) => {
    // What hono's own guards refuse.
    if (thrown instanceof HTTPException)
      return thrown.status === 403 ? foreign(c) : c.json({ error: { message: thrown.message, code: 'bad_request' } }, thrown.status);
    const error = asTributaryError(thrown, 'The page');
    if (error.kind === 'internal') context.log.error({ err: thrown }, `The page ${c.req.path} failed`);
    const status =
      error.code === 'not_found' ? 404 : error.kind === 'config' || error.kind === 'data' ? 400 : error.kind === 'internal' ? 500 : 503;
    const message = context.redactor.redact(error.message);
    const remedy = error.remedy === undefined ? undefined : context.redactor.redact(error.remedy);
    if (c.req.path.startsWith('/api/'))
      return c.body(
        shownJson(JSON.stringify({ error: { message, code: error.code ?? error.kind, ...(remedy === undefined ? {} : { remedy }) } })),
        status,
        { 'content-type': 'application/json' },
      );
    const title = status === 404 ? 'Not found' : 'That did not work';
    return c.html(textOf((<ErrorPage title={title} message={message} remedy={remedy} />).toString()), status);
  });

  return {
    fetch: app.fetch as Hono['fetch'],
    board,
    events,
    async stop() {
      events.close();
      await Promise.all([board.stop(), importing.stop()]);
    },
  };
}

/** A page as it is sent: nothing in it turns, hides or ends what stands behind. */
const textOf = (page: string): string => `<!doctype html>${shownLines(page)}`;

/** A program's file for an import, which is not held in memory. No form can be sent as CSV. */
const isFile = (c: Context): boolean =>
  c.req.method === 'POST' && c.req.path === importPath && (c.req.header('content-type') ?? '').toLowerCase().startsWith('text/csv');

/** Sentences a redirect may ask for by name. */
const told: Readonly<Record<string, string>> = {
  ...commandDone,
  applied: 'Applied: all connectors run.',
  saved: 'Saved. Running workers take it up by themselves.',
  removed: 'Removed from the settings.',
  resumed: 'The import continues where it was interrupted.',
};

function awayOf(board: Board): string[] {
  return board
    .snapshot()
    .parts.filter(({ ok, part }) => !ok && part !== 'connect')
    .map(({ trouble = '', part }) =>
      part === 'kafka' ? `Kafka cannot be read at the moment; the page shows the last known state. ${trouble}` : trouble,
    );
}

function addLogin(app: Hono<Guarded>, access: ReturnType<typeof createAccess>): void {
  app.get('/login', (c) =>
    access.tokenAsked ? c.html(textOf((<Login to={localPath(c.req.query('to'))} />).toString())) : c.redirect('/', 303),
  );
  app.post('/login', async (c) => {
    const form = await c.req.parseBody();
    const to = localPath(typeof form['to'] === 'string' ? form['to'] : undefined);
    const entered = access.login(addressOf(c), typeof form['token'] === 'string' ? form['token'] : '');
    if (entered === undefined) return c.html(textOf((<Login to={to} error="That is not the token." />).toString()), 401);
    if ('retryAfter' in entered)
      return c.html(
        textOf((<Login to={to} error={`Too many wrong tokens. Try again in ${Math.ceil(entered.retryAfter / 60)} min.`} />).toString()),
        429,
        {
          'retry-after': String(entered.retryAfter),
        },
      );
    setCookie(c, sessionCookie(c), entered.session, {
      httpOnly: true,
      sameSite: 'Strict',
      path: '/',
      maxAge: 12 * 3_600,
      secure: isSecure(c),
    });
    return c.redirect(to, 303);
  });
}
