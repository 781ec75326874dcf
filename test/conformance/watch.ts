import { inspect } from 'node:util';
import { Writable } from 'node:stream';
import type { TributaryError } from '../../src/core/errors.ts';
import type { Clock } from '../../src/core/clock.ts';
import { createLog } from '../../src/observability/log.ts';
import { logEvents } from '../../src/observability/log-events.ts';
import { createMetrics } from '../../src/observability/metrics.ts';
import { statusText } from '../../src/observability/status-text.ts';
import { followStatus, type LiveStatus, type DisplayState } from '../../src/observability/status-view.ts';
import { createPaint } from '../../src/observability/text.ts';
import type { TestEngine } from '../support/engine.ts';

/** Everything that could be seen of an engine from outside. */
export interface Watch {
  readonly status: LiveStatus;
  readonly errors: TributaryError[];
  /** States a table has been shown in, one entry per event that concerned it. */
  statesOf(table: string): readonly DisplayState[];
  /** Forgets the states seen so far. */
  forgetStates(): void;
  /** By what it is seen in: every text a person could have read. */
  texts(): Promise<Readonly<Record<string, string>>>;
  stop(): void;
}

/** The log's own redactor knows every secret; here it knows none, so that nothing relies on it alone. */
const hidesNothing = { add: () => undefined, redact: (text: string) => text, redactAll: <T>(value: T) => value };

export function watch({ bus, events, settings }: TestEngine, clock: Clock): Watch {
  const tables = settings.connections.flatMap(({ name: connection, source, tables: of }) =>
    of.map(({ name: table }) => ({ connection, source: source.name, table })),
  );
  const status = followStatus(bus, tables, clock.now);
  const metrics = createMetrics({ bus, status: status.snapshot, version: 'test', now: clock.now });
  let log = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      log += String(chunk);
      done();
    },
  });
  logEvents(bus, createLog({ format: 'json', level: 'debug', stream, redactor: hidesNothing, colours: false }));
  const shown: string[] = [];
  const states = new Map<string, DisplayState[]>();
  const errors: TributaryError[] = [];
  bus.on((event) => {
    if (!('table' in event) || event.table === undefined || event.type === 'request') return;
    const snapshot = status.snapshot();
    const found = snapshot.tables.find(({ table }) => table === event.table);
    if (!found) return;
    states.set(event.table, [...(states.get(event.table) ?? []), found.state]);
    if (event.type === 'run-ended' || event.type === 'run-retrying')
      shown.push(JSON.stringify(found), statusText(snapshot, createPaint(false)));
  });
  return {
    status,
    errors,
    statesOf: (table) => states.get(table) ?? [],
    forgetStates: () => states.clear(),
    texts: async () => ({
      log,
      events: JSON.stringify(events),
      errors: inspect(errors, { depth: 12, maxStringLength: null, showHidden: true }),
      metrics: await metrics.text(),
      status: shown.join('\n'),
    }),
    stop() {
      metrics.stop();
      status.stop();
    },
  };
}
