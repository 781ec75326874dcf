import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { TributaryError } from '../core/errors.ts';
import { isLoopback } from '../core/host-header.ts';
import type { Settings } from '../config/settings.ts';

/** Who may use the page, and how users are authenticated. */
export interface Access {
  /** Whether a token is required. */
  readonly tokenAsked: boolean;
  /** The user of a request; undefined when it is not authenticated. */
  userOf(request: {
    readonly address: string;
    readonly header: (name: string) => string | undefined;
    readonly session: string | undefined;
  }): User | undefined;
  /** A session for the right token; undefined for a wrong one; `retryAfter` (seconds) after too many wrong ones. */
  login(address: string, token: string): { readonly session: string } | { readonly retryAfter: number } | undefined;
  /** Ends a session at this server, for whoever has kept its cookie, too. */
  logout(session: string): void;
  /** A value only pages of this session know; forms carry it. */
  formToken(session: string): string;
  formTokenFits(session: string, given: string): boolean;
}

export interface User {
  readonly name: string;
  /** How we know: only users of this machine can reach a loopback address, and the guard tells them apart. */
  readonly by: 'loopback' | 'token' | 'proxy';
}

const sessionMs = 12 * 3_600_000;
const triesPerAddress = 10;
const triesAtAll = 200;
const triesWindowMs = 5 * 60_000;

/**
 * @throws TributaryError `config` when the page would be open without a log-in on an address that other machines can reach.
 */
export function createAccess(settings: Pick<Settings, 'metrics' | 'web'>, now: () => number): Access {
  const {
    metrics: { host },
    web,
  } = settings;
  const { token, trusted_proxy: proxy } = web;
  const loopback = isLoopback(host);
  if (!loopback && token === undefined && proxy === undefined) {
    throw new TributaryError(`The data-sync page would be open to everybody who can reach ${host}.`, {
      kind: 'config',
      remedy:
        'Set web.token (e.g. ${TRIBUTARY_WEB_TOKEN}) or web.trusted_proxy, keep metrics.host at 127.0.0.1, or turn the page off with web.enabled: false.',
    });
  }
  // With a token, sessions survive a restart and are valid on every server with the same token; otherwise they last as long as the process.
  const secret = createHash('sha256')
    .update(`tributary session ${token ?? randomBytes(32).toString('hex')}`)
    .digest();
  const sign = (text: string): string => createHmac('sha256', secret).update(text).digest('base64url');
  const failures = createFailures(now);
  /** Sessions that were logged out, by nonce, until when they would have held. */
  const ended = new Map<string, number>();

  const sessionHolds = (session: string): boolean => {
    const [until = '', nonce = '', signature = ''] = session.split('.');
    return same(signature, sign(`session ${until}.${nonce}`)) && Number(until) > now() && !ended.has(nonce);
  };

  return {
    tokenAsked: token !== undefined,
    userOf({ address, header, session }) {
      if (proxy?.addresses.includes(plainAddress(address))) {
        const name = header(proxy.user_header)?.trim();
        if (name) return { name: name.slice(0, 200), by: 'proxy' };
      }
      if (token !== undefined) {
        const given = /^Bearer (.+)$/i.exec(header('authorization') ?? '')?.[1];
        if (given !== undefined)
          return failures.wait(address) === undefined && tokenFits(address, given) ? { name: 'token', by: 'token' } : undefined;
        return session !== undefined && sessionHolds(session) ? { name: 'token', by: 'token' } : undefined;
      }
      return loopback && proxy === undefined ? { name: 'local', by: 'loopback' } : undefined;
    },
    login(address, given) {
      const retryAfter = failures.wait(address);
      if (retryAfter !== undefined) return { retryAfter };
      if (!tokenFits(address, given)) return undefined;
      const named = `${now() + sessionMs}.${randomBytes(12).toString('base64url')}`;
      return { session: `${named}.${sign(`session ${named}`)}` };
    },
    logout(session) {
      // Only what would hold is kept, so that nobody fills the memory with made-up ones.
      if (!sessionHolds(session)) return;
      for (const [nonce, until] of ended) if (until <= now()) ended.delete(nonce);
      const [until = '', nonce = ''] = session.split('.');
      ended.set(nonce, Number(until));
    },
    formToken: (session) => sign(`form ${session}`),
    formTokenFits: (session, given) => same(given, sign(`form ${session}`)),
  };

  function tokenFits(address: string, given: string): boolean {
    const fits = token !== undefined && same(given, token);
    if (!fits) failures.add(address);
    return fits;
  }
}

/** Whether the texts are equal, in a time that does not depend on where they differ. */
function same(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}

/** Turns an IPv4 address mapped into IPv6 back into IPv4. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/, '');
}

interface Failures {
  add(address: string): void;
  /** Seconds until this address may try again. */
  wait(address: string): number | undefined;
}

/** Counts wrong tokens, per address and in total, so that using many addresses does not help. The total limits the memory. */
function createFailures(now: () => number): Failures {
  let recent: { readonly at: number; readonly address: string }[] = [];
  return {
    add(address) {
      recent = [...recent.filter(({ at }) => now() - at < triesWindowMs), { at: now(), address }].slice(-triesAtAll);
    },
    wait(address) {
      recent = recent.filter(({ at }) => now() - at < triesWindowMs);
      const own = recent.filter((one) => one.address === address);
      const first = own.length >= triesPerAddress ? own[own.length - triesPerAddress] : recent.length >= triesAtAll ? recent[0] : undefined;
      return first === undefined ? undefined : Math.max(1, Math.ceil((first.at + triesWindowMs - now()) / 1000));
    },
  };
}
