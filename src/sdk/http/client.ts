import { AsyncResource } from 'node:async_hooks';
import { stepStopped, TributaryError } from '../../core/errors.ts';
import { createBudget } from './budget.ts';
import type { BudgetRules, QuotaReport, Ticket } from './budget.ts';
import { sleepUntil } from '../../core/clock.ts';
import type { Clock } from '../../core/clock.ts';
import { TooLarge, createOpener, createSender } from './attempt.ts';
import type { Attempt, Opener, RawAnswer } from './attempt.ts';
import { textOf } from './decode-text.ts';
import { judge, judgeFailure, refusedForNow } from './errors.ts';
import type { HttpAnswer, RequestPlace, Verdict } from './errors.ts';
import { streamItems } from './stream.ts';
import { requestUrl } from './url.ts';
import type { Query } from './url.ts';
import { createRedactor, type Redactor } from '../../core/redact.ts';
import { cutText } from '../../core/cut.ts';
import { shown } from '../../core/shown.ts';
import { USER_AGENT } from '../../core/version.ts';
import { TooManyNumbers } from '../../core/json/parse.ts';
import { parseJsonInPieces } from '../../core/json/parse-in-pieces.ts';
import { backoff, pauseUntil, unnamedWait } from './retry.ts';
import type { Json, JsonObject } from '../../core/types.ts';

export type { HttpAnswer, Verdict } from './errors.ts';
export { statusOf } from './errors.ts';
export type { Query } from './url.ts';

/** Called for every request, within the async context of the reader that sent it. Times are epoch ms. */
export interface HttpObserver {
  onRequest(endpoint: string, status: number | 'error', durationMs: number, bytes: number): void;
  /** The quota is closed until then, because the vendor said so or by our own count. May be called again with another time. */
  onThrottled(endpoint: string, until: number, byVendor: boolean): void;
  /** Time a request waited for the quota, ms. */
  onWaited(endpoint: string, waitedMs: number): void;
  /** A request failed and is repeated at `error.retryAt`. */
  onRetry(error: TributaryError): void;
  /** A request that had failed before succeeded. */
  onRecovered(): void;
}

export interface HttpEnvironment {
  readonly observer: HttpObserver;
  readonly clock: Clock;
  /** 0..1, for jitter. */
  readonly random: () => number;
  /** Redacts every secret of the process. Default: one that knows this connection's secrets. */
  readonly redactor?: Redactor;
}

export interface HttpOptions {
  /** Name for people, e.g. `Klaviyo`. */
  readonly title: string;
  /** Prefix of error codes, e.g. `klaviyo`. */
  readonly vendor: string;
  /** http(s) only; requests never go to another host. */
  readonly baseUrl: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Deadline from connecting to the last byte, ms. Default 120 s. */
  readonly timeoutMs?: number;
  /** Largest answer after decompression, bytes. Default 32 MiB; an answer that is not streamed is limited to 64 MiB in any case. */
  readonly maxBytes?: number;
  readonly budget: BudgetRules;
  /** The vendor's own error rules, applied before the usual ones; undefined means that the usual ones apply. */
  readonly classify?: (answer: HttpAnswer, now: number) => Verdict | undefined;
  /** Reads the vendor's request count from an answer that is not a rate-limit refusal. */
  readonly quota?: (answer: RawAnswer, now: number) => QuotaReport | undefined;
  /** Texts that must not appear in any error. */
  readonly secrets: readonly string[];
}

export interface RequestOptions {
  /** Name of the endpoint in metrics, without ids; also its bucket in the budget unless `bucket` is set. */
  readonly endpoint: string;
  readonly bucket?: string;
  readonly query?: Query;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly timeoutMs?: number;
  readonly maxBytes?: number;
  /** Default `json`: a success status without JSON counts as a temporary failure of the vendor. */
  readonly expect?: 'json' | 'text';
  /** Attempts after which a transient failure is thrown. Default: unlimited. */
  readonly maxTries?: number;
  /** Time-outs after which the request fails, because a smaller request may succeed. Default: unlimited. */
  readonly maxTimeouts?: number;
  /** Parses an answer of success instead of the usual parser, from its bytes, with the same result but for rows left unparsed. */
  readonly parse?: ((content: Buffer) => Promise<Json>) | undefined;
  /** Called with each answer, of any status, before all other rules; undefined means that the other rules decide. */
  readonly decode?: (answer: RawAnswer) => Promise<Verdict | undefined>;
}

