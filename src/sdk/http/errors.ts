import { cutText } from '../../core/cut.ts';
import { TributaryError } from '../../core/errors.ts';
import type { TributaryErrorOptions } from '../../core/errors.ts';
import { TimedOut, TooLarge } from './attempt.ts';
import type { RawAnswer } from './attempt.ts';
import { retryAfter } from './retry.ts';
import type { Json } from '../../core/types.ts';

export interface HttpAnswer extends RawAnswer {
  /** Parsed body; undefined when it is not JSON or was not asked for. */
  readonly body: Json | undefined;
}

/** What an answer means: options of the error to throw, and a message where the usual one does not fit. */
export type Verdict = TributaryErrorOptions & {
  readonly message?: string;
  /** For a transient kind: attempts of one request after which it is thrown. Default: unlimited. */
  readonly tries?: number;
};

/** Where the request went, for the error's text. */
export interface RequestPlace {
  /** Name for people, e.g. `Klaviyo`. */
  readonly title: string;
  /** Prefix of error codes, e.g. `klaviyo`. */
  readonly vendor: string;
  /** `GET /api/profiles`. */
  readonly what: string;
}

const LONGEST_EXCERPT = 500;
/** Six names are searched at each level, so a deeply nested answer would take very long. */
const DEEPEST_WORDS = 5;
const TLS_CODES = /^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|ERR_TLS)/;

/** The HTTP status in an error's code (`klaviyo:404`); undefined when the error did not come from an answer. */
export function statusOf(error: unknown): number | undefined {
  const digits = error instanceof TributaryError ? /^[^:]+:([0-9]{3})(?::|$)/.exec(error.code ?? '')?.[1] : undefined;
  return digits === undefined ? undefined : Number(digits);
}

const TOO_MANY = /rate[ _-]?limit|too[ _-]many[ _-]requests|throttl|quota[ _-]?exceeded/i;
/** Only the first characters of the answer are searched, because the reason stands at the beginning. */
const REASON = 2_000;

/** A 401 or 403 whose text says that there were too many requests; undefined for every other answer. */
export function refusedForNow(answer: HttpAnswer, place: RequestPlace, now: number): Verdict | undefined {
  if ((answer.status !== 401 && answer.status !== 403) || looksLikeHtml(answer) || !TOO_MANY.test(answer.text.slice(0, REASON)))
    return undefined;
  const retryAt = retryAfter(answer.headers, now);
  return {
    kind: 'rate_limit',
    code: `${place.vendor}:${answer.status}`,
    detail: excerpt(answer.text),
    message: `${place.title} answered ${answer.status} to ${place.what} because of too many requests.`,
    ...(retryAt === undefined ? {} : { retryAt }),
  };
}

/** The usual meaning of an answer; undefined when it is good. The vendor's own rules are applied first. */
export function judge(answer: HttpAnswer, place: RequestPlace, expectJson: boolean, now: number): Verdict | undefined {
  const { status } = answer;
  const base = { code: `${place.vendor}:${status}`, detail: excerpt(answer.text) };
  const said = vendorText(answer.body);
  const html = looksLikeHtml(answer);
  const answered = `${place.title} answered ${status} to ${place.what}`;
  if (status === 206) {
    return {
      ...base,
      kind: 'transient',
      message: `${answered}: a part of the answer, which it was not asked for.`,
      remedy: 'The request is repeated. If this persists, check any cache or proxy between this machine and the vendor.',
    };
  }
  if (status >= 200 && status < 300) {
    if (!expectJson || answer.body !== undefined) return undefined;
    return {
      ...base,
      kind: 'transient',
      code: `${place.vendor}:${html ? 'html' : 'invalid_json'}`,
      message: `${answered} with ${html ? 'a web page' : answer.text.trim() === '' ? 'an empty body' : 'something that is not JSON'} instead of data.`,
      remedy: 'The request is repeated. If this persists, check base_url in the settings and any proxy in between.',
    };
  }
  if (status >= 300 && status < 400) {
    return {
      ...base,
      kind: 'config',
      ...(status === 304
        ? {
            message: `${answered}: nothing has changed, which it was not asked.`,
            remedy: 'Check any cache or proxy between this machine and the vendor. The next run asks again.',
          }
        : { message: `${answered}: a redirect, which is not followed.`, remedy: 'Check base_url in the settings of this connection.' }),
    };
  }
  if (status === 401) {
    return {
      ...base,
      kind: 'config',
      reach: 'connection',
      message: `${answered}: the key was not accepted${quote(said)}.`,
      remedy: 'Check the key in the settings and that it belongs to this account.',
    };
  }
  if (status === 403 && html) {
    return {
      ...base,
      kind: 'transient',
      message: `${answered} with a web page: something in front of the API refused the request.`,
      remedy: 'The request is repeated. If this persists, ask the vendor whether this address is blocked.',
    };
  }
  if (status === 403) {
    return {
      ...base,
      kind: 'config',
      message: `${answered}: the key lacks a right${quote(said)}.`,
      remedy: 'Give the key the right to read this, or leave the table out.',
    };
  }
  if (status === 404 && html) return notOfApi(place);
  if (status === 404) {
    return {
      ...base,
      kind: 'data',
      message: `${answered}: the vendor does not know it${quote(said)}.`,
      remedy: 'If every request ends like this, check base_url in the settings.',
    };
  }
  if (status === 429) {
    const retryAt = retryAfter(answer.headers, now);
    return { ...base, kind: 'rate_limit', message: `${answered}: too many requests.`, ...(retryAt === undefined ? {} : { retryAt }) };
  }
  if (status === 408 || status >= 500) {
    return { ...base, kind: 'transient', message: `${answered}${quote(said)}.`, remedy: 'The request is repeated until it succeeds.' };
  }
  return { ...base, kind: 'data', message: `${answered}: the request was refused${quote(said)}.` };
}

