import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/core/types.ts';
import { account, TABLES } from './harness.ts';

const small = { messages: 12, contacts: 150, events: 800, sends: 360 };
const WORKERS = 3;

const reports = {
  message_bounces: 'Bounces',
  message_clicks: 'Click',
  message_opens: 'Open',
  message_reads: 'Read',
  message_unsubs: 'Removal',
  message_sends: 'Sent',
  subscribed_contacts: 'SubscribedContacts',
} as const;

describe('a run that was stopped', () => {
  it.each(TABLES)('%s goes on and ends with every row', async (name) => {
    for (const stopAfter of [1, 3, 7]) {
      const { table, held, truth } = await account(small, { concurrency: WORKERS });
      const reader = table(name);
      const first = await reader.run({ stopAfter });
      const second = await reader.run();
      expect(second.error).toBeUndefined();
      expect(held(name, [...first.rows, ...second.rows])).toEqual(truth(name));
      expect(JSON.stringify(reader.position).length).toBeLessThan(1_500);
    }
  });

  it.each(Object.entries(reports))('%s reads no more again than what was under way', async (name, suffix) => {
    const { table, simulator } = await account(small, { concurrency: WORKERS });
    const reader = table(name as keyof typeof reports);
    await reader.run({ stopAfter: 6 });
    const asked = (): string[] =>
      simulator.calls
        .splice(0)
        .filter(({ operation }) => operation.endsWith(suffix))
        .map(({ parameters: { MsgID, ListID, Page } }) => `${MsgID ?? ListID} ${Page}`);
    const before = asked();
    await reader.run();
    const after = asked();
    const again = after.filter((call) => before.includes(call));
    // The page that was committed last proves that nothing has moved; whatever the other workers had begun is begun again.
    expect(new Set(again.map((call) => call.split(' ')[0])).size).toBeLessThanOrEqual(WORKERS + 1);
    expect(after.length).toBeGreaterThan(0);
    expect(before.length + after.length - again.length).toBeGreaterThan(again.length);
  });

  it.each(['message_sends', 'subscribed_contacts'] as const)(
    '%s asks for no page of a big report again but the last of each worker, and what was under way',
    async (name) => {
      const { table, simulator, held, truth } = await account(
        { lists: 3, messages: 4, contacts: 900, events: 10, sends: 1_200 },
        { concurrency: WORKERS },
      );
      const reader = table(name);
      const first = await reader.run({ stopAfter: 20 });
      const asked = (): string[] =>
        simulator.calls
          .splice(0)
          .filter(({ operation }) => operation.endsWith(reports[name]))
          .map(({ parameters: { MsgID, ListID, Page } }) => `${MsgID ?? ListID} ${Page}`);
      const before = new Set(asked());
      const second = await reader.run();
      const again = asked().filter((call) => before.has(call));
      // The last committed page of each, the one that was held back, and the one under way.
      expect(again.length).toBeLessThanOrEqual(3 * WORKERS);
      expect(first.pages.length).toBe(20);
      expect(second.counted).not.toHaveProperty('cursors_lost');
      expect(held(name, [...first.rows, ...second.rows])).toEqual(truth(name));
    },
  );

  it.each(['message_sends', 'subscribed_contacts'] as const)(
    '%s has as many reports under way as may be, big as they are',
    async (name) => {
      const { table, simulator } = await account(
        { lists: 3, messages: 4, contacts: 900, events: 10, sends: 1_200 },
        { concurrency: WORKERS },
      );
      // So slow that who waits for its turn would be seen to.
      simulator.faults.add({
        kind: 'slow',
        delayMs: 30,
        requestBody: `<${name === 'message_sends' ? 'ReportMessageContactSent' : 'ReportRangeSubscribedContacts'}`,
      });
      await table(name).run();
      const calls = simulator.calls
        .filter(({ operation }) => operation.endsWith(reports[name]))
        .map(({ parameters: { MsgID, ListID, Page } }) => ({ id: MsgID ?? ListID, page: Number(Page) }));
      const tenth = calls.findIndex(({ id, page }) => id === calls[0]?.id && page === 10);
      expect(
        new Set(
          calls
            .slice(0, tenth)
            .filter(({ page }) => page >= 6)
            .map(({ id }) => id),
        ).size,
      ).toBe(WORKERS);
    },
  );

  it('keeps its position short, however far others are ahead of a slow report', async () => {
    const { table, simulator, held, truth } = await account(
      { lists: 1, messages: 120, contacts: 200, events: 3_000, sends: 120 },
      { concurrency: WORKERS },
      { timeoutMs: 60_000 },
    );
    simulator.faults.add({ kind: 'hang', requestBody: `<MsgID>${simulator.world.messages[0]?.id}<` });
    const reader = table('message_clicks');
    // No more come while the first one hangs.
    const first = await reader.run({ stopAfter: 24 });
    expect(JSON.stringify(reader.position).length).toBeLessThan(1_500);
    const walk = reader.position?.['walk'] as JsonObject | undefined;
    expect(Object.keys((walk?.['open'] ?? {}) as JsonObject)).toHaveLength(24);
    simulator.faults.clear();
    const second = await reader.run();
    expect(second.error).toBeUndefined();
    expect(held('message_clicks', [...first.rows, ...second.rows])).toEqual(truth('message_clicks'));
  });

  it('begins again where the messages before it are others by now', async () => {
    const { table, simulator, held, truth } = await account(small);
    const reader = table('message_clicks');
    const first = await reader.run({ stopAfter: 5 });
    simulator.world.messages.splice(2, 1);
    const second = await reader.run();
    expect(held('message_clicks', second.rows)).toEqual(truth('message_clicks'));
    expect(first.rows.length).toBeGreaterThan(0);
  });

  it('begins a report again whose last page is another by now', async () => {
    const { table, simulator, held, truth } = await account({ ...small, lists: 1 }, { concurrency: 1 });
    const reader = table('subscribed_contacts');
    const first = await reader.run({ stopAfter: 2 });
    simulator.mutate['contact.leave']({ number: 0 });
    const second = await reader.run();
    expect(second.counted['cursors_lost']).toBe(1);
    const gone = [...held('subscribed_contacts', first.rows)].filter(([key]) => !truth('subscribed_contacts').has(key));
    expect(held('subscribed_contacts', [...first.rows, ...second.rows])).toEqual(new Map([...truth('subscribed_contacts'), ...gone]));
  });

  it('long ago is finished and followed by another at once', async () => {
    const { table, simulator, held, truth } = await account(small);
    const reader = table('message_opens');
    const first = await reader.run({ stopAfter: 4 });
    simulator.clock.advance(3 * 86_400_000);
    simulator.mutate['event.add']({ kind: 'opens', message: simulator.world.messages[0]?.id as number, address: 'since@x.example' });
    const second = await reader.run();
    expect(held('message_opens', [...first.rows, ...second.rows])).toEqual(truth('message_opens'));
  });
});
