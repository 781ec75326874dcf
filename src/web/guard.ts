import type { HttpBindings } from '@hono/node-server';
import { getConnInfo } from '@hono/node-server/conninfo';
import type { Context, MiddlewareHandler } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { csrf } from 'hono/csrf';
import { secureHeaders } from 'hono/secure-headers';
import { randomBytes } from 'node:crypto';
import { fromAnotherUser } from './peer.ts';
import { isApi, refuse } from './refusal.tsx';
import type { Access, User } from './security.ts';

/** What the guard has determined about a request. */
export interface Guarded {
  Variables: { user: User; session: string; formToken: string; readOnly: boolean };
}

/**
 * Names of the cookies. A browser keeps one jar for all ports of a host, so each port has names of its own: the log-in at one server would otherwise
 * end the one at another. The port is the one the browser sees, which servers behind one proxy have in common.
 */
export const sessionCookie = (c: Context): string => `tributary_session${portOf(c)}`;
const formCookie = (c: Context): string => `tributary_form${portOf(c)}`;

function portOf(c: Context): string {
  const port = /:(\d{1,5})$/.exec(c.req.header('host') ?? '')?.[1];
  return port === undefined ? '' : `_${port}`;
}

/** Headers of every page: nothing is loaded from other servers, no inline scripts, no framing. */
export const pageHeaders = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'", 'data:'],
    connectSrc: ["'self'"],
    fontSrc: ["'self'"],
    formAction: ["'self'"],
    frameAncestors: ["'none'"],
    baseUri: ["'none'"],
  },
  // Without this header, a browser sends no Origin with our own forms, and a form without an Origin could come from any page.
  referrerPolicy: 'same-origin',
  xFrameOptions: 'DENY',
  // Only the server that terminates TLS may promise this.
  strictTransportSecurity: false,
});

const safe = (method: string): boolean => method === 'GET' || method === 'HEAD';

/** Accepts commands from our own pages and from programs, never from pages of other sites. */
export function originGuard(): MiddlewareHandler {
  const ofForms = csrf({ origin: (origin, c) => ours(origin, c) });
  return async (c, next) => {
    if (safe(c.req.method)) return next();
    // Who names no Origin may still name the page he comes from.
    const origin = c.req.header('origin') ?? c.req.header('referer');
    const site = c.req.header('sec-fetch-site');
    if ((origin !== undefined && !ours(origin, c)) || (site !== undefined && site !== 'same-origin' && site !== 'none')) {
      return foreign(c);
    }
    // A program's command without a body. A form always has a type, and whatever else a browser sends names its Origin.
    const plain = c.req.path.startsWith('/api/') && c.req.header('content-type') === undefined;
    return plain ? next() : ofForms(c, next);
  };
}

/** The answer to a command from somebody else's page. */
export function foreign(c: Context): Response {
  return refuse(c, 403, { message: 'Commands are taken from this page only.', code: 'foreign' });
}

/** The answer to what would change something at a server that only shows. */
export function readOnlyRefusal(c: Context): Response {
  return refuse(c, 403, { message: 'This server is read-only (web.read_only).', code: 'read_only', title: 'Read-only' });
}

/** The answer to a form that another page may have made up. */
export function unknownForm(c: Context): Response {
  return refuse(c, 403, {
    message: 'This form is not from this page, or too old; nothing was done.',
    remedy: 'Go back, load the page again and repeat.',
    code: 'form',
  });
}

function ours(origin: string, c: Context): boolean {
  try {
    return new URL(origin).host === c.req.header('host');
  } catch {
    return false;
  }
}

/** Refuses unknown users: programs get an error, browsers are sent to the log-in. */
export function userGuard(access: Access, readOnly: boolean): MiddlewareHandler<Guarded> {
  return async (c, next) => {
    const session = getCookie(c, sessionCookie(c));
    const user = access.userOf({ address: addressOf(c), header: (name) => c.req.header(name), session });
    if (!user) {
      if (isApi(c)) return refuse(c, 401, { message: 'Who are you? Give the token as Authorization: Bearer ...', code: 'unauthorised' });
      if (!access.tokenAsked)
        return refuse(c, 401, { message: 'Only the proxy named in web.trusted_proxy may send users here.', code: 'unauthorised' });
      // What was sent is not kept: the log-in says so, and leads back to the page with the form.
      return c.redirect(
        safe(c.req.method)
          ? `/login?to=${encodeURIComponent(pathOf(c.req.url))}`
          : `/login?to=${encodeURIComponent(pathOf(c.req.header('referer') ?? '/'))}&ended=yes`,
        303,
      );
    }
    if (user.by === 'loopback' && isStranger(c)) {
      return refuse(c, 403, {
        message: 'This page belongs to the user who runs Tributary on this machine.',
        remedy: 'With web.token set, others are let in by it.',
        code: 'another_user',
      });
    }
    // Logging out changes nothing but the session.
    if (!safe(c.req.method) && readOnly && c.req.path !== '/logout') return readOnlyRefusal(c);
    const form = getCookie(c, formCookie(c)) ?? newFormCookie(c);
    c.set('user', user);
    c.set('session', form);
    c.set('formToken', access.formToken(form));
    c.set('readOnly', readOnly);
    return next();
  };
}

/**
 * Browsers' commands carry what only our own pages know. Programs send JSON, which no foreign form can. `itself`: the one path
 * that looks at its form itself, because a file comes with it. `isFile`: a program's file, which no form can send either.
 */
export function formGuard(access: Access, itself: string, isFile: (c: Context) => boolean): MiddlewareHandler<Guarded> {
  return async (c, next) => {
    if (safe(c.req.method) || c.req.path === itself) return next();
    const type = (c.req.header('content-type') ?? '').split(';')[0]?.trim().toLowerCase();
    if (c.req.path.startsWith('/api/')) {
      const empty = type === '' && (c.req.header('content-length') ?? '0') === '0';
      return type === 'application/json' || empty || isFile(c)
        ? next()
        : refuse(c, 415, { message: 'Send JSON (content-type: application/json).', code: 'content_type' });
    }
    const given = (await c.req.parseBody())['form_token'];
    if (typeof given !== 'string' || !access.formTokenFits(c.get('session'), given)) {
      return unknownForm(c);
    }
    return next();
  };
}

function newFormCookie(c: Context): string {
  const value = randomBytes(18).toString('base64url');
  setCookie(c, formCookie(c), value, { httpOnly: true, sameSite: 'Strict', path: '/', secure: isSecure(c) });
  return value;
}

export function isSecure(c: Context): boolean {
  return new URL(c.req.url).protocol === 'https:' || c.req.header('x-forwarded-proto') === 'https';
}

/** Where to continue after the log-in: never on another server. */
export function localPath(path: string | undefined): string {
  return path !== undefined && /^\/(?![/\\])[\w./?=&%~+-]*$/.test(path) ? path : '/';
}

function pathOf(address: string): string {
  if (!URL.canParse(address)) return '/';
  const { pathname, search } = new URL(address);
  return localPath(pathname + search);
}

/** Whether another user of this machine asks; a test that calls the app without a socket is nobody else. */
function isStranger(c: Context): boolean {
  const { incoming } = (c.env ?? {}) as Partial<HttpBindings>;
  return incoming !== undefined && fromAnotherUser(incoming.socket);
}

export function addressOf(c: Context): string {
  try {
    return getConnInfo(c).remote.address ?? '';
  } catch {
    // A test that calls the app without a socket.
    return '';
  }
}
