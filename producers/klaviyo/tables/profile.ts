import { incremental } from '../../../src/sdk/readers/incremental.ts';
import { fullScan } from '../../../src/sdk/readers/full-scan.ts';
import { phases } from '../../../src/sdk/readers/phases.ts';
import { asObject } from '../../../src/sdk/readers/resume.ts';
import { instantOf, isoSeconds, parseSpan, SECOND } from '../../../src/core/time.ts';
import type { FetchPage } from '../../../src/sdk/readers/paginate.ts';
import { table } from '../../../src/sdk/define.ts';
import { json, number, text, timestamp } from '../../../src/sdk/fields.ts';
import type { TableDefinition } from '../../../src/core/table.ts';
import { listPage } from '../api.ts';
import type { KlaviyoApi } from '../api.ts';
import { confirmNamed, confirmProfiles } from '../confirm.ts';
import { flatten } from '../resource.ts';
import type { KlaviyoSettings } from '../settings.ts';

const additional = (api: KlaviyoApi): string => (api.predictive ? 'subscriptions,predictive_analytics' : 'subscriptions');

const changes = incremental<KlaviyoApi>({
  call: (api, { after, before, cursor }, signal) =>
    listPage(api, {
      path: '/api/profiles',
      endpoint: 'profiles',
      ...(api.predictive ? { bucket: 'profiles_predictive' } : {}),
      query: {
        'additional-fields[profile]': additional(api),
        filter: [
          ...(after === undefined ? [] : [`greater-than(updated,${isoSeconds(after)})`]),
          `less-than(updated,${isoSeconds(before)})`,
        ].join(','),
        sort: 'updated',
        'page[size]': 100,
      },
      cursor,
      signal,
    }),
  by: (row) => instantOf(asObject(row.attributes)?.updated),
  // The filter has no "greater or equal", so starting a second earlier returns the rows of the last second again.
  overlap: SECOND,
  // The API refuses times within a few seconds of now.
  delay: 30 * SECOND,
});

/** All profiles: ids only, or whole profiles when predictive analytics are read, because those change without changing `updated`. */
const sweep: FetchPage<KlaviyoApi> = async (api, { cursor }, signal) => {
  const of = api.predictive
    ? { bucket: 'profiles_predictive', query: { 'additional-fields[profile]': additional(api) } }
    : { query: { 'fields[profile]': 'updated' } };
  const page = await listPage(api, {
    path: '/api/profiles',
    endpoint: 'profiles',
    ...of,
    query: { ...of.query, sort: 'id', 'page[size]': 100 },
    cursor,
    signal,
  });
  return { ...(api.predictive ? { rows: page.rows } : { rows: [], seen: page.rows }), next: page.next };
};

export const profile = (settings: KlaviyoSettings): TableDefinition =>
  table({
    name: 'profile',
    docs: 'Klaviyo API: Get Profiles',
    documentedKey: ['id'],
    key: ['id'],
    method: 'incremental',
    replicationKey: 'updated',
    history: false,
    fields: {
      id: text('Profile id'),
      email: text('E-mail address'),
      phone_number: text('Phone number, E.164'),
      external_id: text("Id of this person in the customer's own system"),
      first_name: text('First name'),
      last_name: text('Last name'),
      organization: text('Company'),
      title: text('Job title'),
      locale: text('Language and region, BCP 47'),
      image: text('Address of a picture'),
      created: timestamp('When the profile was created'),
      updated: timestamp('When the profile was last changed'),
      last_event_date: timestamp('Latest event that changed the profile'),
      location_address1: text('First line of the address').from('location.address1'),
      location_address2: text('Second line of the address').from('location.address2'),
      location_city: text('City').from('location.city'),
      location_region: text('Region').from('location.region'),
      location_country: text('Country').from('location.country'),
      location_zip: text('Postal code').from('location.zip'),
      location_timezone: text('Time zone, IANA').from('location.timezone'),
      location_ip: text('IP address').from('location.ip'),
      location_latitude: number('Latitude in degrees').from('location.latitude'),
      location_longitude: number('Longitude in degrees').from('location.longitude'),
      properties: json('Custom properties'),
      subscriptions: json('Consent per channel'),
      predictive_analytics: json('Predicted values; null unless the setting is on'),
      _merged_into: text('On the delete marker of a merged profile: the profile it went into').of(() => undefined),
    },
    shape: flatten,
    read: phases({
      changes: { read: changes },
      ids: { read: fullScan(sweep), every: parseSpan(settings.sweep_every) ?? 0, listsAll: true, afterFirst: true },
    }),
    deletes: 'scan',
    confirm: confirmProfiles,
    // The same as the scope of table event, so that events find their profile.
    scope: ['id'],
    namedBy: { table: 'event', confirm: confirmNamed },
    schedule: '0 * * * *',
  });
