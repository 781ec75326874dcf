import { beforeEach, expect, it } from 'vitest';
import { brokerAway } from '../../src/kafka/errors.ts';
import { requireKeptNames } from '../../src/engine/moved-tables.ts';
import { stateMessage } from '../../src/kafka/messages.ts';
import { tableStateRecord } from '../../src/kafka/meta/state.ts';
import type { KafkaSettings } from '../../src/kafka/types.ts';
import { refusalOf, stateOf } from '../kafka/support.ts';
import { LogCluster } from '../support/log-cluster.ts';

let kafka: LogCluster;
beforeEach(() => void (kafka = new LogCluster().topic('saas._state', 12)));

/** A state says that the rows of a table are in this topic. */
function held(connection: string, table: string, topic: string, more: { readonly v?: number; readonly producer?: string } = {}): void {
  const record = tableStateRecord(connection, table, { ...stateOf(1, { topic }), ...(more.v === undefined ? {} : { v: more.v as 1 }) });
  const { partition, key, value } = stateMessage(record, {});
  kafka.write('saas._state', partition, [{ key, value }], more.producer === undefined ? {} : { producer: more.producer });
}

const connections = ['shop', 'other'].map((name) => ({ name, tables: [{ name: 'item' }, { name: 'order' }] as never }));
const names = (topics?: KafkaSettings['topics']): Promise<void> => {
  const access = kafka.access(topics === undefined ? {} : { topics });
  return requireKeptNames(access, access.settings, connections);
};

it('tables whose topics have kept their names are no reason to stop, nor are those that were never read', async () => {
  held('shop', 'item', 'saas.shop.item');
  held('left out of the settings', 'item', 'elsewhere');
  await expect(names()).resolves.toBeUndefined();
});

it('a table whose topic has another name now is refused, with both names and the way out', async () => {
  held('shop', 'item', 'saas.shop.item');
  const error = await refusalOf(names({ name: '{prefix}.new.{connection}.{table}' }));
  expect(error).toMatchObject({
    kind: 'config',
    reach: 'connection',
    code: 'topic:moved',
    remedy: expect.stringContaining('tributary state reset shop.item'),
  });
  expect(error.message).toMatch(
    /^The rows of shop.item are in the topic saas.shop.item, but the settings now name it saas.new.shop.item\..* second copy\.$/,
  );
});

it('all such tables are named at once', async () => {
  held('shop', 'item', 'before.shop.item');
  held('shop', 'order', 'before.shop.order');
  held('other', 'order', 'before.other.order');
  expect((await refusalOf(names())).message).toMatch(/^The rows of shop.item .* The same goes for shop.order, other.order\.$/);
});

it('a state of a later release is left to the connection it belongs to', async () => {
  held('shop', 'item', 'before.shop.item', { v: 2 });
  await expect(names()).resolves.toBeUndefined();
});

it('a state in a transaction that a killed process has left open is not waited for', async () => {
  held('shop', 'item', 'before.shop.item', { producer: 'killed' });
  const began = performance.now();
  await names();
  expect(performance.now() - began).toBeLessThan(20_000);
});

it('states that cannot be read are no states that are as they should be', async () => {
  kafka.refuseConnection = brokerAway('anything');
  expect(await refusalOf(names())).toMatchObject({ kind: 'transient', code: 'kafka:unreachable' });
  kafka.refuseConnection = new TypeError('no');
  expect(await refusalOf(names())).toMatchObject({ kind: 'internal' });
});
