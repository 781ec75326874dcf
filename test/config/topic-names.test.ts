import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import { topicOf } from '../../src/consumer/read-table.ts';
import { parseSettings } from '../../src/config/load.ts';
import { kafkaSettings, type Settings } from '../../src/config/settings.ts';
import { tableTopic, tableTopicPattern, type TopicNaming } from '../../src/kafka/meta/topic-names.ts';
import { templateFault } from '../../src/kafka/meta/topic-template.ts';
import { rightsRefusal } from '../../src/kafka/rights.ts';
import { movedTable } from '../../src/kafka/topic-rules.ts';
import type { KafkaSettings, TableState } from '../../src/kafka/types.ts';
import { renderLanding } from '../../src/landing/render.ts';
import { LANDINGS } from '../landing/landings.ts';

/* Names of the topics of tables, as the settings choose them. */

const account = 'settings: { api_key: pk_1 }';

function parse(text: string): Settings {
  return parseSettings(text, 'tributary.yaml', { sources: [klaviyo], variables: {}, onSecret: () => undefined, readFile: () => '' });
}

function refusal(text: string): string {
  try {
    parse(text);
  } catch (error) {
    expect(error).toMatchObject({ kind: 'config', remedy: expect.any(String) });
    return (error as Error).message;
  }
  throw new Error('the settings were accepted');
}

const everywhere = (name: string): string => `topics: { name: ${JSON.stringify(name)} }\nconnections:\n  klaviyo: { ${account} }\n`;
const here = (name: string, more = ''): string =>
  `connections:\n  klaviyo: { ${account}, topics: { name: ${JSON.stringify(name)} } }\n${more}`;

