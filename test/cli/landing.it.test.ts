import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { connectClient } from '../../src/landing/connect-client.ts';
import type { FreshLandingStatus as LandingStatus } from '../../src/cli/landing-text.ts';
import { takeLock } from '../../src/core/lock.ts';
import { remember, type StackMemory } from '../../src/stack/memory.ts';
import { startSharedConnect } from '../setup/shared-stack.ts';
import { landingLogin, stackLogin } from '../support/login.ts';
import { auditOf } from '../support/audit.ts';
import { settingsText, startCommand, until, writeFile, type Ended } from '../support/command.ts';
import { shopSource, type ShopVendor } from '../support/shop-source.ts';

const stack = inject('stack');
const run = randomBytes(4).toString('hex');
const vendor: ShopVendor = { items: ['a', 'b', 'c'], shops: new Map(), refusals: new Map() };
const connector = `wh${run}-shop`;
/** A limit for what hangs, not a measure: each command is a process, and Kafka Connect is shared. */
const LIMIT_MS = 600_000;

let folder: string;
let connectUrl: string;
let database: Client;

function tributary(...args: string[]): Promise<Ended> {
  return startCommand({ sources: [shopSource(vendor)], cwd: folder }, args).ended;
}
/** Code 1 means that a part did not answer in time, which a shared stack under load may do: then the command is to be repeated. */
async function repeated(command: typeof tributary, ...args: string[]): Promise<Ended> {
  return until(
    args.join(' '),
    async () => {
      const ended = await command(...args);
      return ended.code !== 1 && ended;
    },
    240_000,
  );
}
const status = async (): Promise<{ code: number | null; found: LandingStatus[] }> => {
  const { code, out } = await tributary('landing', 'status', `wh${run}`, '--json');
  return { code, found: JSON.parse(out) as LandingStatus[] };
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-landing-'));
  connectUrl = await startSharedConnect();
  const { host, port, database: name } = stack.postgres;
  writeFile(
    folder,
    'tributary.yaml',
    settingsText({
      prefix: `cmd${run}`,
      kafka: stack,
      connections: 'shop: { source: shop_vendor, tables: [item] }',
      more: `landings:\n  wh${run}: { kind: postgres, host: ${host}, port: ${port}, database: ${name}, schema: c_${run}, user: csink_${run}, reader: creader_${run}, password_ref: "env:TRIBUTARY_WAREHOUSE_PASSWORD", sslmode: disable, look: { user: ${stack.postgres.user}, password: ${JSON.stringify(stack.postgres.password)} }, converter: apicurio, ${landingLogin()}connect_url: "${connectUrl}" }`,
    }),
  );
  database = new Client(stack.postgres);
  await database.connect();
}, LIMIT_MS);

afterAll(async () => {
  await connectClient(connectUrl, { login: stackLogin() })
    .delete(connector)
    .catch(() => undefined);
  await database.query(`DROP SCHEMA IF EXISTS c_${run} CASCADE`);
  await database.end();
  rmSync(folder, { recursive: true, force: true });
});

