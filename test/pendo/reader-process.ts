import { pendo } from '../../producers/pendo/index.ts';
import { pendoSettings } from '../../producers/pendo/settings.ts';
import type { PendoApi } from '../../producers/pendo/api.ts';
import { systemClock } from '../../src/core/clock.ts';
import { createHttpFactory } from '../../src/sdk/http/client.ts';
import type { Reader } from '../../src/core/types.ts';
import { engineAt, listener } from '../sdk/harness.ts';

/** Reads a table from the address given and prints how many rows, pages and bytes of memory (its heap and buffers at most) it took. */
const [url = '', table = '', now = ''] = process.argv.slice(2);
const settings = pendoSettings.parse({ integration_key: 'key', base_url: url, requests_per_second: 100_000, record_limit: 1_000_000 });
const { observer } = listener();
const api = pendo.connect(settings, { http: createHttpFactory({ observer, clock: systemClock, random: () => 0 }), now: () => Number(now) });
const reader = pendo.tables(settings).find(({ name }) => name === table)?.read as Reader<PendoApi>;

let [rows, pages] = [0, 0];
const engine = engineAt(
  () => Number(now),
  async function* counting(ctx) {
    for await (const page of reader(ctx)) {
      rows += page.rows.length;
      pages += 1;
      yield { ...page, rows: [] };
    }
  } as Reader<PendoApi>,
  api,
  { since: Number(now) - 3_600_000 },
);
const { error } = await engine.run();
process.stdout.write(`${JSON.stringify({ rows, pages, error: error === undefined ? null : String(error), position: engine.position })}\n`);
