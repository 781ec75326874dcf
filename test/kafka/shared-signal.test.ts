import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { createRegistry } from '../../src/kafka/registry.ts';
import { trackSockets } from '../../src/kafka/tracked-sockets.ts';
import { withDeadline } from '../../src/kafka/deadline.ts';

// A connection's clients all end with one signal, made by AbortSignal.any: Node warns of a leak at the eleventh listener.
test('many clients and requests share one signal without a warning, and leave nothing on it', async () => {
  const warned: string[] = [];
  const hear = (warning: Error): void => void warned.push(warning.name);
  process.on('warning', hear);
  try {
    for (const share of ['withDeadline', 'trackSockets', 'registry'] as const) {
      const signal = AbortSignal.any([new AbortController().signal]);
      let open: () => void = () => undefined;
      const gate = new Promise<void>((resolve) => (open = resolve));
      if (share === 'trackSockets') {
        const all = Array.from({ length: 30 }, () => trackSockets(undefined, signal));
        expect(getEventListeners(signal, 'abort')).toHaveLength(30);
        for (const sockets of all) sockets.cut();
      } else {
        const registry = createRegistry({
          ...{
            brokers: ['127.0.0.1:9'],
            clientId: 'test',
            prefix: 'test',
            replicationFactor: 1,
            minInSyncReplicas: 1,
            compression: 'gzip',
          },
          registry: { url: 'http://127.0.0.1:9' },
        });
        const waits = Array.from({ length: 30 }, () =>
          share === 'withDeadline'
            ? withDeadline(undefined, 'a wait', () => gate, signal)
            : registry.schemaById(1, signal).catch(() => undefined),
        );
        expect(getEventListeners(signal, 'abort').length).toBeGreaterThan(10);
        open();
        await Promise.all(waits);
      }
      expect([share, getEventListeners(signal, 'abort').length]).toEqual([share, 0]);
    }
    await new Promise((resolve) => setImmediate(resolve));
    expect(warned).toEqual([]);
  } finally {
    process.off('warning', hear);
  }
});
