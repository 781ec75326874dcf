import { onAbort } from '../../core/clock.ts';
import type { Clock } from '../../core/clock.ts';

/** At most `limit` requests in any `per` ms. */
export interface RateWindow {
  readonly limit: number;
  readonly per: number;
  /**
   * How far arrivals may be off their pace before it matters, ms. Without it, as far as the latency of answers varies: that never
   * exceeds the limit, and leaves much of a short window unused where the vendor takes now longer, now shorter to answer. With it
   * requests leave evenly, so that they do not hold each other up; much more is reckoned with at first, half as much after each
   * half minute in which the vendor refused nothing, and twice as much once it did.
   */
  readonly slack?: number;
}

export interface BucketRule {
  /** All of them hold at once. Empty: no limit known. */
  readonly windows: readonly RateWindow[];
  /** A bucket that counts this one's requests as well: a stricter class of endpoints below a limit for all. */
  readonly within?: string;
}

export interface BudgetRules {
  /** Requests that name no bucket of their own share `default`. */
  readonly buckets: Readonly<Record<string, BucketRule>>;
  /** Requests under way at once, over all buckets. */
  readonly concurrency: number;
}

/** What an answer told about the vendor's own count. */
export interface QuotaReport {
  readonly remaining: number;
  /** End of the vendor's window, epoch ms. */
  readonly resetAt: number;
}

export interface Ticket {
  /** Time this request stood back for the quota, ms. */
  readonly waitedMs: number;
  /** Must be called once the answer is in or the request has failed. */
  done(report?: QuotaReport): void;
}

export interface Budget {
  /**
   * Resolves when the request may leave, first come first served within a bucket. `onWait` hears until when
   * the quota is closed, unless that is in a moment, and whether the vendor said so. Rejects with the signal's reason.
   */
  enter(bucket: string, signal: AbortSignal, onWait: (until: number, byVendor: boolean) => void): Promise<Ticket>;
  /** Closes a bucket until then: the vendor said so. */
  block(bucket: string, until: number): void;
}

/** Requests whose latency is watched before the fastest one counts as the path's own delay. */
const WARM_UP = 20;
/** Shorter waits are the ordinary pace of requests, ms. */
const WORTH_TELLING = 500;
/** How long a wider slack is kept when nothing is refused, ms. */
const CAUTIOUS = 30_000;
const MOST_CAUTIOUS = 64;
/** Requests that may follow each other at once when they are late. */
const LATE_GAPS = 2;
/** Timers and the vendor's clock may be off by a tick. */
const TICK = 2;

interface Waiter {
  readonly bucket: Bucket;
  readonly start: (ticket: Ticket) => void;
  readonly onWait: (until: number, byVendor: boolean) => void;
  toldUntil: number;
  quotaSince: number | undefined;
}

/**
 * One budget per connection.
 *
 * A vendor counts in fixed windows of its own clock whose borders we do not know. Counting in a sliding window
 * is safe for every alignment: what never exceeds the limit in any interval of that length cannot exceed it in
 * the vendor's. What matters is when requests arrive, and that lies between sending and answer, so a request
 * keeps its place for the window's length plus the part of its latency that was not the path's own (its latency
 * less the smallest seen). With windows of a minute this costs well under 1 % of the allowance.
 *
 * The vendor's headers can only take away: other users of the account, or ourselves before a restart, have
 * used what our log does not know. Alone, they never bind, since our sliding count is never below the vendor's.
 */
export function createBudget(rules: BudgetRules, clock: Clock): Budget {
  const buckets = new Map(Object.entries(rules.buckets).map(([name, rule]) => [name, createBucket(rule)]));
  if (!buckets.has('default')) buckets.set('default', createBucket({ windows: [] }));
  for (const [name, { within }] of Object.entries(rules.buckets)) {
    if (within !== undefined) buckets.set(name, nested(buckets.get(name) as Bucket, buckets.get(within) as Bucket));
  }
  const waiting: Waiter[] = [];
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
        finish(clock.now(), report);
        pump();
      },
    });
  }

  function pump(): void {
    cancelTimer?.();
    cancelTimer = undefined;
    const now = clock.now();
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
        waiter.onWait(at, waiter.bucket.vendorSays() >= at);
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
      bucketOf(bucket).block(until);
      pump();
    },
  };
}

interface Bucket {
  /** `now` when open, else when it may open; infinite when only an answer can open it. */
  opensAt(now: number): number;
  send(now: number): (now: number, report: QuotaReport | undefined) => void;
  block(until: number): void;
  /** Until when the vendor has closed it; in the past when it has not. */
  vendorSays(): number;
}

function createBucket(rule: BucketRule): Bucket {
  const logs = rule.windows.map(createLog);
  let blockedUntil = Number.NEGATIVE_INFINITY;
  let vendor: { left: number; until: number } | undefined;
  let sent = 0;
  let samples = 0;
  let fastest = Number.POSITIVE_INFINITY;
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
        fastest = Math.min(fastest, latency);
        const drift = latency - (samples <= WARM_UP ? 0 : fastest);
        for (const log of logs) log.end(now, drift, caution);
        if (report !== undefined) learn(report, sent - number);
      };
    },
    block(until) {
      // Requests that were under way together are refused together.
      if (cautiousUntil === undefined || until > cautiousUntil - CAUTIOUS + 1_000) {
        caution = Math.min(MOST_CAUTIOUS, caution * 2);
        cautiousUntil = until + CAUTIOUS;
      }
      blockedUntil = Math.max(blockedUntil, until);
    },
    vendorSays: () => Math.max(blockedUntil, vendor !== undefined && vendor.left <= 0 ? vendor.until : blockedUntil),
  };
}

/** A bucket whose requests count in a wider one as well. What the vendor tells about it concerns it alone. */
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

/** The sliding count of one window: requests under way, and when each finished one stops counting. */
function createLog(window: RateWindow): {
  opensAt(now: number): number;
  begin(now: number): void;
  end(sentAt: number, drift: number, caution: number): void;
} {
  const ends: number[] = [];
  let head = 0;
  let underWay = 0;
  let evenlyAt = Number.NEGATIVE_INFINITY;
  return {
    opensAt(now) {
      while (head < ends.length && (ends[head] as number) <= now) head += 1;
      if (head > 1_024 && head * 2 > ends.length) {
        ends.splice(0, head);
        head = 0;
      }
      const surplus = underWay + (ends.length - head) - window.limit;
      const open = surplus < 0 ? now : (ends[head + surplus] ?? Number.POSITIVE_INFINITY);
      return Math.max(open, evenlyAt);
    },
    begin(now) {
      underWay += 1;
      if (window.slack === undefined) return;
      const gap = (window.per + TICK) / window.limit;
      // A timer that came late may be made up for, a pause may not.
      evenlyAt = Math.max(evenlyAt, now - LATE_GAPS * gap) + gap;
    },
    end(sentAt, drift, caution) {
      underWay -= 1;
      const off = window.slack === undefined ? drift : Math.min(drift, window.slack * caution);
      const until = sentAt + off + window.per + TICK;
      let at = ends.length;
      while (at > head && (ends[at - 1] as number) > until) at -= 1;
      ends.splice(at, 0, until);
    },
  };
}
