import { randomBytes, randomUUID } from 'node:crypto';
import { expect, inject, it, onTestFinished } from 'vitest';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import { systemClock } from '../../src/core/clock.ts';
import { sendControl } from '../../src/kafka/meta/control.ts';
import { readStates } from '../../src/kafka/meta/state.ts';
import { expectedRows } from '../klaviyo/expected.ts';
import { eventually } from '../landing/kafka-helpers.ts';
import { DEFAULT_KEY, startKlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import { compare, digestOf, digestsOf, none } from '../support/contents.ts';
import { openTestEngine } from '../support/engine.ts';

const stack = inject('stack');
const DAY = 86_400_000;

it('a running worker brings what deletes and merges of profiles did to their events, however old, and does it once', async () => {
  const simulator = await startKlaviyoSimulator({ seed: 11, profiles: 200, events: 3_000, limits: false });
  onTestFinished(() => simulator.close());
  let ahead = 0;
  const pass = (ms: number): void => {
    simulator.clock.advance(ms);
    ahead += ms;
  };
  const test = await openTestEngine({
    ...stack,
    prefix: `handed${randomBytes(4).toString('hex')}`,
    clock: { now: () => Date.now() + ahead, timer: systemClock.timer },
    connections: [{ source: klaviyo, settings: { api_key: DEFAULT_KEY, base_url: simulator.url } }],
  });
  onTestFinished(() => test.close());
  const ended = (table: string): number =>
    test.events.filter((event) => event.type === 'run-ended' && event.table === table && event.outcome === 'succeeded').length;
  const untilEnded = (runs: number): Promise<void> =>
    eventually(async () => {
      for (const table of ['metric', 'profile', 'event']) expect(ended(table), table).toBe(runs);
    }, 300_000);
  const untilIdle = (): Promise<void> =>
    eventually(async () => {
      const count = (type: string): number => test.events.filter((event) => event.type === type).length;
      expect(count('run-ended')).toBe(count('run-started'));
    }, 300_000);
  const trigger = (): Promise<void> =>
    sendControl(test.access, [{ connection: 'klaviyo', table: null, slot: 'trigger', value: { id: randomUUID(), at: Date.now() } }]);
  const handed = async (): Promise<number> => (await readStates(test.access, 'klaviyo')).outbox.get('event')?.length ?? 0;

  const stop = new AbortController();
  const running = test.engine.run(stop.signal);
  try {
    await untilEnded(1);
    simulator.change.deleteProfiles({ count: 6 });
    simulator.change.deleteProfiles({ count: 6, detach: true });
    simulator.change.mergeProfiles({ count: 6 });
    pass(8 * DAY);
    await trigger();
    // No second trigger: what the profiles' run handed over starts a run of its own.
    await eventually(async () => {
      expect(ended('profile')).toBe(2);
      expect(await handed()).toBe(0);
    }, 300_000);
    expect((await test.readTable('profile')).tombstones).toBe(18);
    await untilIdle();

    const topic = await test.readTable('event');
    const truth = digestsOf(expectedRows(simulator.truth, 'event'));
    expect(compare(truth, new Map([...topic.rows.values()].map((record) => [String(record['id']), digestOf(record)])))).toEqual(none);
    expect(topic.repeated).toBe(0);

    const byId = (): number => simulator.requests.count({ route: 'GET /api/events/:id' });
    const asked = byId();
    expect(asked).toBeGreaterThan(6);
    const runs = ended('event');
    await trigger();
    await eventually(async () => expect(ended('event')).toBe(runs + 1), 300_000);
    await untilIdle();
    expect(byId()).toBe(asked);
    expect((await test.readTable('event')).messages).toBe(topic.messages);
  } finally {
    stop.abort();
    await running;
  }
});