describe('the way of a data engineer', () => {
  test(
    'check, render, apply, sync, status: the rows are in the warehouse',
    async () => {
      expect(await tributary('landing', 'check', `wh${run}`)).toMatchObject({ code: 0 });
      const missing = await status();
      expect(missing).toMatchObject({ code: 1, found: [{ connector, state: 'MISSING', tasks: [] }] });

      // As `landing render ... setup.sql | psql` does.
      await database.query((await tributary('landing', 'render', `wh${run}`, 'setup.sql')).out);
      await database.query(`ALTER ROLE csink_${run} PASSWORD '${stack.postgres.password}'`);

      const dry = await tributary('landing', 'apply', `wh${run}`, '--dry-run');
      expect(dry).toMatchObject({ code: 0 });
      expect(dry.out).toContain(`+ ${connector}: new`);
      expect(dry.out).toContain('+ connection.password: ${env:TRIBUTARY_WAREHOUSE_PASSWORD}');
      expect(await connectClient(connectUrl, { login: stackLogin() }).config(connector)).toBeUndefined();

      const applied = await repeated(tributary, 'landing', 'apply', `wh${run}`);
      expect(applied, applied.err).toMatchObject({ code: 0 });
      expect([dry.out, `  ${connector}: unchanged\n`]).toContain(applied.out);
      const again = await tributary('landing', 'apply', `wh${run}`);
      expect(again).toMatchObject({ code: 0, out: `  ${connector}: unchanged\n` });

      expect((await tributary('sync')).code).toBe(0);
      const landed = await until(
        'the rows land',
        async () => {
          const { rows } = await database.query<{ id: string }>(`SELECT id FROM c_${run}.shop_item ORDER BY id`);
          return rows.length === 3 && rows.map(({ id }) => id);
        },
        240_000,
      );
      expect(landed).toEqual(['a', 'b', 'c']);
      const shown = await until(
        'the sink has committed',
        async () => {
          const now = await status();
          return now.found[0]?.topics[0]?.caughtUp === true && now;
        },
        240_000,
      );
      expect(shown).toMatchObject({
        code: 0,
        found: [
          {
            state: 'RUNNING',
            tasks: [{ state: 'RUNNING' }],
            deadLetters: 0,
            topics: [
              {
                topic: `cmd${run}.shop.item`,
                missing: false,
                rowsAtMost: 0,
                lagSeconds: 0,
                freshnessSeconds: expect.any(Number) as number,
              },
            ],
          },
        ],
      });
      const { tables } = JSON.parse((await tributary('status', '--json')).out) as { tables: { warehouses: object[] }[] };
      expect(tables.map(({ warehouses }) => warehouses)).toEqual([
        [expect.objectContaining({ landing: `wh${run}`, freshnessMs: expect.any(Number) as number })],
      ]);
      // What the table itself shows is the last row that was published.
      const { rows: newest } = await database.query<{ at: Date }>(`SELECT max(_synced_at) AS at FROM c_${run}.shop_item`);
      await until(
        'the newest row is seen',
        async () => (await status()).found[0]?.topics[0]?.newestRowAt === newest[0]!.at.getTime(),
        120_000,
      );
      const { out: inWords } = await tributary('status');
      expect(inWords).toMatch(/VENDOR TO WAREHOUSE +NEWEST ROW +LAST SUCCESS/);
      expect(inWords).toMatch(/shop\.item .* ago /);
      expect((await tributary('landing', 'status', `wh${run}`)).out).toMatch(
        new RegExp(`${connector} +running +1 running +cmd${run}\\.shop\\.item +0 +caught up +\\d.* +\\d.* ago +0`),
      );
    },
    LIMIT_MS,
  );

  test(
    'a connector somebody has changed is shown as a difference and put right',
    async () => {
      const client = connectClient(connectUrl, { login: stackLogin() });
      const config = await client.config(connector);
      const theirs = { ...config, 'batch.size': '7', 'connection.password': 'in-clear' };
      // Refused while Connect hands its work out anew.
      await until(
        'somebody changes it',
        () =>
          client.putConfig(connector, theirs).then(
            () => true,
            () => false,
          ),
        240_000,
      );
      // What an attempt did before a part was late, the next does not do again: all they said belongs together.
      let out = '';
      const apply: typeof tributary = async (...args) => {
        const ended = await tributary(...args);
        out += ended.out;
        return ended;
      };
      const { code, err } = await repeated(apply, 'landing', 'apply', `wh${run}`);
      expect(code, err).toBe(0);
      expect(out).toMatch(new RegExp(`~ ${connector}:\n(.*\n)*    - batch\\.size: 7\n(.*\n)*    - connection\\.password: \\*\\*\\*`));
      expect(out).not.toContain('in-clear');
      expect(await client.config(connector)).toEqual(config);
    },
    LIMIT_MS,
  );

  test(
    "connectors of Strimzi's operator are compared, and changed or removed by nobody else",
    async () => {
      const client = connectClient(connectUrl, { login: stackLogin() });
      const before = await client.config(connector);
      const text = readFileSync(join(folder, 'tributary.yaml'), 'utf8');
      const operated = (name: string, more: string): string => {
        writeFile(folder, name, text.replace('kind: postgres,', `kind: postgres, strimzi: { cluster: c, namespace: kafka }, ${more}`));
        return name;
      };
      const same = await repeated(tributary, 'landing', 'apply', `wh${run}`, '--config', operated('same.yaml', ''));
      expect(same, same.err).toMatchObject({ code: 0, out: `  ${connector}: unchanged\n` });
      const differs = await repeated(tributary, 'landing', 'apply', `wh${run}`, '--config', operated('differs.yaml', 'tasks: 3,'));
      expect(differs).toMatchObject({ code: 2 });
      expect(differs.out).toContain('+ tasks.max: 3');
      expect(differs.err).toContain(
        `The connectors of wh${run} belong to Strimzi's operator, and 1 connector of it differs.\nApply the resources: \`tributary landing render wh${run} kafka-connectors.yaml | kubectl apply -f -\`.`,
      );
      writeFile(folder, 'gone.yaml', readFileSync(join(folder, operated('gone.yaml', '')), 'utf8').replace(`  wh${run}:`, `  gone${run}:`));
      const pruned = await repeated(tributary, 'landing', 'apply', `gone${run}`, '--prune', '--config', 'gone.yaml');
      expect(pruned).toMatchObject({ code: 2 });
      expect(pruned.err).toContain(`Delete the resources: \`kubectl delete kafkaconnector ${connector} -n kafka\`.`);
      expect(await client.config(connector)).toEqual(before);
    },
    LIMIT_MS,
  );

  test(
    'a table somebody has damaged is whole again after a re-read',
    async () => {
      await database.query(`DELETE FROM c_${run}.shop_item WHERE id = 'b'`);
      expect((await tributary('landing', 'reread', `wh${run}`, 'shpo')).err).toContain(
        'does not land the connection shpo; did you mean shop?',
      );
      const reread = await repeated(tributary, 'landing', 'reread', `wh${run}`, 'shop');
      expect(reread.code, reread.err).toBe(0);
      const ids = await until(
        'the row is back',
        async () => {
          const { rows } = await database.query<{ id: string }>(`SELECT id FROM c_${run}.shop_item ORDER BY id`);
          return rows.length === 3 && rows.map(({ id }) => id);
        },
        240_000,
      );
      expect(ids).toEqual(['a', 'b', 'c']);
      expect((await auditOf(`cmd${run}`))[0]).toMatchObject({ command: 'landing-reread', connection: 'shop', detail: `wh${run}` });
    },
    LIMIT_MS,
  );

  test(
    'connectors that the settings no longer name are told, and removed when asked to',
    async () => {
      const other = readFileSync(join(folder, 'tributary.yaml'), 'utf8').replace(`  wh${run}:`, `  other${run}:`);
      writeFile(folder, 'other.yaml', other);
      const seen = await tributary('landing', 'status', `other${run}`, '--config', 'other.yaml');
      expect(seen.out).toContain(
        `${connector} is still on Kafka Connect but no longer in the settings: \`tributary landing apply other${run} --prune\``,
      );
      expect(JSON.parse((await tributary('landing', 'status', `other${run}`, '--config', 'other.yaml', '--json')).out)).toContainEqual({
        connector,
        leftOver: true,
        errors: [],
      });
      const applied = await repeated(tributary, 'landing', 'apply', `other${run}`, '--prune', '--config', 'other.yaml');
      expect(applied, applied.err).toMatchObject({ code: 0 });
      expect(await connectClient(connectUrl, { login: stackLogin() }).config(connector)).toBeUndefined();
      await connectClient(connectUrl, { login: stackLogin() }).delete(`other${run}-shop`);
    },
    LIMIT_MS,
  );
});

