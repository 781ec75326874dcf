import type { Settings } from '../config/settings.ts';
import { TributaryError } from '../core/errors.ts';
import { canonicalJson } from '../core/json/canonical.ts';
import { tableTopics } from '../engine/table-opener.ts';
import type { KafkaAccess } from '../kafka/client.ts';
import { readAllStates } from '../kafka/meta/state.ts';
import { ownTopicNames, ownTopics } from '../kafka/meta/own-topics.ts';
import { tableTopic, topicNames } from '../kafka/meta/topic-names.ts';
import { DEFAULT_MAX_WORKERS } from '../kafka/partitioning.ts';
import type { Registry } from '../kafka/registry.ts';
import { requireRights } from '../kafka/rights.ts';
import { checkTable, foreignIds, movedTable } from '../kafka/topic-rules.ts';
import { lookAtTopics, type TopicFacts } from '../kafka/topics.ts';
import { activeWorkers } from '../kafka/worker.ts';
import { compileTable, type TableCodec } from '../record/codec.ts';
import { plural } from '../observability/text.ts';
import { finding, type CheckFinding } from './findings.ts';
import { timeLimit } from '../core/signals.ts';

/** Checks, by the same rules as `run`, whether a topic would be refused, without changing anything. One finding per check, and one more for each further fault. */
export function kafkaChecks(settings: Settings, access: KafkaAccess, registry: Registry): (() => Promise<readonly CheckFinding[]>)[] {
  const { prefix } = access.settings;
  const tables = settings.connections.flatMap((connection) => tableTopics(connection, access));
  const looked: { facts?: ReadonlyMap<string, TopicFacts> } = {};
  return [
    () =>
      one('rights', async () => {
        await requireRights(access, {
          topics: [...ownTopicNames(prefix), ...tables.map(({ name }) => name)],
          connections: settings.connections.map(({ name }) => name),
        });
        return 'the Kafka user may do all that is needed';
      }),
    () =>
      several('topics', async () => {
        const facts = await lookAtTopics(access, [...ownTopics(access.settings), ...tables]);
        looked.facts = facts;
        const faults = [...facts.values()].flatMap(({ refusal }) => (refusal === undefined ? [] : [refusal]));
        const there = [...facts].filter(([, { partitions }]) => partitions > 0).length;
        return {
          faults,
          text: there === 0 ? 'none is there yet; they are created by the first run' : `${plural(there, 'topic')} of ours, as they must be`,
        };
      }),
    async () => {
      const { facts } = looked;
      // Nothing is known of topics that could not be looked at, which is told already.
      if (facts === undefined) return [];
      return several('schemas', async () => {
        if (!facts.has(topicNames(prefix).state)) return { faults: [], text: 'nothing has been published yet' };
        const { faults, tables: count } = await schemaFaults(settings, access, registry, facts);
        return {
          faults,
          text:
            count === 0 ? 'nothing has been published yet' : `the registry knows those of ${plural(count, 'table')} as they were published`,
        };
      });
    },
    () =>
      one('workers', async () => {
        const workers = await activeWorkers(access);
        if (workers.length === 0) return 'none is running with this prefix';
        const most = access.settings.maxWorkers ?? DEFAULT_MAX_WORKERS;
        const idle = workers.length > most ? `; only ${most} of them can have work (kafka.max_workers)` : '';
        return `${plural(workers.length, 'worker')}: ${[...new Set(workers.map(({ host }) => host))].join(', ')}${idle}`;
      }),
  ];
}

