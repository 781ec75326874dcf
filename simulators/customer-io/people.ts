import { below, hexDigits, pick } from '../kit/random.ts';
import { FIRST_NAMES, LAST_NAMES } from '../kit/sample-words.ts';
import type { VendorRow } from './world.ts';

export interface Person {
  cioId: string;
  /** Null for a person known by e-mail only. */
  id: string | null;
  email: string | null;
  /** Ids of the manual segments the person is in. */
  segments: number[];
  attributes: Record<string, string>;
  timestamps: Record<string, number>;
  unsubscribed: boolean;
  devices: VendorRow[];
}

/** The cio_id of the first person looks like a number in exponent notation; the second is known by e-mail only, the third by id only. */
export function person(seed: number, n: number, now: number): Person {
  const cioId = n === 0 ? '30e00001' : `5f3a02${hexDigits(2, seed, n, 3)}${n.toString(16).padStart(6, '0')}`;
  const emailOnly = n === 1 || n % 50 === 7;
  const idOnly = n === 2 || n % 50 === 9;
  const id = emailOnly ? null : `u-${1_000 + n}`;
  const email = idOnly ? null : `person${n}@example.test`;
  const created = now - 86_400 * (1 + below(900, seed, n, 4));
  const attributes: Record<string, string> = {
    cio_id: cioId,
    ...(id !== null && { id }),
    ...(email !== null && { email }),
    ...(n % 17 !== 3 && { created_at: n % 17 === 4 ? 'last spring' : String(created) }),
    first_name: pick(FIRST_NAMES, seed, n, 5),
    last_name: pick(LAST_NAMES, seed, n, 6),
    plan: pick(['trial', 'pro', 'none', ''], seed, n, 7),
    ...(n % 4 === 0 && { phone: `+4850000${String(n).padStart(4, '0')}` }),
    ...(n % 3 === 0 && { cio_subscription_preferences: `{"topics":{"topic_1":${n % 2 === 0}}}` }),
    ...(n % 23 === 5 && { 'Ulubiona "herbata"': 'oolong\nz cukrem', __proto: 'x' }),
  };
  return {
    cioId,
    id,
    email,
    segments: n % 6 === 0 ? [4] : [],
    attributes,
    timestamps: Object.fromEntries(Object.keys(attributes).map((name, k) => [name, created + k])),
    unsubscribed: n % 11 === 0,
    devices:
      n % 5 === 0
        ? [
            {
              id: `tok-${hexDigits(10, seed, n, 8)}`,
              platform: n % 2 === 0 ? 'ios' : 'android',
              last_used: now - below(1_000_000, seed, n, 9),
              attributes: { push_enabled: 'true', app_version: '4.2' },
            },
          ]
        : [],
  };
}

export const identifiersOf = ({ cioId, id, email }: Person): VendorRow => ({ cio_id: cioId, id, email });

/** The profile as the API returns it to a request that asked for it by `asked`. */
export function profileOf(person_: Person, asked: string): VendorRow {
  return {
    id: asked,
    identifiers: identifiersOf(person_),
    attributes: { ...person_.attributes },
    timestamps: { ...person_.timestamps },
    unsubscribed: person_.unsubscribed,
    devices: person_.devices,
  };
}

/** A filter that is not built as documented; `pointer` says where. */
export class BadFilter extends Error {
  readonly pointer: string;
  constructor(pointer: string) {
    super('invalid filter');
    this.pointer = pointer;
  }
}

/** Returns a function that tells whether a person matches the filter; throws {@link BadFilter}. */
export function compileFilter(filter: unknown, pointer = '/filter'): (one: Person) => boolean {
  if (typeof filter !== 'object' || filter === null || Array.isArray(filter)) throw new BadFilter(pointer);
  const [name, ...others] = Object.keys(filter);
  if (name === undefined || others.length > 0) throw new BadFilter(pointer);
  const value = (filter as Record<string, unknown>)[name] as Record<string, unknown>;
  const below_ = `${pointer}/${name}`;
  if (name === 'and' || name === 'or') {
    if (!Array.isArray(value) || value.length === 0) throw new BadFilter(below_);
    const parts = value.map((part: unknown, n) => compileFilter(part, `${below_}/${n}`));
    return name === 'and' ? (one) => parts.every((part) => part(one)) : (one) => parts.some((part) => part(one));
  }
  if (name === 'not') {
    const inner = compileFilter(value, below_);
    return (one) => !inner(one);
  }
  if (name === 'segment' && Number.isInteger(value?.['id'])) return (one) => one.segments.includes(value['id'] as number);
  if (name === 'attribute' && typeof value?.['field'] === 'string' && (value['operator'] === 'eq' || value['operator'] === 'exists')) {
    const field = value['field'];
    const wanted = value['operator'] === 'eq' ? String(value['value']) : undefined;
    return (one) => Object.hasOwn(one.attributes, field) && (wanted === undefined || one.attributes[field] === wanted);
  }
  throw new BadFilter(below_);
}
