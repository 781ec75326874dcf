import { forwardTime, onAbort } from '../../core/clock.ts';
import type { Clock } from '../../core/clock.ts';

/** At most `limit` requests in any `per` ms. */
export interface RateWindow {
  readonly limit: number;
  readonly per: number;
  /**
   * Upper limit of the latency jitter that is added to a request's time in the window, ms (see {@link createBudget}). Without
   * it the whole jitter is added: the limit is never exceeded, but much of a short window stays unused when the vendor's
   * latency varies. With it requests leave evenly spaced, so that they do not queue behind each other. The limit starts at 64
   * times this value, halves after every 30 s without a refusal and doubles after a refusal.
   */
  readonly slack?: number;
}

export interface BucketRule {
  /** All windows hold at the same time. Empty: no limit known. */
  readonly windows: readonly RateWindow[];
  /** A wider bucket that counts these requests as well: a stricter class of endpoints under a limit for all endpoints. */
  readonly within?: string;
}

export interface BudgetRules {
  /** Requests whose bucket is not listed share `default`. */
  readonly buckets: Readonly<Record<string, BucketRule>>;
  /** Requests in flight at once, over all buckets. */
  readonly concurrency: number;
}

/** The vendor's own count, from the headers of an answer. */
export interface QuotaReport {
  readonly remaining: number;
  /** End of the vendor's window, epoch ms. */
  readonly resetAt: number;
}

export interface Ticket {
  /** Time this request waited for the quota, ms. */
  readonly waitedMs: number;
  /** Must be called once, when the answer has arrived or the request has failed. */
  done(report?: QuotaReport): void;
}

export interface Budget {
  /**
   * Resolves when the request may leave; first come, first served within a bucket. `onWait` is called with the time until which
   * the quota is closed, if that is more than half a second away, and whether the vendor said so. Rejects with the signal's
   * reason.
   */
  enter(bucket: string, signal: AbortSignal, onWait: (until: number, byVendor: boolean) => void): Promise<Ticket>;
  /** Closes a bucket until this time (epoch ms), because the vendor said so. */
  block(bucket: string, until: number): void;
}

/** Requests that are measured before the smallest latency counts as the constant part of the latency. */
const WARM_UP = 20;
/** Waits up to this length are the ordinary spacing of requests and are not reported, ms. */
const WORTH_TELLING = 500;
/** Time without a refusal after which the jitter limit is halved, ms. */
const CAUTIOUS = 30_000;
/** Largest factor by which `slack` is multiplied. */
const MOST_CAUTIOUS = 64;
/** Requests that may leave without spacing after a timer fired late. */
const LATE_GAPS = 2;
/** Timers and the vendor's clock may be off by this much, ms. */
const TICK = 2;

interface Waiter {
  readonly bucket: Bucket;
  readonly start: (ticket: Ticket) => void;
  readonly onWait: (until: number, byVendor: boolean) => void;
  toldUntil: number;
  quotaSince: number | undefined;
}

/**
 * The rate limits of one connection.
 *
 * The vendor counts in fixed windows of its own clock, whose borders we do not know. A sliding window is safe for every
 * alignment: a count that stays within the limit in every interval of that length stays within it in the vendor's window. The
 * vendor counts a request when it arrives, which is some time between sending and answer. So a request counts until
 *
 *     sentAt + per + TICK + jitter,   jitter = latency - smallest latency seen
 *
 * The smallest latency delays all requests alike, so it cancels out; for the first 20 requests it counts as 0. `slack` caps the
 * jitter. For windows of a minute this costs well under 1 % of the allowance.
 *
 * The vendor's headers can only reduce what is left: other users of the account, or this process before a restart, have used
 * requests that we did not count. For a single user they never bind, because our sliding count is never below the vendor's.
 */
