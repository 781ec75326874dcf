import { describe, expect, test } from 'vitest';
import { hostCheck } from '../../src/core/host-header.ts';

/** Names a stranger can own, or that look like ours. */
const FOREIGN = [
  undefined,
  '',
  'evil.example',
  'evil.example:9464',
  'evil.example.',
  'EVIL.EXAMPLE',
  'localhost.evil.example',
  '127.0.0.1.evil.example',
  '127.0.0.1.nip.io:9464',
  'evil.example:127.0.0.1',
  '[evil.example]',
  'internal.evil.example',
  'evilinternal.example',
  '0x7f000001.example',
  'localhost:80@evil.example',
  'evil.example/localhost',
];

describe('the Host header of a request to a server on a loopback address', () => {
  const ours = hostCheck('127.0.0.1', ['Sync.Example.com', '192.0.2.9']);

  test.each(['localhost', 'localhost:9464', 'LocalHost.', '127.0.0.1', '127.0.0.1:1', '127.0.1.1:9464', '[::1]', '[::1]:9464'])(
    'may be %s',
    (host) => expect(ours(host)).toBe(true),
  );
  test.each(['sync.example.com', 'SYNC.example.com:443', '192.0.2.9:9464'])('may be %s, which the settings name', (host) =>
    expect(ours(host)).toBe(true),
  );
  test.each([...FOREIGN, 'tributary', '192.0.2.1', 'tributary.default.svc'])('may not be %s', (host) => expect(ours(host)).toBe(false));
});

describe('the Host header of a request to a server that others reach', () => {
  const ours = hostCheck('0.0.0.0', []);

  // Prometheus and the probes of Kubernetes ask pods by address; compose and clusters by names of their own.
  test.each([
    '10.1.2.3:9464',
    '[fd00::7]:9464',
    'localhost:9464',
    'tributary:9464',
    'tributary-0.tributary.data.svc.cluster.local:9464',
    'tributary.data.svc:9464',
    'host.docker.internal:9464',
  ])('may be %s', (host) => expect(ours(host)).toBe(true));
  test.each(FOREIGN)('may not be %s', (host) => expect(ours(host)).toBe(false));

  test('may be the very name it listens on', () => {
    expect(hostCheck('Sync.Example.com', [])('sync.example.com:9464')).toBe(true);
  });
});
