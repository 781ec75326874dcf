import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import { changedConnections, followSettings } from '../../src/config/follow-settings.ts';
import { parseSettings } from '../../src/config/load.ts';
import type { Settings } from '../../src/config/settings.ts';
import { tableTopic } from '../../src/kafka/meta/topic-names.ts';

/* What a running process takes up of its changed settings file, and what it says of the rest. */

const account = (name: string, topics = ''): string => `  ${name}: { source: klaviyo, settings: { api_key: pk_1 }${topics} }\n`;
const own = ', topics: { name: "{prefix}.crm.{table}" }';

/** A followed file. `save` returns once the process has looked at it; `said` is what it has said since the last save. */
function following(begin: string) {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-follow-'));
  const file = join(folder, 'tributary.yaml');
  const load = (): Settings =>
    parseSettings(readFileSync(file, 'utf8'), file, {
      sources: [klaviyo],
      variables: {},
      onSecret: () => undefined,
      readFile: () => '',
    });
  let said: string[] = [];
  writeFileSync(file, begin);
  vi.useFakeTimers();
  const followed = followSettings(load(), {
    file,
    load,
    onChange: () => said.push('applied'),
    onProblem: ({ message }) => said.push(message),
    onWaiting: (text) => said.push(text),
  });
  onTestFinished(() => {
    followed.stop();
    vi.useRealTimers();
    rmSync(folder, { recursive: true });
  });
  return {
    followed,
    save(text: string): string[] {
      said = [];
      writeFileSync(file, text);
      vi.advanceTimersByTime(3_000);
      return said;
    },
  };
}

test('a new connection with topics of its own name, and any other name of topics, needs no restart', () => {
  const one = `connections:\n${account('klaviyo')}`;
  const { followed, save } = following(one);
  expect(save(`${one}${account('crm', own)}`)).toEqual(['applied']);
  expect(followed.problem()).toBeUndefined();
  expect(followed.now().connections.map(({ name }) => name)).toEqual(['klaviyo', 'crm']);
  expect(['klaviyo', 'crm'].map((name) => tableTopic(followed.now(), name, 'event'))).toEqual([
    'tributary.klaviyo.event',
    'tributary.crm.event',
  ]);

  const before = followed.now();
  expect(save(`connections:\n${account('klaviyo')}${account('crm', own.replace('crm', 'sales'))}`)).toEqual(['applied']);
  expect(changedConnections(before, followed.now())).toEqual(['crm']);

  expect(save(`topics: { name: "{prefix}.saas.{connection}.{table}" }\n${one}`)).toEqual(['applied']);
  expect(changedConnections(before, followed.now())).toEqual(['klaviyo']);
  expect(save(one)).toEqual(['applied']);
  expect(followed.now().topics).toBeUndefined();
});

test('what needs a restart holds nothing else up, and is told at every later edit', () => {
  const { followed, save } = following(`connections:\n${account('klaviyo')}`);
  const waits =
    'prefix, timezone changed, which needs a restart. Until then the earlier values stay in use; connections, landings and topics are taken from the changed file.';
  const changed = `prefix: other\ntimezone: Europe/Berlin\nconnections:\n${account('klaviyo')}`;
  expect(save(changed)).toEqual([waits]);
  expect(save(`${changed}${account('crm', own)}`)).toEqual([waits, 'applied']);
  expect(followed.problem()).toBe(waits);
  expect(followed.now()).toMatchObject({ prefix: 'tributary', timezone: 'UTC' });
  expect(tableTopic(followed.now(), 'crm', 'event')).toBe('tributary.crm.event');
  expect(save(`connections:\n${account('crm', own)}`)).toEqual(['applied']);
  expect(followed.problem()).toBeUndefined();
});

test('a file that is still not valid after another edit is told again', () => {
  const { followed, save } = following(`connections:\n${account('klaviyo')}`);
  const wrong = `connections:\n${account('klaviyo')}conections: {}\n`;
  const told = save(wrong);
  expect(told).toEqual([expect.stringContaining('conections is not a known setting')]);
  expect(save(`${wrong}# later\n`)).toEqual(told);
  expect(followed.now().connections).toHaveLength(1);
});
