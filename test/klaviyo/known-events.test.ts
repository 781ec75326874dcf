import { afterEach, describe, expect, it } from 'vitest';
import { parseJson } from '../../src/core/json/parse.ts';
import { type KnownRows, parsedRow, unparsedRow } from '../../src/core/known-row.ts';
import type { TableDefinition } from '../../src/core/table.ts';
import type { JsonObject, Row } from '../../src/core/types.ts';
import { shaping } from '../../src/engine/known-rows.ts';
import { contextWith } from '../../src/sdk/readers/resume.ts';
import { unparsedEvents } from '../../producers/klaviyo/unparsed-events.ts';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import { textOf } from '../../src/sdk/http/decode-text.ts';
import { type ListElement, parseListing } from '../../src/sdk/http/listing-elements.ts';
import { klaviyoSettings } from '../../producers/klaviyo/settings.ts';
import type { TruthRow } from '../../simulators/klaviyo/truth.ts';
import { key, openScriptedTables, type ScriptedTables } from '../engine/scripted-tables.ts';
import { expectedRows } from './expected.ts';
import { account, type Account, NOW } from './harness.ts';

const DAY = 86_400_000;

let tables: ScriptedTables | undefined;
afterEach(() => tables?.close());

/** The table of events with the engine's own batches; `isParsed` counts the events that were looked at. */
async function events(
  settings: Record<string, unknown> = {},
): Promise<{ one: Account; read: ScriptedTables['run']; parsed: () => number }> {
  const one = await account({ events: 2_000, profiles: 50 }, settings);
  const definition = one.tables.get('event') as TableDefinition;
  let parsed = 0;
  const shape: NonNullable<TableDefinition['shape']> = (row) => {
    parsed += 1;
    return definition.shape?.(row) ?? row;
  };
  const opened = openScriptedTables([{ ...definition, shape }]);
  tables = opened;
  opened.clock = NOW;
  const of = { source: klaviyo, settings: klaviyoSettings.parse({ api_key: 'x', ...settings }) };
  Object.assign(opened.tables.get('event') as object, { shaping: shaping(of, definition) });
  return {
    one,
    parsed: () => parsed,
    async read(name, request, signal) {
      parsed = 0;
      const { simulator, api, metrics } = one;
      opened.clock = simulator.clock.now();
      opened.script('event', (ctx) =>
        definition.read(
          contextWith(ctx, { api, position: undefined, since: NOW - 400 * DAY, parents: metrics, now: simulator.clock.now }) as never,
        ),
      );
      const run = await opened.run(name, request, signal);
      expect(run.error).toBeUndefined();
      return run;
    },
  };
}

/** Every row the topic holds, column by column, is what the vendor has now. */
function expectTruth({ simulator }: Account): void {
  const truth = [...expectedRows(simulator.truth, 'event')].map(({ id, columns }) => [key(id), columns] as const);
  expect(truth.length).toBeGreaterThan(1_900);
  expect(new Map([...(tables as ScriptedTables).records('event')].sort())).toEqual(new Map(truth.sort()));
}

describe('events that the topic holds already', () => {
  it('are not parsed when they are read again, but for the first and the last of a page', async () => {
    const { one, read, parsed } = await events();
    const first = await read('event');
    expect(first.totals.published).toBeGreaterThan(1_900);
    expectTruth(one);
    const again = await read('event');
    expect(again.totals).toMatchObject({ fetched: first.totals.fetched, unchanged: first.totals.fetched, messages: 0 });
    expect(parsed()).toBeLessThan(first.totals.fetched / 4);
    expectTruth(one);
  });

  it('are parsed and published when their metric has another name', async () => {
    const { one, read, parsed } = await events();
    await read('event');
    const { truth, change } = one.simulator;
    const [event] = truth.events();
    const { id } = truth.metricOf((event as TruthRow).id);
    const its = [...truth.events()].filter((each) => truth.metricOf(each.id).id === id).length;
    change.renameMetric({ id, name: 'Another name' });
    const { totals } = await read('event');
    expect(totals.published).toBe(its);
    expect(parsed()).toBeLessThan(totals.fetched);
    expectTruth(one);
  });

  it.each([
    ['attributions are read', { attributions: true }],
    ['events are selected', { excluded_integrations: ['shopify'] }],
  ])('are all parsed while %s', async (_, settings) => {
    const { read, parsed } = await events(settings);
    const first = await read('event');
    const { totals } = await read('event');
    expect(first.totals.fetched).toBeGreaterThan(0);
    expect(totals).toMatchObject({ unchanged: first.totals.fetched, messages: 0 });
    expect(parsed()).toBeGreaterThanOrEqual(first.totals.fetched);
  });
});

