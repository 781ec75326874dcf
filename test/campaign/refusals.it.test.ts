import { randomBytes } from 'node:crypto';
import { expect, inject, test } from 'vitest';
import { prepare, underRefusal, type Case } from './refusals.ts';

/* A few of the cases of `run.ts refusals`, all at once. The engine's clock is so fast that what is given up after minutes is given up in seconds. */

const { brokers, registryUrl } = inject('stack');
const place = { brokers, registryUrl };

const cases: readonly (Case & { readonly ends: string; readonly words: RegExp })[] = [
  // Every new transaction is refused while opening succeeds each time: nothing but patience ends this.
  {
    api: 'Produce',
    code: 19,
    from: 'run',
    lasts: 'for ever',
    ends: 'failed transient',
    words: /min\.insync\.replicas.*Given up after \d+ s/,
  },
  { api: 'CreateTopics', code: 44, from: 'start', lasts: 'for ever', ends: 'threw config', words: /the cluster's policy forbids it/ },
  {
    api: 'Produce',
    code: 29,
    from: 'run',
    lasts: 'for ever',
    ends: 'failed config',
    words: /lacks (a right|Write on the topic)/,
  },
  { api: 'EndTxn', code: 47, from: 'run', lasts: 'for ever', ends: 'failed fenced', words: /another instance has taken over/ },
  { api: 'EndTxn', code: 51, from: 'run', lasts: 'once', ends: 'succeeded ', words: /^$/ },
  // What was asked for while nothing ran is read once the connection is open.
  { api: 'ListOffsets', code: -1, from: 'opened', lasts: 'once', ends: 'succeeded ', words: /^$/ },
  { api: 'Fetch', code: 6, from: 'start', lasts: 'once', ends: 'succeeded ', words: /^$/ },
];

test('whatever code the brokers answer with, sync ends, says why, and goes on well once they relent', async () => {
  const prefix = `refused${randomBytes(4).toString('hex')}`;
  await prepare(place, prefix);
  const outcomes = await Promise.all(cases.map((one, at) => underRefusal(place, prefix, `c${at}`, one, one.lasts === 'once' ? 1 : 60)));
  expect(outcomes.flatMap(({ what, faults }) => faults.map((fault) => `${what}: ${fault}`))).toEqual([]);
  expect(outcomes.map(({ what, outcome, kind }) => `${what}: ${outcome} ${kind}`)).toEqual(
    outcomes.map(({ what }, at) => `${what}: ${cases[at]?.ends}`),
  );
  outcomes.forEach(({ message }, at) => expect(message).toMatch(cases[at]?.words ?? /never/));
});
