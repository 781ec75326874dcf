import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { listrak } from '../../producers/listrak/index.ts';
import { systemClock, type Clock } from '../../src/core/clock.ts';
import type { JsonObject, Row } from '../../src/core/types.ts';
import { readStates } from '../../src/kafka/meta/state.ts';
import type { RunSummary } from '../../src/engine/execute-run.ts';
import type { TableDefinition } from '../../src/core/table.ts';
import { KINDS, type ListrakTable } from '../../simulators/listrak/options.ts';
import { PASSWORD, startListrakSimulator, USER, type ListrakSimulator } from '../../simulators/listrak/simulator.ts';
import { compare, digestOf, none, type Contents } from '../support/contents.ts';
import { openTestEngine, type TestEngine } from '../support/engine.ts';
import { landInPostgres, type TestLanding } from '../support/landed.ts';
import { compileRecord, keyOf } from '../support/records.ts';
import { SCALE } from '../support/scale.ts';
import { summariesByTable } from '../support/summaries.ts';
import { TABLES } from './harness.ts';
import type { SyncChildOptions } from './sync-child.ts';
import { programArguments } from '../support/program.ts';

/** Five lists over three years; the steps build on each other. Pages are small, so that most reports have several. */
const size = {
  ...{ lists: 5, days: 1_095, messages: 60, contacts: 3_000 * SCALE, events: 9_000 * SCALE, sends: 5_400 * SCALE },
  switches: { pageSize: 30 },
};
/** A limit for what hangs, not a measure. */
const SYNC_MS = 1_200_000;
const DAY = 86_400_000;
const WORKERS = 3;

const stack = inject('stack');
const prefix = `listrak${randomBytes(4).toString('hex')}`;
const never = new AbortController().signal;
const began = performance.now();

let simulator: ListrakSimulator;
let test: TestEngine;
let landing: TestLanding | undefined;
let clock: Clock;

beforeAll(async () => {
  simulator = await startListrakSimulator({ ...size });
  // Nothing that was sent goes on by itself. The vendor's time stands still, ours has to move for anything to be waited for.
  simulator.clock.advance(60 * DAY);
  clock = { now: () => simulator.clock.now() + Math.floor(performance.now() - began), timer: systemClock.timer };
  test = await openTestEngine({ ...stack, prefix, clock, connections: [{ source: listrak, settings: settings() }] });
});

afterAll(async () => {
  await landing?.close();
  await test?.close();
  await simulator?.close();
});

const settings = (): Record<string, unknown> => ({ username: USER, password: PASSWORD, base_url: simulator.url, concurrency: WORKERS });

const definitionOf = (table: ListrakTable): TableDefinition =>
  test.settings.connections[0]?.tables.find(({ name }) => name === table) as TableDefinition;

/** What is known of the vendor since it changed last. */
const truths = new Map<ListrakTable, Contents>();

function truthOf(table: ListrakTable): Contents {
  const known = truths.get(table) ?? contentsOf(simulator, table);
  truths.set(table, known);
  return known;
}

/** For the vendor, and for us. */
function pass(ms: number): void {
  simulator.clock.advance(ms);
  truths.clear();
}

function contentsOf(vendor: ListrakSimulator, table: ListrakTable): Contents {
  const definition = definitionOf(table);
  const recordOf = compileRecord(definition);
  return new Map(
    vendor.truth.rows(table).map((row) => {
      const record = recordOf(row as unknown as Row);
      return [keyOf(definition, record), digestOf(record)];
    }),
  );
}

async function topicOf(table: ListrakTable, of: TestEngine = test): Promise<{ rows: Contents; messages: number; repeated: number }> {
  const rows = new Map<string, string>();
  let [messages, repeated] = [0, 0];
  await of.visitTable(table, ({ id, kind, record = {} }) => {
    messages += 1;
    if (kind !== 'row') throw new Error(`${table} ${id} was deleted`);
    const digest = digestOf(record);
    if (rows.get(id) === digest) repeated += 1;
    rows.set(id, digest);
  });
  return { rows, messages, repeated };
}

async function sync(tables: readonly ListrakTable[] = TABLES): Promise<Map<string, RunSummary>> {
  const summaries = await test.engine.sync([{ connection: 'listrak', tables }], never);
  for (const { ref, outcome, error } of summaries)
    expect(outcome, `${ref.table}: ${error?.message} ${error?.detail ?? ''}`).toBe('succeeded');
  return summariesByTable(summaries);
}

/** Calls the vendor had, but for those that list messages. */
function callsOf(): { lists: number; ofMessages: number; subscribers: number } {
  const count = (wanted: RegExp): number => simulator.calls.filter(({ operation }) => wanted.test(operation)).length;
  return { lists: count(/^GetContactListCollection$/), ofMessages: count(/MessageContact/), subscribers: count(/SubscribedContacts$/) };
}

