import { createHash } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { forwardTime } from '../core/clock.ts';
import type { Guarded } from './guard.ts';

/** Within this time after the answer the same form is the same click. */
export const sameClickMs = 3_000;
/** Sessions whose last form is remembered. */
const mostSessions = 1_000;

interface Sent {
  readonly what: string;
  /** Where the command led to; undefined when it was not done. */
  readonly led: Promise<string | undefined>;
  /** When it was answered; undefined while it is under way. */
  answeredAt?: number;
}

/**
 * A form that is sent twice, as by a double click, is done once: the second one is led to where the first one was. Only the
 * last form of each session counts, so pause, resume and pause again are three commands. What was not done may be
 * repeated at once.
 */
export function onceGuard(now: () => number, except: (path: string) => boolean): MiddlewareHandler<Guarded> {
  const time = forwardTime(now);
  const last = new Map<string, Sent>();
  return async (c, next) => {
    if (c.req.method !== 'POST' || except(c.req.path)) return next();
    const session = c.get('session');
    const what = createHash('sha256')
      .update(JSON.stringify([c.req.path, await c.req.parseBody({ all: true })]))
      .digest('base64');
    const before = last.get(session);
    if (before?.what === what && (before.answeredAt === undefined || time() - before.answeredAt < sameClickMs)) {
      const led = await before.led;
      if (led !== undefined) return c.redirect(led, 303);
    }
    let answered: (led: string | undefined) => void = () => undefined;
    const sent: Sent = { what, led: new Promise((resolve) => (answered = resolve)) };
    last.delete(session);
    last.set(session, sent);
    for (const old of [...last.keys()].slice(0, Math.max(0, last.size - mostSessions))) last.delete(old);
    try {
      await next();
    } finally {
      sent.answeredAt = time();
      answered(c.res.status === 303 ? (c.res.headers.get('location') ?? undefined) : undefined);
    }
  };
}
