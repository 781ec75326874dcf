import type { Answer, Handler, SimRequest } from '../kit/http-server.ts';
import type { Call, Context } from './context.ts';
import { problemAnswer, Refusal, throttled } from './errors.ts';
import { dialectOf, windowsOf, type Dialect } from './revisions.ts';

/** The checks of every request before its endpoint: key, revision, scope, rate. Sends no answer when the endpoint returns undefined. */
export function admit(context: Context, route: string, scope: string, endpoint: (call: Call) => Answer | undefined): Handler {
  return (request) => {
    let headers: Record<string, string> = {};
    try {
      context.world.settle();
      const scopes = authenticate(context, request);
      const dialect = readRevision(request);
      authorise(context, route, scope, scopes);
      const rate = takeRate(context, route, dialect, request);
      if ('status' in rate) return rate;
      headers = rate.headers;
      const answer = endpoint({ dialect, path: request.path, query: request.query, params: request.params, body: request.body });
      return answer ? { ...answer, headers: { ...answer.headers, ...headers } } : new Promise<never>(() => {});
    } catch (error) {
      if (error instanceof Refusal) return problemAnswer(error.problem, headers);
      throw error;
    }
  };
}

function authenticate(context: Context, request: SimRequest): readonly string[] {
  const given = request.headers.authorization;
  if (given === undefined) {
    throw new Refusal({
      status: 401,
      code: 'not_authenticated',
      title: 'Authentication credentials were not provided.',
      detail: 'Missing or invalid authorization scheme. Please use Klaviyo-API-Key.',
    });
  }
  const key = given.startsWith('Klaviyo-API-Key ') ? given.slice('Klaviyo-API-Key '.length) : '';
  const scopes = Object.hasOwn(context.keys, key) ? context.keys[key] : undefined;
  if (!scopes)
    throw new Refusal({
      status: 401,
      code: 'authentication_failed',
      title: 'Incorrect authentication credentials.',
      detail: 'Incorrect authentication credentials.',
    });
  return scopes;
}

function readRevision(request: SimRequest): Dialect {
  const given = request.headers['revision'];
  const refuse = (detail: string): Refusal =>
    new Refusal({ status: 400, code: 'invalid', title: 'Invalid input.', detail, source: { parameter: 'revision' } });
  if (typeof given !== 'string') throw refuse('A revision header is required.');
  const dialect = dialectOf(given);
  if (!dialect) throw refuse(`The revision '${given}' does not exist.`);
  return dialect;
}

function authorise(context: Context, route: string, scope: string, scopes: readonly string[]): void {
  const closed = context.quirks.forbidden.some((table) => route === `GET /api/${table}` || route.startsWith(`GET /api/${table}/`));
  if (scopes.includes(scope) && !closed) return;
  throw new Refusal({
    status: 403,
    code: 'permission_denied',
    title: 'You do not have permission to perform this action.',
    detail: `The API key is missing required scopes: ${scope}`,
  });
}

function takeRate(context: Context, route: string, dialect: Dialect, request: SimRequest): Answer | { headers: Record<string, string> } {
  const { limits, rates } = context;
  if (!limits.enabled) return { headers: {} };
  const list = (name: string): string[] => (request.query.get(name) ?? '').split(',');
  const { bucket, windows } = windowsOf(route, dialect, list('additional-fields[profile]'), list('include'));
  const verdict = rates.take(bucket, windows);
  if (!verdict.allowed) {
    const seconds = Math.ceil(verdict.retryMs / 1000);
    const answer = throttled(seconds);
    if (limits.omitRetryAfter) delete answer.headers?.['retry-after'];
    return answer;
  }
  const [burst, steady] = windows;
  const limit = limits.multiPartHeader ? `${steady?.limit}, ${burst?.limit};w=1, ${steady?.limit};w=60` : String(steady?.limit);
  return {
    headers: {
      'ratelimit-limit': limit,
      'ratelimit-remaining': String(verdict.remaining[1]),
      'ratelimit-reset': String(Math.ceil((verdict.resetMs[1] ?? 0) / 1000)),
    },
  };
}
