import { asObject, asText } from '../../../src/sdk/readers/resume.ts';
import type { Json, Row } from '../../../src/core/types.ts';
import { table } from '../../../src/sdk/define.ts';
import { integer, json, number, text, timestamp } from '../../../src/sdk/fields.ts';
import type { TableDefinition } from '../../../src/core/table.ts';
import { readEvents } from '../events.ts';
import { flatten, relatedId } from '../resource.ts';
import { selects } from '../selection.ts';
import type { KlaviyoSettings } from '../settings.ts';

const property = (row: Row, name: string): Json | undefined => asObject(row.event_properties)?.[name] ?? undefined;

/** Senders may put anything into event properties: a `$value` that is not a number counts as missing. */
function value(row: Row): Json | undefined {
  const given = property(row, '$value');
  return typeof given === 'string' && (given.trim() === '' || !Number.isFinite(Number(given)))
    ? undefined
    : typeof given === 'boolean' || asObject(given)
      ? undefined
      : given;
}

const plainText = (given: Json | undefined): string | undefined =>
  typeof given === 'number' || typeof given === 'bigint' ? String(given) : asText(given);

export const event = (settings: KlaviyoSettings): TableDefinition =>
  table({
    name: 'event',
    docs: 'Klaviyo API: Get Events',
    documentedKey: ['id'],
    key: ['id'],
    method: 'incremental',
    replicationKey: 'event_datetime',
    fields: {
      id: text('Event id'),
      uuid: text('Time-based id of the event'),
      metric_id: text('Metric of the event; id in table metric'),
      metric_name: text('Name of the metric when the event was read'),
      profile_id: text('Profile of the event; id in table profile. Null when the API names none'),
      event_timestamp: integer('When it happened, seconds since 1970').from('timestamp'),
      event_datetime: timestamp('When it happened').from('datetime'),
      value: number('Monetary value, from $value').of(value),
      value_currency: text('Currency of the value').of((row) =>
        plainText(property(row, '$value_currency') ?? property(row, '$currency_code')),
      ),
      unique_id: text('Id the sender gave the event, from $event_id').of((row) => plainText(property(row, '$event_id'))),
      flow_id: text('Flow that sent the message, from $flow').of((row) => plainText(property(row, '$flow'))),
      campaign_id: text('Campaign that sent the message, from $message where a campaign is named').of((row) =>
        property(row, '$flow') === undefined && property(row, 'Campaign Name') !== undefined
          ? plainText(property(row, '$message'))
          : undefined,
      ),
      event_properties: json('All properties of the event'),
      attributions: json('What the event is attributed to; null unless the setting is on'),
    },
    shape: (row) =>
      flatten(row, {
        metric_id: relatedId(row, 'metric'),
        metric_name: asObject(asObject(row.metric)?.attributes)?.name ?? null,
        profile_id: relatedId(row, 'profile'),
        attributions: row.attributed ?? null,
      }),
    read: readEvents(settings),
    // Deleting a profile keeps its events, and the API cannot delete a single event.
    deletes: 'none',
    ...(selects(settings) ? { parent: 'metric' } : {}),
    scope: ['profile_id'],
    partitions: 3,
    schedule: '10 * * * *',
  });