describe('a template that cannot name topics is refused with its line and what to do', () => {
  test.each([
    [
      'no table',
      '{prefix}.{connection}',
      /^tributary\.yaml line 1: topics\.name "\{prefix\}\.\{connection\}" lacks \{table\}: all tables of a connection/,
    ],
    ['no connection', '{prefix}.{table}', /lacks \{connection\}: two accounts of one source/],
    ['no prefix', 'crm.{connection}.{table}', /lacks \{prefix\}: two installations on one cluster.*set prefix:/],
    ['nothing', '', /lacks \{prefix\}/],
    ['another placeholder', '{prefix}.{source}.{table}', /has \{source\}; the placeholders are \{prefix\}, \{connection\} and \{table\}/],
    ['a placeholder of JavaScript’s own', '{prefix}.{constructor}.{table}', /has \{constructor\}; the placeholders are/],
    ['a placeholder twice', '{prefix}.{connection}.{table}.{table}', /has \{table\} twice/],
    ['half a placeholder', '{prefix}.{connection.{table}', /has a \{ without its other half/],
    ['the other half', '{prefix}.{connection}}.{table}', /has a \} without its other half/],
    ['a space', '{prefix}.{connection} {table}', /has the character " ", and Kafka accepts letters/],
    ['a slash', '{prefix}/{connection}/{table}', /has the character "\/"/],
    ['an umlaut', '{prefix}.ü.{connection}.{table}', /has the character "ü"/],
    ['nothing between', '{prefix}.{connection}{table}', /no "\." or "-" between \{connection\} and \{table\}.*a_b and c/],
    ['an underscore between', '{prefix}.{connection}_{table}', /no "\." or "-" between \{connection\} and \{table\}/],
    ['an underscore behind the prefix', '{prefix}_{table}.{connection}', /between \{prefix\} and \{table\}/],
    ['the place of our own topics', '{prefix}._{connection}.{table}', /begin with \{prefix\}\._/],
    [
      'too long',
      `{prefix}.${'x'.repeat(240)}.{connection}.{table}`,
      /line 3: .*and Kafka accepts 249; shorten the prefix, topics\.name or/,
    ],
  ])('%s', (_, name, expected) => {
    expect(refusal(everywhere(name))).toMatch(expected);
  });

  test.each([
    ['no table', here('{prefix}.crm'), /line 2: connections\.klaviyo\.topics\.name "\{prefix\}\.crm" lacks \{table\}/],
    ['a list', 'topics: [a]\nconnections:\n  klaviyo: { settings: { api_key: k } }\n', /line 1: topics must be a section/],
    ['a number', everywhere('x').replace('"x"', '7'), /line 1: topics\.name must be text, not a number/],
    [
      'a setting that is not there',
      everywhere('x').replace('name:', 'nam:'),
      /line 1: topics\.nam is not a known setting; did you mean name\?/,
    ],
    [
      'a name two connections share',
      here('{prefix}.crm.{table}', `  shop: { source: klaviyo, ${account}, topics: { name: "{prefix}.crm.{table}" } }\n`),
      /line 3: .*two tables the same topic.*tributary\.crm\.metric \(klaviyo\.metric and shop\.metric\).*add \{connection\}/,
    ],
    [
      'a name another connection has by the rule for all',
      here('{prefix}.shop.{table}', `  shop: { source: klaviyo, ${account} }\n`),
      /line 3: .*tributary\.shop\.metric \(klaviyo\.metric and shop\.metric\)/,
    ],
    [
      'a name that differs by . and _ only',
      here('{prefix}.a.b.{table}', `  a_b: { source: klaviyo, ${account} }\n`),
      /differ from others only by \. and _.*tributary\.a_b\.metric and tributary\.a\.b\.metric/,
    ],
  ])('%s', (_, text, expected) => {
    expect(refusal(text)).toMatch(expected);
  });

  test('whatever is let through gives every table of every connection a name of its own that Kafka takes', () => {
    const word = fc.stringMatching(/^[a-z0-9_]{1,4}$/);
    const literal = fc.stringMatching(/^[A-Za-z0-9._-]{0,3}$/);
    const template = fc
      .tuple(
        fc.shuffledSubarray(['{prefix}', '{connection}', '{table}'], { minLength: 3 }),
        fc.array(literal, { minLength: 4, maxLength: 4 }),
      )
      .map(([parts, between]) => `${between[0]}${parts.map((part, at) => `${part}${between[at + 1]}`).join('')}`)
      .filter((text) => templateFault(text, 'all') === undefined);
    fc.assert(
      fc.property(template, word, word, word, word, (name, c1, t1, c2, t2) => {
        const naming: TopicNaming = { prefix: 'p', topics: { name } };
        const [one, two] = [tableTopic(naming, c1, t1), tableTopic(naming, c2, t2)];
        expect(one).toMatch(/^[A-Za-z0-9._-]+$/);
        expect(one === two).toBe(c1 === c2 && t1 === t2);
        expect(new RegExp(`^${tableTopicPattern(naming, c1)}$`).exec(one)?.[1]).toBe(t1);
      }),
    );
  });
});

test('the name is chosen for all connections, or for one, where {connection} may be left out', () => {
  const settings = parse(
    `prefix: acme\n${everywhere('{prefix}.saas-{connection}.{table}.v1')}  shop: { source: klaviyo, ${account}, topics: { name: "{prefix}.Orders.{table}" } }\n`,
  );
  expect(tableTopic(settings, 'klaviyo', 'profile')).toBe('acme.saas-klaviyo.profile.v1');
  expect(tableTopic(settings, 'shop', 'profile')).toBe('acme.Orders.profile');
  // What the worker, the checks and the page read and write by is the same.
  const kafka = kafkaSettings(settings, { brokers: [], registryUrl: '' });
  expect(tableTopic(kafka, 'shop', 'profile')).toBe('acme.Orders.profile');
  expect(tableTopic(parse(`connections:\n  klaviyo: { ${account} }\n`), 'klaviyo', 'profile')).toBe('tributary.klaviyo.profile');
});

test('a consumer names the topic by the same template', () => {
  const ref = { source: 'klaviyo', table: 'profile' };
  expect(topicOf(ref, {})).toBe('tributary.klaviyo.profile');
  expect(topicOf(ref, { prefix: 'acme', topicName: '{prefix}.{table}.{connection}', connection: 'shop' })).toBe('acme.profile.shop');
  expect(() => topicOf(ref, { topicName: '{prefix}.{tabel}' })).toThrow(
    'has {tabel}; the placeholders are {prefix}, {connection} and {table}',
  );
});

