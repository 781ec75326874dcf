import type { Answer } from '../kit/http-server.ts';
import { hexDigits } from '../kit/random.ts';

const HEADERS = {
  'content-type': 'application/json; charset=utf-8',
  'cache-control': 'must-revalidate,no-cache,no-store',
  pragma: 'no-cache',
  expires: '0',
  'strict-transport-security': 'max-age=63072000',
  'x-frame-options': 'SAMEORIGIN',
  'x-content-type-options': 'nosniff',
  via: '1.1 google',
};

export function answer(value: unknown): Answer {
  return { status: 200, headers: HEADERS, body: JSON.stringify(value) };
}

let references = 0;
/** A reference number per request, which the vendor puts into its error texts. */
const reference = (): string => `(reference 01J${hexDigits(23, 1, references++, 1).toUpperCase()})`;

export function refusal(
  status: number,
  detail: string,
  more: { pointer?: string; retryAfter?: number; referenced?: boolean } = {},
): Answer {
  const error = {
    detail: more.referenced === false ? detail : `${detail} ${reference()}`,
    status: String(status),
    ...(more.pointer !== undefined && { source: { pointer: more.pointer } }),
  };
  return {
    status,
    headers: { ...HEADERS, ...(more.retryAfter !== undefined && { 'retry-after': String(more.retryAfter) }) },
    body: JSON.stringify({ errors: [error] }),
  };
}

export const badRequest = (): Answer => refusal(400, 'bad request');
export const notFound = (): Answer => refusal(404, 'not found');
export const tooMany = (perSecond: number, retryAfter: number | undefined): Answer =>
  refusal(
    429,
    retryAfter === undefined ? 'daily quota exceeded' : `rate limited to ${perSecond} requests per 1s`,
    retryAfter === undefined ? {} : { retryAfter },
  );

/** The answer for a path without a route. */
export const noSuchPath = (): Answer => ({
  status: 404,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body: '404 page not found',
});
