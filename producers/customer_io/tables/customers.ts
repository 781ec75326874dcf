import { details } from '../../../src/sdk/readers/details.ts';
import { idText } from '../../../src/core/checked-rows.ts';
import { asObject, asText } from '../../../src/sdk/readers/resume.ts';
import type { JsonObject, ReadContext, Row } from '../../../src/core/types.ts';
import { table } from '../../../src/sdk/define.ts';
import { boolean, json, text } from '../../../src/sdk/fields.ts';
import type { VanishedVerdict } from '../../../src/core/table.ts';
import { CONCURRENCY } from '../api.ts';
import type { CustomerIoApi } from '../api.ts';
import { time } from '../columns.ts';
import { profiles, search } from '../people.ts';

/** Profiles per request, the vendor's limit. */
const GROUP = 100;

/** The profile as one flat row. The vendor's own person id has different names, depending on how the profile was requested. */
function flat({ customer, ...around }: Row): Row {
  const { id: _asked, identifiers, attributes, ...rest } = { ...around, ...asObject(customer) };
  const { cio_id: known = null, id = null, email = null, ...others } = asObject(identifiers) ?? {};
  const free = asObject(attributes) ?? {};
  const cioId = asText(known) ?? asText(free.cio_id) ?? known;
  const createdAt = asText(free.created_at);
  return {
    ...rest,
    ...(Object.keys(others).length === 0 ? {} : { identifiers: others }),
    id: cioId,
    cio_id: cioId,
    customer_id: id,
    email: email ?? asText(free.email) ?? null,
    phone: asText(free.phone) ?? null,
    created_at: createdAt !== undefined && /^[1-9][0-9]{0,10}$/.test(createdAt) ? createdAt : null,
    cio_subscription_preferences: asText(free.cio_subscription_preferences) ?? null,
    attributes: attributes ?? null,
  };
}

/** The id by which a profile is asked for. */
const personOf = (profile: Row): string | undefined => idText(flat(profile).id);

/** Requests each person that the search no longer showed: the order of its pages is not guaranteed, so a person may be missed. */
async function* confirm(ctx: ReadContext<CustomerIoApi>, keys: readonly JsonObject[]): AsyncGenerator<VanishedVerdict, void, void> {
  for (let at = 0; at < keys.length; at += GROUP) {
    const group = keys.slice(at, at + GROUP);
    const asked = group.map(({ id }) => String(id));
    const alive = (await profiles(ctx.api, asked, ctx.signal)).map(personOf);
    // Such a profile may be that of a person who was asked about, or the answer is about other people.
    const strange = alive.some((id) => id === undefined || !asked.includes(id));
    for (const key of group) {
      if (alive.includes(String(key.id))) yield { key, gone: false };
      else if (!strange) yield { key, gone: true };
      else yield { key, gone: false, doubt: 'Customer.io was asked whether people still exist, and answered with others.' };
    }
  }
}

export const customers = table({
  name: 'customers',
  docs: 'Customer.io App API: Search for customers, List customers and attributes',
  documentedKey: ['id'],
  key: ['id'],
  method: 'full_table',
  fields: {
    id: text("The vendor's person id (cio_id); never changes"),
    cio_id: text('The same, for joins'),
    customer_id: text("Id the customer's own system gave the person; may change, may be missing"),
    email: text('E-mail address'),
    phone: text('Phone number'),
    unsubscribed: boolean('Whether the person wants no messages'),
    created_at: time('The attribute of that name, where it is a time'),
    attributes: json('All attributes; their values are texts'),
    timestamps: json('When each attribute was set, seconds since 1970; the vendor is giving this up'),
    devices: json('Devices: id, platform, last_used, attributes'),
    cio_subscription_preferences: text('Subscription preferences, JSON text as delivered'),
  },
  shape: flat,
  read: details<CustomerIoApi>({
    call: search,
    id: (person) => idText(person.cio_id),
    size: GROUP,
    fetch: profiles,
    idOf: personOf,
    seen: (person) => ({ identifiers: person }),
    concurrency: CONCURRENCY,
  }),
  deletes: 'scan',
  confirm,
  schedule: '0 */6 * * *',
});
