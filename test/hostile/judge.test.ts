import { describe, expect, it } from 'vitest';
import type { TableDefinition } from '../../src/core/table.ts';
import type { Page } from '../../src/core/types.ts';
import type { KlaviyoApi } from '../../producers/klaviyo/api.ts';
import { asObject } from '../../src/sdk/readers/resume.ts';
import { campaign } from './campaign.ts';
import { hostileSubjects, type HostileSubject } from './subjects.ts';

const klaviyo = hostileSubjects.find(({ source }) => source.name === 'klaviyo') as HostileSubject;

/** The vendor with every table read in another way. */
const withTables = (broken: (definition: TableDefinition) => TableDefinition): HostileSubject => ({
  ...klaviyo,
  source: { ...klaviyo.source, tables: (settings) => klaviyo.source.tables(settings).map(broken) },
});

/** Whatever is wrong with a page that is not the first, it is called the end. */
function endsAtTrouble({ read }: TableDefinition): TableDefinition['read'] {
  return async function* broken(ctx) {
    let last: Page | undefined;
    try {
      for await (const page of read(ctx)) yield (last = page);
    } catch (error) {
      if (last?.scan === undefined || ctx.signal.aborted) throw error;
      yield { rows: [], position: { v: 1 }, scan: { id: last.scan.id, end: {} } };
    }
  };
}

/** What is no list has no rows. */
const readsAnythingAsList: HostileSubject = {
  ...klaviyo,
  source: {
    ...klaviyo.source,
    connect(settings, environment) {
      const api = klaviyo.source.connect(settings, environment) as KlaviyoApi;
      const get: typeof api.http.get = async (path, ask) => {
        const answer = await api.http.get(path, ask);
        const body = asObject(answer.body);
        return body === undefined || Array.isArray(body['data']) ? answer : { ...answer, body: { ...body, data: [] } };
      };
      return { ...api, http: { ...api.http, get } };
    },
  },
};

/** The last of the two answers of a first read, and of a later one. */
const first = { filled: false, first: 1, times: 1_000 };
const later = { ...first, filled: true };

const faultsOf = async (subject: HostileSubject, fixed: typeof first): Promise<readonly string[]> =>
  (await campaign({ subject, seed: 1, cases: 20, table: 'metric', fixed })).faults;

describe('the judge', () => {
  it.each([
    ['a broken page that is called the end', withTables((table) => ({ ...table, read: endsAtTrouble(table) })), first, /rows are missing/],
    ['rows of a wrong shape that are read as none', readsAnythingAsList, first, /rows are missing/],
    [
      'rows that are deleted after an incomplete listing',
      withTables((table) => ({ ...table, absentScans: 1, read: endsAtTrouble(table) })),
      later,
      /live rows were deleted/,
    ],
  ])('notices %s', async (_what, subject, fixed, fault) => {
    const found = (await faultsOf(subject, fixed)).filter((text) => fault.test(text));
    // More than one, so that the test does not hang by a single throw of the dice.
    expect(found.length).toBeGreaterThanOrEqual(2);
  });

  it('accuses nobody who keeps the promises of the same changes', async () => {
    expect(await faultsOf(klaviyo, first)).toEqual([]);
  });
});