export function createBudget(rules: BudgetRules, clock: Clock): Budget {
  const buckets = new Map(Object.entries(rules.buckets).map(([name, rule]) => [name, createBucket(rule)]));
  if (!buckets.has('default')) buckets.set('default', createBucket({ windows: [] }));
  for (const [name, { within }] of Object.entries(rules.buckets)) {
    if (within !== undefined) buckets.set(name, nested(buckets.get(name) as Bucket, buckets.get(within) as Bucket));
  }
  const waiting: Waiter[] = [];
  /** The buckets count in this time; others name times of the clock. */
  const time = forwardTime(clock.now);
  const ahead = (): number => time() - clock.now();
  let running = 0;
  let cancelTimer: (() => void) | undefined;

  const bucketOf = (name: string): Bucket => buckets.get(name) ?? (buckets.get('default') as Bucket);

  function begin(waiter: Waiter, now: number): void {
    running += 1;
    const finish = waiter.bucket.send(now);
    let open = true;
    waiter.start({
      waitedMs: waiter.quotaSince === undefined ? 0 : now - waiter.quotaSince,
      done(report) {
        if (!open) return;
        open = false;
        running -= 1;
        finish(time(), report && { ...report, resetAt: report.resetAt + ahead() });
        pump();
      },
    });
  }

  function pump(): void {
    cancelTimer?.();
    cancelTimer = undefined;
    const now = time();
    const closed = new Map<Bucket, number>();
    for (let i = 0; i < waiting.length && running < rules.concurrency;) {
      const waiter = waiting[i] as Waiter;
      const at = closed.get(waiter.bucket) ?? waiter.bucket.opensAt(now);
      if (at <= now) {
        waiting.splice(i, 1);
        begin(waiter, now);
        continue;
      }
      closed.set(waiter.bucket, at);
      waiter.quotaSince ??= now;
      if (Number.isFinite(at) && at - now > WORTH_TELLING && Math.abs(at - waiter.toldUntil) > 1_000) {
        waiter.toldUntil = at;
        waiter.onWait(at - ahead(), waiter.bucket.vendorSays() >= at);
      }
      i += 1;
    }
    const wake = Math.min(...closed.values());
    if (Number.isFinite(wake)) cancelTimer = clock.timer(wake - now, pump);
  }

  return {
    enter(bucket, signal, onWait) {
      return new Promise<Ticket>((resolve, reject) => {
        if (signal.aborted) {
          reject(signal.reason);
          return;
        }
        const leave = (): void => {
          const index = waiting.indexOf(waiter);
          if (index >= 0) waiting.splice(index, 1);
          reject(signal.reason);
          pump();
        };
        const waiter: Waiter = {
          bucket: bucketOf(bucket),
          onWait,
          toldUntil: Number.NEGATIVE_INFINITY,
          quotaSince: undefined,
          start(ticket) {
            forget();
            resolve(ticket);
          },
        };
        const forget = onAbort(signal, leave);
        waiting.push(waiter);
        pump();
      });
    },
    block(bucket, until) {
      bucketOf(bucket).block(until + ahead());
      pump();
    },
  };
}

interface Bucket {
  /** `now` when open, else the time at which it opens; infinite when only a finished request can open it. */
  opensAt(now: number): number;
  send(now: number): (now: number, report: QuotaReport | undefined) => void;
  block(until: number): void;
  /** Time until which the vendor has closed it; in the past when it is open. */
  vendorSays(): number;
}

