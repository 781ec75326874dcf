// Generated from the table definitions by `tributary schemas types`; do not edit.
import type { TableRef } from 'tributary/consumer';

/** A row of pendo.metadata_accounts. Pendo Engage API: metadata schema of accounts. */
export interface PendoMetadataAccounts {
  /** Group of the field: auto, agent, custom, pendo or an integration */
  readonly group_name: string;
  /** Name of the field */
  readonly field_name: string;
  /** string, time, boolean, integer, float, list or empty */
  readonly type: string | null;
  /** Name for people */
  readonly display_name: string | null;
  /** Type of a list's elements */
  readonly element_type: string | null;
  /** Format of a time */
  readonly element_format: string | null;
  /** dirty */
  readonly dirty: boolean | null;
  /** Whether it is hidden */
  readonly is_hidden: boolean | null;
  /** Whether it is deleted */
  readonly is_deleted: boolean | null;
  /** Whether it is calculated */
  readonly is_calculated: boolean | null;
  /** Whether each app has its own */
  readonly is_per_app: boolean | null;
  /** Whether it is promoted */
  readonly is_promoted: boolean | null;
  /** Whether it is left out of the index */
  readonly never_index: boolean | null;
  /** Sample value (JSON text) */
  readonly sample: string | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of pendo.metadata_visitors. Pendo Engage API: metadata schema of visitors. */
export interface PendoMetadataVisitors {
  /** Group of the field: auto, agent, custom, pendo or an integration */
  readonly group_name: string;
  /** Name of the field */
  readonly field_name: string;
  /** string, time, boolean, integer, float, list or empty */
  readonly type: string | null;
  /** Name for people */
  readonly display_name: string | null;
  /** Type of a list's elements */
  readonly element_type: string | null;
  /** Format of a time */
  readonly element_format: string | null;
  /** dirty */
  readonly dirty: boolean | null;
  /** Whether it is hidden */
  readonly is_hidden: boolean | null;
  /** Whether it is deleted */
  readonly is_deleted: boolean | null;
  /** Whether it is calculated */
  readonly is_calculated: boolean | null;
  /** Whether each app has its own */
  readonly is_per_app: boolean | null;
  /** Whether it is promoted */
  readonly is_promoted: boolean | null;
  /** Whether it is left out of the index */
  readonly never_index: boolean | null;
  /** Sample value (JSON text) */
  readonly sample: string | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of pendo.accounts. Pendo Engage API: aggregation over accounts. */
export interface PendoAccounts {
  /** Account id */
  readonly account_id: string;
  /** When it last changed */
  readonly lastupdated: Date | null;
  /** Id */
  readonly metadata_auto_id: string | null;
  /** Hash of the id, 32 bits unsigned */
  readonly metadata_auto_idhash: bigint | null;
  /** First visit */
  readonly metadata_auto_firstvisit: Date | null;
  /** Last visit */
  readonly metadata_auto_lastvisit: Date | null;
  /** Same as lastupdated */
  readonly metadata_auto_lastupdated: Date | null;
  /** Numeric id */
  readonly metadata_auto_nid: bigint | null;
  /** Fields the snippet sets (JSON text) */
  readonly metadata_agent: string | null;
  /** Custom fields (JSON text) */
  readonly metadata_custom: string | null;
  /** Fields of Pendo (JSON text) */
  readonly metadata_pendo: string | null;
  /** All other groups by name, those per app among them (JSON text) */
  readonly metadata_other: string | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of pendo.visitors. Pendo Engage API: aggregation over visitors. */
export interface PendoVisitors {
  /** Visitor id */
  readonly visitor_id: string;
  /** When it last changed */
  readonly lastupdated: Date | null;
  /** Id */
  readonly metadata_auto_id: string | null;
  /** Hash of the id, 32 bits unsigned */
  readonly metadata_auto_idhash: bigint | null;
  /** First visit */
  readonly metadata_auto_firstvisit: Date | null;
  /** Last visit */
  readonly metadata_auto_lastvisit: Date | null;
  /** Same as lastupdated */
  readonly metadata_auto_lastupdated: Date | null;
  /** Numeric id */
  readonly metadata_auto_nid: bigint | null;
  /** Latest account */
  readonly metadata_auto_accountid: string | null;
  /** Accounts (JSON text) */
  readonly metadata_auto_accountids: string | null;
  /** When it was made */
  readonly metadata_auto_createdat: Date | null;
  /** First visit under its id */
  readonly metadata_auto_firstidentifiedvisit: Date | null;
  /** Browser of the last visit */
  readonly metadata_auto_lastbrowsername: string | null;
  /** Its version */
  readonly metadata_auto_lastbrowserversion: string | null;
  /** Operating system of the last visit */
  readonly metadata_auto_lastoperatingsystem: string | null;
  /** Host of the last visit */
  readonly metadata_auto_lastservername: string | null;
  /** User agent of the last visit */
  readonly metadata_auto_lastuseragent: string | null;
  /** E-mail address the snippet sets */
  readonly metadata_agent_email: string | null;
  /** Address the snippet sets */
  readonly metadata_agent_ipaddress: string | null;
  /** Language the snippet sets */
  readonly metadata_agent_language: string | null;
  /** Fields the snippet sets (JSON text) */
  readonly metadata_agent: string | null;
  /** Custom fields (JSON text) */
  readonly metadata_custom: string | null;
  /** Fields of Pendo (JSON text) */
  readonly metadata_pendo: string | null;
  /** All other groups by name, those per app among them (JSON text) */
  readonly metadata_other: string | null;
  /** Whether events of the visitor are dropped */
  readonly do_not_process: boolean | null;
  /** Whether the visitor was never identified */
  readonly is_anonymous: boolean | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of pendo.features. Pendo Engage API: aggregation over features. */
export interface PendoFeatures {
  /** Id */
  readonly id: string;
  /** Name */
  readonly name: string | null;
  /** Kind of object */
  readonly kind: string | null;
  /** App it belongs to */
  readonly app_id: bigint | null;
  /** All apps it belongs to (JSON text) */
  readonly app_ids: string | null;
  /** Description */
  readonly description: string | null;
  /** Id of its first version */
  readonly root_version_id: string | null;
  /** Id of its present version */
  readonly stable_version_id: string | null;
  /** When it was made */
  readonly created_at: Date | null;
  /** When it was last changed */
  readonly last_updated_at: Date | null;
  /** Id of who made it */
  readonly created_by_user_id: string | null;
  /** User name of who made it */
  readonly created_by_user_username: string | null;
  /** First name of who made it */
  readonly created_by_user_first: string | null;
  /** Last name of who made it */
  readonly created_by_user_last: string | null;
  /** Role of who made it */
  readonly created_by_user_role: bigint | null;
  /** Kind of user who made it */
  readonly created_by_user_user_type: string | null;
  /** Id of who changed it */
  readonly last_updated_by_user_id: string | null;
  /** User name of who changed it */
  readonly last_updated_by_user_username: string | null;
  /** First name of who changed it */
  readonly last_updated_by_user_first: string | null;
  /** Last name of who changed it */
  readonly last_updated_by_user_last: string | null;
  /** Role of who changed it */
  readonly last_updated_by_user_role: bigint | null;
  /** Kind of user who changed it */
  readonly last_updated_by_user_user_type: string | null;
  /** Product area */
  readonly group_id: string | null;
  /** Name of the product area */
  readonly group_name: string | null;
  /** Description of the product area */
  readonly group_description: string | null;
  /** Colour of the product area */
  readonly group_color: string | null;
  /** Number of objects in the product area */
  readonly group_length: bigint | null;
  /** Colour */
  readonly color: string | null;
  /** dirty */
  readonly dirty: boolean | null;
  /** Whether it counts as a core event */
  readonly is_core_event: boolean | null;
  /** Page it is on */
  readonly page_id: string | null;
  /** Whether it counts on every page */
  readonly app_wide: boolean | null;
  /** Until when its events are counted. A change of it alone publishes nothing. */
  readonly valid_through: Date | null;
  /** Whether it was suggested */
  readonly is_suggested: boolean | null;
  /** Suggested rule */
  readonly suggested_match: string | null;
  /** Rules that find the element (JSON text) */
  readonly element_path_rules: string | null;
  /** How the element was chosen */
  readonly element_selection_type: string | null;
  /** Tag of the element */
  readonly element_initial_tag: string | null;
  /** Event properties (JSON text) */
  readonly event_property_configurations: string | null;
  /** Version of the designer it was made with */
  readonly created_designer_version: string | null;
  /** Rules as the vendor writes them; JSON text where that is a list */
  readonly rulesjson: string | null;
  /** Kinds of frustration that are not counted (JSON text) */
  readonly ignored_frustration_types: string | null;
  /** Whether it is left out of tag maintenance */
  readonly tag_maintenance_exclude: boolean | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of pendo.pages. Pendo Engage API: aggregation over pages. */
export interface PendoPages {
  /** Id */
  readonly id: string;
  /** Name */
  readonly name: string | null;
  /** Kind of object */
  readonly kind: string | null;
  /** App it belongs to */
  readonly app_id: bigint | null;
  /** All apps it belongs to (JSON text) */
  readonly app_ids: string | null;
  /** Description */
  readonly description: string | null;
  /** Id of its first version */
  readonly root_version_id: string | null;
  /** Id of its present version */
  readonly stable_version_id: string | null;
  /** When it was made */
  readonly created_at: Date | null;
  /** When it was last changed */
  readonly last_updated_at: Date | null;
  /** Id of who made it */
  readonly created_by_user_id: string | null;
  /** User name of who made it */
  readonly created_by_user_username: string | null;
  /** First name of who made it */
  readonly created_by_user_first: string | null;
  /** Last name of who made it */
  readonly created_by_user_last: string | null;
  /** Role of who made it */
  readonly created_by_user_role: bigint | null;
  /** Kind of user who made it */
  readonly created_by_user_user_type: string | null;
  /** Id of who changed it */
  readonly last_updated_by_user_id: string | null;
  /** User name of who changed it */
  readonly last_updated_by_user_username: string | null;
  /** First name of who changed it */
  readonly last_updated_by_user_first: string | null;
  /** Last name of who changed it */
  readonly last_updated_by_user_last: string | null;
  /** Role of who changed it */
  readonly last_updated_by_user_role: bigint | null;
  /** Kind of user who changed it */
  readonly last_updated_by_user_user_type: string | null;
  /** Product area */
  readonly group_id: string | null;
  /** Name of the product area */
  readonly group_name: string | null;
  /** Description of the product area */
  readonly group_description: string | null;
  /** Colour of the product area */
  readonly group_color: string | null;
  /** Number of objects in the product area */
  readonly group_length: bigint | null;
  /** Colour */
  readonly color: string | null;
  /** dirty */
  readonly dirty: boolean | null;
  /** Whether it counts as a core event */
  readonly is_core_event: boolean | null;
  /** Rules that find the page (JSON text) */
  readonly rules: string | null;
  /** Rules of what is not the page (JSON text) */
  readonly exclude_rules: string | null;
  /** Rules as the vendor writes them; JSON text where that is a list */
  readonly rulesjson: string | null;
  /** Kinds of frustration that are not counted (JSON text) */
  readonly ignored_frustration_types: string | null;
  /** Whether it is left out of tag maintenance */
  readonly tag_maintenance_exclude: boolean | null;
  /** Until when its events are counted. A change of it alone publishes nothing. */
  readonly valid_through: Date | null;
  /** Whether it was tagged without a person */
  readonly is_auto_tagged: boolean | null;
  /** Whether it was suggested */
  readonly is_suggested: boolean | null;
  /** Suggested name */
  readonly suggested_name: string | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of pendo.guides. Pendo Engage API: aggregation over guides. */
export interface PendoGuides {
  /** Id */
  readonly id: string;
  /** Name */
  readonly name: string | null;
  /** Kind of object */
  readonly kind: string | null;
  /** App it belongs to */
  readonly app_id: bigint | null;
  /** All apps it belongs to (JSON text) */
  readonly app_ids: string | null;
  /** Description */
  readonly description: string | null;
  /** Id of its first version */
  readonly root_version_id: string | null;
  /** Id of its present version */
  readonly stable_version_id: string | null;
  /** When it was made */
  readonly created_at: Date | null;
  /** When it was last changed */
  readonly last_updated_at: Date | null;
  /** Id of who made it */
  readonly created_by_user_id: string | null;
  /** User name of who made it */
  readonly created_by_user_username: string | null;
  /** First name of who made it */
  readonly created_by_user_first: string | null;
  /** Last name of who made it */
  readonly created_by_user_last: string | null;
  /** Role of who made it */
  readonly created_by_user_role: bigint | null;
  /** Kind of user who made it */
  readonly created_by_user_user_type: string | null;
  /** Id of who changed it */
  readonly last_updated_by_user_id: string | null;
  /** User name of who changed it */
  readonly last_updated_by_user_username: string | null;
  /** First name of who changed it */
  readonly last_updated_by_user_first: string | null;
  /** Last name of who changed it */
  readonly last_updated_by_user_last: string | null;
  /** Role of who changed it */
  readonly last_updated_by_user_role: bigint | null;
  /** Kind of user who changed it */
  readonly last_updated_by_user_user_type: string | null;
  /** draft, staged, public, disabled or _pendingReview_ */
  readonly state: string | null;
  /** State of its e-mail */
  readonly email_state: string | null;
  /** auto, badge, dom, api, or several joined with - */
  readonly launch_method: string | null;
  /** Editor it was made with */
  readonly editor_type: string | null;
  /** Language it was written in */
  readonly authored_language: string | null;
  /** Whether it has several steps */
  readonly is_multi_step: boolean | null;
  /** Whether it is a training */
  readonly is_training: boolean | null;
  /** Whether it is a module */
  readonly is_module: boolean | null;
  /** Whether it is at the top level */
  readonly is_top_level: boolean | null;
  /** Whether it was ever published */
  readonly published_ever: boolean | null;
  /** When it was published */
  readonly published_at: Date | null;
  /** When it was reset */
  readonly reset_at: Date | null;
  /** When it expires */
  readonly expires_after: Date | null;
  /** From when it shows */
  readonly shows_after: Date | null;
  /** From when it could be seen */
  readonly current_first_eligible_to_be_seen_at: Date | null;
  /** Recurrence */
  readonly recurrence: bigint | null;
  /** Window of the recurrence */
  readonly recurrence_eligibility_window: bigint | null;
  /** Kind of layout */
  readonly attributes_type: string | null;
  /** Kind of device */
  readonly attributes_device_type: string | null;
  /** Priority */
  readonly attributes_priority: bigint | null;
  /** Attributes (JSON text) */
  readonly attributes: string | null;
  /** Steps (JSON text) */
  readonly steps: string | null;
  /** Polls (JSON text) */
  readonly polls: string | null;
  /** Who sees it, as an aggregation (JSON text) */
  readonly audience: string | null;
  /** Who sees it, as the editor shows it (JSON text) */
  readonly audience_ui_hint: string | null;
  /** Metadata it depends on (JSON text) */
  readonly dependent_metadata: string | null;
  /** What counts as its success (JSON text) */
  readonly conversion: string | null;
  /** The experiment it is part of (JSON text) */
  readonly experiment: string | null;
  /** Guides below it (JSON text) */
  readonly children: string | null;
  /** Settings of its e-mail (JSON text) */
  readonly email_configuration: string | null;
  /** Oldest version of the agent that can show it */
  readonly min_agent_version: string | null;
  /** What it was made from */
  readonly origin_id: string | null;
  /** Resource centre it belongs to */
  readonly resource_center_id: string | null;
  /** Whether feedback is made of its answers */
  readonly auto_create_feedback: boolean | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of pendo.track_types. Pendo Engage API: aggregation over trackTypes. */
export interface PendoTrackTypes {
  /** Id */
  readonly id: string;
  /** Name */
  readonly name: string | null;
  /** Kind of object */
  readonly kind: string | null;
  /** App it belongs to */
  readonly app_id: bigint | null;
  /** All apps it belongs to (JSON text) */
  readonly app_ids: string | null;
  /** Description */
  readonly description: string | null;
  /** Id of its first version */
  readonly root_version_id: string | null;
  /** Id of its present version */
  readonly stable_version_id: string | null;
  /** When it was made */
  readonly created_at: Date | null;
  /** When it was last changed */
  readonly last_updated_at: Date | null;
  /** Id of who made it */
  readonly created_by_user_id: string | null;
  /** User name of who made it */
  readonly created_by_user_username: string | null;
  /** First name of who made it */
  readonly created_by_user_first: string | null;
  /** Last name of who made it */
  readonly created_by_user_last: string | null;
  /** Role of who made it */
  readonly created_by_user_role: bigint | null;
  /** Kind of user who made it */
  readonly created_by_user_user_type: string | null;
  /** Id of who changed it */
  readonly last_updated_by_user_id: string | null;
  /** User name of who changed it */
  readonly last_updated_by_user_username: string | null;
  /** First name of who changed it */
  readonly last_updated_by_user_first: string | null;
  /** Last name of who changed it */
  readonly last_updated_by_user_last: string | null;
  /** Role of who changed it */
  readonly last_updated_by_user_role: bigint | null;
  /** Kind of user who changed it */
  readonly last_updated_by_user_user_type: string | null;
  /** Product area */
  readonly group_id: string | null;
  /** Name of the product area */
  readonly group_name: string | null;
  /** Description of the product area */
  readonly group_description: string | null;
  /** Colour of the product area */
  readonly group_color: string | null;
  /** Number of objects in the product area */
  readonly group_length: bigint | null;
  /** Colour */
  readonly color: string | null;
  /** dirty */
  readonly dirty: boolean | null;
  /** Whether it counts as a core event */
  readonly is_core_event: boolean | null;
  /** Name in the events */
  readonly track_type_name: string | null;
  /** Names of events it takes (JSON text) */
  readonly track_type_rules: string | null;
  /** Rules that find the events (JSON text) */
  readonly rules: string | null;
  /** Names of the events' properties (JSON text) */
  readonly event_property_name_list: string | null;
  /** Until when its events are counted. A change of it alone publishes nothing. */
  readonly valid_through: Date | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of pendo.events. Pendo Engage API: aggregation over events. */
export interface PendoEvents {
  /** Account. "" when the vendor gives none. */
  readonly account_id: string;
  /** Visitor. "" when the vendor gives none. */
  readonly visitor_id: string;
  /** App. 0 when the vendor gives none. */
  readonly app_id: bigint;
  /** Address of the visitor. "" when the vendor gives none. */
  readonly remote_ip: string;
  /** Browser. "" when the vendor gives none. */
  readonly user_agent: string;
  /** Browser tab */
  readonly tab_id: string | null;
  /** Country */
  readonly country: string | null;
  /** Region within the country */
  readonly region: string | null;
  /** Latitude; 0 when unknown */
  readonly latitude: number | null;
  /** Longitude; 0 when unknown */
  readonly longitude: number | null;
  /** Session of the visitor, as Pendo's analytics divide it */
  readonly analytics_session_id: string | null;
  /** Host of the app. "" when the vendor gives none. */
  readonly server: string;
  /** Begin of the day in the subscription's time zone */
  readonly day: Date | null;
  /** Begin of the hour, with period hour */
  readonly hour: Date | null;
  /** Begin of the week in the subscription's time zone */
  readonly week: Date | null;
  /** Begin of the month in the subscription's time zone */
  readonly month: Date | null;
  /** Begin of the quarter in the subscription's time zone */
  readonly quarter: Date | null;
  /** Begin of the bucket: its day or hour */
  readonly period_start: Date;
  /** Events in the bucket */
  readonly num_events: bigint | null;
  /** Minutes with an event in the bucket */
  readonly num_minutes: bigint | null;
  /** First event */
  readonly first_time: Date | null;
  /** Last event */
  readonly last_time: Date | null;
  /** Last key frame of the recording */
  readonly last_key_frame_timestamp: Date | null;
  /** Recording */
  readonly recording_id: string | null;
  /** Session of the recording */
  readonly recording_session_id: string | null;
  /** Rage clicks */
  readonly rage_click_count: bigint | null;
  /** Clicks that led to an error */
  readonly error_click_count: bigint | null;
  /** Clicks without an effect */
  readonly dead_click_count: bigint | null;
  /** Quick returns */
  readonly u_turn_count: bigint | null;
  /** Agent that signed its requests, such as that of an AI */
  readonly signature_agent: string | null;
  /** Parameters of the page (JSON text) */
  readonly parameters: string | null;
  /** Properties of the event (JSON text) */
  readonly properties: string | null;
  /** Always allevents */
  readonly page_id: string | null;
  /** Feature */
  readonly feature_id: string | null;
  /** Kind of client, such as web or ios */
  readonly event_class: string | null;
  /** Hash of the other fields that tell rows apart. "" when the vendor gives none. */
  readonly dimension_hash: string;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of pendo.feature_events. Pendo Engage API: aggregation over featureEvents. */
export interface PendoFeatureEvents {
  /** Account. "" when the vendor gives none. */
  readonly account_id: string;
  /** Visitor. "" when the vendor gives none. */
  readonly visitor_id: string;
  /** App. 0 when the vendor gives none. */
  readonly app_id: bigint;
  /** Address of the visitor. "" when the vendor gives none. */
  readonly remote_ip: string;
  /** Browser. "" when the vendor gives none. */
  readonly user_agent: string;
  /** Browser tab */
  readonly tab_id: string | null;
  /** Country */
  readonly country: string | null;
  /** Region within the country */
  readonly region: string | null;
  /** Latitude; 0 when unknown */
  readonly latitude: number | null;
  /** Longitude; 0 when unknown */
  readonly longitude: number | null;
  /** Session of the visitor, as Pendo's analytics divide it */
  readonly analytics_session_id: string | null;
  /** Host of the app. "" when the vendor gives none. */
  readonly server: string;
  /** Begin of the day in the subscription's time zone */
  readonly day: Date | null;
  /** Begin of the hour, with period hour */
  readonly hour: Date | null;
  /** Begin of the week in the subscription's time zone */
  readonly week: Date | null;
  /** Begin of the month in the subscription's time zone */
  readonly month: Date | null;
  /** Begin of the quarter in the subscription's time zone */
  readonly quarter: Date | null;
  /** Begin of the bucket: its day or hour */
  readonly period_start: Date;
  /** Events in the bucket */
  readonly num_events: bigint | null;
  /** Minutes with an event in the bucket */
  readonly num_minutes: bigint | null;
  /** First event */
  readonly first_time: Date | null;
  /** Last event */
  readonly last_time: Date | null;
  /** Last key frame of the recording */
  readonly last_key_frame_timestamp: Date | null;
  /** Recording */
  readonly recording_id: string | null;
  /** Session of the recording */
  readonly recording_session_id: string | null;
  /** Rage clicks */
  readonly rage_click_count: bigint | null;
  /** Clicks that led to an error */
  readonly error_click_count: bigint | null;
  /** Clicks without an effect */
  readonly dead_click_count: bigint | null;
  /** Quick returns */
  readonly u_turn_count: bigint | null;
  /** Agent that signed its requests, such as that of an AI */
  readonly signature_agent: string | null;
  /** Parameters of the page (JSON text) */
  readonly parameters: string | null;
  /** Properties of the event (JSON text) */
  readonly properties: string | null;
  /** Feature that was used. "" when the vendor gives none. */
  readonly feature_id: string;
  /** Hash of the other fields that tell rows apart. "" when the vendor gives none. */
  readonly dimension_hash: string;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of pendo.page_events. Pendo Engage API: aggregation over pageEvents. */
export interface PendoPageEvents {
  /** Account. "" when the vendor gives none. */
  readonly account_id: string;
  /** Visitor. "" when the vendor gives none. */
  readonly visitor_id: string;
  /** App. 0 when the vendor gives none. */
  readonly app_id: bigint;
  /** Address of the visitor. "" when the vendor gives none. */
  readonly remote_ip: string;
  /** Browser. "" when the vendor gives none. */
  readonly user_agent: string;
  /** Browser tab */
  readonly tab_id: string | null;
  /** Country */
  readonly country: string | null;
  /** Region within the country */
  readonly region: string | null;
  /** Latitude; 0 when unknown */
  readonly latitude: number | null;
  /** Longitude; 0 when unknown */
  readonly longitude: number | null;
  /** Session of the visitor, as Pendo's analytics divide it */
  readonly analytics_session_id: string | null;
  /** Host of the app. "" when the vendor gives none. */
  readonly server: string;
  /** Begin of the day in the subscription's time zone */
  readonly day: Date | null;
  /** Begin of the hour, with period hour */
  readonly hour: Date | null;
  /** Begin of the week in the subscription's time zone */
  readonly week: Date | null;
  /** Begin of the month in the subscription's time zone */
  readonly month: Date | null;
  /** Begin of the quarter in the subscription's time zone */
  readonly quarter: Date | null;
  /** Begin of the bucket: its day or hour */
  readonly period_start: Date;
  /** Events in the bucket */
  readonly num_events: bigint | null;
  /** Minutes with an event in the bucket */
  readonly num_minutes: bigint | null;
  /** First event */
  readonly first_time: Date | null;
  /** Last event */
  readonly last_time: Date | null;
  /** Last key frame of the recording */
  readonly last_key_frame_timestamp: Date | null;
  /** Recording */
  readonly recording_id: string | null;
  /** Session of the recording */
  readonly recording_session_id: string | null;
  /** Rage clicks */
  readonly rage_click_count: bigint | null;
  /** Clicks that led to an error */
  readonly error_click_count: bigint | null;
  /** Clicks without an effect */
  readonly dead_click_count: bigint | null;
  /** Quick returns */
  readonly u_turn_count: bigint | null;
  /** Agent that signed its requests, such as that of an AI */
  readonly signature_agent: string | null;
  /** Parameters of the page (JSON text) */
  readonly parameters: string | null;
  /** Properties of the event (JSON text) */
  readonly properties: string | null;
  /** Page that was seen. "" when the vendor gives none. */
  readonly page_id: string;
  /** Hash of the other fields that tell rows apart. "" when the vendor gives none. */
  readonly dimension_hash: string;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of pendo.track_events. Pendo Engage API: aggregation over trackEvents. */
export interface PendoTrackEvents {
  /** Account. "" when the vendor gives none. */
  readonly account_id: string;
  /** Visitor. "" when the vendor gives none. */
  readonly visitor_id: string;
  /** App. 0 when the vendor gives none. */
  readonly app_id: bigint;
  /** Address of the visitor. "" when the vendor gives none. */
  readonly remote_ip: string;
  /** Browser. "" when the vendor gives none. */
  readonly user_agent: string;
  /** Browser tab */
  readonly tab_id: string | null;
  /** Country */
  readonly country: string | null;
  /** Region within the country */
  readonly region: string | null;
  /** Latitude; 0 when unknown */
  readonly latitude: number | null;
  /** Longitude; 0 when unknown */
  readonly longitude: number | null;
  /** Session of the visitor, as Pendo's analytics divide it */
  readonly analytics_session_id: string | null;
  /** Host of the app. "" when the vendor gives none. */
  readonly server: string;
  /** Begin of the day in the subscription's time zone */
  readonly day: Date | null;
  /** Begin of the hour, with period hour */
  readonly hour: Date | null;
  /** Begin of the week in the subscription's time zone */
  readonly week: Date | null;
  /** Begin of the month in the subscription's time zone */
  readonly month: Date | null;
  /** Begin of the quarter in the subscription's time zone */
  readonly quarter: Date | null;
  /** Begin of the bucket: its day or hour */
  readonly period_start: Date;
  /** Events in the bucket */
  readonly num_events: bigint | null;
  /** Minutes with an event in the bucket */
  readonly num_minutes: bigint | null;
  /** First event */
  readonly first_time: Date | null;
  /** Last event */
  readonly last_time: Date | null;
  /** Last key frame of the recording */
  readonly last_key_frame_timestamp: Date | null;
  /** Recording */
  readonly recording_id: string | null;
  /** Session of the recording */
  readonly recording_session_id: string | null;
  /** Rage clicks */
  readonly rage_click_count: bigint | null;
  /** Clicks that led to an error */
  readonly error_click_count: bigint | null;
  /** Clicks without an effect */
  readonly dead_click_count: bigint | null;
  /** Quick returns */
  readonly u_turn_count: bigint | null;
  /** Agent that signed its requests, such as that of an AI */
  readonly signature_agent: string | null;
  /** Parameters of the page (JSON text) */
  readonly parameters: string | null;
  /** Properties of the event (JSON text) */
  readonly properties: string | null;
  /** Track type of the event. "" when the vendor gives none. */
  readonly track_type_id: string;
  /** Hash of the other fields that tell rows apart. "" when the vendor gives none. */
  readonly dimension_hash: string;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of pendo.guide_events. Pendo Engage API: aggregation over guideEvents. */
export interface PendoGuideEvents {
  /** Account. "" when the vendor gives none. */
  readonly account_id: string;
  /** Visitor. "" when the vendor gives none. */
  readonly visitor_id: string;
  /** App. 0 when the vendor gives none. */
  readonly app_id: bigint;
  /** Address of the visitor. "" when the vendor gives none. */
  readonly remote_ip: string;
  /** Browser */
  readonly user_agent: string | null;
  /** Browser tab */
  readonly tab_id: string | null;
  /** Country */
  readonly country: string | null;
  /** Region within the country */
  readonly region: string | null;
  /** Latitude; 0 when unknown */
  readonly latitude: number | null;
  /** Longitude; 0 when unknown */
  readonly longitude: number | null;
  /** Session of the visitor, as Pendo's analytics divide it */
  readonly analytics_session_id: string | null;
  /** All accounts of the visitor (JSON text) */
  readonly account_ids: string | null;
  /** When, by the visitor's clock */
  readonly browser_time: Date;
  /** When it was recorded */
  readonly guide_timestamp: Date | null;
  /** When the vendor received it */
  readonly received_time: Date | null;
  /** What happened. "" when the vendor gives none. */
  readonly type: string;
  /** Guide. "" when the vendor gives none. */
  readonly guide_id: string;
  /** Step of the guide. "" when the vendor gives none. */
  readonly guide_step_id: string;
  /** Address of the page; its SHA-256 when it is longer than 1,024 characters. "" when the vendor gives none. */
  readonly url: string;
  /** Address of the page when it is longer than 1,024 characters */
  readonly long_url: string | null;
  /** Title of the page */
  readonly title: string | null;
  /** Fragment of the address */
  readonly fragment: string | null;
  /** Id of the visitor before it was identified */
  readonly old_visitor_id: string | null;
  /** Host of the app */
  readonly server_name: string | null;
  /** Path of the element */
  readonly element_path: string | null;
  /** Event */
  readonly event_id: string | null;
  /** Language */
  readonly language: string | null;
  /** Load time, ms */
  readonly load_time: bigint | null;
  /** Poll */
  readonly poll_id: string | null;
  /** Answer: text, a number as text, or the id of an option */
  readonly poll_response: string | null;
  /** Properties of the event (JSON text) */
  readonly properties: string | null;
  /** Why it was shown */
  readonly guide_seen_reason: string | null;
  /** Step it led to */
  readonly destination_step_id: string | null;
  /** Element that was used */
  readonly ui_element_id: string | null;
  /** Its type */
  readonly ui_element_type: string | null;
  /** Its text */
  readonly ui_element_text: string | null;
  /** Its actions (JSON text) */
  readonly ui_element_actions: string | null;
  /** Hash of the other fields that tell rows apart. "" when the vendor gives none. */
  readonly dimension_hash: string;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of pendo.poll_events. Pendo Engage API: aggregation over pollEvents. */
export interface PendoPollEvents {
  /** Account. "" when the vendor gives none. */
  readonly account_id: string;
  /** Visitor. "" when the vendor gives none. */
  readonly visitor_id: string;
  /** App. 0 when the vendor gives none. */
  readonly app_id: bigint;
  /** Address of the visitor. "" when the vendor gives none. */
  readonly remote_ip: string;
  /** Browser */
  readonly user_agent: string | null;
  /** Browser tab */
  readonly tab_id: string | null;
  /** Country */
  readonly country: string | null;
  /** Region within the country */
  readonly region: string | null;
  /** Latitude; 0 when unknown */
  readonly latitude: number | null;
  /** Longitude; 0 when unknown */
  readonly longitude: number | null;
  /** Session of the visitor, as Pendo's analytics divide it */
  readonly analytics_session_id: string | null;
  /** All accounts of the visitor (JSON text) */
  readonly account_ids: string | null;
  /** When, by the visitor's clock */
  readonly browser_time: Date;
  /** When it was recorded */
  readonly guide_timestamp: Date | null;
  /** When the vendor received it */
  readonly received_time: Date | null;
  /** What happened. "" when the vendor gives none. */
  readonly type: string;
  /** Guide. "" when the vendor gives none. */
  readonly guide_id: string;
  /** Step of the guide */
  readonly guide_step_id: string | null;
  /** Address of the page; its SHA-256 when it is longer than 1,024 characters */
  readonly url: string | null;
  /** Address of the page when it is longer than 1,024 characters */
  readonly long_url: string | null;
  /** Title of the page */
  readonly title: string | null;
  /** Fragment of the address */
  readonly fragment: string | null;
  /** Id of the visitor before it was identified */
  readonly old_visitor_id: string | null;
  /** Host of the app */
  readonly server_name: string | null;
  /** Path of the element */
  readonly element_path: string | null;
  /** Event */
  readonly event_id: string | null;
  /** Language */
  readonly language: string | null;
  /** Load time, ms */
  readonly load_time: bigint | null;
  /** Poll. "" when the vendor gives none. */
  readonly poll_id: string;
  /** Answer: text, a number as text, or the id of an option */
  readonly poll_response: string | null;
  /** Properties of the event (JSON text) */
  readonly properties: string | null;
  /** Kind of poll, such as NPSRating */
  readonly poll_type: string | null;
  /** Hash of the other fields that tell rows apart. "" when the vendor gives none. */
  readonly dimension_hash: string;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of pendo.visitor_history. Pendo Engage API: visitor history. */
export interface PendoVisitorHistory {
  /** Visitor */
  readonly visitor_id: string;
  /** Begin of the activity */
  readonly ts: Date;
  /** page, feature, guide and others. "" when the vendor gives none. */
  readonly type: string;
  /** App. 0 when the vendor gives none. */
  readonly app_id: bigint;
  /** Page, feature, guide step, guide, track type or address. "" when the vendor gives none. */
  readonly object_id: string;
  /** Hash of guide, browser and address */
  readonly dimension_hash: string;
  /** End of the activity */
  readonly last_ts: Date | null;
  /** The later of ts and last_ts */
  readonly modified_ts: Date | null;
  /** Duration; the vendor names no unit */
  readonly duration: bigint | null;
  /** Address */
  readonly uri: string | null;
  /** Address of a page without a tag */
  readonly untagged_url: string | null;
  /** Page */
  readonly page_id: string | null;
  /** Feature */
  readonly feature_id: string | null;
  /** Guide */
  readonly guide_id: string | null;
  /** Step of the guide */
  readonly guide_step_id: string | null;
  /** Browser */
  readonly parsed_user_agent_name: string | null;
  /** Version of the browser */
  readonly parsed_user_agent_version: string | null;
  /** Operating system */
  readonly parsed_user_agent_os: string | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** The tables of pendo, as `readTable` and `tableView` take them. */
export const pendo = {
  metadataAccounts: {
    source: 'pendo',
    table: 'metadata_accounts',
    key: ['group_name', 'field_name'],
    columns: ['group_name', 'field_name', 'type', 'display_name', 'element_type', 'element_format', 'dirty', 'is_hidden', 'is_deleted', 'is_calculated', 'is_per_app', 'is_promoted', 'never_index', 'sample', '_extra', '_synced_at'],
  } as TableRef<PendoMetadataAccounts, 'group_name' | 'field_name'>,
  metadataVisitors: {
    source: 'pendo',
    table: 'metadata_visitors',
    key: ['group_name', 'field_name'],
    columns: ['group_name', 'field_name', 'type', 'display_name', 'element_type', 'element_format', 'dirty', 'is_hidden', 'is_deleted', 'is_calculated', 'is_per_app', 'is_promoted', 'never_index', 'sample', '_extra', '_synced_at'],
  } as TableRef<PendoMetadataVisitors, 'group_name' | 'field_name'>,
  accounts: {
    source: 'pendo',
    table: 'accounts',
    key: ['account_id'],
    columns: ['account_id', 'lastupdated', 'metadata_auto_id', 'metadata_auto_idhash', 'metadata_auto_firstvisit', 'metadata_auto_lastvisit', 'metadata_auto_lastupdated', 'metadata_auto_nid', 'metadata_agent', 'metadata_custom', 'metadata_pendo', 'metadata_other', '_extra', '_synced_at'],
  } as TableRef<PendoAccounts, 'account_id'>,
  visitors: {
    source: 'pendo',
    table: 'visitors',
    key: ['visitor_id'],
    columns: ['visitor_id', 'lastupdated', 'metadata_auto_id', 'metadata_auto_idhash', 'metadata_auto_firstvisit', 'metadata_auto_lastvisit', 'metadata_auto_lastupdated', 'metadata_auto_nid', 'metadata_auto_accountid', 'metadata_auto_accountids', 'metadata_auto_createdat', 'metadata_auto_firstidentifiedvisit', 'metadata_auto_lastbrowsername', 'metadata_auto_lastbrowserversion', 'metadata_auto_lastoperatingsystem', 'metadata_auto_lastservername', 'metadata_auto_lastuseragent', 'metadata_agent_email', 'metadata_agent_ipaddress', 'metadata_agent_language', 'metadata_agent', 'metadata_custom', 'metadata_pendo', 'metadata_other', 'do_not_process', 'is_anonymous', '_extra', '_synced_at'],
  } as TableRef<PendoVisitors, 'visitor_id'>,
  features: {
    source: 'pendo',
    table: 'features',
    key: ['id'],
    columns: ['id', 'name', 'kind', 'app_id', 'app_ids', 'description', 'root_version_id', 'stable_version_id', 'created_at', 'last_updated_at', 'created_by_user_id', 'created_by_user_username', 'created_by_user_first', 'created_by_user_last', 'created_by_user_role', 'created_by_user_user_type', 'last_updated_by_user_id', 'last_updated_by_user_username', 'last_updated_by_user_first', 'last_updated_by_user_last', 'last_updated_by_user_role', 'last_updated_by_user_user_type', 'group_id', 'group_name', 'group_description', 'group_color', 'group_length', 'color', 'dirty', 'is_core_event', 'page_id', 'app_wide', 'valid_through', 'is_suggested', 'suggested_match', 'element_path_rules', 'element_selection_type', 'element_initial_tag', 'event_property_configurations', 'created_designer_version', 'rulesjson', 'ignored_frustration_types', 'tag_maintenance_exclude', '_extra', '_synced_at'],
  } as TableRef<PendoFeatures, 'id'>,
  pages: {
    source: 'pendo',
    table: 'pages',
    key: ['id'],
    columns: ['id', 'name', 'kind', 'app_id', 'app_ids', 'description', 'root_version_id', 'stable_version_id', 'created_at', 'last_updated_at', 'created_by_user_id', 'created_by_user_username', 'created_by_user_first', 'created_by_user_last', 'created_by_user_role', 'created_by_user_user_type', 'last_updated_by_user_id', 'last_updated_by_user_username', 'last_updated_by_user_first', 'last_updated_by_user_last', 'last_updated_by_user_role', 'last_updated_by_user_user_type', 'group_id', 'group_name', 'group_description', 'group_color', 'group_length', 'color', 'dirty', 'is_core_event', 'rules', 'exclude_rules', 'rulesjson', 'ignored_frustration_types', 'tag_maintenance_exclude', 'valid_through', 'is_auto_tagged', 'is_suggested', 'suggested_name', '_extra', '_synced_at'],
  } as TableRef<PendoPages, 'id'>,
  guides: {
    source: 'pendo',
    table: 'guides',
    key: ['id'],
    columns: ['id', 'name', 'kind', 'app_id', 'app_ids', 'description', 'root_version_id', 'stable_version_id', 'created_at', 'last_updated_at', 'created_by_user_id', 'created_by_user_username', 'created_by_user_first', 'created_by_user_last', 'created_by_user_role', 'created_by_user_user_type', 'last_updated_by_user_id', 'last_updated_by_user_username', 'last_updated_by_user_first', 'last_updated_by_user_last', 'last_updated_by_user_role', 'last_updated_by_user_user_type', 'state', 'email_state', 'launch_method', 'editor_type', 'authored_language', 'is_multi_step', 'is_training', 'is_module', 'is_top_level', 'published_ever', 'published_at', 'reset_at', 'expires_after', 'shows_after', 'current_first_eligible_to_be_seen_at', 'recurrence', 'recurrence_eligibility_window', 'attributes_type', 'attributes_device_type', 'attributes_priority', 'attributes', 'steps', 'polls', 'audience', 'audience_ui_hint', 'dependent_metadata', 'conversion', 'experiment', 'children', 'email_configuration', 'min_agent_version', 'origin_id', 'resource_center_id', 'auto_create_feedback', '_extra', '_synced_at'],
  } as TableRef<PendoGuides, 'id'>,
  trackTypes: {
    source: 'pendo',
    table: 'track_types',
    key: ['id'],
    columns: ['id', 'name', 'kind', 'app_id', 'app_ids', 'description', 'root_version_id', 'stable_version_id', 'created_at', 'last_updated_at', 'created_by_user_id', 'created_by_user_username', 'created_by_user_first', 'created_by_user_last', 'created_by_user_role', 'created_by_user_user_type', 'last_updated_by_user_id', 'last_updated_by_user_username', 'last_updated_by_user_first', 'last_updated_by_user_last', 'last_updated_by_user_role', 'last_updated_by_user_user_type', 'group_id', 'group_name', 'group_description', 'group_color', 'group_length', 'color', 'dirty', 'is_core_event', 'track_type_name', 'track_type_rules', 'rules', 'event_property_name_list', 'valid_through', '_extra', '_synced_at'],
  } as TableRef<PendoTrackTypes, 'id'>,
  events: {
    source: 'pendo',
    table: 'events',
    key: ['account_id', 'server', 'remote_ip', 'visitor_id', 'user_agent', 'app_id', 'period_start', 'dimension_hash'],
    columns: ['account_id', 'visitor_id', 'app_id', 'remote_ip', 'user_agent', 'tab_id', 'country', 'region', 'latitude', 'longitude', 'analytics_session_id', 'server', 'day', 'hour', 'week', 'month', 'quarter', 'period_start', 'num_events', 'num_minutes', 'first_time', 'last_time', 'last_key_frame_timestamp', 'recording_id', 'recording_session_id', 'rage_click_count', 'error_click_count', 'dead_click_count', 'u_turn_count', 'signature_agent', 'parameters', 'properties', 'page_id', 'feature_id', 'event_class', 'dimension_hash', '_extra', '_synced_at'],
  } as TableRef<PendoEvents, 'account_id' | 'server' | 'remote_ip' | 'visitor_id' | 'user_agent' | 'app_id' | 'period_start' | 'dimension_hash'>,
  featureEvents: {
    source: 'pendo',
    table: 'feature_events',
    key: ['account_id', 'server', 'remote_ip', 'visitor_id', 'period_start', 'feature_id', 'user_agent', 'app_id', 'dimension_hash'],
    columns: ['account_id', 'visitor_id', 'app_id', 'remote_ip', 'user_agent', 'tab_id', 'country', 'region', 'latitude', 'longitude', 'analytics_session_id', 'server', 'day', 'hour', 'week', 'month', 'quarter', 'period_start', 'num_events', 'num_minutes', 'first_time', 'last_time', 'last_key_frame_timestamp', 'recording_id', 'recording_session_id', 'rage_click_count', 'error_click_count', 'dead_click_count', 'u_turn_count', 'signature_agent', 'parameters', 'properties', 'feature_id', 'dimension_hash', '_extra', '_synced_at'],
  } as TableRef<PendoFeatureEvents, 'account_id' | 'server' | 'remote_ip' | 'visitor_id' | 'period_start' | 'feature_id' | 'user_agent' | 'app_id' | 'dimension_hash'>,
  pageEvents: {
    source: 'pendo',
    table: 'page_events',
    key: ['account_id', 'server', 'remote_ip', 'visitor_id', 'period_start', 'page_id', 'user_agent', 'app_id', 'dimension_hash'],
    columns: ['account_id', 'visitor_id', 'app_id', 'remote_ip', 'user_agent', 'tab_id', 'country', 'region', 'latitude', 'longitude', 'analytics_session_id', 'server', 'day', 'hour', 'week', 'month', 'quarter', 'period_start', 'num_events', 'num_minutes', 'first_time', 'last_time', 'last_key_frame_timestamp', 'recording_id', 'recording_session_id', 'rage_click_count', 'error_click_count', 'dead_click_count', 'u_turn_count', 'signature_agent', 'parameters', 'properties', 'page_id', 'dimension_hash', '_extra', '_synced_at'],
  } as TableRef<PendoPageEvents, 'account_id' | 'server' | 'remote_ip' | 'visitor_id' | 'period_start' | 'page_id' | 'user_agent' | 'app_id' | 'dimension_hash'>,
  trackEvents: {
    source: 'pendo',
    table: 'track_events',
    key: ['account_id', 'server', 'remote_ip', 'visitor_id', 'period_start', 'track_type_id', 'user_agent', 'app_id', 'dimension_hash'],
    columns: ['account_id', 'visitor_id', 'app_id', 'remote_ip', 'user_agent', 'tab_id', 'country', 'region', 'latitude', 'longitude', 'analytics_session_id', 'server', 'day', 'hour', 'week', 'month', 'quarter', 'period_start', 'num_events', 'num_minutes', 'first_time', 'last_time', 'last_key_frame_timestamp', 'recording_id', 'recording_session_id', 'rage_click_count', 'error_click_count', 'dead_click_count', 'u_turn_count', 'signature_agent', 'parameters', 'properties', 'track_type_id', 'dimension_hash', '_extra', '_synced_at'],
  } as TableRef<PendoTrackEvents, 'account_id' | 'server' | 'remote_ip' | 'visitor_id' | 'period_start' | 'track_type_id' | 'user_agent' | 'app_id' | 'dimension_hash'>,
  guideEvents: {
    source: 'pendo',
    table: 'guide_events',
    key: ['account_id', 'browser_time', 'guide_id', 'guide_step_id', 'remote_ip', 'type', 'url', 'visitor_id', 'app_id', 'dimension_hash'],
    columns: ['account_id', 'visitor_id', 'app_id', 'remote_ip', 'user_agent', 'tab_id', 'country', 'region', 'latitude', 'longitude', 'analytics_session_id', 'account_ids', 'browser_time', 'guide_timestamp', 'received_time', 'type', 'guide_id', 'guide_step_id', 'url', 'long_url', 'title', 'fragment', 'old_visitor_id', 'server_name', 'element_path', 'event_id', 'language', 'load_time', 'poll_id', 'poll_response', 'properties', 'guide_seen_reason', 'destination_step_id', 'ui_element_id', 'ui_element_type', 'ui_element_text', 'ui_element_actions', 'dimension_hash', '_extra', '_synced_at'],
  } as TableRef<PendoGuideEvents, 'account_id' | 'browser_time' | 'guide_id' | 'guide_step_id' | 'remote_ip' | 'type' | 'url' | 'visitor_id' | 'app_id' | 'dimension_hash'>,
  pollEvents: {
    source: 'pendo',
    table: 'poll_events',
    key: ['account_id', 'remote_ip', 'visitor_id', 'browser_time', 'poll_id', 'guide_id', 'type', 'app_id', 'dimension_hash'],
    columns: ['account_id', 'visitor_id', 'app_id', 'remote_ip', 'user_agent', 'tab_id', 'country', 'region', 'latitude', 'longitude', 'analytics_session_id', 'account_ids', 'browser_time', 'guide_timestamp', 'received_time', 'type', 'guide_id', 'guide_step_id', 'url', 'long_url', 'title', 'fragment', 'old_visitor_id', 'server_name', 'element_path', 'event_id', 'language', 'load_time', 'poll_id', 'poll_response', 'properties', 'poll_type', 'dimension_hash', '_extra', '_synced_at'],
  } as TableRef<PendoPollEvents, 'account_id' | 'remote_ip' | 'visitor_id' | 'browser_time' | 'poll_id' | 'guide_id' | 'type' | 'app_id' | 'dimension_hash'>,
  visitorHistory: {
    source: 'pendo',
    table: 'visitor_history',
    key: ['visitor_id', 'ts', 'type', 'app_id', 'object_id', 'dimension_hash'],
    columns: ['visitor_id', 'ts', 'type', 'app_id', 'object_id', 'dimension_hash', 'last_ts', 'modified_ts', 'duration', 'uri', 'untagged_url', 'page_id', 'feature_id', 'guide_id', 'guide_step_id', 'parsed_user_agent_name', 'parsed_user_agent_version', 'parsed_user_agent_os', '_extra', '_synced_at'],
  } as TableRef<PendoVisitorHistory, 'visitor_id' | 'ts' | 'type' | 'app_id' | 'object_id' | 'dimension_hash'>,
} as const;