/**
 * The meaning of a 404 that something in front of the API gave. Its code names no status, because readers take the API's own
 * 404 as proof that a row does not exist.
 */
export function notOfApi({ title, vendor, what }: RequestPlace): Verdict {
  return {
    kind: 'data',
    code: `${vendor}:not_api`,
    message: `${title} answered 404 to ${what} with something that is not from its API.`,
    remedy: 'Nothing was deleted. If every request ends like this, check base_url in the settings and any proxy in between.',
  };
}

/** The meaning of a request that got no complete answer. */
export function judgeFailure(error: unknown, place: RequestPlace, limits: { timeoutMs: number; maxBytes: number }): Verdict {
  if (error instanceof TooLarge) {
    return {
      kind: 'data',
      code: `${place.vendor}:too_large`,
      cause: error,
      message: `${place.title}'s answer to ${place.what} ${error.message || `is larger than the cap of ${limits.maxBytes} bytes`}.`,
      remedy: 'Ask for smaller pages.',
    };
  }
  if (error instanceof TimedOut) {
    return {
      kind: 'transient',
      code: `${place.vendor}:timeout`,
      cause: error,
      message: `${place.title} did not finish its answer to ${place.what} within ${Math.round(limits.timeoutMs / 1_000)} s.`,
      remedy: 'The request is repeated until it succeeds.',
    };
  }
  const code = errorCode(error);
  const text = error instanceof Error ? error.message : String(error);
  if (TLS_CODES.test(code)) {
    return {
      kind: 'config',
      reach: 'connection',
      code: `${place.vendor}:tls`,
      detail: `${code} ${text}`,
      cause: error,
      message: `The certificate of ${place.title} was not accepted (${code}).`,
      remedy: "Check base_url in the settings, the machine's clock and its certificate authorities.",
    };
  }
  return {
    kind: 'transient',
    code: `${place.vendor}:network`,
    detail: `${code} ${text}`,
    cause: error,
    message: `${place.title} could not be reached for ${place.what} (${code || text}).`,
    remedy: 'The request is repeated until it succeeds. If this persists, check base_url in the settings and the network.',
  };
}

function errorCode(error: unknown): string {
  const code = typeof error === 'object' && error !== null ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' ? code : '';
}

function looksLikeHtml(answer: HttpAnswer): boolean {
  return /html/i.test(answer.headers['content-type'] ?? '') || /^\s{0,1000}<(!doctype|html|head|body)/i.test(answer.text);
}

/** The vendor's message, searched in the members where APIs usually put it. */
export function vendorText(body: Json | undefined, levels = DEEPEST_WORDS): string | undefined {
  if (typeof body === 'string') return body;
  if (typeof body !== 'object' || body === null || levels === 0) return undefined;
  if (Array.isArray(body)) return vendorText((body as readonly Json[])[0], levels - 1);
  const fields = body as { readonly [field: string]: Json };
  for (const name of ['errors', 'detail', 'message', 'error', 'title', 'meta']) {
    const text = fields[name] === undefined ? undefined : vendorText(fields[name], levels - 1);
    if (text !== undefined && text !== '') return text;
  }
  return undefined;
}

function quote(said: string | undefined): string {
  return said === undefined ? '' : ` (${excerpt(said).replace(/\.$/, '')})`;
}

function excerpt(text: string): string {
  const plain = text
    .slice(0, 4 * LONGEST_EXCERPT)
    .replace(/[\u0000-\u001f\u007f]+/g, ' ')
    .trim();
  return cutText(plain, LONGEST_EXCERPT);
}
