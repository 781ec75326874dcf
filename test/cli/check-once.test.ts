import { expect, test } from 'vitest';
import { onceOnly } from '../../src/cli/commands/check.ts';
import { TributaryError } from '../../src/core/errors.ts';

test.each([
  [
    'The request is repeated until it succeeds. If this persists, check base_url in the settings and the network.',
    'Check base_url in the settings and the network.',
  ],
  ['The request is repeated until it succeeds.', 'Try again; if this persists, ask the vendor or check the network.'],
  ['The call is repeated until it succeeds.', 'Try again; if this persists, ask the vendor or check the network.'],
  ['Have the feature enabled; the table is tried again later. Or exclude it.', 'Have the feature enabled; Or exclude it.'],
  ['Set api_key.', 'Set api_key.'],
])('a check that has given up promises no repetition: %s', (remedy, told) => {
  const error = onceOnly(new TributaryError('x', { kind: 'transient', code: 'a:network', remedy }));
  expect([error.remedy, error.code, error.kind]).toEqual([told, 'a:network', 'transient']);
});
