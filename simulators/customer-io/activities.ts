import { below, hexDigits, pick } from '../kit/random.ts';
import { identifiersOf, type Person } from './people.ts';
import type { Activity, VendorRow, VendorValue } from './world.ts';

/** How long the log is kept, seconds. */
export const RETENTION = 30 * 86_400;

const TYPES = [
  'opened_email',
  'sent_email',
  'event',
  'page',
  'screen',
  'attribute_change',
  'profile_create',
  'device_change',
  '_o:1:create',
  'dropped_whatasapp',
] as const;

export function activity(seed: number, n: number, timestamp: number, people: readonly Person[]): Activity {
  const who = people.length === 0 ? undefined : people[below(people.length, seed, n, 40)];
  const type = pick(TYPES, seed, n, 41);
  const mail = type.endsWith('_email');
  const deliveryId = `dg${hexDigits(12, seed, n, 42)}==`;
  const data: VendorValue = mail
    ? { delivery_id: deliveryId, opened: timestamp, ip_address: '192.0.2.44' }
    : type === 'attribute_change'
      ? { plan: { from: 'trial', to: 'pro' } }
      : type === 'event'
        ? { price: 1.5, tags: ['a', null], entered: [n] }
        : null;
  const row: VendorRow = {
    id: `01K${hexDigits(12, seed, n, 43).toUpperCase()}${n.toString(36).toUpperCase().padStart(6, '0')}`,
    type,
    timestamp,
    customer_id: who?.id ?? null,
    customer_identifiers: who === undefined || n % 33 === 4 ? null : identifiersOf(who),
    ...(mail && { delivery_id: deliveryId, delivery_type: 'email' }),
    ...(['event', 'screen'].includes(type) && { name: `Step ${n % 4}` }),
    ...(type === 'page' && { url: `https://shop.example.test/p/${n}?q=ż` }),
    ...(data !== null && { data }),
  };
  return { row, ofDeleted: n % 45 === 2 };
}
