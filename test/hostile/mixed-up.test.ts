import { describe, expect, it } from 'vitest';
import { campaign } from './campaign.ts';
import type { Wire } from './mutate-transport.ts';
import { hostileSubjects } from './subjects.ts';

/*
 * A vendor or a cache before it mixes up its answers: one that was given before, to the same path or to the same kind of path,
 * is given again. Nobody can tell an empty answer from another empty one, so answers with rows are mixed up here.
 */

interface Given {
  readonly path: string;
  readonly body: Buffer;
}

const plain = (path: string): string => path.split('?')[0] as string;
/** Paths that differ by an id within them are of one kind. */
const kindOf = (path: string): string => {
  const parts = plain(path).split('/');
  return [parts.length, ...parts.slice(1, 3), parts.at(-1)].join('/');
};
const hasRows = (body: Buffer): boolean => /"(?:id|timestamp|email)":/.test(body.toString());

const WAYS: Readonly<Record<string, (before: readonly Given[], path: string) => Given | undefined>> = {
  'the one before': (before, path) => before.findLast((given) => plain(given.path) === plain(path)),
  'the first one': (before, path) => before.find((given) => plain(given.path) === plain(path)),
  'that about another parent': (before, path) =>
    before.findLast((given) => plain(given.path) !== plain(path) && kindOf(given.path) === kindOf(path)),
};
const NUMBERS = [1, 2, 3, 4, 6, 9];
const cases = Object.values(WAYS).flatMap((pick) =>
  NUMBERS.flatMap((number) => [true, false].flatMap((filled) => [1, 3].map((times) => ({ pick, number, filled, times })))),
);

const TABLES: Readonly<Record<string, readonly string[]>> = {
  klaviyo: ['event', 'profile', 'metric'],
  customer_io: ['messages', 'customers', 'activities'],
  segment: ['sources', 'source_connected_warehouses', 'destination_subscriptions', 'usage_mtu_per_source_daily', 'audit_events'],
};

/** Changes what is answered without telling the campaign: no row is excused. */
function mixing({ pick, number, times }: (typeof cases)[number]): (wire: Wire, path: string) => boolean {
  const before: Given[] = [];
  let at = 0;
  return (wire, path) => {
    if (wire.status !== 200) return false;
    const own = wire.body;
    const given =
      at >= number && at < number + times
        ? pick(
            before.filter(({ body }) => hasRows(body)),
            path,
          )
        : undefined;
    if (given !== undefined) wire.body = given.body;
    before.push({ path, body: own });
    at += 1;
    return false;
  };
}

describe.each(hostileSubjects.filter(({ source }) => source.name in TABLES).map((subject) => [subject.source.name, subject] as const))(
  '%s mixes up its answers',
  (name, subject) => {
    it.each(TABLES[name] as string[])('about %s: no success without a row, no row deleted', { timeout: 600_000 }, async (table) => {
      const { faults } = await campaign({
        subject,
        seed: 1,
        table,
        cases: cases.length,
        fixed: (number) => ({ filled: cases[number]!.filled, first: 0, times: 1_000, alter: mixing(cases[number]!) }),
      });
      expect(faults.join('\n')).toBe('');
    });
  },
);
