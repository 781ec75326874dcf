import type { Answer } from '../kit/http-server.ts';
import { hash32 } from '../kit/random.ts';
import { collection, positionOf, type Call, type Context } from './context.ts';
import { document, notFound } from './errors.ts';
import { holds, type Condition, type FieldRule } from './filter.ts';
import { bySortedKeys, byNumber, nextRows, type Ordering } from './listing.ts';
import {
  ADDITIONAL_ATTRIBUTES,
  LOCATION_PARTS,
  PROFILE_ATTRIBUTES,
  profileAttribute,
  profileResource,
  suppressedAt,
} from './profile-resource.ts';
import { readQuery, type QueryRules } from './query.ts';
import type { Dialect } from './revisions.ts';
import { isLive, type World } from './world.ts';

const EQUAL = { operators: ['equals', 'any'], type: 'text' } as const satisfies FieldRule;
const ONLY_EQUALS = { operators: ['equals'], type: 'text' } as const satisfies FieldRule;
const AFTER_BEFORE = { operators: ['greater-than', 'less-than'], type: 'time' } as const satisfies FieldRule;
const ORDERED = {
  operators: ['greater-than', 'greater-or-equal', 'less-than', 'less-or-equal'],
  type: 'time',
} as const satisfies FieldRule;
const SUPPRESSION = 'subscriptions.email.marketing.suppression';
const LIST_SUPPRESSIONS = 'subscriptions.email.marketing.list_suppressions';

const FILTER = {
  id: EQUAL,
  email: EQUAL,
  phone_number: EQUAL,
  external_id: EQUAL,
  _kx: ONLY_EQUALS,
  created: AFTER_BEFORE,
  [`${SUPPRESSION}.reason`]: ONLY_EQUALS,
  [`${SUPPRESSION}.timestamp`]: ORDERED,
  [`${LIST_SUPPRESSIONS}.reason`]: ONLY_EQUALS,
  [`${LIST_SUPPRESSIONS}.list_id`]: ONLY_EQUALS,
  [`${LIST_SUPPRESSIONS}.timestamp`]: ORDERED,
} satisfies Record<string, FieldRule>;

const SORTS = ['created', 'email', 'id', 'updated', `${SUPPRESSION}.timestamp`, `${LIST_SUPPRESSIONS}.timestamp`];

export const PROFILE_FIELDS = [
  ...PROFILE_ATTRIBUTES,
  ...LOCATION_PARTS.map((part) => `location.${part}`),
  ...ADDITIONAL_ATTRIBUTES,
  ...['email', 'sms', 'mobile_push', 'whatsapp'].map((channel) => `subscriptions.${channel}`),
];

function rulesOf(dialect: Dialect): QueryRules {
  return {
    filter: dialect.profileUpdatedFilter ? { ...FILTER, updated: AFTER_BEFORE } : FILTER,
    sorts: SORTS,
    includes: dialect.profileIncludes,
    pageSize: dialect.profilePageSize,
    pages: true,
    fields: { profile: PROFILE_FIELDS, 'push-token': ['created', 'token'], conversation: ['created'], list: ['name'], segment: ['name'] },
    additional: dialect.additionalFields,
  };
}

const NULL_PROFILE =
  '{"type":"profile","id":null,"attributes":{"email":"nobody@shop.test","updated":"2026-01-01T00:00:00+00:00"},"relationships":{},"links":{}}';

/** Undefined stands for a request that is never answered. */
export function listProfiles(context: Context, call: Call): Answer | undefined {
  const { world, quirks } = context;
  const query = readQuery(call.query, rulesOf(call.dialect));
  const { from, served } = positionOf(context, call, query, 'profiles');
  const sort = query.sort ?? { field: 'id', descending: false };
  if (quirks.descendingHangs && sort.descending && sort.field === 'updated') return undefined;

  const ordering = orderingOf(world, sort.field);
  const accepts = acceptance(context, query.conditions);
  const clamp = sort.field === 'updated' ? clampByUpdated(world, query.conditions, quirks.rowsAtBound) : {};
  const page = nextRows({
    ordering,
    descending: sort.descending,
    size: query.size ?? 20,
    from: from && { ...from, served },
    ...clamp,
    accepts: quirks.empty.includes('profiles') ? () => false : accepts,
  });
  const fields = query.fields.get('profile');
  return document(
    collection(context, call, query, {
      table: 'profiles',
      ...page,
      from,
      served,
      keyOf: ordering.keyOf,
      render: (row) => profileResource(world, row, query.additional, fields),
      nullRow: NULL_PROFILE,
    }),
  );
}

