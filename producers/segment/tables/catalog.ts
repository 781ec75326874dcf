import { table } from '../../../src/sdk/define.ts';
import { boolean, json, text } from '../../../src/sdk/fields.ts';
import { listing } from '../listing.ts';
import { whole } from '../scans.ts';

const daily = '20 3 * * *';
const status = text('DEPRECATED, PRIVATE_BETA, PRIVATE_BUILDING, PRIVATE_SUBMITTED, PUBLIC, PUBLIC_BETA or UNAVAILABLE');
const logos = json('Addresses of the logos: default, mark, alt');
const options = json('Settings it takes: name, type, required, description, defaultValue, label');

export const catalogDestinations = table({
  name: 'catalog_destinations',
  docs: 'Segment Public API: List Destinations Catalog',
  documentedKey: ['id'],
  key: ['id'],
  method: 'full_table',
  // Longer than 25 lines because the vendor has 21 fields, one per line.
  fields: {
    id: text('Catalog ("meta") id; not the id of an instance'),
    name: text('Name'),
    slug: text('Slug'),
    description: text('Description'),
    website: text('Website'),
    status,
    partner_owned: boolean('Whether a partner maintains it'),
    logos,
    options,
    previous_names: json('Earlier names'),
    categories: json('Categories'),
    components: json('Its parts: type, code, owner'),
    supported_features: json('cloudModeInstances, deviceModeInstances, replay, browserUnbundling, browserUnbundlingPublic'),
    supported_methods: json('Which of track, pageview, identify, group and alias it takes'),
    supported_platforms: json('browser, mobile, server, warehouse, cloudAppObject, linkedAudiences'),
    actions: json('Its actions with their fields'),
    presets: json('Ready-made subscriptions'),
    contacts: json('Whom to ask'),
    supported_regions: json('Regions it is offered in, e.g. us-west-2'),
    region_endpoints: json('Endpoints it has, e.g. US'),
    multi_instance_supported_version: text('First version of which a source may have several instances'),
  },
  ...whole(listing('/catalog/destinations', 'destinationsCatalog')),
  deletes: 'scan',
  schedule: daily,
});

export const catalogSources = table({
  name: 'catalog_sources',
  docs: 'Segment Public API: List Sources Catalog',
  documentedKey: ['id'],
  key: ['id'],
  method: 'full_table',
  fields: {
    id: text('Catalog ("meta") id'),
    name: text('Name'),
    slug: text('Slug'),
    description: text('Description'),
    status,
    is_cloud_event_source: boolean('Whether it is a cloud event source'),
    partner_owned: boolean('Whether a partner maintains it'),
    categories: json('Categories'),
    logos,
    options,
  },
  ...whole(listing('/catalog/sources', 'sourcesCatalog')),
  deletes: 'scan',
  schedule: daily,
});

export const catalogWarehouses = table({
  name: 'catalog_warehouses',
  docs: 'Segment Public API: List Warehouses Catalog',
  documentedKey: ['id'],
  key: ['id'],
  method: 'full_table',
  fields: {
    id: text('Catalog ("meta") id'),
    name: text('Name'),
    slug: text('Slug'),
    description: text('Description'),
    logos,
    options,
  },
  ...whole(listing('/catalog/warehouses', 'warehousesCatalog')),
  deletes: 'scan',
  schedule: daily,
});