export interface StreamOptions extends Omit<RequestOptions, 'expect'> {
  /** Member of the answer's object that holds the list. Null counts as an empty list. */
  readonly list: string;
  /**
   * The body to post, called before each attempt. The elements of an attempt that broke off have been yielded already: a caller
   * that can resume after them puts that into the next body, any other caller must discard them.
   */
  readonly body: () => unknown;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Null when text was requested. */
  readonly body: Json;
  /** Empty when a request has its own `parse`. */
  readonly text: string;
}

/** Waits for the budget, repeats requests that failed temporarily, throws a TributaryError for every other failure. */
export interface HttpClient {
  get(path: string, options: RequestOptions): Promise<HttpResponse>;
  /** A string `body` is sent as it is, any other as JSON. The request must be safe to repeat. */
  post(path: string, body: unknown, options: RequestOptions): Promise<HttpResponse>;
  /**
   * Posts and yields the elements of a list in the answer in batches as they arrive, so that memory stays flat for an answer of
   * any length. Returns normally only when the whole answer was good. The connection waits while the consumer does.
   */
  stream(path: string, options: StreamOptions): AsyncGenerator<readonly Json[], void, void>;
}

export type HttpFactory = (options: HttpOptions) => HttpClient;

export function createHttpFactory(env: HttpEnvironment): HttpFactory {
  const open = createOpener(env.clock);
  const redactor = env.redactor ?? createRedactor();
  return (options) => {
    for (const secret of options.secrets) redactor.add(secret);
    return createClient(options, env, open, redactor);
  };
}

