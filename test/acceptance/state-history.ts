import type { KafkaAccess } from '../../src/kafka/client.ts';
import { readTopics } from '../../src/kafka/reader.ts';
import { topicNames } from '../../src/kafka/meta/topic-names.ts';
import type { TableState } from '../../src/kafka/types.ts';

/** One committed state of a table. */
export interface Committed {
  readonly table: string;
  readonly state: TableState;
}

/** Every state ever committed, in the order of the commits: `_state` as long as it is too young to be compacted. */
export async function readStateHistory(access: KafkaAccess): Promise<Committed[]> {
  const history: Committed[] = [];
  await readTopics(access, [{ topic: topicNames(access.settings.prefix).state }], ({ key, value }) => {
    const { table, slot } = JSON.parse(String(key)) as { table: string; slot: string };
    if (slot === 'state' && value !== null) history.push({ table, state: JSON.parse(value.toString()) as TableState });
  });
  return history;
}

type Tree = { readonly [name: string]: Tree } & { readonly [name: string]: any };

/** What the position of a Klaviyo table says, as far as these tests read it. */
export function positionOf({ state }: Committed): {
  readonly listing: { readonly cursor: string } | undefined;
  readonly walk: { readonly before: number; readonly reached?: number; readonly cursor: string } | undefined;
  readonly plan:
    { readonly bound: number; readonly done: number | null; readonly slice?: { readonly to: number; readonly cursor: string } } | undefined;
  readonly numbers: Readonly<Record<string, number | undefined>>;
} {
  const position = (state.position ?? {}) as Tree;
  const { changes, ids, history } = (position['phases'] ?? {}) as Tree;
  const listing = ids ?? position;
  return {
    listing: listing['cursor'] === undefined ? undefined : (listing as any),
    walk: changes?.['walk'] as any,
    plan: history?.['plan'] as any,
    numbers: {
      updatedAt: state.updatedAt,
      rowsPublished: state.rowsPublished,
      readTo: state.readTo,
      lastSuccessAt: state.lastSuccessAt,
      at: changes?.['at'],
      before: changes?.['walk']?.['before'],
      through: history?.['through'],
      bound: history?.['plan']?.['bound'],
      ...Object.fromEntries(Object.entries((position['last'] ?? {}) as Record<string, number>).map(([pass, at]) => [`last ${pass}`, at])),
    },
  };
}

/** Everything that went back from one commit of a table to its next, in words; empty when nothing did. */
export function stepsBack(history: readonly Committed[]): string[] {
  const found: string[] = [];
  const before = new Map<string, Committed>();
  const highest = new Map<string, number>();
  for (const committed of history) {
    const { table } = committed;
    const now = positionOf(committed);
    for (const [name, value] of Object.entries(now.numbers)) {
      const most = highest.get(`${table} ${name}`) ?? Number.NEGATIVE_INFINITY;
      if (value !== undefined && value < most) found.push(`${table}: ${name} from ${most} to ${value}`);
      highest.set(`${table} ${name}`, Math.max(most, value ?? most));
    }
    const last = before.get(table);
    const then = last && positionOf(last);
    if (now.walk && now.walk.before === then?.walk?.before && (now.walk.reached ?? 0) < (then.walk.reached ?? 0))
      found.push(`${table}: reached`);
    if (now.plan && now.plan.bound === then?.plan?.bound && (now.plan.done ?? 0) < (then.plan.done ?? 0)) found.push(`${table}: done`);
    before.set(table, committed);
  }
  return found;
}
