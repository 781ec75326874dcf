import { below, pick } from '../kit/random.ts';
import type { VendorRow } from './world.ts';

const DAY = 86_400;
const deduplicated = (id: number, updated: number): string => `${id}:${updated}`;

export function broadcast(n: number, now: number): VendorRow {
  const id = 41 + n;
  const updated = now - DAY * (3 + n);
  return {
    id,
    deduplicate_id: deduplicated(id, updated),
    name: `Outage notice ${n}`,
    description: '',
    type: 'triggered_broadcast',
    state: n === 1 ? 'draft' : 'running',
    active: n !== 1,
    created: updated - 40 * DAY,
    updated,
    first_started: n === 1 ? 0 : updated - DAY,
    actions: n === 2 ? [{ type: 'email' }, { id: 421 }] : [{ id: id * 10, type: 'email' }],
    tags: n === 0 ? ['ops'] : n === 1 ? 'nil' : null,
    created_by: n === 2 ? null : 'Dana R.',
    ...(n === 0 && { msg_template_ids: [31, 32] }),
    scheduled_start: 0,
    scheduled_start_should_backfill: false,
    scheduled_stop: n === 0 ? now + DAY : 0,
    scheduled_stop_should_sunset: false,
  };
}

export function campaign(seed: number, n: number, now: number): VendorRow {
  const id = 10 + n;
  const created = now - DAY * (400 - n * 3);
  const updated = created + DAY * below(100, seed, n, 60);
  return {
    id,
    deduplicate_id: deduplicated(id, updated),
    name: `Trial nurture ${n}`,
    description: n % 2 === 0 ? 'Seven day series' : '',
    type: pick(['seg_attr', 'object', 'webhook'], seed, n, 61),
    state: pick(['running', 'draft', 'stopped'], seed, n, 62),
    active: n % 3 !== 1,
    created,
    updated,
    first_started: n % 3 === 1 ? 0 : created + DAY,
    created_by: n % 4 === 0 ? null : 'Dana R.',
    actions: [
      { id: id * 10, type: 'email' },
      { id: id * 10 + 1, type: 'push' },
    ],
    ...(n % 5 === 0 && { msg_templates: [{ id: 31, type: 'email' }] }),
    tags: n % 2 === 0 ? null : ['growth', 'ż'],
    trigger_segment_ids: [3],
    filter_segment_ids: n % 3 === 0 ? null : [5, 6],
    ...(n % 6 === 1 && {
      event_name: 'signup',
      event_type: 'event',
      date_attribute: 'trial_end',
      frequency: 'daily',
      timezone: 'Europe/Warsaw',
      use_customer_timezone: true,
      start_hour: 9,
      start_minutes: 30,
    }),
    scheduled_start: n === 4 ? now + DAY : 0,
    scheduled_start_should_backfill: false,
    scheduled_stop: 0,
    scheduled_stop_should_sunset: false,
    ...(n === 2 && {
      object_type_id: 1,
      filter_object_attributes: '{"and":[]}',
      filter_relationship_attributes: '[]',
      object_attribute_triggers: '{"b": [1, 2], "a": null}',
      relationship_attribute_triggers: { role: 'owner' },
      audience: { type: 1, person_filters: '{"x":1}' },
    }),
    ...(n === 3 && { webhook_id: 77, beta_flag: { rollout: 0.5 } }),
  };
}

export function newsletter(seed: number, n: number, now: number): VendorRow {
  const id = 80 + n;
  const updated = now - 3_600 * (1 + below(5_000, seed, n, 63));
  return {
    id,
    deduplicate_id: deduplicated(id, updated),
    type: pick(['email', 'push', 'in_app', 'twilio'], seed, n, 64),
    name: `Digest ${n}`,
    content_ids: [id * 10],
    tags: n % 3 === 0 ? ['digest'] : null,
    recipient_segment_ids: n % 2 === 0 ? [3, 9] : null,
    ...(n % 4 === 0 && { subscription_topic_id: 1 }),
    created: updated - DAY,
    updated,
    sent_at: n % 5 === 0 ? null : updated,
    ...(n % 7 === 0 && {
      scheduled_at: updated + 60,
      send_state: 'scheduled',
      timezone: 'UTC',
      tz_match_enabled: true,
      expires_after: 3_600,
      recipient_file_status: 'done',
      recipient_file_error: '',
    }),
  };
}