test('sinks read the topics of that name and land them in the tables of old', () => {
  expect(LANDINGS.length).toBeGreaterThan(6);
  for (const landing of LANDINGS) {
    const named = { ...landing, topics: { name: 'x.{table}.{prefix}.{connection}-v1' } };
    const [before, after] = [renderLanding(landing), renderLanding(named)];
    for (const [at, { config, tables, name }] of after.connectors.entries()) {
      expect(name).toBe(before.connectors[at]?.name);
      expect(tables.map((table) => table.name)).toEqual(before.connectors[at]?.tables.map((table) => table.name));
      expect(config['topics']).toBe(tables.map(({ topic }) => topic).join());
      for (const { topic, table, connection } of tables) {
        expect(topic).toBe(`x.${table}.${landing.prefix}.${connection}-v1`);
        const regex = config['transforms.name.regex'];
        if (regex !== undefined)
          expect(topic.replace(new RegExp(`^${regex}$`), config['transforms.name.replacement'] ?? '')).toContain(table);
        if (regex !== undefined) expect(new RegExp(`^${regex}$`).exec(topic)?.[1]).toBe(table);
      }
    }
    // All that differs is the topics: put the old names back, and the files are those of old.
    const back = (text: string): string =>
      after.connectors
        .flatMap(({ tables }) => tables)
        .reduce((all, { topic, table, connection }) => {
          const old = `${landing.prefix}.${connection}.${table}`;
          return all
            .replaceAll(topic, old)
            .replaceAll(topic.replaceAll('.', '\\.'), old.replaceAll('.', '\\.'))
            .replaceAll(JSON.stringify(topic.replaceAll('.', '\\.')).slice(1, -1), JSON.stringify(old.replaceAll('.', '\\.')).slice(1, -1));
        }, text);
    const sql = ({ files }: typeof after): string[] =>
      files.filter(({ path }) => !path.startsWith('connectors/')).map(({ text }) => back(text));
    expect(sql(after)).toEqual(sql(before));
  }
});

describe('a table that was read stays in its topic', () => {
  const state = (topic?: string) => ({ v: 1, ...(topic === undefined ? {} : { topic }) }) as TableState;
  const named: TopicNaming = { prefix: 'p', topics: { name: '{prefix}.{table}.{connection}' } };

  test.each([
    ['never read', named, undefined],
    ['read under that name', named, state('p.profile.klaviyo')],
    ['read under the default name', { prefix: 'p' }, state('p.klaviyo.profile')],
    ['read before names could be chosen', { prefix: 'p' }, state()],
  ])('%s: fine', (_, naming, known) => {
    expect(movedTable(naming, 'klaviyo', 'profile', known)).toBeUndefined();
  });

  test.each([
    ['a template that came', named, state('p.klaviyo.profile'), 'p.klaviyo.profile', 'p.profile.klaviyo'],
    ['a template that came to a state of old', named, state(), 'p.klaviyo.profile', 'p.profile.klaviyo'],
    ['a template that was taken out', { prefix: 'p' }, state('p.profile.klaviyo'), 'p.profile.klaviyo', 'p.klaviyo.profile'],
  ])('%s: refused', (_, naming, known, before, now) => {
    const error = movedTable(naming, 'klaviyo', 'profile', known);
    expect(error?.message).toContain(`are in the topic ${before}, but the settings now name it ${now}`);
    expect(error).toMatchObject({ kind: 'config', remedy: expect.stringContaining('tributary state reset klaviyo.profile') as string });
  });
});

test('what to grant names the topics that do not begin with the prefix', () => {
  const access = { settings: { prefix: 'p' } as KafkaSettings };
  const missing = (name: string) => [{ right: 'Read', on: 'topic', name }] as const;
  expect(rightsRefusal(access, missing('p.klaviyo.profile'))?.remedy).toContain('--topic p. --resource-pattern-type prefixed');
  expect(rightsRefusal(access, missing('x.p.klaviyo.profile'))?.remedy).toMatch(/--operation Read --topic x\.p\.klaviyo\.profile$/);
});
