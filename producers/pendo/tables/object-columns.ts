import { canonicalJson } from '../../../src/core/json/canonical.ts';
import { asObject } from '../../../src/sdk/readers/resume.ts';
import type { JsonObject, Row } from '../../../src/core/types.ts';
import { boolean, integer, json, text, timestamp } from '../../../src/sdk/fields.ts';
import type { FieldBuilder } from '../../../src/sdk/fields.ts';

/** A time in epoch ms. */
export const instant = (doc: string): FieldBuilder<'timestamp'> => timestamp(doc).epoch('ms');

/** Times of objects for which the vendor writes 0 when there is no time. */
const TIMES = [
  'createdAt',
  'lastUpdatedAt',
  'validThrough',
  'publishedAt',
  'resetAt',
  'expiresAfter',
  'showsAfter',
  'currentFirstEligibleToBeSeenAt',
];

const USER = ['id', 'username', 'first', 'last', 'role', 'userType'];
const GROUP = ['id', 'name', 'description', 'color', 'length'];

const userColumns = (prefix: string, path: string, who: string) => ({
  [`${prefix}_id`]: text(`Id of who ${who} it`).from(`${path}.id`),
  [`${prefix}_username`]: text(`User name of who ${who} it`).from(`${path}.username`),
  [`${prefix}_first`]: text(`First name of who ${who} it`).from(`${path}.first`),
  [`${prefix}_last`]: text(`Last name of who ${who} it`).from(`${path}.last`),
  [`${prefix}_role`]: integer(`Role of who ${who} it`).from(`${path}.role`),
  [`${prefix}_user_type`]: text(`Kind of user who ${who} it`).from(`${path}.userType`),
});

/** Columns that features, pages, guides and track types have in common. */
export const objectColumns = {
  id: text('Id'),
  name: text('Name'),
  kind: text('Kind of object'),
  app_id: integer('App it belongs to'),
  app_ids: json('All apps it belongs to'),
  description: text('Description'),
  root_version_id: text('Id of its first version'),
  stable_version_id: text('Id of its present version'),
  created_at: instant('When it was made'),
  last_updated_at: instant('When it was last changed'),
  ...userColumns('created_by_user', 'createdByUser', 'made'),
  ...userColumns('last_updated_by_user', 'lastUpdatedByUser', 'changed'),
};

/** Time up to which the vendor has counted an object's events. Each of its counts moves it, so a change of it alone publishes nothing. */
export const validThrough = { valid_through: instant('Until when its events are counted').mark() };

/** Fields that the vendor's own processing changes and that mean nothing to others. */
export const OWN_MARKS = ['dailyMergeFirst', 'dailyRollupFirst'];

/** Columns about how pages and features were tagged. */
export const tagColumns = {
  rulesjson: text('Rules as the vendor writes them; JSON text where that is a list').of(({ rulesjson }) =>
    typeof rulesjson === 'object' && rulesjson !== null ? canonicalJson(rulesjson) : rulesjson,
  ),
  ignored_frustration_types: json('Kinds of frustration that are not counted'),
  tag_maintenance_exclude: boolean('Whether it is left out of tag maintenance'),
};

/** Columns about an object's product area. */
export const groupColumns = {
  group_id: text('Product area').from('group.id'),
  group_name: text('Name of the product area').from('group.name'),
  group_description: text('Description of the product area').from('group.description'),
  group_color: text('Colour of the product area').from('group.color'),
  group_length: integer('Number of objects in the product area').from('group.length'),
  color: text('Colour'),
  dirty: boolean('dirty'),
  is_core_event: boolean('Whether it counts as a core event'),
};

/**
 * A time of 0 stands for "no time" and becomes null. Of users and product areas only the fields with a column are kept, because
 * the others change without the object being changed.
 */
export function objectShape(row: Row): Row {
  const kept: Record<string, Row[string]> = { ...row };
  for (const field of ['createdByUser', 'lastUpdatedByUser'])
    if (asObject(row[field])) kept[field] = picked(row[field] as JsonObject, USER);
  for (const time of TIMES) if (kept[time] === 0) kept[time] = null;
  if (asObject(row.group)) kept.group = picked(row.group as JsonObject, GROUP);
  return kept;
}

function picked(object: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(names.filter((name) => object[name] !== undefined).map((name) => [name, object[name] as JsonObject[string]]));
}
