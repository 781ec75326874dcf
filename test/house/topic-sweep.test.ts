import { expect, test } from 'vitest';
import { sweepTopics } from '../setup/topic-sweep.ts';

function broker(...names: string[]) {
  const topics = new Set(names);
  const sweep = sweepTopics({
    list: async () => [...topics],
    delete: async (gone) => gone.forEach((name) => topics.delete(name)),
  });
  return { topics, sweep, left: async () => (await sweep.idle(), [...topics]) };
}

test('a topic goes when every file that ran while it was made has ended, and no earlier', async () => {
  const { topics, sweep, left } = broker('_connect_configs');
  sweep.began('1');
  sweep.began('2');
  topics.add('of.one').add('of.two');
  sweep.ended('1');
  expect(await left()).toEqual(['_connect_configs', 'of.one', 'of.two']);
  sweep.began('1');
  topics.add('of.three');
  sweep.ended('2');
  expect(await left()).toEqual(['_connect_configs', 'of.three']);
  sweep.ended('1');
  expect(await left()).toEqual(['_connect_configs']);
});

test('a file whose process was lost ends with the next one of that process; a sweep that failed is made up for', async () => {
  const topics = new Set(['a']);
  let failing = true;
  const sweep = sweepTopics({
    list: async () => [...topics],
    async delete(gone) {
      if (failing) throw new Error('no broker');
      gone.forEach((name) => topics.delete(name));
    },
  });
  sweep.began('1');
  sweep.began('1');
  await sweep.idle();
  expect([...topics]).toEqual(['a']);
  failing = false;
  topics.add('b');
  sweep.ended('1');
  await sweep.idle();
  expect([...topics]).toEqual([]);
});
