import { randomBytes } from 'node:crypto';
import { expect, inject, it, onTestFinished } from 'vitest';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import { sendControl } from '../../src/kafka/meta/control.ts';
import { readStates } from '../../src/kafka/meta/state.ts';
import { eventually } from '../landing/kafka-helpers.ts';
import { DEFAULT_KEY, startKlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import { openTestEngine } from '../support/engine.ts';

const stack = inject('stack');

it('a back-fill asked for while the table runs reads what was asked for, with a position of its own', async () => {
  const simulator = await startKlaviyoSimulator({ seed: 5, profiles: 20, events: 400, limits: false });
  onTestFinished(() => simulator.close());
  const test = await openTestEngine({
    ...stack,
    prefix: `backfill${randomBytes(4).toString('hex')}`,
    random: () => 0,
    connections: [
      {
        source: klaviyo,
        settings: { api_key: DEFAULT_KEY, base_url: simulator.url },
        history: { range: '30d' },
        tables: ['event', 'metric'],
      },
    ],
  });
  const stop = new AbortController();
  const away = simulator.faults.add({ kind: 'status', status: 503, on: 'GET /api/events' });
  const running = test.engine.run(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await running;
    await test.close();
  });
  const state = async () => (await readStates(test.access, 'klaviyo')).states.get('event');

  await eventually(async () => expect(simulator.requests.count({ status: 503 })).toBeGreaterThan(0), 300_000);
  const backfill = { id: 'asked', at: Date.now(), since: null };
  await sendControl(test.access, [
    { connection: 'klaviyo', table: 'event', slot: 'backfill', value: backfill },
    { connection: 'klaviyo', table: 'metric', slot: 'paused', value: { paused: true } },
  ]);
  // They come in the order in which they were sent.
  await eventually(async () => expect(test.events.some(({ type }) => type === 'table-paused')).toBe(true));
  simulator.faults.clear(away);

  await eventually(async () => expect(await state()).toMatchObject({ handled: { backfill: 'asked' } }), 300_000);
  expect((await test.readTable('event')).rows.size).toBe(400);
  const { position, backfill: known, since } = (await state())!;
  expect(await state()).toMatchObject({ horizon: null });
  expect(known).toMatchObject({ id: 'asked', since: null, done: true, position: { phases: { history: { oldest: null } } } });
  expect(position).toMatchObject({ phases: { history: { oldest: Math.floor(since! / 1_000) * 1_000 } } });
  // Older rows than the history of the settings are no surplus.
  const none = { count: 0, keys: [] };
  expect(await test.engine.verify({ connection: 'klaviyo', table: 'event' }, new AbortController().signal)).toMatchObject({
    vendorRows: 400,
    topicRows: 400,
    missing: none,
    surplus: none,
    different: none,
  });
});
