import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { createServer } from 'node:http';
import { onTestFinished } from 'vitest';
import { shownForms } from '../support/command.ts';

/** The ways in which somebody may say again what he was told. */
export const ECHOES: Readonly<Record<string, (text: string) => string>> = {
  plain: (text) => text,
  JSON: (text) => JSON.stringify({ a: text }),
  'JSON in JSON': (text) => JSON.stringify({ a: JSON.stringify({ b: text }) }),
  'JSON, escaped': (text) => JSON.stringify(text).replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`),
  XML: (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;').replaceAll("'", '&apos;'),
  URL: (text) => encodeURIComponent(text),
  form: (text) => new URLSearchParams({ k: text }).toString(),
  'base64, first alignment': (text) => Buffer.from(text).toString('base64'),
  'base64, second alignment': (text) => Buffer.from(`u${text}:x`).toString('base64'),
  'base64, third alignment': (text) => Buffer.from(`us${text}:xy`).toString('base64'),
  base64url: (text) => Buffer.from(`user:${text}`).toString('base64url'),
  hex: (text) => Buffer.from(text).toString('hex'),
  'hex in capitals': (text) => Buffer.from(text).toString('hex').toUpperCase(),
  'base64 in URL': (text) => encodeURIComponent(Buffer.from(`u:${text}`).toString('base64')),
};

/** All secrets in one of these ways or in all. */
export const echoed = (secrets: readonly string[], ways = Object.values(ECHOES)): string =>
  secrets.flatMap((one) => ways.map((way) => way(one))).join(' ');

/** Which of the secrets can be read out of a text, and where. */
export function shownIn(text: string, secrets: readonly string[]): string[] {
  return secrets.flatMap((one) =>
    shownForms(one)
      .filter((form) => form.length > 3 && text.includes(form))
      .slice(0, 1)
      .map((form) => `${one}: …${text.slice(Math.max(0, text.indexOf(form) - 80), text.indexOf(form) + form.length)}`),
  );
}

/** An HTTP server that refuses everything and says all the secrets while it does. `status` 200 answers with them. */
export async function echoServer(
  secrets: readonly string[],
  answer: (path: string) => { readonly status: number; readonly body?: string; readonly type?: string } = () => ({ status: 400 }),
): Promise<{ readonly url: string; readonly asked: readonly string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    request.resume();
    asked.push(`${request.method} ${request.url}`);
    const text = echoed(secrets);
    const {
      status,
      body = JSON.stringify({ message: text, error_code: status, errors: [{ detail: text }], meta: { error: text } }),
      type,
    } = answer(request.url ?? '');
    response.writeHead(
      status,
      text.length < 8_000
        ? { 'content-type': type ?? 'application/json', 'x-said': encodeURIComponent(text) }
        : { 'content-type': type ?? 'application/json' },
    );
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const METADATA = 3;
const API_VERSIONS = 18;
const SASL_HANDSHAKE = 17;
const SASL_AUTHENTICATE = 36;
const SASL_AUTHENTICATION_FAILED = 58;

/**
 * A broker that says all the secrets: in the refusal of every login, or once it has let somebody in, as the hosts of its
 * cluster, which clients name when they cannot reach them. Kafka's protocol as far as that goes. `tls`: it speaks TLS.
 */
export async function echoBroker(
  secrets: readonly string[],
  { letsIn = false, tls }: { readonly letsIn?: boolean; readonly tls?: TlsOptions } = {},
): Promise<{ readonly address: string; readonly logins: () => number; readonly askedAfterwards: () => number }> {
  let asked = 0;
  let logins = 0;
  const text = (value: string): Buffer => {
    const bytes = Buffer.from(value);
    const length = Buffer.alloc(2);
    length.writeInt16BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const int16 = (value: number): Buffer => {
    const bytes = Buffer.alloc(2);
    bytes.writeInt16BE(value);
    return bytes;
  };
  const int32 = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(value);
    return bytes;
  };
  const bodyOf = (api: number, version: number): Buffer => {
    if (api === API_VERSIONS) {
      const known = [
        [API_VERSIONS, 0, 2],
        [SASL_HANDSHAKE, 0, 1],
        [SASL_AUTHENTICATE, 0, 1],
        // Version 1 of what a cluster consists of has all that is needed here.
        [METADATA, 0, letsIn ? 1 : 6],
      ];
      const list = Buffer.concat([int32(known.length), ...known.flat().map(int16)]);
      return Buffer.concat([int16(0), list, ...(version > 0 ? [int32(0)] : [])]);
    }
    if (api === SASL_HANDSHAKE) return Buffer.concat([int16(0), int32(1), text('PLAIN')]);
    if (api === METADATA) {
      asked += 1;
      // A name has no more than 255 characters; each of these hosts is a secret in one of its forms.
      const hosts = secrets
        .flatMap((one) => [one, encodeURIComponent(one), Buffer.from(one).toString('base64')])
        .map((one) => one.slice(0, 250));
      const brokers = hosts.map((host, id) => Buffer.concat([int32(id), text(host), int32(9092), int16(-1)]));
      return Buffer.concat([int32(brokers.length), ...brokers, int32(0), int32(0)]);
    }
    logins += 1;
    if (letsIn) return Buffer.concat([int16(0), int16(-1), int32(0), ...(version > 0 ? [Buffer.alloc(8)] : [])]);
    return Buffer.concat([
      int16(SASL_AUTHENTICATION_FAILED),
      text(echoed(secrets).slice(0, 30_000)),
      int32(0),
      ...(version > 0 ? [Buffer.alloc(8)] : []),
    ]);
  };
  const speak = (socket: Socket): void => {
    let held = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      held = Buffer.concat([held, chunk]);
      while (held.length >= 4 && held.length >= 4 + held.readInt32BE(0)) {
        const size = held.readInt32BE(0);
        const [api, version, id] = [held.readInt16BE(4), held.readInt16BE(6), held.readInt32BE(8)];
        held = held.subarray(4 + size);
        const answer = Buffer.concat([int32(id), bodyOf(api, version)]);
        socket.write(Buffer.concat([int32(answer.length), answer]));
      }
    });
  };
  const server = tls === undefined ? createTcpServer(speak) : createTlsServer(tls, speak);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, logins: () => logins, askedAfterwards: () => asked };
}