describe('an event between others', () => {
  const looked: KnownRows = {
    looks: () => true,
    shapedBy: (beside) => Buffer.from(beside),
    print: (bytes, shapedBy) => ({ text: bytes, shapedBy }),
    find: () => undefined,
  };

  it.each([
    ['that is empty', '{}'],
    ['as short as one can be that begins like the first', '{"type":"event","":0}'],
    ['without an id', '{"type":"event"}'],
    ['whose id does not end', '{"type":"event","id":"'],
    ['with an empty id', '{"type":"event","id":""}'],
    ['whose metric does not end', '{"type":"event","id":"e","relationships":{"metric":{"data":{"type":"metric","id":"'],
    ['with an escape in its id', String.raw`{"type":"event","id":"a\"b"}`],
    ['that is not UTF-8', Buffer.from('{"type":"event","id":"caf\u00e9"}', 'latin1')],
  ])('is looked up and parsed when it is one %s', async (_, middle) => {
    const [before, behind] = ['{"type":"event","id":"1"}', '{"type":"event","id":"3"}'];
    const answer = Buffer.concat([Buffer.from(`{"data":[${before},`), Buffer.from(middle), Buffer.from(`,${behind}]}`)]);
    const whole = (): unknown => parseJson(textOf(answer));
    const read = async (): Promise<unknown> => {
      const { data } = (await parseListing(
        answer,
        'data',
        unparsedEvents(looked, (event) => event),
      )) as { readonly data: readonly Row[] };
      return { data: data.map((row) => ({ ...parsedRow(row) })) };
    };
    // Elements that begin like no event may be shorter than the beginning of one.
    const short = Buffer.from('{"data":[{"a":1,"b":1},{"a":1,"b":2},{"a":1,"b":3}]}');
    await expect(
      parseListing(
        short,
        'data',
        unparsedEvents(looked, (event) => event),
      ),
    ).resolves.toMatchObject({ data: [{ b: 1 }, {}, { b: 3 }] });
    const isJson = await Promise.resolve()
      .then(whole)
      .then(
        () => true,
        () => false,
      );
    if (isJson) expect(await read()).toMatchObject(whole() as object);
    else await expect(read()).rejects.toThrow(SyntaxError);
  });
});

describe('what shapes an event beside its text', () => {
  const event = '{"type":"event","id":"e1","relationships":{"metric":{"data":{"type":"metric","id":"m1"}}}}';

  const unparsed = (text: string): ListElement => {
    const parsed = (): JsonObject => parseJson(text) as JsonObject;
    const bytes = Buffer.from(text);
    return { bytes, mayWait: true, parsed, leftForLater: () => ({ bytes, parsed }) };
  };

  /** The shape of an event whose metric has this name. */
  function shapeBy(name: string): string {
    const shapes: string[] = [];
    const known: KnownRows = {
      looks: () => false,
      shapedBy: (beside) => Buffer.from(String(shapes.push(beside))),
      print: (bytes, shapedBy) => ({ text: bytes, shapedBy }),
      find: () => undefined,
    };
    const frame = parseJson(`{"included":[{"type":"metric","id":"m1","attributes":{"name":${name}}}]}`) as JsonObject;
    const element = unparsed(event);
    const row = unparsedEvents(known, (its) => its)(frame)(element) as Row;
    expect(unparsedRow(row)?.parsed()).toMatchObject({ id: 'e1' });
    expect(shapes).toHaveLength(1);
    return shapes[0] as string;
  }

  it('is told apart by numbers that no double can hold, and is the same for the same metric', () => {
    const shapes = ['"A"', '"B"', '1e400', '2e400', '9007199254740993', '"9007199254740993"', '9007199254740992'].map(shapeBy);
    expect(new Set(shapes).size).toBe(shapes.length);
    expect(shapeBy('1e400')).toBe(shapes[2]);
  });

  it('is never the same for a metric that is nested without an end', () => {
    const deep = '['.repeat(50_000) + ']'.repeat(50_000);
    expect(shapeBy(deep)).not.toBe(shapeBy(deep));
  });
});
