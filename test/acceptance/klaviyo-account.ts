import { expect } from 'vitest';
import { expectedRows, type KlaviyoTable } from '../klaviyo/expected.ts';
import { randomStream, sample } from '../../simulators/kit/random.ts';
import type { KlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import { compare, digestsOf, none } from '../support/contents.ts';
import type { TestEngine } from '../support/engine.ts';

export const tables = ['metric', 'profile', 'event'] as const satisfies readonly KlaviyoTable[];

/** An account that changes a little at each call, by a seed. */
export interface Commotion {
  /** Inserts, updates, new events, late ones. */
  grow(): void;
  /** Deletes and merges of profiles that were there from the start. */
  shrink(): void;
}

export function commotion({ change, truth }: KlaviyoSimulator, seed: number): Commotion {
  const random = randomStream(seed);
  let originals = [...truth.profiles()].map(({ id }) => id);
  const take = (count: number): string[] => {
    const taken = sample(originals, count, random);
    originals = originals.filter((id) => !taken.includes(id));
    return taken;
  };
  return {
    grow() {
      change.insertProfiles({ count: 5 });
      change.updateProfiles({ count: 20 });
      change.addEvents({ count: 15, touch: true });
      change.addLateEvents({ count: 10, howLateMs: 40 * 60_000 });
    },
    shrink() {
      change.deleteProfiles({ ids: take(2) });
      const [source = '', destination = ''] = take(2);
      change.mergeProfiles({ pairs: [{ source, destination }] });
      originals.push(destination);
    },
  };
}

/** All topics hold what the vendor holds, row by row and column by column, and no row twice in a row. */
export async function expectTopicsEqualTruth({ truth }: KlaviyoSimulator, reader: TestEngine): Promise<void> {
  for (const table of tables) {
    const topic = await reader.readTable(table);
    const found = new Map([...topic.rows.values()].map((columns) => [String(columns['id']), columns]));
    const wanted = digestsOf(expectedRows(truth, table));
    const differences = compare(wanted, digestsOf([...found].map(([id, columns]) => ({ id, columns }))));
    for (const { id, columns } of expectedRows(truth, table))
      if (id === differences.different[0]) expect(found.get(id), table).toEqual(columns);
    expect(differences, table).toEqual(none);
    expect(topic.repeated, `${table}: values that follow an equal one of the same key`).toBe(0);
  }
}