function createClient(options: HttpOptions, env: HttpEnvironment, open: Opener, redactor: Redactor): HttpClient {
  const send = createSender(open);
  const { clock, observer, random } = env;
  const budget = createBudget(options.budget, clock);
  const clean = (text: string): string => shown(redactor.redact(cutText(text, LONGEST_SENTENCE)));
  const timeoutCode = `${options.vendor}:timeout`;

  function problem(verdict: Verdict, retryAt?: number): TributaryError {
    const { message = `${options.title} could not be read.`, tries: _, ...rest } = verdict;
    return new TributaryError(clean(message), {
      ...rest,
      ...(rest.detail === undefined ? {} : { detail: clean(rest.detail) }),
      ...(retryAt === undefined ? {} : { retryAt }),
      // The cause of a network failure holds the request with its headers.
      cause: undefined,
    });
  }

  const stopped = (place: RequestPlace): TributaryError => stepStopped(place.what);

  /** What an answer means. An answer built in a way that breaks the rules themselves is an error of the vendor, not of this program. */
  async function judged(answer: HttpAnswer, place: RequestPlace, ask: RequestOptions, now: number): Promise<Verdict | undefined> {
    try {
      return (
        (await ask.decode?.(answer)) ??
        refusedForNow(answer, place, now) ??
        options.classify?.(answer, now) ??
        judge(answer, place, ask.expect !== 'text', now)
      );
    } catch (error) {
      // Without its members, which may be what broke the rule; an answer that was JSON stays one.
      const usual = judge({ ...answer, body: answer.body === undefined ? undefined : null }, place, ask.expect !== 'text', now);
      return (
        usual ?? {
          kind: 'data',
          code: `${options.vendor}:unreadable`,
          message: `${options.title}'s answer to ${place.what} cannot be read.`,
          remedy: 'Nothing was deleted. The next run asks again; report it to the vendor if this persists.',
          detail: error instanceof Error ? error.message : String(error),
        }
      );
    }
  }

  /** The vendor's count, if it is plausible: a window cannot end later than the longest pause. */
  function quotaOf(answer: HttpAnswer, now: number): QuotaReport | undefined {
    const report = options.quota?.(answer, now);
    const resetAt = pauseUntil(report?.resetAt, now);
    return report === undefined || resetAt === undefined || Number.isNaN(report.remaining)
      ? undefined
      : { remaining: report.remaining, resetAt: Math.min(resetAt, Math.max(report.resetAt, now)) };
  }

  /** One attempt; `read` gets the answer and yields the elements of a streamed one. */
  async function* tryOnce(
    attempt: Attempt,
    place: RequestPlace,
    ask: RequestOptions,
    ticket: Ticket,
    read: AsyncGenerator<readonly Json[], HttpAnswer, void>,
  ): AsyncGenerator<readonly Json[], HttpAnswer | Verdict, void> {
    const startedAt = clock.now();
    const bucket = ask.bucket ?? ask.endpoint;
    let answer: HttpAnswer | undefined;
    try {
      answer = yield* read;
    } catch (error) {
      if (ask.signal.aborted) throw stopped(place);
      observer.onRequest(ask.endpoint, 'error', clock.now() - startedAt, 0);
      return judgeFailure(error, place, attempt);
    } finally {
      if (answer === undefined) ticket.done();
    }
    const now = clock.now();
    const verdict = bounded(await judged(answer, place, ask, now), now);
    if (verdict?.kind === 'rate_limit' && verdict.retryAt !== undefined) budget.block(bucket, verdict.retryAt);
    ticket.done(verdict?.kind === 'rate_limit' ? undefined : quotaOf(answer, now));
    observer.onRequest(ask.endpoint, answer.status, now - startedAt, answer.bytes);
    if (verdict === undefined) return answer;
    return {
      code: `${options.vendor}:${answer.status}`,
      message: `${options.title} answered ${answer.status} to ${place.what}.`,
      ...verdict,
    };
  }

  /** Repeats the request until an answer is good, without a limit of time; throws failures that repeating cannot solve. */
  async function* untilGood(
    method: Attempt['method'],
    path: string,
    bodyOf: () => unknown,
    ask: RequestOptions,
    read: (attempt: Attempt) => AsyncGenerator<readonly Json[], HttpAnswer, void>,
  ): AsyncGenerator<readonly Json[], HttpAnswer, void> {
    const place: RequestPlace = { title: options.title, vendor: options.vendor, what: `${method} ${path}` };
    const url = requestUrl(options.baseUrl, path, ask.query);
    const onWait = AsyncResource.bind((until: number, byVendor: boolean) => observer.onThrottled(ask.endpoint, until, byVendor));
    let failures = 0;
    let refusals = 0;
    /** Failures by their code, because each code has its own limit of attempts. */
    const failuresOf = new Map<string, number>();
    for (;;) {
      let ticket: Ticket;
      try {
        ticket = await budget.enter(ask.bucket ?? ask.endpoint, ask.signal, onWait);
      } catch {
        throw stopped(place);
      }
      if (ticket.waitedMs > 0) observer.onWaited(ask.endpoint, ticket.waitedMs);
      const attempt = attemptOf(method, url, bodyOf(), ask);
      const outcome = yield* tryOnce(attempt, place, ask, ticket, read(attempt));
      if (!('kind' in outcome)) {
        if (failures > 0) observer.onRecovered();
        return outcome;
      }
      if (outcome.kind === 'rate_limit') {
        refusals += 1;
        const retryAt = outcome.retryAt ?? clock.now() + unnamedWait(refusals, random);
        budget.block(ask.bucket ?? ask.endpoint, retryAt);
        observer.onThrottled(ask.endpoint, retryAt, true);
      } else if (outcome.kind === 'transient') {
        failures += 1;
        const times = (failuresOf.get(outcome.code ?? '') ?? 0) + 1;
        failuresOf.set(outcome.code ?? '', times);
        const limit = Math.min(outcome.tries ?? Infinity, outcome.code === timeoutCode ? (ask.maxTimeouts ?? Infinity) : Infinity);
        if (failures >= (ask.maxTries ?? Infinity) || times >= limit) throw problem(outcome);
        const retryAt = Math.max(outcome.retryAt ?? 0, clock.now() + backoff(failures, random));
        observer.onRetry(problem(outcome, retryAt));
        await sleepUntil(clock, retryAt, ask.signal);
      } else {
        throw problem(outcome);
      }
    }
  }

  function attemptOf(method: Attempt['method'], url: URL, body: unknown, ask: RequestOptions): Attempt {
    const data = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
    return {
      method,
      url,
      headers: {
        accept: 'application/json',
        'user-agent': USER_AGENT,
        ...(typeof body === 'object' ? { 'content-type': 'application/json' } : {}),
        ...options.headers,
        ...ask.headers,
      },
      ...(data === undefined ? {} : { data }),
      timeoutMs: ask.timeoutMs ?? options.timeoutMs ?? 120_000,
      maxBytes: ask.maxBytes ?? options.maxBytes ?? LARGEST,
      signal: ask.signal,
      ...(ask.parse === undefined ? {} : { expect: 'bytes' }),
    };
  }

  async function request(method: Attempt['method'], path: string, body: unknown, ask: RequestOptions): Promise<HttpResponse> {
    const read = (attempt: Attempt): AsyncGenerator<never, HttpAnswer, void> => whole(attempt, ask.expect !== 'text', ask.parse);
    const maxBytes = Math.min(ask.maxBytes ?? options.maxBytes ?? LARGEST, LARGEST_WHOLE);
    for (const tries = untilGood(method, path, () => body, { ...ask, maxBytes }, read); ;) {
      const step = await tries.next();
      if (step.done === true)
        return { status: step.value.status, headers: step.value.headers, body: step.value.body ?? null, text: step.value.text };
    }
  }

  // A whole answer yields nothing before its end.
  // oxlint-disable-next-line require-yield
  async function* whole(attempt: Attempt, expectJson: boolean, parse: RequestOptions['parse']): AsyncGenerator<never, HttpAnswer, void> {
    const raw = await send(attempt);
    if (raw.content !== undefined && parse !== undefined) {
      const { content } = raw;
      const body = await orNothing(() => parse(content));
      return { ...raw, text: body === undefined ? textOf(content) : '', body };
    }
    return { ...raw, body: expectJson || raw.status >= 300 ? await jsonOrNothing(raw.text) : undefined };
  }

  async function* stream(path: string, ask: StreamOptions): AsyncGenerator<readonly Json[], void, void> {
    const { body } = yield* untilGood('POST', path, ask.body, ask, async function* read(attempt) {
      const answer = yield* streamItems(open, attempt, ask.list);
      return answer.status >= 300 ? { ...answer, body: await jsonOrNothing(answer.text) } : answer;
    });
    if (typeof body === 'object' && body !== null && Object.hasOwn(body, ask.list) && (body as JsonObject)[ask.list] === null) return;
    throw new TributaryError(`The answer to ${path} holds no list at ${ask.list}.`, {
      kind: 'data',
      code: 'no_list',
      remedy: 'Nothing was deleted. The next run reads it again.',
    });
  }

  return {
    get: (path, ask) => request('GET', path, undefined, ask),
    post: (path, body, ask) => request('POST', path, body, ask),
    stream,
  };
}

const LARGEST = 32 * 1024 * 1024;
/** Limit of an answer that is not streamed, bytes: `maxBytes` may allow gigabytes for the vendor's streamed lists. */
const LARGEST_WHOLE = 64 * 1024 * 1024;

/** Messages are cut to this length, whatever text of the vendor they contain. */
const LONGEST_SENTENCE = 2_000;

/** The verdict with `retryAt` in the range of {@link pauseUntil}, or without it when it is not a time. */
function bounded(verdict: Verdict | undefined, now: number): Verdict | undefined {
  if (verdict?.retryAt === undefined) return verdict;
  const { retryAt, ...rest } = verdict;
  const until = pauseUntil(retryAt, now);
  return until === undefined ? rest : { ...rest, retryAt: until };
}

const jsonOrNothing = (text: string): Promise<Json | undefined> => orNothing(() => parseJsonInPieces(text));

async function orNothing(parse: () => Promise<Json>): Promise<Json | undefined> {
  try {
    return await parse();
  } catch (error) {
    // It may well be JSON, and would be the same the next time.
    if (error instanceof TooManyNumbers) throw new TooLarge(error.message);
    return undefined;
  }
}
