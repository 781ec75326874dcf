import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { createEventBus } from '../../src/engine/events.ts';
import { emptyTotals } from '../../src/engine/table-run.ts';
import { createLog } from '../../src/observability/log.ts';
import { logEvents } from '../../src/observability/log-events.ts';
import { createRedactor } from '../../src/core/redact.ts';

const ref = { connection: 'shop', source: 'klaviyo', table: 'event' };

function told(everyRun: boolean, level: 'info' | 'warn' = 'info') {
  const bus = createEventBus((error) => {
    throw error;
  });
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk, _, done) {
      lines.push(JSON.parse(String(chunk)).msg as string);
      done();
    },
  });
  let at = 0;
  logEvents(bus, createLog({ format: 'json', level, stream, redactor: createRedactor(), colours: false }), { now: () => at, everyRun });
  return {
    lines,
    run(published: number, after: number) {
      at += after;
      bus.emit({ type: 'run-started', runId: 'r', mode: 'periodic', at, ...ref });
      bus.emit({ type: 'run-ended', runId: 'r', outcome: 'succeeded', totals: { ...emptyTotals(), published }, startedAt: at, at, ...ref });
    },
  };
}

test('a worker tells of runs that changed something, and of a table without news once an hour', () => {
  const { lines, run } = told(false);
  run(0, 0);
  for (let i = 0; i < 23; i += 1) run(0, 300_000);
  run(5, 60_000);
  run(0, 60_000);
  expect(lines).toEqual(['shop.event: nothing changed in 1 run', 'shop.event: nothing changed in 12 runs', 'shop.event: run succeeded']);
});

test('a pass that nobody watches tells of every begin and end', () => {
  const { lines, run } = told(true);
  run(0, 0);
  run(0, 1);
  expect(lines).toEqual(['shop.event: run started', 'shop.event: run succeeded', 'shop.event: run started', 'shop.event: run succeeded']);
});

test('a quiet one tells of neither', () => {
  const { lines, run } = told(true, 'warn');
  run(7, 0);
  expect(lines).toEqual([]);
});