describe('the landing of a local stack that another process runs', () => {
  const connection = `emb_${run}`;
  let home: string;
  let lock: { release(): Promise<void> };
  const inHome = (...args: string[]): Promise<Ended> => startCommand({ sources: [shopSource(vendor)], cwd: home }, args).ended;

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'tributary-embedded-'));
    writeFile(
      home,
      'tributary.yaml',
      `prefix: emb${run}\nlandings: { postgres: embedded }\nconnections: { ${connection}: { source: shop_vendor, tables: [item] } }\n`,
    );
    // Rows come from elsewhere: what this process may do with the stack of another one is to look after the landing.
    writeFile(
      home,
      'outside.yaml',
      settingsText({ prefix: `emb${run}`, kafka: stack, connections: `${connection}: { source: shop_vendor, tables: [item] }` }),
    );
    const stackFolder = join(home, '.tributary', 'stack');
    mkdirSync(stackFolder, { recursive: true });
    const port = (url: string): number => Number(new URL(url).port);
    const memory: StackMemory = {
      version: 1,
      clusterId: 'unused',
      password: stack.postgres.password,
      pids: { connect: process.pid },
      ports: {
        postgres: stack.postgres.port,
        kafka: port(`http://${stack.brokers[0]}`),
        registry: port(stack.registryUrl),
        connect: port(connectUrl),
        controller: 0,
      },
    };
    remember(stackFolder, memory);
    const taken = await takeLock(join(stackFolder, 'owner.lock'));
    if ('heldBy' in taken) throw new Error('the lock is held already');
    lock = taken;
  });
  afterAll(async () => {
    await connectClient(connectUrl, { login: stackLogin() })
      .delete(`postgres-${connection}`)
      .catch(() => undefined);
    await database.query(`DROP TABLE IF EXISTS tributary.${connection}_item`);
    await lock.release();
    rmSync(home, { recursive: true, force: true });
  });

  test(
    'is checked, applied with its tables, and seen, without starting anything',
    async () => {
      const checked = await inHome('landing', 'check', 'postgres');
      expect(checked, checked.err).toMatchObject({ code: 0 });
      const applied = await repeated(inHome, 'landing', 'apply', 'postgres');
      expect(applied, applied.err).toMatchObject({ code: 0 });
      const synced = await inHome('--config', 'outside.yaml', 'sync');
      expect(synced, synced.err).toMatchObject({ code: 0 });
      const rows = await until(
        'the rows land',
        async () => {
          const found = await database.query<{ id: string }>(`SELECT id FROM tributary.${connection}_item`);
          return found.rows.length === 3 && found.rows.length;
        },
        240_000,
      );
      expect(rows).toBe(3);
      const { code, out } = await inHome('landing', 'status', 'postgres', '--json');
      expect(code).toBe(0);
      expect(JSON.parse(out)).toMatchObject([{ connector: `postgres-${connection}`, state: 'RUNNING' }]);
    },
    LIMIT_MS,
  );
});
