import { describe, expect, test } from 'vitest';
import type { DisplayState } from '../../src/observability/status-view.ts';
import { until } from '../support/command.ts';
import { fakeSite, NOW, runRecord } from './fake-site.ts';

describe('many', () => {
  test('504 tables of 28 connections make an overview below 500 kB, failed ones first', async () => {
    const names = Array.from({ length: 28 }, (_, n) => `workspace_${String(n).padStart(2, '0')}`);
    const failed: DisplayState = { kind: 'failed', reason: 'Refused.' };
    const { url, settings } = await fakeSite({
      yaml: `connections:\n${names.map((name) => `  ${name}: { source: segment, settings: { api_token: token_of_a_test } }`).join('\n')}`,
      told: {
        live: { 'workspace_17.sources': failed },
        runs: { 'workspace_03.sources': [runRecord('workspace_03.sources', { endedAt: NOW - 3_600_000 })] },
      },
    });
    expect(settings.connections.flatMap(({ tables }) => tables)).toHaveLength(504);
    const html = await (await fetch(url)).text();
    expect(html.length).toBeLessThan(500_000);
    const order = [...html.matchAll(/href="\/c\/(workspace_\d\d)">/g)].map(([, name]) => name);
    expect(order).toHaveLength(28);
    expect(order[0]).toBe('workspace_17');
    const found = await (await fetch(`${url}/?state=failed`)).text();
    expect([...found.matchAll(/href="\/c\/(workspace_\d\d)">/g)].map(([, name]) => name)).toEqual(['workspace_17']);
  });

  test('200 open pages share one subscription, hear every change, and leave nothing behind', async () => {
    const { url, app, board } = await fakeSite();
    const away = new AbortController();
    const last = 300;
    let heard = 0;
    const pages = Array.from({ length: 200 }, async () => {
      const answer = await fetch(`${url}/events`, { signal: away.signal });
      let text = '';
      for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
        text = (text + Buffer.from(chunk).toString()).slice(-400);
        if (text.includes(`"version":${last},`)) break;
      }
      heard += 1;
    });
    await until('all are open', () => app.events.size() === 200);
    expect(board.listeners()).toBe(1);
    for (let version = 1; version <= last; version += 1) {
      board.tell({ version, names: ['klaviyo.event'] });
      if (version % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(pages);
    away.abort();
    expect(heard).toBe(200);
    await until('all are gone', () => app.events.size() === 0);
    expect(board.listeners()).toBe(0);
  });
});
