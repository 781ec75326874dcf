// Generated from the table definitions by `tributary schemas types`; do not edit.
import type { TableRef } from 'tributary/consumer';

/** A row of klaviyo.metric. Klaviyo API: Get Metrics. */
export interface KlaviyoMetric {
  /** Metric id */
  readonly id: string;
  /** Name; the vendor renames metrics, so select by id */
  readonly name: string | null;
  /** When the metric was created */
  readonly created: Date | null;
  /** When the metric was last changed */
  readonly updated: Date | null;
  /** Id of the integration that sends it */
  readonly integration_id: string | null;
  /** Name of the integration */
  readonly integration_name: string | null;
  /** Category of the integration */
  readonly integration_category: string | null;
  /** Key of the integration */
  readonly integration_key: string | null;
  /** The integration as the API shows it (JSON text) */
  readonly integration: string | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of klaviyo.profile. Klaviyo API: Get Profiles. */
export interface KlaviyoProfile {
  /** Profile id */
  readonly id: string;
  /** E-mail address */
  readonly email: string | null;
  /** Phone number, E.164 */
  readonly phone_number: string | null;
  /** Id of this person in the customer's own system */
  readonly external_id: string | null;
  /** First name */
  readonly first_name: string | null;
  /** Last name */
  readonly last_name: string | null;
  /** Company */
  readonly organization: string | null;
  /** Job title */
  readonly title: string | null;
  /** Language and region, BCP 47 */
  readonly locale: string | null;
  /** Address of a picture */
  readonly image: string | null;
  /** When the profile was created */
  readonly created: Date | null;
  /** When the profile was last changed */
  readonly updated: Date | null;
  /** Latest event that changed the profile */
  readonly last_event_date: Date | null;
  /** First line of the address */
  readonly location_address1: string | null;
  /** Second line of the address */
  readonly location_address2: string | null;
  /** City */
  readonly location_city: string | null;
  /** Region */
  readonly location_region: string | null;
  /** Country */
  readonly location_country: string | null;
  /** Postal code */
  readonly location_zip: string | null;
  /** Time zone, IANA */
  readonly location_timezone: string | null;
  /** IP address */
  readonly location_ip: string | null;
  /** Latitude in degrees */
  readonly location_latitude: number | null;
  /** Longitude in degrees */
  readonly location_longitude: number | null;
  /** Custom properties (JSON text) */
  readonly properties: string | null;
  /** Consent per channel (JSON text) */
  readonly subscriptions: string | null;
  /** Predicted values; null unless the setting is on (JSON text) */
  readonly predictive_analytics: string | null;
  /** On the delete marker of a merged profile: the profile it went into */
  readonly _merged_into: string | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of klaviyo.event. Klaviyo API: Get Events. */
export interface KlaviyoEvent {
  /** Event id */
  readonly id: string;
  /** Time-based id of the event */
  readonly uuid: string | null;
  /** Metric of the event; id in table metric */
  readonly metric_id: string | null;
  /** Name of the metric when the event was read */
  readonly metric_name: string | null;
  /** Profile of the event; id in table profile. Null when the API names none */
  readonly profile_id: string | null;
  /** When it happened, seconds since 1970 */
  readonly event_timestamp: bigint | null;
  /** When it happened */
  readonly event_datetime: Date | null;
  /** Monetary value, from $value */
  readonly value: number | null;
  /** Currency of the value */
  readonly value_currency: string | null;
  /** Id the sender gave the event, from $event_id */
  readonly unique_id: string | null;
  /** Flow that sent the message, from $flow */
  readonly flow_id: string | null;
  /** Campaign that sent the message, from $message where a campaign is named */
  readonly campaign_id: string | null;
  /** All properties of the event (JSON text) */
  readonly event_properties: string | null;
  /** What the event is attributed to; null unless the setting is on (JSON text) */
  readonly attributions: string | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** The tables of klaviyo, as `readTable` and `tableView` take them. */
export const klaviyo = {
  metric: {
    source: 'klaviyo',
    table: 'metric',
    key: ['id'],
    columns: ['id', 'name', 'created', 'updated', 'integration_id', 'integration_name', 'integration_category', 'integration_key', 'integration', '_extra', '_synced_at'],
  } as TableRef<KlaviyoMetric, 'id'>,
  profile: {
    source: 'klaviyo',
    table: 'profile',
    key: ['id'],
    columns: ['id', 'email', 'phone_number', 'external_id', 'first_name', 'last_name', 'organization', 'title', 'locale', 'image', 'created', 'updated', 'last_event_date', 'location_address1', 'location_address2', 'location_city', 'location_region', 'location_country', 'location_zip', 'location_timezone', 'location_ip', 'location_latitude', 'location_longitude', 'properties', 'subscriptions', 'predictive_analytics', '_merged_into', '_extra', '_synced_at'],
  } as TableRef<KlaviyoProfile, 'id'>,
  event: {
    source: 'klaviyo',
    table: 'event',
    key: ['id'],
    columns: ['id', 'uuid', 'metric_id', 'metric_name', 'profile_id', 'event_timestamp', 'event_datetime', 'value', 'value_currency', 'unique_id', 'flow_id', 'campaign_id', 'event_properties', 'attributions', '_extra', '_synced_at'],
  } as TableRef<KlaviyoEvent, 'id'>,
} as const;
