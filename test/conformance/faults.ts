import { describe, expect, it } from 'vitest';
import type { FaultRule } from '../../simulators/kit/faults.ts';
import { refusal, tablesOf, withFaults } from './faulty.ts';
import type { Subject } from './subject.ts';
import { expectTruth } from './sync.ts';
import { CAP_BYTES, once, PATIENCE_MS, type World } from './world.ts';

/** Seconds the vendor asks to wait. */
const RETRY_AFTER = 1;

/** Troubles that time heals: each befalls one request of every table. The last one is none, so that a single request meets them all. */
const passing: readonly (readonly [name: string, rule: (subject: Subject, w: World) => FaultRule])[] = [
  ['a 503', (subject, w) => ({ ...refusal(subject, w, 503), times: 1 })],
  ['a 500', (subject, w) => ({ ...refusal(subject, w, 500), times: 1 })],
  ['a reset connection', () => ({ kind: 'reset', times: 1 })],
  ['a web page with 200', () => ({ kind: 'html', times: 1 })],
  ['an empty body with 200', () => ({ kind: 'empty', times: 1 })],
  ['half an answer', () => ({ kind: 'cut-text', times: 1 })],
  ['an answer whose connection dies', () => ({ kind: 'cut-connection', times: 1 })],
  ['bytes that are no text', () => ({ kind: 'garbage', times: 1 })],
  ['a slow answer', () => ({ kind: 'slow', delayMs: 300, times: 1 })],
];

export function describeFaults(subject: Subject, world: () => World): void {
  const tables = tablesOf(subject);
  const [first] = tables;
  const alter = (w: World): void => {
    for (const table of tables) (subject.tables[table]?.change ?? subject.tables[table]?.add)?.(w.vendor);
  };

  const healed = once(async () => {
    await world().synced();
    alter(world());
    return withFaults(subject, world(), (table) => {
      const rules = passing.map(([, rule]) => rule(subject, world()));
      // Waiting takes its time, so one table does it for all.
      return table === first ? [{ kind: 'hang', times: 1 }, ...rules] : rules;
    });
  });

  describe.each(tables)('%s, when the vendor is in trouble', (table) => {
    it.each(passing.map(([name], i) => [name, i] as const))('gets over %s', async (name, i) => {
      const { run, hits } = (await healed()).get(table) ?? {};
      expect(hits?.at(i - passing.length), `requests of ${table} that met ${name}`).toBeGreaterThanOrEqual(1);
      expect(run, run?.error?.message).toMatchObject({ outcome: 'succeeded' });
    });

    it('shows it while it lasts, publishes what changed meanwhile, and is well afterwards', async () => {
      const { events, states } = (await healed()).get(table) ?? {};
      expect(states).toContainEqual(expect.objectContaining({ kind: 'error', nextTryAt: expect.any(Number) }));
      expect(states?.at(-1)?.kind).toBe('scheduled');
      for (const event of events ?? [])
        if (event.type === 'run-retrying') expect(event.failure).toMatchObject({ kind: 'transient', remedy: expect.stringMatching(/\w/) });
      await expectTruth(world(), table);
    });
  });

  const throttled = once(async () => {
    await world().synced();
    alter(world());
    return withFaults(subject, world(), () => [{ kind: 'throttled', retryAfter: RETRY_AFTER, times: 1 }]);
  });

  describe.each(tables)('%s, asked to wait (429)', (table) => {
    it('waits as long as the vendor says, shows until when, and goes on', async () => {
      const { run, hits, events, states } = (await throttled()).get(table) ?? {};
      expect(hits?.[0]).toBeGreaterThanOrEqual(1);
      expect(run, run?.error?.message).toMatchObject({ outcome: 'succeeded' });
      expect(run?.totals.waitedMs).toBeGreaterThanOrEqual(RETRY_AFTER * 1_000 - 100);
      expect(events).toContainEqual(expect.objectContaining({ type: 'rate-limited', until: expect.any(Number) }));
      expect(states).toContainEqual(expect.objectContaining({ kind: 'rate_limited', until: expect.any(Number) }));
      expect(states?.some(({ kind }) => kind === 'error' || kind === 'failed')).toBe(false);
      await expectTruth(world(), table);
    });
  });

  const oversized = once(async () => {
    const w = world();
    await w.synced();
    return withFaults(subject, w, () => [{ kind: 'oversized', bytes: CAP_BYTES + 1_000_000 }]);
  });

  describe.each(tables)('%s, sent an answer beyond the cap', (table) => {
    it('fails with the size in the message and reads no further', async () => {
      const { run, hits } = (await oversized()).get(table) ?? {};
      expect(hits?.[0]).toBeGreaterThan(0);
      expect(run).toMatchObject({
        outcome: 'failed',
        error: { kind: 'data', message: expect.stringMatching(/larger than the cap of \d+ bytes/) },
      });
      expect(run?.totals).toMatchObject({ published: 0, deleted: 0 });
    });
  });

  it(`gives up an answer that takes longer than its time-out (here ${PATIENCE_MS} ms), and asks again`, async () => {
    const { run, events } = (await healed()).get(first ?? '') ?? {};
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'run-retrying',
        failure: expect.objectContaining({ message: expect.stringMatching(/within \d+ s/) }),
      }),
    );
    expect(run?.outcome).toBe('succeeded');
  });
}
