import { below, hexDigits, pick } from '../kit/random.ts';
import { identifiersOf, type Person } from './people.ts';
import type { VendorRow, VendorValue } from './world.ts';

export interface Delivery {
  row: VendorRow;
  /** Returned only when the request asks for it. */
  tracked: VendorValue;
}

const CHANNELS = ['email', 'email', 'email', 'push', 'in_app', 'twilio', 'webhook', 'slack', 'whatsapp'] as const;

/** A delivery created at epoch second `created`, with the metrics it has by `now`. */
export function delivery(seed: number, n: number, created: number, now: number, people: readonly Person[], draft = false): Delivery {
  const to = people.length === 0 ? undefined : people[below(people.length, seed, n, 20)];
  const type = pick(CHANNELS, seed, n, 21);
  const parent = below(5, seed, n, 22);
  const metrics: Record<string, number> = draft ? { drafted: created } : { sent: created + 1 };
  const later = (metric: string, seconds: number): void => {
    if (created + seconds <= now) metrics[metric] = created + seconds;
  };
  if (!draft && n % 8 !== 6) {
    if (n % 2 === 0) later('delivered', 4);
    if (n % 3 === 0) later('opened', 60 + below(20_000, seed, n, 23));
    if (n % 9 === 0) later('human_opened', 90 + below(20_000, seed, n, 23));
    if (n % 12 === 0) {
      later('clicked', 200_000);
      later('link:4', 200_000);
    }
    if (n % 30 === 0) later('secondary:delivered', 9);
    if (n % 60 === 0) later('converted', 400_000);
    if (n % 25 === 1) later('unsubscribed', 5_000);
    if (n % 31 === 1) later('spammed', 6_000);
  } else if (!draft) {
    later(pick(['bounced', 'dropped', 'failed', 'undeliverable'], seed, n, 24), 3);
  }
  const id = `dg${Buffer.from(hexDigits(30, seed, n, 25), 'hex').toString('base64')}=${n.toString(36)}`;
  const row: VendorRow = {
    id,
    deduplicate_id: `${id}:${Math.max(...Object.values(metrics))}`,
    msg_template_id: n % 4 === 0 ? null : 30 + (n % 7),
    action_id: parent === 0 ? 120 + (n % 5) : null,
    parent_action_id: n % 70 === 0 ? 119 : null,
    transactional_message_id: parent === 3 ? 7 + (n % 3) : null,
    customer_id: to?.id ?? null,
    customer_identifiers: n === 5 || to === undefined ? null : identifiersOf(to),
    trigger_event_id: n % 6 === 0 ? `01KDQ8${hexDigits(10, seed, n, 26).toUpperCase()}` : null,
    recipient: to?.email ?? '',
    subject: type === 'email' ? `Day ${n} of your trial ✓` : null,
    metrics,
    created,
    failure_message: 'failed' in metrics ? 'the provider said "no"' : null,
    newsletter_id: parent === 1 ? 80 + (n % 9) : null,
    content_id: parent === 1 ? 880 + (n % 9) : null,
    campaign_id: parent === 0 ? 10 + (n % 12) : null,
    broadcast_id: parent === 2 ? 41 + (n % 3) : null,
    type,
    forgotten: n % 40 === 0,
  };
  return { row, tracked: type === 'in_app' ? { survey: `answer ${n % 3}` } : null };
}

/** Adds a metric, as opens and clicks do weeks after the delivery was created. */
export function addMetric({ row }: Delivery, metric: string, at: number): void {
  const metrics: Record<string, number> = { ...(row['metrics'] as Record<string, number>), [metric]: at };
  row['metrics'] = metrics;
  row['deduplicate_id'] = `${String(row['id'])}:${Math.max(...Object.values(metrics))}`;
}

export interface DeliveryQuery {
  /** Epoch seconds, both inclusive. */
  start: number | undefined;
  end: number | undefined;
  type: string | null;
  metric: string | null;
  parents: Readonly<Record<'campaign_id' | 'newsletter_id' | 'action_id', string | null>>;
}

/** Half a year, seconds. Longer ranges are silently cut to their latest part. */
const LONGEST_RANGE = 183 * 86_400;

export function findDeliveries(newestFirst: readonly Delivery[], query: DeliveryQuery, now: number): readonly Delivery[] {
  const end = query.end ?? now;
  const start = Math.max(query.start ?? -Infinity, end - LONGEST_RANGE);
  const from = firstAt(newestFirst, end);
  const to = firstAt(newestFirst, start - 1);
  const within = newestFirst.slice(from, to);
  const parents = Object.entries(query.parents).filter(([, id]) => id !== null);
  if (query.type === null && query.metric === null && parents.length === 0) return within;
  return within.filter(
    ({ row }) =>
      (query.type === null || row['type'] === query.type) &&
      (query.metric === null || Object.hasOwn(row['metrics'] as object, query.metric)) &&
      parents.every(([name, id]) => String(row[name]) === id),
  );
}

/** Index of the first delivery not later than `second`. */
function firstAt(newestFirst: readonly Delivery[], second: number): number {
  let low = 0;
  let high = newestFirst.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (Number(newestFirst[middle]?.row['created']) <= second) high = middle;
    else low = middle + 1;
  }
  return low;
}