const messages = new Map<string, number>();

async function expectTruth(table: ListrakTable): Promise<void> {
  const topic = await topicOf(table);
  expect(compare(truthOf(table), topic.rows), table).toEqual(none);
  expect(topic.repeated, table).toBe(0);
  messages.set(table, topic.messages);
}

describe(`an account of ${size.messages} messages, ${size.contacts} contacts and ${size.events + size.sends} rows of reports`, () => {
  it(
    'is in the topics, row by row and column by column, after one sync',
    async () => {
      const summaries = await sync();
      for (const table of TABLES) {
        await expectTruth(table);
        const rows = truthOf(table).size;
        expect(rows, table).toBeGreaterThan(2);
        // No row was overwritten by an older or newer one of its key.
        expect(messages.get(table), table).toBe(rows);
        expect(summaries.get(table)?.totals, table).toMatchObject({ published: rows, deleted: 0, deadLetters: 0 });
      }
      expect(truthOf('subscribed_contacts').size).toBe(size.contacts);
      const folded = test.events.reduce(
        (sum, event) => (event.type === 'rows-odd' && event.what === 'rows_folded' && event.table !== 'messages' ? sum + event.count : sum),
        0,
      );
      const all = KINDS.reduce(
        (sum, kind) => sum + simulator.world.messages.reduce((of, message) => of + simulator.world.events(kind, message).length, 0),
        0,
      );
      expect(folded).toBe(all - KINDS.reduce((sum, kind) => sum + truthOf(`message_${kind}`).size, 0));
      // Lists and messages are asked for once, however many tables are made from them, and each page of a report once.
      const pages = (rows: number): number => Math.ceil(rows / size.switches.pageSize) + 1;
      const { lists, messages: sent } = simulator.world;
      const perMessage = sent.reduce(
        (sum, message) =>
          sum + pages(message.recipients) + KINDS.reduce((of, kind) => of + pages(simulator.world.events(kind, message).length), 0),
        0,
      );
      expect(callsOf()).toEqual({
        lists: 1,
        ofMessages: perMessage,
        subscribers: lists.reduce((sum, list) => sum + pages(list.added.length), 0),
      });
      expect(simulator.requests.peakInFlight).toBeLessThanOrEqual(WORKERS);
    },
    SYNC_MS,
  );

  it(
    'costs no message when it is read again and nothing has changed, also whole',
    async () => {
      for (const ahead of [3_600_000, 8 * DAY]) {
        pass(ahead);
        simulator.calls.splice(0);
        const summaries = await sync();
        // As the README reckons it.
        if (ahead < DAY) expect(callsOf()).toEqual({ lists: 1, ofMessages: KINDS.length * size.messages, subscribers: size.lists });
        for (const table of TABLES)
          expect(summaries.get(table)?.totals, table).toMatchObject({ published: 0, messages: 0, deleted: 0, deadLetters: 0 });
        if (ahead > DAY) expect(summaries.get('message_opens')?.totals.fetched).toBe(truthOf('message_opens').size);
        for (const table of TABLES) expect((await topicOf(table)).messages, table).toBe(messages.get(table));
      }
    },
    SYNC_MS,
  );

  it(
    'brings exactly what changed',
    async () => {
      const before = new Map(TABLES.map((table) => [table, truthOf(table)]));
      const { mutate, world } = simulator;
      const [old] = world.messages;
      const sent = mutate['message.send']({ recipients: 8 });
      for (const kind of KINDS) {
        mutate['event.add']({ kind, message: sent });
        mutate['event.add']({ kind, message: old?.id as number });
        mutate['event.add']({
          kind,
          message: old?.id as number,
          address: world.events(kind, old as never)[0]?.address as string,
          link: 4,
          bounces: 9,
        });
      }
      mutate['message.deliver']({ id: old?.id as number });
      mutate['contact.add']({});
      mutate['list.rename']({ name: 'Renamed' });
      pass(3_600_000);
      const summaries = await sync();
      for (const table of TABLES) {
        const standing = messages.get(table) ?? 0;
        await expectTruth(table);
        const changed = [...truthOf(table)].filter(([id, digest]) => before.get(table)?.get(id) !== digest).length;
        expect(changed, table).toBeGreaterThan(0);
        expect([(messages.get(table) ?? 0) - standing, summaries.get(table)?.totals.published], table).toEqual([changed, changed]);
      }
    },
    SYNC_MS,
  );

  it(
    'is in PostgreSQL, row by row and column by column',
    async () => {
      landing = await landInPostgres(stack, test);
      await landing.untilLanded(SYNC_MS);
      for (const table of TABLES) {
        const definition = definitionOf(table);
        const rows = new Map<string, string>();
        await landing.visit(table, (columns, { deleted }) => {
          expect(deleted).toBe(false);
          rows.set(keyOf(definition, columns), digestOf(columns));
        });
        expect(compare(truthOf(table), rows), table).toEqual(none);
      }
    },
    2 * SYNC_MS,
  );
});

