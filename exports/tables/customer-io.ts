// Generated from the table definitions by `tributary schemas types`; do not edit.
import type { TableRef } from 'tributary/consumer';

/** A row of customer_io.customers. Customer.io App API: Search for customers, List customers and attributes. */
export interface CustomerIoCustomers {
  /** The vendor's person id (cio_id); never changes */
  readonly id: string;
  /** The same, for joins */
  readonly cio_id: string | null;
  /** Id the customer's own system gave the person; may change, may be missing */
  readonly customer_id: string | null;
  /** E-mail address */
  readonly email: string | null;
  /** Phone number */
  readonly phone: string | null;
  /** Whether the person wants no messages */
  readonly unsubscribed: boolean | null;
  /** The attribute of that name, where it is a time */
  readonly created_at: Date | null;
  /** All attributes; their values are texts (JSON text) */
  readonly attributes: string | null;
  /** When each attribute was set, seconds since 1970; the vendor is giving this up (JSON text) */
  readonly timestamps: string | null;
  /** Devices: id, platform, last_used, attributes (JSON text) */
  readonly devices: string | null;
  /** Subscription preferences, JSON text as delivered */
  readonly cio_subscription_preferences: string | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of customer_io.messages. Customer.io App API: List messages (deliveries; the second "messages" of the connector's page). */
export interface CustomerIoMessages {
  /** Delivery id */
  readonly id: string;
  /** Id and second of the last change */
  readonly deduplicate_id: string | null;
  /** When something last became of it, from deduplicate_id */
  readonly updated_at: Date | null;
  /** When it was made */
  readonly created: Date | null;
  /** Channel */
  readonly type: string | null;
  /** Address or number it went to */
  readonly recipient: string | null;
  /** Subject */
  readonly subject: string | null;
  /** Why it failed */
  readonly failure_message: string | null;
  /** Person it went to; customer_id in table customers */
  readonly customer_id: string | null;
  /** Person it went to; id in table customers */
  readonly customer_cio_id: string | null;
  /** Their e-mail address */
  readonly customer_email: string | null;
  /** Campaign that sent it */
  readonly campaign_id: bigint | null;
  /** Newsletter that sent it */
  readonly newsletter_id: bigint | null;
  /** Broadcast that sent it */
  readonly broadcast_id: bigint | null;
  /** Template that made it; id in table transactional_messages */
  readonly transactional_message_id: bigint | null;
  /** Action of the campaign or broadcast */
  readonly action_id: bigint | null;
  /** Action that one is a variant of */
  readonly parent_action_id: bigint | null;
  /** Variant of the newsletter */
  readonly content_id: bigint | null;
  /** Template; the vendor is giving it up */
  readonly msg_template_id: bigint | null;
  /** Event that triggered it */
  readonly trigger_event_id: string | null;
  /** Whether its content was not kept */
  readonly forgotten: boolean | null;
  /** When it was sent */
  readonly sent_at: Date | null;
  /** When it was delivered */
  readonly delivered_at: Date | null;
  /** When it was opened */
  readonly opened_at: Date | null;
  /** When a person opened it */
  readonly human_opened_at: Date | null;
  /** When a link was clicked */
  readonly clicked_at: Date | null;
  /** When a person clicked a link */
  readonly human_clicked_at: Date | null;
  /** When the person did what it was for */
  readonly converted_at: Date | null;
  /** When it bounced */
  readonly bounced_at: Date | null;
  /** When it was dropped */
  readonly dropped_at: Date | null;
  /** When it failed */
  readonly failed_at: Date | null;
  /** When it was called spam */
  readonly spammed_at: Date | null;
  /** When the person unsubscribed by it */
  readonly unsubscribed_at: Date | null;
  /** When it proved undeliverable */
  readonly undeliverable_at: Date | null;
  /** All of that and the links clicked, seconds since 1970 (JSON text) */
  readonly metrics: string | null;
  /** Answers given in the app (JSON text) */
  readonly tracked_responses: string | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of customer_io.activities. Customer.io App API: List activities. */
export interface CustomerIoActivities {
  /** Activity id */
  readonly id: string;
  /** What happened */
  readonly type: string | null;
  /** When it happened */
  readonly timestamp: Date | null;
  /** Whom it is about; customer_id in table customers */
  readonly customer_id: string | null;
  /** Whom it is about; id in table customers */
  readonly customer_cio_id: string | null;
  /** Their e-mail address */
  readonly customer_email: string | null;
  /** Delivery it is about; id in table messages */
  readonly delivery_id: string | null;
  /** Channel of that delivery */
  readonly delivery_type: string | null;
  /** Name of an event or a screen */
  readonly name: string | null;
  /** Address of a page */
  readonly url: string | null;
  /** Whatever else belongs to it (JSON text) */
  readonly data: string | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of customer_io.campaigns. Customer.io App API: List campaigns. */
export interface CustomerIoCampaigns {
  /** Campaign id */
  readonly id: bigint;
  /** Id and second of the last change */
  readonly deduplicate_id: string | null;
  /** Name */
  readonly name: string | null;
  /** Description */
  readonly description: string | null;
  /** Kind of trigger */
  readonly type: string | null;
  /** State: draft, running, stopped */
  readonly state: string | null;
  /** Whether it can still send */
  readonly active: boolean | null;
  /** When it was created */
  readonly created: Date | null;
  /** When it was last changed; a change of one of its actions need not count */
  readonly updated: Date | null;
  /** When it first started; null before */
  readonly first_started: Date | null;
  /** Who created it */
  readonly created_by: string | null;
  /** Its actions: id and type (JSON text) */
  readonly actions: string | null;
  /** Tags; null when there are none (JSON text) */
  readonly tags: string | null;
  /** When it is to start; null when nothing is planned */
  readonly scheduled_start: Date | null;
  /** Whether the planned start takes in people who matched before */
  readonly scheduled_start_should_backfill: boolean | null;
  /** When it is to stop; null when nothing is planned */
  readonly scheduled_stop: Date | null;
  /** Whether the planned stop lets people finish */
  readonly scheduled_stop_should_sunset: boolean | null;
  /** Segments that filter who takes part (JSON text) */
  readonly filter_segment_ids: string | null;
  /** Event that triggers it */
  readonly event_name: string | null;
  /** Kind of that event */
  readonly event_type: string | null;
  /** Templates: id and type; the vendor is giving this list up (JSON text) */
  readonly msg_templates: string | null;
  /** Segments that trigger it (JSON text) */
  readonly trigger_segment_ids: string | null;
  /** Attribute whose date triggers it */
  readonly date_attribute: string | null;
  /** How often a date triggers it */
  readonly frequency: string | null;
  /** Time zone of the date */
  readonly timezone: string | null;
  /** Whether the person's own time zone is used */
  readonly use_customer_timezone: boolean | null;
  /** Hour of the day at which a date triggers */
  readonly start_hour: bigint | null;
  /** Minute of that hour */
  readonly start_minutes: bigint | null;
  /** Kind of object that triggers it; id in table types */
  readonly object_type_id: bigint | null;
  /** Webhook that triggers it */
  readonly webhook_id: bigint | null;
  /** Filter on the object, JSON text as delivered */
  readonly filter_object_attributes: string | null;
  /** Filter on the relationship, JSON text as delivered */
  readonly filter_relationship_attributes: string | null;
  /** Object attributes that trigger it (JSON text) */
  readonly object_attribute_triggers: string | null;
  /** Relationship attributes that trigger it (JSON text) */
  readonly relationship_attribute_triggers: string | null;
  /** Who of an object's people takes part (JSON text) */
  readonly audience: string | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of customer_io.broadcasts. Customer.io App API: List broadcasts. */
export interface CustomerIoBroadcasts {
  /** Broadcast id */
  readonly id: bigint;
  /** Id and second of the last change */
  readonly deduplicate_id: string | null;
  /** Name */
  readonly name: string | null;
  /** Description */
  readonly description: string | null;
  /** Kind of trigger */
  readonly type: string | null;
  /** State: draft, running, stopped */
  readonly state: string | null;
  /** Whether it can still send */
  readonly active: boolean | null;
  /** When it was created */
  readonly created: Date | null;
  /** When it was last changed; a change of one of its actions need not count */
  readonly updated: Date | null;
  /** When it first started; null before */
  readonly first_started: Date | null;
  /** Who created it */
  readonly created_by: string | null;
  /** Its actions: id and type (JSON text) */
  readonly actions: string | null;
  /** Tags; null when there are none (JSON text) */
  readonly tags: string | null;
  /** When it is to start; null when nothing is planned */
  readonly scheduled_start: Date | null;
  /** Whether the planned start takes in people who matched before */
  readonly scheduled_start_should_backfill: boolean | null;
  /** When it is to stop; null when nothing is planned */
  readonly scheduled_stop: Date | null;
  /** Whether the planned stop lets people finish */
  readonly scheduled_stop_should_sunset: boolean | null;
  /** Segments that filter who takes part (JSON text) */
  readonly filter_segment_ids: string | null;
  /** Event that triggers it */
  readonly event_name: string | null;
  /** Kind of that event */
  readonly event_type: string | null;
  /** Templates; the vendor is giving this list up (JSON text) */
  readonly msg_template_ids: string | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of customer_io.newsletters. Customer.io App API: List newsletters. */
export interface CustomerIoNewsletters {
  /** Newsletter id */
  readonly id: bigint;
  /** Id and second of the last change */
  readonly deduplicate_id: string | null;
  /** Channel */
  readonly type: string | null;
  /** Name */
  readonly name: string | null;
  /** State of sending */
  readonly send_state: string | null;
  /** Time zone of the planned time */
  readonly timezone: string | null;
  /** State of an uploaded list of recipients */
  readonly recipient_file_status: string | null;
  /** What was wrong with it */
  readonly recipient_file_error: string | null;
  /** Contents: the language and test variants (JSON text) */
  readonly content_ids: string | null;
  /** Tags; null when there are none (JSON text) */
  readonly tags: string | null;
  /** Segments it goes to (JSON text) */
  readonly recipient_segment_ids: string | null;
  /** Topic it belongs to; id in table topics */
  readonly subscription_topic_id: bigint | null;
  /** Seconds after which it is no longer sent */
  readonly expires_after: bigint | null;
  /** Whether it is sent at the person's own time */
  readonly tz_match_enabled: boolean | null;
  /** When it was created */
  readonly created: Date | null;
  /** When it was last changed */
  readonly updated: Date | null;
  /** When it was sent; null before */
  readonly sent_at: Date | null;
  /** When it is to be sent */
  readonly scheduled_at: Date | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of customer_io.transactional_messages. Customer.io App API: List transactional messages (the first "messages" of the connector's page). */
export interface CustomerIoTransactionalMessages {
  /** Template id */
  readonly id: bigint;
  /** Name */
  readonly name: string | null;
  /** Description */
  readonly description: string | null;
  /** Name it is sent by */
  readonly trigger_name: string | null;
  /** Whether people who unsubscribed get it too */
  readonly send_to_unsubscribed: boolean | null;
  /** Whether clicks are counted */
  readonly link_tracking: boolean | null;
  /** Whether opens are counted */
  readonly open_tracking: boolean | null;
  /** Whether the text is not kept */
  readonly hide_message_body: boolean | null;
  /** Whether it waits as a draft */
  readonly queue_drafts: boolean | null;
  /** When it was created */
  readonly created_at: Date | null;
  /** When it was last changed */
  readonly updated_at: Date | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of customer_io.segments. Customer.io App API: List segments. */
export interface CustomerIoSegments {
  /** Segment id */
  readonly id: bigint;
  /** Id and second of the last change */
  readonly deduplicate_id: string | null;
  /** Name */
  readonly name: string | null;
  /** Description */
  readonly description: string | null;
  /** dynamic or manual */
  readonly type: string | null;
  /** events, build, events_queued, build_queued or finished */
  readonly state: string | null;
  /** Percent while it is being built */
  readonly progress: bigint | null;
  /** Tags; null when there are none (JSON text) */
  readonly tags: string | null;
  /** Who belongs to it (JSON text) */
  readonly conditions: string | null;
  /** When it was created */
  readonly created_at: Date | null;
  /** When it was last changed */
  readonly updated_at: Date | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of customer_io.topics. Customer.io App API: List subscription topics. */
export interface CustomerIoTopics {
  /** Topic id */
  readonly id: bigint;
  /** Name in preferences: topic_<id> */
  readonly identifier: string | null;
  /** Name */
  readonly name: string | null;
  /** Description */
  readonly description: string | null;
  /** Whether people get it unless they say no */
  readonly subscribed_by_default: boolean | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of customer_io.snippets. Customer.io App API: List snippets. */
export interface CustomerIoSnippets {
  /** Name; a renamed snippet is a new one */
  readonly name: string;
  /** Text */
  readonly value: string | null;
  /** When it was last changed */
  readonly updated_at: Date | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of customer_io.collections. Customer.io App API: List collections. */
export interface CustomerIoCollections {
  /** Collection id */
  readonly id: bigint;
  /** Name */
  readonly name: string | null;
  /** Fields its rows have (JSON text) */
  readonly schema: string | null;
  /** Number of rows */
  readonly rows: bigint | null;
  /** Size */
  readonly bytes: bigint | null;
  /** When it was created */
  readonly created_at: Date | null;
  /** When it was last changed */
  readonly updated_at: Date | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of customer_io.types. Customer.io App API: List object types. */
export interface CustomerIoTypes {
  /** Id, an integer as text; campaigns name it as a number */
  readonly id: string;
  /** Name of many */
  readonly name: string | null;
  /** Name of one */
  readonly singular_name: string | null;
  /** Slug of many */
  readonly slug: string | null;
  /** Slug of one */
  readonly singular_slug: string | null;
  /** Icon */
  readonly icon: string | null;
  /** Whether it is in use */
  readonly enabled: boolean | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of customer_io.sender_identities. Customer.io App API: List sender identities. */
export interface CustomerIoSenderIdentities {
  /** Sender id */
  readonly id: bigint;
  /** Id and second of the last change */
  readonly deduplicate_id: string | null;
  /** Name */
  readonly name: string | null;
  /** Address, of e-mail senders */
  readonly email: string | null;
  /** Number, of SMS senders */
  readonly phone: string | null;
  /** Name and address as a mail shows them */
  readonly address: string | null;
  /** email or phone */
  readonly template_type: string | null;
  /** Whether the vendor made it */
  readonly auto_generated: boolean | null;
  /** Whether it is hidden */
  readonly hidden: boolean | null;
  /** When it was last changed, from deduplicate_id */
  readonly updated_at: Date | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of customer_io.eps_suppression. Customer.io App API: List ESP suppressions by type. */
export interface CustomerIoEpsSuppression {
  /** Kind, domain and address in lower case, with | between them; the vendor gives no id, and an address may be on several lists */
  readonly id: string;
  /** Kind: bounces, blocks, spam_reports or invalid_emails (from the request) */
  readonly suppression_type: string | null;
  /** Sending domain asked for; empty when all were */
  readonly domain: string | null;
  /** Address mail is no longer sent to */
  readonly email: string | null;
  /** When it was put on the list */
  readonly created: Date | null;
  /** What the receiving server said */
  readonly reason: string | null;
  /** Its SMTP code */
  readonly status: string | null;
  /** The vendor's name for kinds that belong together: bounces or spam */
  readonly category: string | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of customer_io.exports. Customer.io App API: List exports. */
export interface CustomerIoExports {
  /** Export id */
  readonly id: bigint;
  /** Id and second of the last change */
  readonly deduplicate_id: string | null;
  /** customers or deliveries */
  readonly type: string | null;
  /** pending, done or failed */
  readonly status: string | null;
  /** Description */
  readonly description: string | null;
  /** Who asked for it */
  readonly user_email: string | null;
  /** Whether it failed */
  readonly failed: boolean | null;
  /** Rows; 0 until done */
  readonly total: bigint | null;
  /** How often it was downloaded */
  readonly downloads: bigint | null;
  /** Who asked for it */
  readonly user_id: bigint | null;
  /** When it was asked for */
  readonly created_at: Date | null;
  /** When it was last changed */
  readonly updated_at: Date | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of customer_io.reporting_webhooks. Customer.io App API: List reporting webhooks. */
export interface CustomerIoReportingWebhooks {
  /** Webhook id */
  readonly id: bigint;
  /** Name */
  readonly name: string | null;
  /** webhook or js */
  readonly type: string | null;
  /** Address without credentials */
  readonly endpoint: string | null;
  /** Events it is told (JSON text) */
  readonly events: string | null;
  /** Whether it is switched off */
  readonly disabled: boolean | null;
  /** Whether it hears of every open and click */
  readonly full_resolution: boolean | null;
  /** Whether it gets the messages' text */
  readonly with_content: boolean | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of customer_io.ip_addresses. Customer.io App API: List IP addresses. */
export interface CustomerIoIpAddresses {
  /** The address; the vendor gives no id */
  readonly id: string;
  /** Address the vendor sends from */
  readonly ip_address: string | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of customer_io.workspaces. Customer.io App API: List workspaces. */
export interface CustomerIoWorkspaces {
  /** Workspace id */
  readonly id: bigint;
  /** Name */
  readonly name: string | null;
  /** Messages sent in the billing period; up to two hours old */
  readonly messages_sent: bigint | null;
  /** Billable ones of them */
  readonly billable_messages_sent: bigint | null;
  /** People */
  readonly people: bigint | null;
  /** Kinds of objects */
  readonly object_types: bigint | null;
  /** Objects */
  readonly objects: bigint | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** The tables of customer_io, as `readTable` and `tableView` take them. */
export const customerIo = {
  customers: {
    source: 'customer_io',
    table: 'customers',
    key: ['id'],
    columns: ['id', 'cio_id', 'customer_id', 'email', 'phone', 'unsubscribed', 'created_at', 'attributes', 'timestamps', 'devices', 'cio_subscription_preferences', '_extra', '_synced_at'],
  } as TableRef<CustomerIoCustomers, 'id'>,
  messages: {
    source: 'customer_io',
    table: 'messages',
    key: ['id'],
    columns: ['id', 'deduplicate_id', 'updated_at', 'created', 'type', 'recipient', 'subject', 'failure_message', 'customer_id', 'customer_cio_id', 'customer_email', 'campaign_id', 'newsletter_id', 'broadcast_id', 'transactional_message_id', 'action_id', 'parent_action_id', 'content_id', 'msg_template_id', 'trigger_event_id', 'forgotten', 'sent_at', 'delivered_at', 'opened_at', 'human_opened_at', 'clicked_at', 'human_clicked_at', 'converted_at', 'bounced_at', 'dropped_at', 'failed_at', 'spammed_at', 'unsubscribed_at', 'undeliverable_at', 'metrics', 'tracked_responses', '_extra', '_synced_at'],
  } as TableRef<CustomerIoMessages, 'id'>,
  activities: {
    source: 'customer_io',
    table: 'activities',
    key: ['id'],
    columns: ['id', 'type', 'timestamp', 'customer_id', 'customer_cio_id', 'customer_email', 'delivery_id', 'delivery_type', 'name', 'url', 'data', '_extra', '_synced_at'],
  } as TableRef<CustomerIoActivities, 'id'>,
  campaigns: {
    source: 'customer_io',
    table: 'campaigns',
    key: ['id'],
    columns: ['id', 'deduplicate_id', 'name', 'description', 'type', 'state', 'active', 'created', 'updated', 'first_started', 'created_by', 'actions', 'tags', 'scheduled_start', 'scheduled_start_should_backfill', 'scheduled_stop', 'scheduled_stop_should_sunset', 'filter_segment_ids', 'event_name', 'event_type', 'msg_templates', 'trigger_segment_ids', 'date_attribute', 'frequency', 'timezone', 'use_customer_timezone', 'start_hour', 'start_minutes', 'object_type_id', 'webhook_id', 'filter_object_attributes', 'filter_relationship_attributes', 'object_attribute_triggers', 'relationship_attribute_triggers', 'audience', '_extra', '_synced_at'],
  } as TableRef<CustomerIoCampaigns, 'id'>,
  broadcasts: {
    source: 'customer_io',
    table: 'broadcasts',
    key: ['id'],
    columns: ['id', 'deduplicate_id', 'name', 'description', 'type', 'state', 'active', 'created', 'updated', 'first_started', 'created_by', 'actions', 'tags', 'scheduled_start', 'scheduled_start_should_backfill', 'scheduled_stop', 'scheduled_stop_should_sunset', 'filter_segment_ids', 'event_name', 'event_type', 'msg_template_ids', '_extra', '_synced_at'],
  } as TableRef<CustomerIoBroadcasts, 'id'>,
  newsletters: {
    source: 'customer_io',
    table: 'newsletters',
    key: ['id'],
    columns: ['id', 'deduplicate_id', 'type', 'name', 'send_state', 'timezone', 'recipient_file_status', 'recipient_file_error', 'content_ids', 'tags', 'recipient_segment_ids', 'subscription_topic_id', 'expires_after', 'tz_match_enabled', 'created', 'updated', 'sent_at', 'scheduled_at', '_extra', '_synced_at'],
  } as TableRef<CustomerIoNewsletters, 'id'>,
  transactionalMessages: {
    source: 'customer_io',
    table: 'transactional_messages',
    key: ['id'],
    columns: ['id', 'name', 'description', 'trigger_name', 'send_to_unsubscribed', 'link_tracking', 'open_tracking', 'hide_message_body', 'queue_drafts', 'created_at', 'updated_at', '_extra', '_synced_at'],
  } as TableRef<CustomerIoTransactionalMessages, 'id'>,
  segments: {
    source: 'customer_io',
    table: 'segments',
    key: ['id'],
    columns: ['id', 'deduplicate_id', 'name', 'description', 'type', 'state', 'progress', 'tags', 'conditions', 'created_at', 'updated_at', '_extra', '_synced_at'],
  } as TableRef<CustomerIoSegments, 'id'>,
  topics: {
    source: 'customer_io',
    table: 'topics',
    key: ['id'],
    columns: ['id', 'identifier', 'name', 'description', 'subscribed_by_default', '_extra', '_synced_at'],
  } as TableRef<CustomerIoTopics, 'id'>,
  snippets: {
    source: 'customer_io',
    table: 'snippets',
    key: ['name'],
    columns: ['name', 'value', 'updated_at', '_extra', '_synced_at'],
  } as TableRef<CustomerIoSnippets, 'name'>,
  collections: {
    source: 'customer_io',
    table: 'collections',
    key: ['id'],
    columns: ['id', 'name', 'schema', 'rows', 'bytes', 'created_at', 'updated_at', '_extra', '_synced_at'],
  } as TableRef<CustomerIoCollections, 'id'>,
  types: {
    source: 'customer_io',
    table: 'types',
    key: ['id'],
    columns: ['id', 'name', 'singular_name', 'slug', 'singular_slug', 'icon', 'enabled', '_extra', '_synced_at'],
  } as TableRef<CustomerIoTypes, 'id'>,
  senderIdentities: {
    source: 'customer_io',
    table: 'sender_identities',
    key: ['id'],
    columns: ['id', 'deduplicate_id', 'name', 'email', 'phone', 'address', 'template_type', 'auto_generated', 'hidden', 'updated_at', '_extra', '_synced_at'],
  } as TableRef<CustomerIoSenderIdentities, 'id'>,
  epsSuppression: {
    source: 'customer_io',
    table: 'eps_suppression',
    key: ['id'],
    columns: ['id', 'suppression_type', 'domain', 'email', 'created', 'reason', 'status', 'category', '_extra', '_synced_at'],
  } as TableRef<CustomerIoEpsSuppression, 'id'>,
  exports: {
    source: 'customer_io',
    table: 'exports',
    key: ['id'],
    columns: ['id', 'deduplicate_id', 'type', 'status', 'description', 'user_email', 'failed', 'total', 'downloads', 'user_id', 'created_at', 'updated_at', '_extra', '_synced_at'],
  } as TableRef<CustomerIoExports, 'id'>,
  reportingWebhooks: {
    source: 'customer_io',
    table: 'reporting_webhooks',
    key: ['id'],
    columns: ['id', 'name', 'type', 'endpoint', 'events', 'disabled', 'full_resolution', 'with_content', '_extra', '_synced_at'],
  } as TableRef<CustomerIoReportingWebhooks, 'id'>,
  ipAddresses: {
    source: 'customer_io',
    table: 'ip_addresses',
    key: ['id'],
    columns: ['id', 'ip_address', '_extra', '_synced_at'],
  } as TableRef<CustomerIoIpAddresses, 'id'>,
  workspaces: {
    source: 'customer_io',
    table: 'workspaces',
    key: ['id'],
    columns: ['id', 'name', 'messages_sent', 'billable_messages_sent', 'people', 'object_types', 'objects', '_extra', '_synced_at'],
  } as TableRef<CustomerIoWorkspaces, 'id'>,
} as const;
