import type { Json, Row } from '../../../src/core/types.ts';
import { table } from '../../../src/sdk/define.ts';
import { boolean, integer, json, text } from '../../../src/sdk/fields.ts';
import { deduplicateId, parsed, tags, time, withoutZeros } from '../columns.ts';
import { everything, listing, whole } from '../listing.ts';

const schedule = '*/5 * * * *';
const noTimes = withoutZeros(
  'created',
  'updated',
  'first_started',
  'scheduled_start',
  'scheduled_stop',
  'sent_at',
  'scheduled_at',
  'created_at',
  'updated_at',
);

/** What campaigns and broadcasts share. */
const automation = {
  deduplicate_id: deduplicateId,
  name: text('Name'),
  description: text('Description'),
  type: text('Kind of trigger'),
  state: text('State: draft, running, stopped'),
  active: boolean('Whether it can still send'),
  created: time('When it was created'),
  updated: time('When it was last changed; a change of one of its actions need not count'),
  first_started: time('When it first started; null before'),
  created_by: text('Who created it'),
  actions: json('Its actions: id and type'),
  tags,
  scheduled_start: time('When it is to start; null when nothing is planned'),
  scheduled_start_should_backfill: boolean('Whether the planned start takes in people who matched before'),
  scheduled_stop: time('When it is to stop; null when nothing is planned'),
  scheduled_stop_should_sunset: boolean('Whether the planned stop lets people finish'),
  filter_segment_ids: json('Segments that filter who takes part'),
  event_name: text('Event that triggers it'),
  event_type: text('Kind of that event'),
};

/** The vendor was seen to send one tag as a plain text and no tags as the text "nil". */
function listedTags(value: Json | undefined): Json {
  if (typeof value !== 'string') return value ?? null;
  return value === 'nil' ? null : [value];
}

export const broadcasts = table({
  name: 'broadcasts',
  docs: 'Customer.io App API: List broadcasts',
  documentedKey: ['id'],
  key: ['id'],
  method: 'incremental',
  replicationKey: 'updated',
  history: false,
  fields: {
    id: integer('Broadcast id'),
    ...automation,
    msg_template_ids: json('Templates; the vendor is giving this list up'),
  },
  shape: (row) => ({ ...noTimes(row), tags: listedTags(row.tags) }),
  read: everything(whole('/broadcasts', 'broadcasts')),
  deletes: 'scan',
  absentScans: 2,
  schedule,
});

const TRIGGERS = ['object_attribute_triggers', 'relationship_attribute_triggers', 'audience'] as const;

export const campaigns = table({
  name: 'campaigns',
  docs: 'Customer.io App API: List campaigns',
  documentedKey: ['id'],
  key: ['id'],
  method: 'incremental',
  replicationKey: 'updated',
  history: false,
  fields: {
    id: integer('Campaign id'),
    ...automation,
    msg_templates: json('Templates: id and type; the vendor is giving this list up'),
    trigger_segment_ids: json('Segments that trigger it'),
    date_attribute: text('Attribute whose date triggers it'),
    frequency: text('How often a date triggers it'),
    timezone: text('Time zone of the date'),
    use_customer_timezone: boolean("Whether the person's own time zone is used"),
    start_hour: integer('Hour of the day at which a date triggers'),
    start_minutes: integer('Minute of that hour'),
    object_type_id: integer('Kind of object that triggers it; id in table types'),
    webhook_id: integer('Webhook that triggers it'),
    filter_object_attributes: text('Filter on the object, JSON text as delivered'),
    filter_relationship_attributes: text('Filter on the relationship, JSON text as delivered'),
    object_attribute_triggers: json('Object attributes that trigger it'),
    relationship_attribute_triggers: json('Relationship attributes that trigger it'),
    audience: json("Who of an object's people takes part"),
  },
  shape: (row) =>
    ({
      ...noTimes(row),
      ...Object.fromEntries(TRIGGERS.flatMap((name) => (row[name] === undefined ? [] : [[name, parsed(row[name])]]))),
    }) as Row,
  read: everything(whole('/campaigns', 'campaigns')),
  deletes: 'scan',
  absentScans: 2,
  schedule,
});

export const newsletters = table({
  name: 'newsletters',
  docs: 'Customer.io App API: List newsletters',
  documentedKey: ['id'],
  key: ['id'],
  method: 'incremental',
  replicationKey: 'updated',
  history: false,
  fields: {
    id: integer('Newsletter id'),
    deduplicate_id: deduplicateId,
    type: text('Channel'),
    name: text('Name'),
    send_state: text('State of sending'),
    timezone: text('Time zone of the planned time'),
    recipient_file_status: text('State of an uploaded list of recipients'),
    recipient_file_error: text('What was wrong with it'),
    content_ids: json('Contents: the language and test variants'),
    tags,
    recipient_segment_ids: json('Segments it goes to'),
    subscription_topic_id: integer('Topic it belongs to; id in table topics'),
    expires_after: integer('Seconds after which it is no longer sent'),
    tz_match_enabled: boolean("Whether it is sent at the person's own time"),
    created: time('When it was created'),
    updated: time('When it was last changed'),
    sent_at: time('When it was sent; null before'),
    scheduled_at: time('When it is to be sent'),
  },
  shape: noTimes,
  read: everything(listing('/newsletters', 'newsletters', { query: () => ({ limit: 100 }) })),
  deletes: 'scan',
  absentScans: 2,
  schedule,
});

export const transactionalMessages = table({
  name: 'transactional_messages',
  docs: 'Customer.io App API: List transactional messages (the first "messages" of the connector\'s page)',
  documentedKey: ['id'],
  key: ['id'],
  method: 'incremental',
  replicationKey: 'updated_at',
  history: false,
  fields: {
    id: integer('Template id'),
    name: text('Name'),
    description: text('Description'),
    trigger_name: text('Name it is sent by'),
    send_to_unsubscribed: boolean('Whether people who unsubscribed get it too'),
    link_tracking: boolean('Whether clicks are counted'),
    open_tracking: boolean('Whether opens are counted'),
    hide_message_body: boolean('Whether the text is not kept'),
    queue_drafts: boolean('Whether it waits as a draft'),
    created_at: time('When it was created'),
    updated_at: time('When it was last changed'),
  },
  shape: noTimes,
  read: everything(whole('/transactional', 'messages')),
  deletes: 'scan',
  absentScans: 2,
  schedule,
});
