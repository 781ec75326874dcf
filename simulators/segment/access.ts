import type { Answer, Handler, SimRequest } from '../kit/http-server.ts';
import type { SimClock } from '../kit/clock.ts';
import type { RateWindows } from '../kit/rate-windows.ts';
import { errors, forbidden, notFound, tooManyRequests } from './answers.ts';
import type { Switches } from './options.ts';

/** What a token may read: everything, all but the audit trail, only the workspace, or everything but secrets. */
export type TokenKind = 'business' | 'team' | 'free' | 'member';
export type Tokens = Record<TokenKind, string>;

export interface SegmentLimits {
  enabled: boolean;
  points: number;
  /** A separate limit for alpha endpoints; without it they share the common one. */
  alphaPoints?: number;
  windowMs: number;
}

/** Start of the countdown in the headers when limits are off. */
const UNLIMITED = 1_000_000;

export type Level = 'v1' | 'v1beta' | 'v1alpha';
const LEVELS: Record<string, Level> = { stable: 'v1', beta: 'v1beta', alpha: 'v1alpha', v1: 'v1', v1beta: 'v1beta', v1alpha: 'v1alpha' };
const MATURITY: readonly Level[] = ['v1', 'v1beta', 'v1alpha'];

export interface Visit {
  request: SimRequest;
  token: TokenKind;
  level: Level;
}

export interface RouteRules {
  /** Stability levels of the endpoint. */
  levels: readonly Level[];
  /** Why the workspace or the token may not use it. */
  refusal?(token: TokenKind): string | undefined;
}

export interface AccessParts {
  tokens: Tokens;
  switches: Switches;
  limits: SegmentLimits;
  rates: RateWindows;
  clock: SimClock;
}

/** Checks every request before it reaches the data (token, plan, version, rate) and adds the headers of a success. */
export function guarded(access: AccessParts, rules: RouteRules, answer: (visit: Visit) => Answer): Handler {
  const { clock, switches, limits, rates } = access;
  return (request) => {
    const token = tokenKind(access.tokens, request.headers.authorization);
    const date = { date: new Date(clock.now()).toUTCString() };
    if (token === undefined) {
      const missing = !/^Bearer \S/.test(request.headers.authorization ?? '');
      const status = missing ? 401 : switches.unknownToken;
      return errors(
        status,
        {
          type: status === 401 ? 'unauthorized' : 'forbidden',
          message: missing ? 'A Bearer token is required.' : 'The token is not valid for this workspace.',
        },
        date,
      );
    }
    const strict = limits.alphaPoints !== undefined && rules.levels[0] === 'v1alpha';
    const points = !limits.enabled ? UNLIMITED : strict ? (limits.alphaPoints as number) : limits.points;
    const verdict = rates.take(strict ? `${token} alpha` : token, [{ limit: points, ms: limits.windowMs }]);
    if (!verdict.allowed) return tooManyRequests(verdict.retryMs, points + 1, date);

    const level = wantedLevel(request.headers.accept, rules.levels, switches);
    if (typeof level === 'number')
      return level === 404
        ? notFound('This version of the resource')
        : errors(406, { type: 'not-acceptable', message: 'No such version.' }, date);
    const refusal = rules.refusal?.(token);
    const result = refusal === undefined ? answer({ request, token, level }) : forbidden(refusal);
    const remaining = verdict.remaining[0] as number;
    return {
      ...result,
      headers: {
        ...result.headers,
        ...date,
        ...(result.status < 300 && {
          'x-ratelimit-consumed': String(points - remaining),
          'x-ratelimit-remaining': String(remaining),
          // Whole seconds only, so the window is announced to end slightly later than it does.
          'x-ratelimit-reset': new Date(Math.ceil((clock.now() + (verdict.resetMs[0] as number)) / 1000) * 1000).toUTCString(),
        }),
      },
    };
  };
}

function tokenKind(tokens: Tokens, authorization: string | undefined): TokenKind | undefined {
  return (Object.keys(tokens) as TokenKind[]).find((kind) => authorization === `Bearer ${tokens[kind]}`);
}

function wantedLevel(accept: string | undefined, offered: readonly Level[], switches: Switches): Level | 404 | 406 {
  const best = MATURITY.find((level) => offered.includes(level)) as Level;
  const versioned = /application\/vnd\.segment\.([a-z0-9]+)\+json/.exec(accept ?? '');
  if (!versioned) return best;
  const level = LEVELS[versioned[1] as string];
  if (level !== undefined && offered.includes(level)) return level;
  return switches.unsupportedVersion === 'fallback' ? best : switches.unsupportedVersion;
}
