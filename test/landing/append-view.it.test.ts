import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { cleanUp, currentRows, logColumns, notLanded } from '../../src/landing/sql/append.ts';
import { DIALECTS } from '../../src/landing/sql/dialects.ts';
import { landedTables } from '../../src/landing/tables.ts';
import { orders } from './definitions.ts';
import { compacted, history, truth } from './history.ts';
import type { Version } from './history.ts';

const schema = `append_${randomBytes(4).toString('hex')}`;
const dialect = DIALECTS.postgres;
const table = landedTables({ prefix: 'saas' }, [{ name: 'shop', tables: [orders] }])[0]!;
const log = `${schema}.shop_order_log`;

describe('the view over an append-only log', () => {
  let database: Client;

  beforeAll(async () => {
    database = new Client(inject('stack').postgres);
    await database.connect();
    await database.query(`CREATE SCHEMA ${schema}`);
    await database.query(`CREATE TABLE ${log} (${logColumns(dialect, table).join(', ')})`);
    await database.query(`CREATE VIEW ${schema}.shop_order AS ${currentRows(dialect, table, log)}`);
  });

  afterAll(async () => {
    await database.query(`DROP SCHEMA ${schema} CASCADE`);
    await database.end();
  });

  const append = async (versions: readonly Version[]): Promise<void> => {
    for (const { offset, id, part, user, deleted } of versions) {
      await database.query(
        `INSERT INTO ${log} (id, part, "user", _deleted, _kafka_partition, _kafka_offset, _kafka_ts) VALUES ($1, $2, $3, $4, 0, $5, now())`,
        [id, part, user, deleted, offset],
      );
    }
  };
  const shown = async (): Promise<string[]> =>
    (await database.query(`SELECT id, part, "user" FROM ${schema}.shop_order`)).rows
      .map((row) => `${row.id}/${row.part}=${row.user}`)
      .sort();
  const count = async (): Promise<number> => (await database.query(`SELECT count(*)::int AS n FROM ${log}`)).rows[0].n;

  const versions = history(7, 400);

  it('shows the truth after every part of a history', async () => {
    for (let from = 0; from < versions.length; from += 80) {
      await append(versions.slice(from, from + 80));
      expect(await shown()).toEqual(truth(versions.slice(0, from + 80)));
    }
  });

  it('does not change when deliveries are repeated or the whole topic is read again, in any order', async () => {
    await append(versions.slice(300, 350));
    await append([...versions].reverse());
    expect(await shown()).toEqual(truth(versions));
  });

  it('does not change when a compacted topic is read again from the start', async () => {
    await append(compacted(versions));
    expect(await shown()).toEqual(truth(versions));
  });

  it('keeps its rows through the clean-up, which leaves the newest versions only', async () => {
    const before = await count();
    await database.query(cleanUp(dialect, table, log));
    expect(await shown()).toEqual(truth(versions));
    const { rows } = await database.query(
      `SELECT count(DISTINCT _kafka_offset)::int AS n FROM ${log} GROUP BY id, part HAVING count(DISTINCT _kafka_offset) > 1`,
    );
    expect(rows).toEqual([]);
    expect(await count()).toBeLessThan(before / 3);
  });

  it('does not grow when files are loaded again', async () => {
    const load = async (): Promise<void> => {
      await database.query(
        `INSERT INTO ${log} SELECT loaded.* FROM ${schema}.stage AS loaded WHERE ${notLanded(dialect, table, log, 'loaded')}`,
      );
    };
    await database.query(`TRUNCATE ${log}`);
    await append(versions);
    await database.query(`CREATE TABLE ${schema}.stage (LIKE ${log})`);
    await database.query(`INSERT INTO ${schema}.stage SELECT * FROM ${log}`);
    await database.query(`TRUNCATE ${log}`);
    await append(versions.slice(0, 60));
    await load();
    expect(await shown()).toEqual(truth(versions));
    await database.query(cleanUp(dialect, table, log));
    const once = await count();
    expect(once).toBe(compacted(versions).length);
    // What the clean-up has removed is still in the files, and does not come back.
    await load();
    expect(await count()).toBe(once);
    expect(await shown()).toEqual(truth(versions));
  });

  it('shows a ghost when the sink missed marker and tombstone, and loses it when the log is emptied and read again', async () => {
    await append([{ offset: 1_000, id: 'ghost', part: 0, user: 'g', deleted: false }]);
    // The marker (1001) and the tombstone were compacted away before the sink came back.
    const later: Version = { offset: 1_003, id: 'other', part: 0, user: 'o', deleted: false };
    await append([later]);
    expect(await shown()).toContain('ghost/0=g');
    await database.query(`TRUNCATE ${log}`);
    await append([...versions, later]);
    expect(await shown()).toEqual(truth([...versions, later]));
  });
});
