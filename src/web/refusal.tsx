/** @jsxRuntime automatic @jsxImportSource hono/jsx */
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { shownJson, shownLines } from '../core/shown.ts';
import { ErrorPage } from './views/login.tsx';

/** Why something is not done. */
export interface Reason {
  readonly message: string;
  readonly code: string;
  readonly remedy?: string | undefined;
  /** Heading for a person. */
  readonly title?: string;
}

/** A page as it is sent: nothing in it turns, hides or ends what stands behind. */
export const textOf = (page: string): string => `<!doctype html>${shownLines(page)}`;

export const isApi = (c: Context): boolean => c.req.path.startsWith('/api/') || c.req.path === '/events';

/** Refuses a request: programs get JSON, a person a page that leads on. */
export function refuse(c: Context, status: ContentfulStatusCode, { message, code, remedy, title = 'That did not work' }: Reason): Response {
  if (isApi(c)) {
    const error = { message, code, ...(remedy === undefined ? {} : { remedy }) };
    return c.body(shownJson(JSON.stringify({ error })), status, { 'content-type': 'application/json' });
  }
  return c.html(textOf((<ErrorPage title={title} message={message} remedy={remedy} />).toString()), status, {
    'cache-control': 'no-store',
  });
}