export function readProfile(context: Context, call: Call): Answer {
  const { world } = context;
  const query = readQuery(call.query, {
    includes: [...call.dialect.profileIncludes, 'list', 'segment', 'lists', 'segments'],
    fields: { profile: PROFILE_FIELDS, list: ['name'], segment: ['name'] },
    additional: call.dialect.additionalFields,
  });
  const row = world.ids.profile.row(call.params['id'] ?? '');
  if (!isLive(world.profiles, row)) throw notFound('A profile with that id does not exist.');
  return document(
    `{"data":${profileResource(world, row, query.additional, query.fields.get('profile'))},"links":{"self":${JSON.stringify(context.url() + call.path)}}}`,
  );
}

function orderingOf(world: World, field: string): Ordering {
  const { profiles } = world;
  if (field === 'updated') {
    const order = profiles.byUpdated;
    return {
      length: order.length,
      at: order.at,
      keyOf: (row) => profiles.updated[row] as number,
      after: (key, row, orEqual) => order.after(Number(key), row, orEqual),
    };
  }
  // Ids and creation times ascend with the row number.
  if (field === 'id') return byNumber(profiles.count, (row) => row);
  if (field === 'created') return byNumber(profiles.count, (row) => profiles.created[row] as number);
  const live = Array.from({ length: profiles.count }, (_, row) => row).filter((row) => isLive(profiles, row));
  if (field === 'email') return bySortedKeys(live, (row) => profileAttribute(world, row, 'email'));
  const suppressed = field.startsWith(SUPPRESSION) ? live.filter((row) => suppressedAt(world, row) !== undefined) : [];
  return bySortedKeys(suppressed, (row) => suppressedAt(world, row) ?? 0);
}

function acceptance(context: Context, conditions: readonly Condition[]): (row: number) => boolean {
  const { world, quirks } = context;
  const { profiles, seed } = world;
  const tests = conditions.map(({ operator, field, operand }): ((row: number) => boolean) => {
    if (operand.type === 'time') {
      const bound = operand.ms;
      const relaxed = quirks.rowsAtBound && operator === 'greater-than' ? 'greater-or-equal' : operator;
      if (field === 'updated') return (row) => holds(relaxed, profiles.updated[row] as number, bound);
      if (field === 'created') return (row) => holds(relaxed, profiles.created[row] as number, bound);
      if (field === `${SUPPRESSION}.timestamp`) return (row) => holds(relaxed, suppressedAt(world, row) ?? NaN, bound);
      return () => false;
    }
    const wanted = operand.type === 'list' ? operand.items : operand.type === 'text' ? [operand.text] : [];
    if (field === 'id') {
      const rows = new Set(wanted.map((id) => world.ids.profile.row(id)));
      return (row) => rows.has(row);
    }
    if (!['email', 'phone_number', 'external_id'].includes(field)) {
      return field === `${SUPPRESSION}.reason`
        ? (row) => profileAttribute(world, row, 'subscriptions').includes(`"reason":${JSON.stringify(wanted[0])}`)
        : () => false;
    }
    const texts = new Set(wanted.map((text) => JSON.stringify(text)));
    return (row) => texts.has(profileAttribute(world, row, field));
  });
  return (row) => {
    if (!isLive(profiles, row)) return false;
    if (quirks.hiddenProfiles > 0 && hash32(seed, row, 500) / 4294967296 < quirks.hiddenProfiles) return false;
    return tests.every((test) => test(row));
  };
}

function clampByUpdated(world: World, conditions: readonly Condition[], rowsAtBound: boolean): { low?: number; high?: number } {
  const clamp: { low?: number; high?: number } = {};
  for (const { operator, field, operand } of conditions) {
    if (field !== 'updated' || operand.type !== 'time') continue;
    if (operator === 'greater-than') clamp.low = world.profiles.byUpdated.after(operand.ms, rowsAtBound ? -1 : Infinity);
    else clamp.high = world.profiles.byUpdated.after(operand.ms, -1);
  }
  return clamp;
}

/** The live profile with one of these identifiers. */
export function findProfile(world: World, identifiers: Readonly<Record<string, unknown>>): number | undefined {
  const { profiles } = world;
  if (typeof identifiers['id'] === 'string') {
    const row = world.ids.profile.row(identifiers['id']);
    return isLive(profiles, row) ? row : undefined;
  }
  for (const name of ['email', 'phone_number', 'external_id']) {
    if (typeof identifiers[name] !== 'string') continue;
    const text = JSON.stringify(identifiers[name]);
    for (let row = 0; row < profiles.count; row++) if (isLive(profiles, row) && profileAttribute(world, row, name) === text) return row;
  }
  return undefined;
}
