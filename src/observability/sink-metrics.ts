import { Gauge, type Registry } from 'prom-client';
import type { LandingStatus } from '../landing/status.ts';
import type { SupervisedSink } from '../landing/supervise.ts';

/** The last observed state of a landing. */
export interface WatchedLanding {
  readonly landing: string;
  readonly sinks: readonly (LandingStatus & Partial<SupervisedSink>)[];
  /** Epoch ms; absent when it was never observed. */
  readonly seenAt?: number;
  /** The tables that it lands. */
  readonly tables?: readonly { readonly connection: string; readonly table: string }[];
  /** Epoch ms up to which the warehouse has everything the vendor had, by table; without tables for which it is not known. */
  readonly landedTo?: readonly { readonly connection: string; readonly table: string; readonly to: number }[];
  /** Epoch ms of the newest row in the warehouse, by table; only where the warehouse can be queried. */
  readonly newestRows?: readonly { readonly connection: string; readonly table: string; readonly at: number }[];
}

/** All states, so that a state without tasks shows 0 instead of no value. */
const taskStates = ['RUNNING', 'PAUSED', 'STOPPED', 'FAILED', 'UNASSIGNED', 'RESTARTING', 'MISSING'] as const;

/** Gauges of the sinks, from their last observed state. */
export function addSinkGauges(registry: Registry, landings: () => readonly WatchedLanding[], now: () => number): void {
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[], collect: (of: Gauge<L>) => void) =>
    new Gauge<L>({
      name: `tributary_${name}`,
      help,
      labelNames: [...labelNames],
      registers: [registry],
      collect() {
        this.reset();
        collect(this);
      },
    });
  const sinks = () => landings().flatMap((landing) => landing.sinks);
  const perTopic = (name: string, help: string, value: (topic: LandingStatus['topics'][number]) => number) =>
    gauge(name, help, ['connector', 'connection', 'topic'], (of) => {
      for (const { connector, connection, topics } of sinks())
        for (const topic of topics) if (!topic.missing) of.set({ connector, connection, topic: topic.topic }, value(topic));
    });
  perTopic(
    'sink_lag_records',
    'Records a warehouse has still to get, at most: ends of transactions and compacted offsets count until it has all.',
    (topic) => topic.rowsAtMost,
  );
  perTopic('sink_lag_seconds', 'Age of the oldest record a warehouse has still to get; 0 when it has all.', (topic) => topic.lagSeconds);
  perTopic('sink_deletes_may_be_missed', '1 while a sink is further behind than its topic keeps deletes.', (topic) =>
    topic.deletesMayBeMissed ? 1 : 0,
  );
  gauge(
    'sink_tasks',
    'Tasks of a connector by state; a connector without tasks counts as one, a failed connector as one more.',
    ['connector', 'connection', 'state'],
    (of) => {
      for (const sink of sinks()) {
        const states = statesOf(sink);
        for (const known of taskStates)
          of.set(
            { connector: sink.connector, connection: sink.connection, state: known.toLowerCase() },
            states.filter((one) => one === known).length,
          );
      }
    },
  );
  gauge('sink_restarts', 'Times this process has started a failed sink again.', ['connector'], (of) => {
    for (const { connector, restartsEver = 0 } of sinks()) of.set({ connector }, restartsEver);
  });
  gauge('sink_given_up', '1 while restarting a failed sink does not help: it is tried once an hour only.', ['connector'], (of) => {
    for (const { connector, givenUp = false } of sinks()) of.set({ connector }, givenUp ? 1 : 0);
  });
  gauge('sink_dead_letters', "Messages in a sink's dead-letter topic.", ['connector', 'connection'], (of) => {
    for (const { connector, connection, deadLetters } of sinks()) of.set({ connector, connection }, deadLetters);
  });
  gauge(
    'warehouse_freshness_seconds',
    'Age of the instant up to which the warehouse holds everything the vendor had: read, published and committed by the sink.',
    ['landing', 'connection', 'table'],
    (of) => {
      for (const { landing, landedTo = [] } of landings())
        for (const { connection, table, to } of landedTo) of.set({ landing, connection, table }, Math.max(0, now() - to) / 1000);
    },
  );
  gauge(
    'warehouse_newest_row_timestamp_seconds',
    'Newest _synced_at that the table in the warehouse shows, asked by SQL.',
    ['landing', 'connection', 'table'],
    (of) => {
      for (const { landing, newestRows = [] } of landings())
        for (const { connection, table, at } of newestRows) of.set({ landing, connection, table }, at / 1000);
    },
  );
  gauge('sink_seen_timestamp_seconds', 'When Kafka Connect last reported the state of a landing.', ['landing'], (of) => {
    for (const { landing, seenAt } of landings()) of.set({ landing }, (seenAt ?? 0) / 1000);
  });
}

function statesOf({ state, tasks }: LandingStatus): readonly LandingStatus['state'][] {
  if (tasks.length === 0) return [state === 'RUNNING' ? 'UNASSIGNED' : state];
  return [...tasks.map((task) => task.state), ...(state === 'FAILED' ? [state] : [])];
}