describe('a process that is killed in the middle of its walk', () => {
  it.each([
    // As slow as a real one; the recipients of a message take several pages, its clicks come whole.
    { table: 'message_clicks', operation: 'ReportRangeMessageContactClick', delayMs: 700 },
    { table: 'message_sends', operation: 'ReportMessageContactSent', delayMs: 150 },
  ] as const)(
    'goes on with $table after the last committed page of each worker, and loses nothing',
    async ({ table, operation, delayMs }) => {
      const small = await startListrakSimulator({
        seed: 5,
        lists: 3,
        days: 400,
        messages: 30,
        contacts: 3_000,
        events: 6_000,
        sends: 900,
        switches: { pageSize: table === 'message_sends' ? 4 : 2_500 },
      });
      const dataDir = await mkdtemp(join(tmpdir(), 'listrak-killed-'));
      const name = `${prefix}${table}`;
      try {
        small.clock.advance(60 * DAY);
        small.faults.add({ kind: 'slow', delayMs, requestBody: `<${operation}` });
        const options: SyncChildOptions = {
          brokers: stack.brokers,
          registryUrl: stack.registryUrl,
          prefix: name,
          dataDir,
          tables: [table],
          ahead: small.clock.now() - Date.now(),
          settings: { ...settings(), base_url: small.url },
        };
        const asked = (from = 0): { id: string; page: number }[] =>
          small.calls
            .slice(from)
            .filter((call) => call.operation === operation)
            .map(({ parameters: { MsgID, Page } }) => ({ id: String(MsgID), page: Number(Page) }));
        const idsOf = (calls: readonly { id: string }[]): Set<string> => new Set(calls.map(({ id }) => id));
        const start = () =>
          spawn(
            process.execPath,
            [...programArguments(fileURLToPath(new URL('./sync-child.ts', import.meta.url))), JSON.stringify(options)],
            { stdio: 'inherit' },
          );

        const first = start();
        const deadline = Date.now() + 600_000;
        while (idsOf(asked()).size < 16) {
          if (Date.now() > deadline || first.exitCode !== null) throw new Error('The process did not get as far as the middle.');
          await sleep(20);
        }
        first.kill('SIGKILL');
        await once(first, 'exit');
        const reader = await openTestEngine({
          ...stack,
          prefix: name,
          connections: [{ source: listrak, settings: options.settings, tables: [table] }],
        });
        // The killed process may have left a transaction open, which ends after a minute by itself.
        const { states } = await readStates(reader.access, 'listrak', { patience: 150_000 });
        const walk = states.get(table)?.position?.['walk'] as JsonObject;
        const open = Object.entries((walk['open'] ?? {}) as Record<string, true | { page: number }>);
        const done = new Set([
          ...small.world.messages.slice(0, walk['done'] as number).map(({ id }) => String(id)),
          ...open.filter(([, mark]) => mark === true).map(([id]) => id),
        ]);
        const marks = new Map(open.flatMap(([id, mark]) => (mark === true ? [] : [[id, mark.page] as const])));
        expect(done.size).toBeGreaterThan(0);
        if (table === 'message_sends') expect(marks.size).toBeGreaterThan(0);
        expect(marks.size).toBeLessThanOrEqual(WORKERS);
        const before = idsOf(asked());
        const calls = small.calls.length;
        small.faults.clear();

        const second = start();
        const [code] = (await once(second, 'exit')) as [number];
        expect(code).toBe(0);
        const again = asked(calls);
        expect(again.filter(({ id }) => done.has(id))).toEqual([]);
        // Of what is committed, one page for each report that was under way: it proves that nothing has moved.
        expect(again.filter(({ id, page }) => page < (marks.get(id) ?? 0))).toEqual([]);
        // What was under way, and what had come in the second before the kill that was not yet committed.
        expect([...idsOf(again)].filter((id) => before.has(id)).length).toBeLessThanOrEqual(2 * WORKERS + 1);
        const wanted = contentsOf(small, table);
        const topic = await topicOf(table, reader);
        expect(compare(wanted, topic.rows)).toEqual(none);
        expect(topic.messages).toBe(wanted.size);
        await reader.close();
      } finally {
        await small.close();
        await rm(dataDir, { recursive: true, force: true });
      }
    },
    SYNC_MS,
  );
});
