import { randomBytes } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from 'vitest';
import type { FreshLandingStatus } from '../../src/cli/landing-text.ts';
import { connectClient, type ConnectClient } from '../../src/landing/connect-client.ts';
import { startSharedConnect } from '../setup/shared-stack.ts';
import { settingsText, startCommand, until, writeFile, type Ended } from '../support/command.ts';
import { startFaultyLine, type FaultyLine } from '../support/faulty-line.ts';
import { landingLogin, stackLogin } from '../support/login.ts';
import { refusedPort } from '../support/refused-port.ts';
import { shopSource, type ShopVendor } from '../support/shop-source.ts';

const stack = inject('stack');
const run = randomBytes(4).toString('hex');
const vendor: ShopVendor = { items: ['a', 'b', 'c'], shops: new Map(), refusals: new Map() };
/** A limit for what hangs, not a measure: Kafka Connect is shared. */
const LIMIT_MS = 600_000;
const PATIENCE_MS = 240_000;

let folder: string;
let connectUrl: string;
let connect: ConnectClient;
let database: Client;
/** From sink and command to one of the warehouses. */
let line: FaultyLine;

const nameOf = (what: string): string => `${what}${run}`;
const schemaOf = (what: string): string => `${what}_${run}`;

function landing(what: string, more: { readonly connect?: string; readonly port?: number } = {}): string {
  const { host, port, user, password, database: name } = stack.postgres;
  return `  ${nameOf(what)}: { kind: postgres, host: ${host}, port: ${more.port ?? port}, database: ${name}, schema: ${schemaOf(what)}, user: csink_${run}, reader: creader_${run}, password_ref: "env:TRIBUTARY_WAREHOUSE_PASSWORD", sslmode: disable, look: { user: ${user}, password: ${JSON.stringify(password)} }, converter: apicurio, ${landingLogin()}connect_url: "${more.connect ?? connectUrl}" }`;
}
const settings = (file: string, ...landings: readonly string[]): string =>
  writeFile(
    folder,
    file,
    settingsText({
      ...{ prefix: `ls${run}`, kafka: stack, connections: 'shop: { source: shop_vendor, tables: [item] }' },
      more: `landings:\n${landings.join('\n')}`,
    }),
  );
const tributary = (...args: string[]): Promise<Ended> => startCommand({ sources: [shopSource(vendor)], cwd: folder }, args).ended;

/** Code 1 means that a part did not answer in time, which a shared stack under load may do: then the command is repeated. */
const repeated = (...args: string[]): Promise<Ended> =>
  until(
    args.join(' '),
    async () => {
      const ended = await tributary(...args);
      return ended.code !== 1 && ended;
    },
    PATIENCE_MS,
  );