/** Tables whose topics were written with schema ids that the registry does not have for them, or whose subjects accept any schema. */
export async function schemaFaults(
  settings: Settings,
  access: KafkaAccess,
  registry: Registry,
  facts: ReadonlyMap<string, TopicFacts>,
): Promise<{ faults: TributaryError[]; tables: number }> {
  const states = await readAllStates(access);
  const faults: TributaryError[] = [];
  let tables = 0;
  for (const { name, source, tables: definitions } of settings.connections) {
    for (const definition of definitions) {
      const state = states.get(name)?.states.get(definition.name);
      const topic = tableTopic(access.settings, name, definition.name);
      const moved = movedTable(access.settings, name, definition.name, state);
      if (moved !== undefined) faults.push(moved);
      const found = facts.get(topic);
      if (state === undefined || moved !== undefined || found === undefined || found.refusal !== undefined) continue;
      tables += 1;
      try {
        const { id: keySchemaId, level } = await registry.subjectOf(`${topic}-key`);
        if (keySchemaId === undefined) {
          if (await knowsKey(registry, state.keySchemaId, compileTable(source.name, definition))) continue;
          throw foreignIds(
            topic,
            `${name}.${definition.name}`,
            `its keys carry the schema id ${state.keySchemaId}, and the registry has no subject ${topic}-key`,
          );
        }
        checkTable(topic, `${name}.${definition.name}`, found, keySchemaId, state);
        if (level !== undefined && level !== 'FULL_TRANSITIVE' && level !== 'FULL') {
          throw new TributaryError(
            `The registry has the compatibility level ${level} for ${topic}-key, which would accept schemas that consumers cannot read.`,
            { kind: 'config', remedy: `Set it to FULL_TRANSITIVE for ${topic}-key and ${topic}-value.` },
          );
        }
      } catch (error) {
        if (!(error instanceof TributaryError) || error.kind !== 'config') throw error;
        faults.push(error);
      }
    }
  }
  return { faults, tables };
}

/** Whether the registry has the key's schema under that id: a subject that was deleted softly comes back with it at the next start. */
async function knowsKey(registry: Registry, id: number, { keySchema }: TableCodec): Promise<boolean> {
  const text = await registry.schemaById(id).catch((error: unknown) => {
    if (error instanceof TributaryError && error.code === 'registry:404') return undefined;
    throw error;
  });
  return text !== undefined && canonicalJson(JSON.parse(text)) === canonicalJson(keySchema);
}

async function one(what: string, look: () => Promise<string>): Promise<readonly CheckFinding[]> {
  return [await finding(what, look)];
}

const shown = 10;

/** Checks many things of one kind; each fault gets a line of its own. */
async function several(
  what: string,
  look: () => Promise<{ readonly faults: readonly TributaryError[]; readonly text: string }>,
): Promise<readonly CheckFinding[]> {
  let faults: readonly TributaryError[] = [];
  const found = await finding(what, async () => {
    const seen = await look();
    faults = seen.faults;
    const [first] = faults;
    if (first !== undefined) throw first;
    return seen.text;
  });
  const more = await Promise.all(faults.slice(1, shown).map((fault) => finding(what, () => Promise.reject(fault))));
  return [found, ...more];
}

/** With a larger difference (ms), runs read time windows in the future or miss the newest rows. */
const mostMs = 60_000;

/** Compares this machine's clock with the Date header of the server at `url`. */
export async function clockCheck(url: string, now: () => number): Promise<CheckFinding> {
  return finding('clock', async () => {
    const before = now();
    const answer = await fetch(url, { signal: timeLimit(10_000), redirect: 'manual' }).catch(() => undefined);
    const told = Date.parse(answer?.headers.get('date') ?? '');
    if (Number.isNaN(told)) return 'the registry sent no time to compare with';
    // The header has whole seconds only.
    const off = Math.round((before + now()) / 2) - told - 500;
    if (Math.abs(off) <= mostMs) return 'agrees with that of the registry';
    throw new TributaryError(
      `This machine's clock is ${Math.round(Math.abs(off) / 1000)} s ${off > 0 ? 'ahead of' : 'behind'} that of the registry.`,
      { kind: 'config', remedy: "Set the clocks correctly (NTP): positions are recorded in this machine's time." },
    );
  });
}
