// Generated from the table definitions by `tributary schemas types`; do not edit.
import type { TableRef } from 'tributary/consumer';

/** A row of listrak.lists. Listrak SOAP v31: GetContactListCollection. */
export interface ListrakLists {
  /** List id */
  readonly list_id: bigint;
  /** Name */
  readonly list_name: string | null;
  /** When the list was made */
  readonly create_date: Date | null;
  /** Name of the sender by default */
  readonly from_name: string | null;
  /** Address of the sender by default */
  readonly from_email: string | null;
  /** Whether messages hold a link to unsubscribe */
  readonly enable_removal_link: boolean | null;
  /** Whether messages hold a link to a page that shows them */
  readonly enable_browser_link: boolean | null;
  /** Number of the way bounces are treated; probably 0 not at all, 1 as usual, 2 strictly */
  readonly bounce_handling: bigint | null;
  /** Whether subscribers have to confirm */
  readonly enable_double_optin: boolean | null;
  /** Whether addresses are corrected */
  readonly enable_list_hygiene: boolean | null;
  /** Id of the pool of sending addresses */
  readonly vmta_id: bigint | null;
  /** Description of that pool */
  readonly vmta_description: string | null;
  /** As the vendor tells it */
  readonly show_email_list: boolean | null;
  /** As the vendor tells it */
  readonly show_advanced_personalization: boolean | null;
  /** Bounces after which a contact is removed */
  readonly bounce_unsubscribe_count: bigint | null;
  /** Domain of links */
  readonly domain_alias_link: string | null;
  /** Domain that bounces go to */
  readonly domain_alias_email: string | null;
  /** Whether there is a feed */
  readonly enable_rss: boolean | null;
  /** Whether links are marked for Google Analytics */
  readonly enable_google_analytics: boolean | null;
  /** Domains whose links are marked (JSON text) */
  readonly google_tracking_domains: string | null;
  /** As the vendor tells it */
  readonly enable_internationalization: boolean | null;
  /** As the vendor tells it */
  readonly enable_dynamic_content: boolean | null;
  /** Whether messages have a header to unsubscribe by */
  readonly enable_list_remove_header: boolean | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of listrak.messages. Listrak SOAP v31: ReportListMessageActivity. */
export interface ListrakMessages {
  /** Message id */
  readonly msg_id: bigint;
  /** List it was sent to; id in lists */
  readonly list_id: bigint | null;
  /** Subject */
  readonly subject: string | null;
  /** When it was sent; the last time if it was sent several times */
  readonly send_date: Date | null;
  /** Addresses it was delivered to */
  readonly deliver_count: bigint | null;
  /** Contacts who unsubscribed by it */
  readonly remove_count: bigint | null;
  /** Share of them, percent */
  readonly remove_percent: number | null;
  /** Opens */
  readonly open_count: bigint | null;
  /** Share of them, percent */
  readonly open_percent: number | null;
  /** Reads, a stronger event than an open */
  readonly read_count: bigint | null;
  /** Share of them, percent */
  readonly read_percent: number | null;
  /** Clicks */
  readonly click_count: bigint | null;
  /** Contacts who clicked */
  readonly clicker_count: bigint | null;
  /** Contacts who clicked and had clicked before */
  readonly repeat_clicker_count: bigint | null;
  /** Contacts who clicked for the first time */
  readonly new_clicker_count: bigint | null;
  /** Share of contacts who clicked, percent */
  readonly clicker_percent: number | null;
  /** Value of orders put down to it */
  readonly order_total: number | null;
  /** Number of those orders */
  readonly conversion_count: bigint | null;
  /** Value of such an order on average */
  readonly average_order_value: number | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of listrak.message_bounces. Listrak SOAP v31: ReportRangeMessageContactBounces. */
export interface ListrakMessageBounces {
  /** Message; id in messages (from the request) */
  readonly msg_id: bigint;
  /** E-mail address, in the vendor's spelling */
  readonly email_address: string;
  /** Contact; an id with leading zeros */
  readonly contact_id: string | null;
  /** Kind of bounce */
  readonly bounce_reason: string | null;
  /** What the receiving server said */
  readonly bounce_detail: string | null;
  /** When it bounced last, as the vendor writes it */
  readonly bounce_date: string | null;
  /** Bounces so far */
  readonly bounce_count: bigint | null;
  /** bounce_date as a time; null when it cannot be read */
  readonly bounce_date_ts: Date | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of listrak.message_clicks. Listrak SOAP v31: ReportRangeMessageContactClick. */
export interface ListrakMessageClicks {
  /** Message; id in messages (from the request) */
  readonly msg_id: bigint;
  /** E-mail address, in the vendor's spelling */
  readonly email_address: string;
  /** Contact; an id with leading zeros */
  readonly contact_id: string | null;
  /** Name of the link clicked last */
  readonly link_description: string | null;
  /** Address of the link clicked last */
  readonly link_url: string | null;
  /** When it was clicked, as the vendor writes it */
  readonly click_date: string | null;
  /** click_date as a time; null when it cannot be read */
  readonly click_date_ts: Date | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of listrak.message_opens. Listrak SOAP v31: ReportRangeMessageContactOpen. */
export interface ListrakMessageOpens {
  /** Message; id in messages (from the request) */
  readonly msg_id: bigint;
  /** E-mail address, in the vendor's spelling */
  readonly email_address: string;
  /** Contact; an id with leading zeros */
  readonly contact_id: string | null;
  /** When it was opened last, as the vendor writes it */
  readonly open_date: string | null;
  /** open_date as a time; null when it cannot be read */
  readonly open_date_ts: Date | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of listrak.message_reads. Listrak SOAP v31: ReportRangeMessageContactRead. */
export interface ListrakMessageReads {
  /** Message; id in messages (from the request) */
  readonly msg_id: bigint;
  /** E-mail address, in the vendor's spelling */
  readonly email_address: string;
  /** Contact; an id with leading zeros */
  readonly contact_id: string | null;
  /** When it was read last, as the vendor writes it */
  readonly read_date: string | null;
  /** read_date as a time; null when it cannot be read */
  readonly read_date_ts: Date | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of listrak.message_sends. Listrak SOAP v31: ReportMessageContactSent. */
export interface ListrakMessageSends {
  /** Message; id in messages (from the request) */
  readonly msg_id: bigint;
  /** E-mail address, in the vendor's spelling */
  readonly email_address: string;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of listrak.message_unsubs. Listrak SOAP v31: ReportRangeMessageContactRemoval. */
export interface ListrakMessageUnsubs {
  /** Message; id in messages (from the request) */
  readonly msg_id: bigint;
  /** E-mail address, in the vendor's spelling */
  readonly email_address: string;
  /** Contact; an id with leading zeros */
  readonly contact_id: string | null;
  /** When the contact had subscribed */
  readonly addition_date: Date | null;
  /** When the contact unsubscribed by the message */
  readonly removal_date: Date | null;
  /** How the contact was removed */
  readonly removal_method: string | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of listrak.subscribed_contacts. Listrak SOAP v31: ReportRangeSubscribedContacts. */
export interface ListrakSubscribedContacts {
  /** Contact; an id with leading zeros */
  readonly contact_id: string;
  /** List; id in lists (from the request) */
  readonly list_id: bigint;
  /** E-mail address, in the vendor's spelling */
  readonly email_address: string | null;
  /** When the contact subscribed */
  readonly addition_date: Date | null;
  /** How the contact subscribed */
  readonly addition_method: string | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** The tables of listrak, as `readTable` and `tableView` take them. */
export const listrak = {
  lists: {
    source: 'listrak',
    table: 'lists',
    key: ['list_id'],
    columns: ['list_id', 'list_name', 'create_date', 'from_name', 'from_email', 'enable_removal_link', 'enable_browser_link', 'bounce_handling', 'enable_double_optin', 'enable_list_hygiene', 'vmta_id', 'vmta_description', 'show_email_list', 'show_advanced_personalization', 'bounce_unsubscribe_count', 'domain_alias_link', 'domain_alias_email', 'enable_rss', 'enable_google_analytics', 'google_tracking_domains', 'enable_internationalization', 'enable_dynamic_content', 'enable_list_remove_header', '_extra', '_synced_at'],
  } as TableRef<ListrakLists, 'list_id'>,
  messages: {
    source: 'listrak',
    table: 'messages',
    key: ['msg_id'],
    columns: ['msg_id', 'list_id', 'subject', 'send_date', 'deliver_count', 'remove_count', 'remove_percent', 'open_count', 'open_percent', 'read_count', 'read_percent', 'click_count', 'clicker_count', 'repeat_clicker_count', 'new_clicker_count', 'clicker_percent', 'order_total', 'conversion_count', 'average_order_value', '_extra', '_synced_at'],
  } as TableRef<ListrakMessages, 'msg_id'>,
  messageBounces: {
    source: 'listrak',
    table: 'message_bounces',
    key: ['msg_id', 'email_address'],
    columns: ['msg_id', 'email_address', 'contact_id', 'bounce_reason', 'bounce_detail', 'bounce_date', 'bounce_count', 'bounce_date_ts', '_extra', '_synced_at'],
  } as TableRef<ListrakMessageBounces, 'msg_id' | 'email_address'>,
  messageClicks: {
    source: 'listrak',
    table: 'message_clicks',
    key: ['msg_id', 'email_address'],
    columns: ['msg_id', 'email_address', 'contact_id', 'link_description', 'link_url', 'click_date', 'click_date_ts', '_extra', '_synced_at'],
  } as TableRef<ListrakMessageClicks, 'msg_id' | 'email_address'>,
  messageOpens: {
    source: 'listrak',
    table: 'message_opens',
    key: ['msg_id', 'email_address'],
    columns: ['msg_id', 'email_address', 'contact_id', 'open_date', 'open_date_ts', '_extra', '_synced_at'],
  } as TableRef<ListrakMessageOpens, 'msg_id' | 'email_address'>,
  messageReads: {
    source: 'listrak',
    table: 'message_reads',
    key: ['msg_id', 'email_address'],
    columns: ['msg_id', 'email_address', 'contact_id', 'read_date', 'read_date_ts', '_extra', '_synced_at'],
  } as TableRef<ListrakMessageReads, 'msg_id' | 'email_address'>,
  messageSends: {
    source: 'listrak',
    table: 'message_sends',
    key: ['msg_id', 'email_address'],
    columns: ['msg_id', 'email_address', '_extra', '_synced_at'],
  } as TableRef<ListrakMessageSends, 'msg_id' | 'email_address'>,
  messageUnsubs: {
    source: 'listrak',
    table: 'message_unsubs',
    key: ['msg_id', 'email_address'],
    columns: ['msg_id', 'email_address', 'contact_id', 'addition_date', 'removal_date', 'removal_method', '_extra', '_synced_at'],
  } as TableRef<ListrakMessageUnsubs, 'msg_id' | 'email_address'>,
  subscribedContacts: {
    source: 'listrak',
    table: 'subscribed_contacts',
    key: ['contact_id', 'list_id'],
    columns: ['contact_id', 'list_id', 'email_address', 'addition_date', 'addition_method', '_extra', '_synced_at'],
  } as TableRef<ListrakSubscribedContacts, 'contact_id' | 'list_id'>,
} as const;
