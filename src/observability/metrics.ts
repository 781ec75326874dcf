import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { EventBus } from '../engine/events.ts';
import type { TableRef } from '../core/run.ts';
import { createEndpointLabels } from './endpoint-labels.ts';
import { createInstruments } from './metrics-instruments.ts';
import { recordEvent } from './metrics-record.ts';
import { addSinkGauges, type WatchedLanding } from './sink-metrics.ts';
import type { StatusSnapshot } from './status-view.ts';

export interface MetricsOptions {
  readonly bus: EventBus;
  readonly status: () => StatusSnapshot;
  readonly version: string;
  /** Commit the program was built from, where known. */
  readonly revision?: string | undefined;
  /** First part of all topic names. */
  readonly prefix?: string;
  readonly now: () => number;
  /** Longest time (ms) between two scheduled runs of a table. */
  readonly interval?: (table: TableRef) => number | undefined;
  /** The sinks, where topics are landed. */
  readonly landings?: () => readonly WatchedLanding[];
}

export interface Metrics {
  readonly contentType: string;
  /** The metrics in Prometheus' text format. */
  text(): Promise<string>;
  stop(): void;
}

const table = ['connection', 'source', 'table'] as const;

/**
 * Milliseconds between two looks at the event loop. Node's figures are the time from look to look, so this much of them is no lag. With
 * its own 10 ms an idle process wakes up a hundred times a second for nothing else.
 */
const LOOK_AT_LOOP_EVERY = 500;

/** Metrics, computed from the event bus and the status. Labels have few values: never a key, a mail address or a URL. */
export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry();
  const instruments = createInstruments(registry);
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LOOK_AT_LOOP_EVERY });
  // Series about V8's heap spaces, which do not help anybody on call.
  for (const kind of ['total', 'used', 'available']) registry.removeSingleMetric(`nodejs_heap_space_size_${kind}_bytes`);
  new Gauge({
    name: 'tributary_build_info',
    help: 'Always 1; what is running.',
    labelNames: ['version', 'revision', 'prefix', 'node'],
    registers: [registry],
  }).set({ version: options.version, revision: options.revision ?? '', prefix: options.prefix ?? '', node: process.version }, 1);
  // One status snapshot per scrape serves all gauges.
  let own: StatusSnapshot['tables'] = [];
  addStatusGauges(registry, () => own, options.interval ?? (() => undefined));
  if (options.landings) addSinkGauges(registry, options.landings, options.now);

  const newest = new Map<string, { readonly labels: Record<string, string>; readonly value: number }>();
  new Gauge({
    name: 'tributary_source_lag_seconds',
    help: 'Now minus the newest replication value committed.',
    labelNames: table,
    registers: [registry],
    collect() {
      for (const { labels, value } of newest.values()) this.set(labels, Math.max(0, options.now() - value) / 1000);
    },
  });

  const endpoints = createEndpointLabels();
  const stop = options.bus.on((event) => {
    recordEvent(instruments, event, options.now(), endpoints);
    if (event.type === 'batch-committed' && event.replicationValue !== undefined) {
      const key = `${event.connection}.${event.table}`;
      const labels = { connection: event.connection, source: event.source, table: event.table };
      newest.set(key, { labels, value: Math.max(event.replicationValue, newest.get(key)?.value ?? -Infinity) });
    }
  });
  return {
    contentType: registry.contentType,
    text: () => {
      own = ownTables(options.status());
      return registry.metrics();
    },
    stop,
  };
}

/** Tables of other workers are left out: those workers have their own metrics. */
function ownTables({ tables, assigned }: StatusSnapshot): StatusSnapshot['tables'] {
  const ours = new Set(assigned);
  return tables.filter(({ connection }) => ours.has(connection));
}

function addStatusGauges(
  registry: Registry,
  tables: () => StatusSnapshot['tables'],
  interval: (table: TableRef) => number | undefined,
): void {
  const gauge = (name: string, help: string, value: (of: StatusSnapshot['tables'][number]) => number | undefined) =>
    new Gauge({
      name: `tributary_${name}`,
      help,
      labelNames: [...table],
      registers: [registry],
      collect() {
        this.reset();
        for (const of of tables()) {
          const found = value(of);
          if (found !== undefined) this.set({ connection: of.connection, source: of.source, table: of.table }, found);
        }
      },
    });
  const seconds = (ms: number | undefined) => (ms === undefined ? undefined : ms / 1000);
  gauge('sync_last_success_timestamp_seconds', 'When a run last read everything it set out to read.', (of) => seconds(of.lastSuccessAt));
  gauge('table_next_run_timestamp_seconds', 'When the next run is due.', (of) => seconds(of.nextRunAt));
  gauge('data_freshness_seconds', 'Age of the instant up to which the topic holds everything.', (of) => seconds(of.freshnessMs));
  gauge('table_interval_seconds', 'Longest time between two runs by the schedule.', (of) => seconds(interval(of)));
  gauge('deletes_withheld', 'Deletes kept back until somebody allows them.', (of) => of.withheld?.count);
  new Gauge({
    name: 'tributary_table_failure',
    help: '1 while the table has an error, by its code; status and log have the text.',
    labelNames: [...table, 'code'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { connection, source, table: name, state } of tables()) {
        if (state.kind === 'failed' || state.kind === 'error')
          this.set({ connection, source, table: name, code: state.code ?? 'unnamed' }, 1);
        if (state.kind === 'disabled' && !state.off) this.set({ connection, source, table: name, code: 'disabled' }, 1);
      }
    },
  });
  new Gauge({
    name: 'tributary_table_state',
    help: '1 for the state the table is in; the others are absent.',
    labelNames: [...table, 'state'],
    registers: [registry],
    collect() {
      this.reset();
      for (const of of tables()) {
        this.set({ connection: of.connection, source: of.source, table: of.table, state: of.state.kind }, 1);
      }
    },
  });
}
