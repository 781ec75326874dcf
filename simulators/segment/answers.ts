import type { Answer } from '../kit/http-server.ts';

const TYPE = 'application/json; charset=utf-8';

export function data(value: unknown): Answer {
  return { status: 200, headers: { 'content-type': TYPE }, body: JSON.stringify({ data: value }) };
}

export interface VendorError {
  type: string;
  message?: string;
  field?: string;
  data?: unknown;
}

export function errors(status: number, error: VendorError, headers?: Record<string, string>): Answer {
  return { status, headers: { 'content-type': TYPE, ...headers }, body: JSON.stringify({ errors: [error] }) };
}

export const invalid = (field: string, message: string): Answer =>
  errors(422, { type: 'input-validation', message: `"${field}" ${message}`, field });
export const notFound = (what: string): Answer => errors(404, { type: 'not-found', message: `${what} does not exist.` });
export const forbidden = (message: string): Answer => errors(403, { type: 'forbidden', message });

export function tooManyRequests(msBeforeNext: number, consumed: number, headers?: Record<string, string>): Answer {
  return errors(
    429,
    { type: 'RequestError', message: 'Too many requests', data: { remainingPoints: 0, msBeforeNext, consumedPoints: consumed } },
    headers,
  );
}