const rowsOf = async (what: string): Promise<number> =>
  (await database.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${schemaOf(what)}.shop_item`)).rows[0]!.n;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-landings-'));
  connectUrl = await startSharedConnect();
  connect = connectClient(connectUrl, { login: stackLogin() });
  line = await startFaultyLine(`${stack.postgres.host}:${stack.postgres.port}`);
  database = new Client(stack.postgres);
  await database.connect();
}, LIMIT_MS);

afterAll(async () => {
  line.suffer({});
  for (const what of ['well', 'behind', 'cut']) {
    await connect.delete(`${nameOf(what)}-shop`).catch(() => undefined);
    await database.query(`DROP SCHEMA IF EXISTS ${schemaOf(what)} CASCADE`);
  }
  await database.end();
  await line.close();
  rmSync(folder, { recursive: true, force: true });
});

test(
  'landings that are well, behind, without their Connect and without their warehouse are told side by side',
  async () => {
    const away = `http://127.0.0.1:${await refusedPort()}`;
    settings(
      'tributary.yaml',
      landing('unseen', { connect: away }),
      landing('well'),
      landing('behind'),
      landing('cut', { port: line.port }),
    );
    expect(await tributary('sync')).toMatchObject({ code: 0 });
    for (const what of ['well', 'behind', 'cut']) {
      await database.query((await tributary('landing', 'render', nameOf(what), 'setup.sql')).out);
      await database.query(`ALTER ROLE csink_${run} PASSWORD '${stack.postgres.password}'`);
      const applied = await repeated('landing', 'apply', nameOf(what));
      expect(applied, applied.err).toMatchObject({ code: 0 });
      await until(`the rows land in ${what}`, async () => (await rowsOf(what)) === 3, PATIENCE_MS);
    }
    await connect.pause(`${nameOf('behind')}-shop`);
    await until(
      'the sink pauses',
      async () => (await connect.status(`${nameOf('behind')}-shop`))?.tasks.every(({ state }) => state === 'PAUSED'),
      PATIENCE_MS,
    );
    line.suffer({ resets: 1 });
    vendor.items.push('d');
    expect(await tributary('sync')).toMatchObject({ code: 0 });

    type Told = FreshLandingStatus & { landing: string; problem?: { message: string; remedy: string; code: string } };
    const { code, told } = await until(
      'one has caught up and the others are behind',
      async () => {
        const { code: ended, out } = await tributary('landing', 'status', '--json');
        const seen = new Map((JSON.parse(out) as Told[]).map((one) => [one.landing, one]));
        const caughtUp = (what: string): boolean | undefined => seen.get(nameOf(what))?.topics[0]?.caughtUp;
        return caughtUp('well') && !caughtUp('behind') && !caughtUp('cut') && { code: ended, told: seen };
      },
      PATIENCE_MS,
    );
    expect(code).toBe(1);
    // A sink that landed rows a moment ago may not have said so yet: then all offsets of the topic count, those of the two commits too.
    const left = { caughtUp: false, rowsAtMost: expect.toSatisfy((n: number) => n >= 1 && n <= 6) as number };
    expect(Object.fromEntries([...told].map(([name, one]) => [name.slice(0, -run.length), one]))).toMatchObject({
      unseen: {
        problem: { message: `Kafka Connect at ${away} does not answer (ECONNREFUSED).`, code: 'connect:unreachable' },
      },
      well: { state: 'RUNNING', topics: [{ caughtUp: true, rowsAtMost: 0 }], deadLetters: 0 },
      behind: { state: 'PAUSED', topics: [left] },
      cut: { topics: [left], warehouseTrouble: expect.stringMatching(/^PostgreSQL at .* does not let .* in: .+\.$/) as string },
    });
    expect(told.get(nameOf('well'))?.warehouseTrouble).toBeUndefined();
    expect(told.get(nameOf('well'))?.topics[0]?.newestRowAt).toBeGreaterThan(0);
    expect([await rowsOf('well'), await rowsOf('behind'), await rowsOf('cut')]).toEqual([4, 3, 3]);

    const { code: inWords, out } = await tributary('landing', 'status');
    expect(inWords).toBe(1);
    const [unseen, well, behind, cut] = out.split(/^\w+:\n/m).slice(1);
    expect(unseen).toBe(
      `error: Kafka Connect at ${away} does not answer (ECONNREFUSED).\nCheck that a worker runs there and that connect_url in the landing is its address.\n\n`,
    );
    expect(well).toMatch(/-shop +running +1 running +\S+shop\.item +0 +caught up +\d.* ago +0\nNo errors in the last 24 hours\.\n/);
    expect(behind).toMatch(/-shop +paused +1 paused +\S+shop\.item +[1-6] +\d/);
    expect(behind).toContain(`${nameOf('behind')}-shop is paused, so nothing lands until somebody resumes it on Kafka Connect.`);
    expect(cut).toMatch(/-shop +running +1 running +\S+shop\.item +[1-6] +\d/);
    expect(cut).toMatch(new RegExp(`The warehouse could not be asked\\. PostgreSQL at ${stack.postgres.host}:${line.port}/`));
    expect(await tributary('landing', 'status', nameOf('well'))).toMatchObject({ code: 0 });
    // Left over on a Connect worker that two landings share: told once.
    const others = await tributary('landing', 'status', '--config', settings('others.yaml', landing('n1'), landing('n2')));
    const gone = ['behind', 'cut', 'well'].map((what) => `${nameOf(what)}-shop`).join(', ');
    expect(others.out.split(`${gone} are still on Kafka Connect`)).toHaveLength(2);
    const alone = await tributary('landing', 'status', nameOf('unseen'));
    expect(alone).toMatchObject({ code: 1, out: '' });
    expect(alone.err).toContain(`error: Kafka Connect at ${away} does not answer (ECONNREFUSED).`);
  },
  LIMIT_MS,
);

test(
  'a landing whose login Connect refuses is told beside the others, and ends with the code of bad settings',
  async () => {
    const refusing = createServer((_, response) => void response.writeHead(401).end());
    await new Promise<void>((listening) => refusing.listen(0, '127.0.0.1', listening));
    onTestFinished(() => void refusing.close());
    const { port } = refusing.address() as AddressInfo;
    const config = settings('wrong.yaml', landing('locked', { connect: `http://127.0.0.1:${port}` }), landing('new'));
    const { code, out } = await tributary('landing', 'status', '--config', config);
    expect(code).toBe(2);
    const [locked, fresh] = out.split(/^\w+:\n/m).slice(1);
    expect(locked).toMatch(/^error: Kafka Connect at \S+ refused the login \(401\)\.\nSet connect_username and connect_password/);
    expect(fresh).toMatch(/-shop +missing +none +\S+shop\.item +\d+ +\d.* +- +- +0\n/);
    expect(fresh).toContain(`${nameOf('new')}-shop does not exist: \`tributary landing apply ${nameOf('new')}\` makes it.\n`);
  },
  LIMIT_MS,
);

test(
  'Kafka is opened once, however many landings there are',
  async () => {
    const port = Number(stack.brokers[0]?.split(':').at(-1));
    let opened = 0;
    const count = (message: unknown): void => {
      const { socket } = message as { socket: Socket };
      socket.once('connect', () => (opened += socket.remotePort === port ? 1 : 0));
    };
    const openedBy = async (config: string): Promise<number> => {
      opened = 0;
      expect((await tributary('landing', 'status', '--config', config)).code).toBe(1);
      return opened;
    };
    subscribe('net.client.socket', count);
    try {
      const one = await openedBy(settings('one.yaml', landing('n1')));
      const four = await openedBy(settings('four.yaml', ...['n1', 'n2', 'n3', 'n4'].map((what) => landing(what))));
      // A connection that a busy broker is slow to open is opened twice.
      expect(four).toBeLessThanOrEqual(one + 2);
    } finally {
      unsubscribe('net.client.socket', count);
    }
  },
  LIMIT_MS,
);