function createBucket(rule: BucketRule): Bucket {
  const logs = rule.windows.map(createLog);
  let blockedUntil = Number.NEGATIVE_INFINITY;
  let vendor: { left: number; until: number } | undefined;
  let sent = 0;
  let samples = 0;
  let minLatency = Number.POSITIVE_INFINITY;
  let caution = MOST_CAUTIOUS;
  let cautiousUntil: number | undefined;

  function learn(report: QuotaReport, sentSince: number): void {
    const left = report.remaining - sentSince;
    const half = Math.max(...rule.windows.map((window) => window.per), 1_000) / 2;
    if (vendor === undefined || report.resetAt > vendor.until + half) vendor = { left, until: report.resetAt };
    else vendor = { left: Math.min(vendor.left, left), until: Math.min(vendor.until, report.resetAt) };
  }

  return {
    opensAt(now) {
      if (vendor !== undefined && vendor.until <= now) vendor = undefined;
      cautiousUntil ??= now + CAUTIOUS;
      if (caution > 1 && cautiousUntil <= now) {
        caution /= 2;
        cautiousUntil = now + CAUTIOUS;
      }
      const vendorAt = vendor !== undefined && vendor.left <= 0 ? vendor.until : now;
      return Math.max(now, blockedUntil, vendorAt, ...logs.map((log) => log.opensAt(now)));
    },
    send(now) {
      sent += 1;
      const number = sent;
      if (vendor !== undefined) vendor.left -= 1;
      for (const log of logs) log.begin(now);
      return (doneAt, report) => {
        const latency = Math.max(0, doneAt - now);
        samples += 1;
        minLatency = Math.min(minLatency, latency);
        const jitter = latency - (samples <= WARM_UP ? 0 : minLatency);
        for (const log of logs) log.end(now, jitter, caution);
        if (report !== undefined) learn(report, sent - number);
      };
    },
    block(until) {
      // Requests in flight together are refused together, so only the first of these refusals doubles the factor.
      if (cautiousUntil === undefined || until > cautiousUntil - CAUTIOUS + 1_000) {
        caution = Math.min(MOST_CAUTIOUS, caution * 2);
        cautiousUntil = until + CAUTIOUS;
      }
      blockedUntil = Math.max(blockedUntil, until);
    },
    vendorSays: () => Math.max(blockedUntil, vendor !== undefined && vendor.left <= 0 ? vendor.until : blockedUntil),
  };
}

/** A bucket whose requests also count in a wider one. The vendor's headers describe the inner bucket only. */
function nested(own: Bucket, wider: Bucket): Bucket {
  return {
    opensAt: (now) => Math.max(own.opensAt(now), wider.opensAt(now)),
    send(now) {
      const finish = [own.send(now), wider.send(now)] as const;
      return (doneAt, report) => {
        finish[0](doneAt, report);
        finish[1](doneAt, undefined);
      };
    },
    block: own.block,
    vendorSays: () => Math.max(own.vendorSays(), wider.vendorSays()),
  };
}

/** The sliding count of one window: the requests in flight, and for each finished one the time until which it counts. */
function createLog(window: RateWindow): {
  opensAt(now: number): number;
  begin(now: number): void;
  end(sentAt: number, jitter: number, caution: number): void;
} {
  const ends: number[] = [];
  let head = 0;
  let underWay = 0;
  let nextAt = Number.NEGATIVE_INFINITY;
  return {
    opensAt(now) {
      while (head < ends.length && (ends[head] as number) <= now) head += 1;
      if (head > 1_024 && head * 2 > ends.length) {
        ends.splice(0, head);
        head = 0;
      }
      const surplus = underWay + (ends.length - head) - window.limit;
      const open = surplus < 0 ? now : (ends[head + surplus] ?? Number.POSITIVE_INFINITY);
      return Math.max(open, nextAt);
    },
    begin(now) {
      underWay += 1;
      if (window.slack === undefined) return;
      const gap = (window.per + TICK) / window.limit;
      // A timer that fired late may be made up for by {@link LATE_GAPS} requests; idle time may not.
      nextAt = Math.max(nextAt, now - LATE_GAPS * gap) + gap;
    },
    end(sentAt, jitter, caution) {
      underWay -= 1;
      const counted = window.slack === undefined ? jitter : Math.min(jitter, window.slack * caution);
      const until = sentAt + counted + window.per + TICK;
      let at = ends.length;
      while (at > head && (ends[at - 1] as number) > until) at -= 1;
      ends.splice(at, 0, until);
    },
  };
}
