import { randomUUID } from 'node:crypto';
import type { Answer } from '../kit/http-server.ts';

const TYPE = 'application/vnd.api+json';

export interface Problem {
  status: number;
  code: string;
  title: string;
  detail: string;
  source?: { parameter: string } | { pointer: string };
  links?: object;
}

/** Thrown while a request is read; the endpoint turns it into the vendor's error answer. */
export class Refusal extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

export function invalid(detail: string, source: { parameter: string } | { pointer: string }): Refusal {
  return new Refusal({ status: 400, code: 'invalid', title: 'Invalid input.', detail, source });
}

export function notFound(what: string): Refusal {
  return new Refusal({ status: 404, code: 'not_found', title: 'Not found.', detail: what, source: { pointer: '/data/' } });
}

export function problemAnswer(problem: Problem, headers: Record<string, string> = {}): Answer {
  const { status, code, title, detail, source, links } = problem;
  const error = { id: randomUUID(), status, code, title, detail, source: source ?? { pointer: '/data/' }, links: links ?? {}, meta: {} };
  return { status, headers: { 'content-type': TYPE, ...headers }, body: JSON.stringify({ errors: [error] }) };
}

/** Without `seconds` the text names a wait of one second, but there is no header. */
export function throttled(seconds: number | undefined): Answer {
  return problemAnswer(
    {
      status: 429,
      code: 'throttled',
      title: 'Request was throttled.',
      detail: `Request was throttled. Expected available in ${seconds ?? 1} second(s).`,
      source: { pointer: '/data' },
      links: { type: 'https://developers.klaviyo.com/en/docs/rate_limits_and_error_handling' },
    },
    seconds === undefined ? {} : { 'retry-after': String(seconds) },
  );
}

export function document(text: string | Buffer, status = 200): Answer {
  return { status, headers: { 'content-type': TYPE }, body: text };
}
