/** @jsxRuntime automatic @jsxImportSource hono/jsx */
import { Hono, type Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { bodyLimit } from 'hono/body-limit';
import { compress } from 'hono/compress';
import { HTTPException } from 'hono/http-exception';
import { trimTrailingSlash } from 'hono/trailing-slash';
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Settings } from '../config/settings.ts';
import { sleepUntil } from '../core/clock.ts';
import { asTributaryError } from '../core/errors.ts';
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
  readOnlyRefusal,
  sessionCookie,
  userGuard,
  type Guarded,
} from './guard.ts';
import { addImports, receivingPath } from './imports/pages.tsx';
import { importWork } from './imports/work.ts';
import { createBoard, type Board } from './model/board.ts';
import { onceGuard } from './once.ts';
import { addPages } from './pages.tsx';
import { isApi, refuse, textOf } from './refusal.tsx';
import { createAccess } from './security.ts';
import { addSetup } from './setup/pages.tsx';
import { Login } from './views/login.tsx';
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

/** Pages that are nothing but a form: a read-only server has none of them. */
const formPages = [
  ...['/new/*', '/set-up/*', '/imports/new', '/imports/key'],
  ...['/c/:connection', '/l/:landing'].flatMap((base) => [`${base}/edit`, `${base}/remove`]),
  ...['/c/:connection', '/c/:connection/t/:table'].map((base) => `${base}/ask/:question`),
];

/** Longest wait (ms) of a page for the first look at the topics. */
const FIRST_LOOK = 10_000;

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
  // Nothing is told of tables before the topics have been read once, nor is anybody kept waiting for Kafka that is away.
  const looked = new AbortController();
  void board.ready.finally(() => looked.abort());
  const firstLook = sleepUntil(context.clock, context.clock.now() + FIRST_LOOK, looked.signal);
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
  app.use(trimTrailingSlash());
  app.use(originGuard());
  app.use(async (c, next) => (c.req.path === '/events' ? next() : compress()(c, next)));
  const limited = bodyLimit({ maxSize: largestBody, onError: (c) => c.text('That is too large.\n', 413) });
  app.use(async (c, next) => (c.req.path === receivingPath || isFile(c) ? next() : limited(c, next)));
  addAssets(app);
  addLogin(app, access);
  app.use(userGuard(access, settings.web.read_only));
  for (const path of formPages) app.get(path, (c, next) => (c.get('readOnly') ? readOnlyRefusal(c) : next()));
  app.use(formGuard(access, receivingPath, isFile));
  app.use(onceGuard(context.clock.now, (path) => path === receivingPath || path.startsWith('/api/')));
  app.get('/events', (c) => events.open(c));
  app.post('/logout', (c) => {
    access.logout(getCookie(c, sessionCookie(c)) ?? '');
    deleteCookie(c, sessionCookie(c), { path: '/' });
    return c.redirect('/login', 303);
  });
  app.use(async (_, next) => {
    await firstLook;
    await next();
  });
  const importing = importWork(context);
  addApi(app, site, importing);
  addSetup(app, site);
  addImports(app, site, access, importing);
  addPages(app, site);

  app.notFound((c) =>
    refuse(c, 404, { title: 'Not found', message: `There is no such ${isApi(c) ? 'address' : 'page'}.`, code: 'not_found' }),
  );
  app.onError((thrown, c) => {
    // What hono's own guards refuse.
    if (thrown instanceof HTTPException)
      return thrown.status === 403 ? foreign(c) : refuse(c, thrown.status, { message: thrown.message, code: 'bad_request' });
    const error = asTributaryError(thrown, 'The page');
    if (error.kind === 'internal') context.log.error({ err: thrown }, `The page ${c.req.path} failed`);
    const status =
      error.code === 'not_found' ? 404 : error.kind === 'config' || error.kind === 'data' ? 400 : error.kind === 'internal' ? 500 : 503;
    const message = context.redactor.redact(error.message);
    const remedy = error.remedy === undefined ? undefined : context.redactor.redact(error.remedy);
    return refuse(c, status, { message, remedy, code: error.code ?? error.kind, ...(status === 404 ? { title: 'Not found' } : {}) });
  });

  return {
    fetch: app.fetch as Hono['fetch'],
    board,
    events,
    async stop() {
      events.close();
      looked.abort();
      await Promise.all([board.stop(), importing.stop()]);
    },
  };
}

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
    access.tokenAsked
      ? c.html(textOf((<Login to={localPath(c.req.query('to'))} ended={c.req.query('ended') !== undefined} />).toString()))
      : c.redirect('/', 303),
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
