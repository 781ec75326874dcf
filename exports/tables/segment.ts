// Generated from the table definitions by `tributary schemas types`; do not edit.
import type { TableRef } from 'tributary/consumer';

/** A row of segment.sources. Segment Public API: List Sources. */
export interface SegmentSources {
  /** Source id */
  readonly id: string;
  /** Slug */
  readonly slug: string | null;
  /** Name; null when never set */
  readonly name: string | null;
  /** Workspace */
  readonly workspace_id: string | null;
  /** Whether it takes data */
  readonly enabled: boolean | null;
  /** Keys to send data with; empty when the token lacks the right of source admin (JSON text) */
  readonly write_keys: string | null;
  /** Its settings (JSON text) */
  readonly settings: string | null;
  /** Labels: key, value, description (JSON text) */
  readonly labels: string | null;
  /** Its entry in catalog_sources; with embed_metadata "ref" only id, name and slug (JSON text) */
  readonly metadata: string | null;
  /** Id in catalog_sources */
  readonly metadata_id: string | null;
  /** Slug of the catalog entry */
  readonly metadata_slug: string | null;
  /** Name of the catalog entry */
  readonly metadata_name: string | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of segment.destinations. Segment Public API: List Destinations. */
export interface SegmentDestinations {
  /** Destination (instance) id */
  readonly id: string;
  /** Source that feeds it */
  readonly source_id: string;
  /** Name; null when never set */
  readonly name: string | null;
  /** Whether it receives data */
  readonly enabled: boolean | null;
  /** Its settings; the vendor masks the secrets it knows (JSON text) */
  readonly settings: string | null;
  /** Its entry in catalog_destinations; with embed_metadata "ref" only id, name and slug (JSON text) */
  readonly metadata: string | null;
  /** Id in catalog_destinations */
  readonly metadata_id: string | null;
  /** Slug of the catalog entry */
  readonly metadata_slug: string | null;
  /** Name of the catalog entry */
  readonly metadata_name: string | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of segment.warehouses. Segment Public API: List Warehouses. */
export interface SegmentWarehouses {
  /** Warehouse id */
  readonly id: string;
  /** Name from its settings; null when never set */
  readonly name: string | null;
  /** Workspace */
  readonly workspace_id: string | null;
  /** Whether it is synced */
  readonly enabled: boolean | null;
  /** Connection settings (JSON text) */
  readonly settings: string | null;
  /** Its entry in catalog_warehouses; with embed_metadata "ref" only id, name and slug (JSON text) */
  readonly metadata: string | null;
  /** Id in catalog_warehouses */
  readonly metadata_id: string | null;
  /** Slug of the catalog entry */
  readonly metadata_slug: string | null;
  /** Name of the catalog entry */
  readonly metadata_name: string | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of segment.source_connected_destinations. Segment Public API: List Connected Destinations from Source. */
export interface SegmentSourceConnectedDestinations {
  /** Destination (instance) id */
  readonly id: string;
  /** Source whose connection this is */
  readonly source_id: string;
  /** Source the destination itself names; normally the same */
  readonly record_source_id: string | null;
  /** Name; null when never set */
  readonly name: string | null;
  /** Whether it receives data */
  readonly enabled: boolean | null;
  /** Its settings; the vendor masks the secrets it knows (JSON text) */
  readonly settings: string | null;
  /** Its entry in catalog_destinations; with embed_metadata "ref" only id, name and slug (JSON text) */
  readonly metadata: string | null;
  /** Id in catalog_destinations */
  readonly metadata_id: string | null;
  /** Slug of the catalog entry */
  readonly metadata_slug: string | null;
  /** Name of the catalog entry */
  readonly metadata_name: string | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of segment.source_connected_warehouses. Segment Public API: List Connected Warehouses from Source. */
export interface SegmentSourceConnectedWarehouses {
  /** Source whose connection this is (from the request) */
  readonly source_id: string;
  /** Warehouse id */
  readonly id: string;
  /** Name from its settings; null when never set */
  readonly name: string | null;
  /** Workspace */
  readonly workspace_id: string | null;
  /** Whether it is synced */
  readonly enabled: boolean | null;
  /** Connection settings (JSON text) */
  readonly settings: string | null;
  /** Its entry in catalog_warehouses; with embed_metadata "ref" only id, name and slug (JSON text) */
  readonly metadata: string | null;
  /** Id in catalog_warehouses */
  readonly metadata_id: string | null;
  /** Slug of the catalog entry */
  readonly metadata_slug: string | null;
  /** Name of the catalog entry */
  readonly metadata_name: string | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of segment.destination_subscriptions. Segment Public API: List Subscriptions from Destination. */
export interface SegmentDestinationSubscriptions {
  /** Subscription id */
  readonly id: string;
  /** Destination (instance) it belongs to */
  readonly destination_id: string | null;
  /** Name */
  readonly name: string | null;
  /** Action it triggers */
  readonly action_id: string | null;
  /** Slug of the action */
  readonly action_slug: string | null;
  /** Whether it is on */
  readonly enabled: boolean | null;
  /** Which events trigger it (FQL) */
  readonly trigger: string | null;
  /** Mapping of the action's fields (JSON text) */
  readonly settings: string | null;
  /** Reverse ETL model; null when there is none */
  readonly model_id: string | null;
  /** Schedule of the reverse ETL: strategy, config (JSON text) */
  readonly reverse_etl_schedule: string | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of segment.destination_delivery_metrics_summary. Segment Public API: Get Delivery Metrics Summary from Destination. */
export interface SegmentDestinationDeliveryMetricsSummary {
  /** Source of the pair */
  readonly source_id: string;
  /** Destination (instance) of the pair (from the request) */
  readonly destination_id: string;
  /** Catalog id of the destination; several instances share it */
  readonly destination_metadata_id: string | null;
  /** Counts over the window: metricName, total, breakdown (JSON text) */
  readonly metrics: string | null;
  /** Begin of the counted window */
  readonly window_start: Date | null;
  /** End of the counted window */
  readonly window_end: Date | null;
  /** Granularity asked for: MINUTE, HOUR or DAY */
  readonly granularity: string | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of segment.users. Segment Public API: List Users. */
export interface SegmentUsers {
  /** User id */
  readonly id: string;
  /** Name */
  readonly name: string | null;
  /** E-mail address */
  readonly email: string | null;
  /** What they may do: roleName, roleId, resources, labels (JSON text) */
  readonly permissions: string | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of segment.groups. Segment Public API: List User Groups. */
export interface SegmentGroups {
  /** Group id */
  readonly id: string;
  /** Name */
  readonly name: string | null;
  /** Members */
  readonly member_count: bigint | null;
  /** What they may do: roleName, roleId, resources, labels (JSON text) */
  readonly permissions: string | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of segment.transformations. Segment Public API: List Transformations. */
export interface SegmentTransformations {
  /** Transformation id */
  readonly id: string;
  /** Name */
  readonly name: string | null;
  /** Workspace */
  readonly workspace_id: string | null;
  /** Source it applies to */
  readonly source_id: string | null;
  /** Catalog id of the destinations it is limited to */
  readonly destination_metadata_id: string | null;
  /** Destination (instance) it is limited to */
  readonly destination_id: string | null;
  /** Whether it is on */
  readonly enabled: boolean | null;
  /** Which events it applies to (FQL) */
  readonly if: string | null;
  /** Whether matching events are dropped */
  readonly drop: boolean | null;
  /** New name of the event */
  readonly new_event_name: string | null;
  /** Renamed properties: oldName, newName (JSON text) */
  readonly property_renames: string | null;
  /** Replaced values: propertyPaths, propertyValue (JSON text) */
  readonly property_value_transformations: string | null;
  /** Computed properties: fql, propertyName (JSON text) */
  readonly fql_defined_properties: string | null;
  /** Properties that stay; all others are dropped (JSON text) */
  readonly allow_properties: string | null;
  /** Dropped properties (JSON text) */
  readonly property_drops: string | null;
  /** Hashed properties: algorithm, paths, key, encoding (JSON text) */
  readonly hash_properties_configuration: string | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of segment.catalog_destinations. Segment Public API: List Destinations Catalog. */
export interface SegmentCatalogDestinations {
  /** Catalog ("meta") id; not the id of an instance */
  readonly id: string;
  /** Name */
  readonly name: string | null;
  /** Slug */
  readonly slug: string | null;
  /** Description */
  readonly description: string | null;
  /** Website */
  readonly website: string | null;
  /** DEPRECATED, PRIVATE_BETA, PRIVATE_BUILDING, PRIVATE_SUBMITTED, PUBLIC, PUBLIC_BETA or UNAVAILABLE */
  readonly status: string | null;
  /** Whether a partner maintains it */
  readonly partner_owned: boolean | null;
  /** Addresses of the logos: default, mark, alt (JSON text) */
  readonly logos: string | null;
  /** Settings it takes: name, type, required, description, defaultValue, label (JSON text) */
  readonly options: string | null;
  /** Earlier names (JSON text) */
  readonly previous_names: string | null;
  /** Categories (JSON text) */
  readonly categories: string | null;
  /** Its parts: type, code, owner (JSON text) */
  readonly components: string | null;
  /** cloudModeInstances, deviceModeInstances, replay, browserUnbundling, browserUnbundlingPublic (JSON text) */
  readonly supported_features: string | null;
  /** Which of track, pageview, identify, group and alias it takes (JSON text) */
  readonly supported_methods: string | null;
  /** browser, mobile, server, warehouse, cloudAppObject, linkedAudiences (JSON text) */
  readonly supported_platforms: string | null;
  /** Its actions with their fields (JSON text) */
  readonly actions: string | null;
  /** Ready-made subscriptions (JSON text) */
  readonly presets: string | null;
  /** Whom to ask (JSON text) */
  readonly contacts: string | null;
  /** Regions it is offered in, e.g. us-west-2 (JSON text) */
  readonly supported_regions: string | null;
  /** Endpoints it has, e.g. US (JSON text) */
  readonly region_endpoints: string | null;
  /** First version of which a source may have several instances */
  readonly multi_instance_supported_version: string | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of segment.catalog_sources. Segment Public API: List Sources Catalog. */
export interface SegmentCatalogSources {
  /** Catalog ("meta") id */
  readonly id: string;
  /** Name */
  readonly name: string | null;
  /** Slug */
  readonly slug: string | null;
  /** Description */
  readonly description: string | null;
  /** DEPRECATED, PRIVATE_BETA, PRIVATE_BUILDING, PRIVATE_SUBMITTED, PUBLIC, PUBLIC_BETA or UNAVAILABLE */
  readonly status: string | null;
  /** Whether it is a cloud event source */
  readonly is_cloud_event_source: boolean | null;
  /** Whether a partner maintains it */
  readonly partner_owned: boolean | null;
  /** Categories (JSON text) */
  readonly categories: string | null;
  /** Addresses of the logos: default, mark, alt (JSON text) */
  readonly logos: string | null;
  /** Settings it takes: name, type, required, description, defaultValue, label (JSON text) */
  readonly options: string | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of segment.catalog_warehouses. Segment Public API: List Warehouses Catalog. */
export interface SegmentCatalogWarehouses {
  /** Catalog ("meta") id */
  readonly id: string;
  /** Name */
  readonly name: string | null;
  /** Slug */
  readonly slug: string | null;
  /** Description */
  readonly description: string | null;
  /** Addresses of the logos: default, mark, alt (JSON text) */
  readonly logos: string | null;
  /** Settings it takes: name, type, required, description, defaultValue, label (JSON text) */
  readonly options: string | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of segment.audit_events. Segment Public API: List Audit Events. */
export interface SegmentAuditEvents {
  /** Event id */
  readonly id: string;
  /** When it happened */
  readonly timestamp: Date | null;
  /** What happened, e.g. Source Modified */
  readonly type: string | null;
  /** User or API token that did it */
  readonly actor: string | null;
  /** E-mail address of the user; null for tokens */
  readonly actor_email: string | null;
  /** What it was done to */
  readonly resource_id: string | null;
  /** Kind of the resource */
  readonly resource_type: string | null;
  /** Name of the resource */
  readonly resource_name: string | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of segment.usage_api_calls_per_source_daily. Segment Public API: Get Daily Per Source API Calls Usage. */
export interface SegmentUsageApiCallsPerSourceDaily {
  /** Source */
  readonly source_id: string;
  /** Day of the snapshot */
  readonly timestamp: Date;
  /** API calls. Cumulative since the first day of the month, never to be summed over days; the day's own figure is the difference to the day before */
  readonly api_calls: bigint | null;
  /** First day of the month the row was reported in (YYYY-MM-DD) */
  readonly period: string | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of segment.usage_api_calls_workspace_daily. Segment Public API: Get Daily Workspace API Calls Usage. */
export interface SegmentUsageApiCallsWorkspaceDaily {
  /** Day of the snapshot */
  readonly timestamp: Date;
  /** API calls. Cumulative since the first day of the month, never to be summed over days; the day's own figure is the difference to the day before */
  readonly api_calls: bigint | null;
  /** First day of the month the row was reported in (YYYY-MM-DD) */
  readonly period: string | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of segment.usage_mtu_per_source_daily. Segment Public API: Get Daily Per Source MTU Usage. */
export interface SegmentUsageMtuPerSourceDaily {
  /** Source */
  readonly source_id: string;
  /** Day of the snapshot */
  readonly timestamp: Date;
  /** Users seen without an identity only. Cumulative since the first day of the month, never to be summed over days; the day's own figure is the difference to the day before */
  readonly anonymous: bigint | null;
  /** Users seen both without and with an identity. Cumulative since the first day of the month, never to be summed over days; the day's own figure is the difference to the day before */
  readonly anonymous_identified: bigint | null;
  /** Users seen with an identity. Cumulative since the first day of the month, never to be summed over days; the day's own figure is the difference to the day before */
  readonly identified: bigint | null;
  /** Users never identified. Cumulative since the first day of the month, never to be summed over days; the day's own figure is the difference to the day before */
  readonly never_identified: bigint | null;
  /** Begin of the usage period */
  readonly period_start: Date | null;
  /** End of the usage period */
  readonly period_end: Date | null;
  /** First day of the month the row was reported in (YYYY-MM-DD) */
  readonly period: string | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** A row of segment.usage_mtu_workspace_daily. Segment Public API: Get Daily Workspace MTU Usage. */
export interface SegmentUsageMtuWorkspaceDaily {
  /** Day of the snapshot */
  readonly timestamp: Date;
  /** Users seen without an identity only. Cumulative since the first day of the month, never to be summed over days; the day's own figure is the difference to the day before */
  readonly anonymous: bigint | null;
  /** Users seen both without and with an identity. Cumulative since the first day of the month, never to be summed over days; the day's own figure is the difference to the day before */
  readonly anonymous_identified: bigint | null;
  /** Users seen with an identity. Cumulative since the first day of the month, never to be summed over days; the day's own figure is the difference to the day before */
  readonly identified: bigint | null;
  /** Users never identified. Cumulative since the first day of the month, never to be summed over days; the day's own figure is the difference to the day before */
  readonly never_identified: bigint | null;
  /** Begin of the usage period */
  readonly period_start: Date | null;
  /** End of the usage period */
  readonly period_end: Date | null;
  /** First day of the month the row was reported in (YYYY-MM-DD) */
  readonly period: string | null;
  /** What the vendor sent and no column holds, as JSON in the vendor's own spelling. (JSON text) */
  readonly _extra: string | null;
  /** When this version of the row was published. */
  readonly _synced_at: Date;
}

/** The tables of segment, as `readTable` and `tableView` take them. */
export const segment = {
  sources: {
    source: 'segment',
    table: 'sources',
    key: ['id'],
    columns: ['id', 'slug', 'name', 'workspace_id', 'enabled', 'write_keys', 'settings', 'labels', 'metadata', 'metadata_id', 'metadata_slug', 'metadata_name', '_extra', '_synced_at'],
  } as TableRef<SegmentSources, 'id'>,
  destinations: {
    source: 'segment',
    table: 'destinations',
    key: ['id', 'source_id'],
    columns: ['id', 'source_id', 'name', 'enabled', 'settings', 'metadata', 'metadata_id', 'metadata_slug', 'metadata_name', '_extra', '_synced_at'],
  } as TableRef<SegmentDestinations, 'id' | 'source_id'>,
  warehouses: {
    source: 'segment',
    table: 'warehouses',
    key: ['id'],
    columns: ['id', 'name', 'workspace_id', 'enabled', 'settings', 'metadata', 'metadata_id', 'metadata_slug', 'metadata_name', '_extra', '_synced_at'],
  } as TableRef<SegmentWarehouses, 'id'>,
  sourceConnectedDestinations: {
    source: 'segment',
    table: 'source_connected_destinations',
    key: ['id', 'source_id'],
    columns: ['id', 'source_id', 'record_source_id', 'name', 'enabled', 'settings', 'metadata', 'metadata_id', 'metadata_slug', 'metadata_name', '_extra', '_synced_at'],
  } as TableRef<SegmentSourceConnectedDestinations, 'id' | 'source_id'>,
  sourceConnectedWarehouses: {
    source: 'segment',
    table: 'source_connected_warehouses',
    key: ['source_id', 'id'],
    columns: ['source_id', 'id', 'name', 'workspace_id', 'enabled', 'settings', 'metadata', 'metadata_id', 'metadata_slug', 'metadata_name', '_extra', '_synced_at'],
  } as TableRef<SegmentSourceConnectedWarehouses, 'source_id' | 'id'>,
  destinationSubscriptions: {
    source: 'segment',
    table: 'destination_subscriptions',
    key: ['id'],
    columns: ['id', 'destination_id', 'name', 'action_id', 'action_slug', 'enabled', 'trigger', 'settings', 'model_id', 'reverse_etl_schedule', '_extra', '_synced_at'],
  } as TableRef<SegmentDestinationSubscriptions, 'id'>,
  destinationDeliveryMetricsSummary: {
    source: 'segment',
    table: 'destination_delivery_metrics_summary',
    key: ['source_id', 'destination_id'],
    columns: ['source_id', 'destination_id', 'destination_metadata_id', 'metrics', 'window_start', 'window_end', 'granularity', '_extra', '_synced_at'],
  } as TableRef<SegmentDestinationDeliveryMetricsSummary, 'source_id' | 'destination_id'>,
  users: {
    source: 'segment',
    table: 'users',
    key: ['id'],
    columns: ['id', 'name', 'email', 'permissions', '_extra', '_synced_at'],
  } as TableRef<SegmentUsers, 'id'>,
  groups: {
    source: 'segment',
    table: 'groups',
    key: ['id'],
    columns: ['id', 'name', 'member_count', 'permissions', '_extra', '_synced_at'],
  } as TableRef<SegmentGroups, 'id'>,
  transformations: {
    source: 'segment',
    table: 'transformations',
    key: ['id'],
    columns: ['id', 'name', 'workspace_id', 'source_id', 'destination_metadata_id', 'destination_id', 'enabled', 'if', 'drop', 'new_event_name', 'property_renames', 'property_value_transformations', 'fql_defined_properties', 'allow_properties', 'property_drops', 'hash_properties_configuration', '_extra', '_synced_at'],
  } as TableRef<SegmentTransformations, 'id'>,
  catalogDestinations: {
    source: 'segment',
    table: 'catalog_destinations',
    key: ['id'],
    columns: ['id', 'name', 'slug', 'description', 'website', 'status', 'partner_owned', 'logos', 'options', 'previous_names', 'categories', 'components', 'supported_features', 'supported_methods', 'supported_platforms', 'actions', 'presets', 'contacts', 'supported_regions', 'region_endpoints', 'multi_instance_supported_version', '_extra', '_synced_at'],
  } as TableRef<SegmentCatalogDestinations, 'id'>,
  catalogSources: {
    source: 'segment',
    table: 'catalog_sources',
    key: ['id'],
    columns: ['id', 'name', 'slug', 'description', 'status', 'is_cloud_event_source', 'partner_owned', 'categories', 'logos', 'options', '_extra', '_synced_at'],
  } as TableRef<SegmentCatalogSources, 'id'>,
  catalogWarehouses: {
    source: 'segment',
    table: 'catalog_warehouses',
    key: ['id'],
    columns: ['id', 'name', 'slug', 'description', 'logos', 'options', '_extra', '_synced_at'],
  } as TableRef<SegmentCatalogWarehouses, 'id'>,
  auditEvents: {
    source: 'segment',
    table: 'audit_events',
    key: ['id'],
    columns: ['id', 'timestamp', 'type', 'actor', 'actor_email', 'resource_id', 'resource_type', 'resource_name', '_extra', '_synced_at'],
  } as TableRef<SegmentAuditEvents, 'id'>,
  usageApiCallsPerSourceDaily: {
    source: 'segment',
    table: 'usage_api_calls_per_source_daily',
    key: ['source_id', 'timestamp'],
    columns: ['source_id', 'timestamp', 'api_calls', 'period', '_extra', '_synced_at'],
  } as TableRef<SegmentUsageApiCallsPerSourceDaily, 'source_id' | 'timestamp'>,
  usageApiCallsWorkspaceDaily: {
    source: 'segment',
    table: 'usage_api_calls_workspace_daily',
    key: ['timestamp'],
    columns: ['timestamp', 'api_calls', 'period', '_extra', '_synced_at'],
  } as TableRef<SegmentUsageApiCallsWorkspaceDaily, 'timestamp'>,
  usageMtuPerSourceDaily: {
    source: 'segment',
    table: 'usage_mtu_per_source_daily',
    key: ['source_id', 'timestamp'],
    columns: ['source_id', 'timestamp', 'anonymous', 'anonymous_identified', 'identified', 'never_identified', 'period_start', 'period_end', 'period', '_extra', '_synced_at'],
  } as TableRef<SegmentUsageMtuPerSourceDaily, 'source_id' | 'timestamp'>,
  usageMtuWorkspaceDaily: {
    source: 'segment',
    table: 'usage_mtu_workspace_daily',
    key: ['timestamp'],
    columns: ['timestamp', 'anonymous', 'anonymous_identified', 'identified', 'never_identified', 'period_start', 'period_end', 'period', '_extra', '_synced_at'],
  } as TableRef<SegmentUsageMtuWorkspaceDaily, 'timestamp'>,
} as const;