export function segment(n: number, now: number): VendorRow {
  const id = 1 + n;
  const updated = now - DAY * (5 + n);
  return {
    id,
    deduplicate_id: deduplicated(id, updated),
    name: `Segment ${n}`,
    description: n === 3 ? '' : 'Who is in it',
    type: n === 3 ? 'manual' : 'dynamic',
    state: n === 5 ? 'build' : 'finished',
    progress: n === 5 ? 40 : null,
    tags: n % 2 === 0 ? ['Sample'] : null,
    ...(n !== 3 && {
      conditions: {
        and: [
          { attribute: { field: 'plan', operator: 'eq', value: 'trial' } },
          { event: { id: 3, name: 'buy', filters: [] }, inverse: false, times: 1 },
        ],
      },
    }),
    created_at: updated - 100 * DAY,
    updated_at: updated,
  };
}

export function exported(n: number, now: number): VendorRow {
  const id = 501 + n;
  const updated = now - 3_600 * (1 + n);
  return {
    id,
    deduplicate_id: deduplicated(id, updated),
    type: n === 1 ? 'deliveries' : 'customers',
    status: pick(['done', 'failed', 'pending'], 1, n, 65),
    failed: n === 1,
    description: 'Trial users',
    total: n * 920,
    downloads: n,
    user_id: 77,
    user_email: 'ops@example.test',
    created_at: updated - 300,
    updated_at: updated,
  };
}

export function transactional(n: number, now: number): VendorRow {
  return {
    id: 7 + n,
    name: `Password reset ${n}`,
    description: '',
    trigger_name: n === 1 ? '' : `pw_reset_${n}`,
    send_to_unsubscribed: true,
    link_tracking: false,
    open_tracking: true,
    hide_message_body: n === 0,
    queue_drafts: false,
    created_at: now - 500 * DAY,
    updated_at: now - DAY * (30 + n),
  };
}

/** The third sender is hidden: it is listed only when the request asks for hidden senders. */
export function sender(n: number, now: number): VendorRow {
  const id = 21 + n;
  const phone = n === 1;
  return {
    id,
    deduplicate_id: deduplicated(id, now - DAY * (200 + n)),
    name: `Product Team ${n}`,
    ...(phone ? { phone: '+48500000001' } : { email: `product${n}@example.test`, address: `Product Team <product${n}@example.test>` }),
    template_type: phone ? 'phone' : 'email',
    auto_generated: n === 2,
    hidden: n === 2,
  };
}

export function webhook(n: number): VendorRow {
  const endpoint =
    [
      'https://hook:s3cret-pass@hooks.example.test/cio',
      'https://hooks.example.test/in?token=t0ken-in-query&v=1',
      'https://hooks.example.test/plain',
    ][n] ?? 'https://hooks.example.test/more';
  return {
    id: 4 + n,
    name: `Delivery feed ${n}`,
    type: n === 2 ? 'js' : 'webhook',
    endpoint,
    events: ['email_sent', 'email_bounced'],
    disabled: n === 1,
    full_resolution: true,
    with_content: false,
  };
}

export const snippet = (n: number, now: number): VendorRow => ({
  name: `footer ${n}`,
  value: n === 1 ? '' : '<p>Example Ltd, 1 Sample Way</p>',
  updated_at: now - DAY * (9 + n),
});

export const collection = (n: number, now: number): VendorRow => ({
  id: 2 + n,
  name: `store_hours_${n}`,
  schema: ['store', 'opens', 'closes'],
  rows: 14 + n,
  bytes: 2_210,
  created_at: now - DAY * 99,
  updated_at: now - DAY * (40 + n),
});

export const topic = (n: number): VendorRow => ({
  id: 1 + n,
  identifier: `topic_${1 + n}`,
  name: `Product news ${n}`,
  description: '',
  subscribed_by_default: n !== 1,
});

export const workspace = (n: number): VendorRow => ({
  id: 130_045 + n,
  name: `Shop ${n}`,
  messages_sent: 48_210 - n,
  billable_messages_sent: 47_900,
  people: 25_011,
  object_types: 2,
  objects: 310,
});

export const objectType = (n: number): VendorRow => ({
  id: String(1 + n),
  name: `Companies ${n}`,
  singular_name: `Company ${n}`,
  slug: `companies-${n}`,
  singular_slug: `company-${n}`,
  ...(n !== 1 && { icon: 'building' }),
  enabled: n !== 2,
});

/** In the order of their addresses. The first ones are on the lists of both bounces and blocks. */
export function suppression(seed: number, n: number, now: number): VendorRow {
  const email = n === 1 ? 'Gone000001@Example.net' : `gone${String(n).padStart(6, '0')}@example.net`;
  return { created: now - 60 * below(500_000, seed, n, 66), email, reason: n % 4 === 0 ? email : '5.1.1 mailbox unknown', status: '550' };
}
