import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { connectClient, type ConnectOptions } from '../../src/landing/connect-client.ts';
import { refusedPort } from '../support/refused-port.ts';

const login = { username: 'tributary', password: 's3cret-of-connect' };

async function served(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** What a call to that address throws; no secret may be in it. */
async function refused(url: string, options: ConnectOptions = {}): Promise<unknown> {
  const error = await connectClient(url, { login, ...options })
    .plugins()
    .then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
  const { message, remedy, detail } = error as { message: string; remedy: string; detail?: string };
  expect(`${message} ${remedy} ${detail}`).not.toContain(login.password);
  return error;
}
const told = (kind: string, code: string, message: RegExp, remedy: RegExp) => ({
  kind,
  code,
  message: expect.stringMatching(message) as string,
  remedy: expect.stringMatching(remedy) as string,
});
const answering =
  (status: number, body: object): RequestListener =>
  (_, response) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

test('a refused log-in names the settings of the landing', async () => {
  const url = await served(answering(401, { message: 'no' }));
  expect(await refused(url)).toMatchObject(
    told(
      'config',
      'connect:401',
      /Kafka Connect at http:\/\/127\.0\.0\.1:\d+ refused the login \(401\)/,
      /connect_username and connect_password/,
    ),
  );
});

test("a request that the worker refuses repeats the worker's words; one that it cannot answer now is tried again", async () => {
  expect(await refused(await served(answering(400, { message: 'Connector configuration is invalid' })))).toMatchObject(
    told('config', 'connect:400', /refused \/connector-plugins: Connector configuration is invalid/, /landing check/),
  );
  expect(await refused(await served(answering(503, {})))).toMatchObject(
    told('transient', 'connect:503', /refused \/connector-plugins: status 503/, /Try again in a moment/),
  );
});

test('a worker that does not answer in time is told from one that is not there', async () => {
  const url = await served(() => undefined);
  expect(await refused(url, { timeoutMs: 50 })).toMatchObject(
    told('transient', 'connect:slow', /has not answered within 0\.05 s/, /log of the worker/),
  );
  expect(await refused(`http://127.0.0.1:${await refusedPort()}`)).toMatchObject(
    told('transient', 'connect:unreachable', /does not answer \(ECONNREFUSED\)/, /connect_url/),
  );
});

test('a worker that speaks no TLS is told by the protocol in its address', async () => {
  const plain = await served(answering(200, []));
  expect(await refused(plain.replace('http:', 'https:'), { tls: {} })).toMatchObject(
    told('config', 'connect:tls', /could not be made: .*does not speak TLS/, /Write http:\/\//),
  );
});
