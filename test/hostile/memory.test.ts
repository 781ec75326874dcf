import { execFile } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { expect, it, onTestFinished } from 'vitest';
import { programArguments } from '../support/program.ts';

/*
 * What one answer may take, however it is read: a process of its own asks a server here and tells the most memory it ever
 * had (RSS, which does not depend on how fast it was). Without any answer worth mentioning such a process has about 110 MiB.
 */
const MIB = 2 ** 20;
const MOST = 512 * MIB;

const members = (...texts: (string | readonly [text: string, times: number])[]): Buffer =>
  // Compressed texts may stand one behind the other, so a gibibyte need not be made to be sent.
  Buffer.concat(
    texts.flatMap((one) => (typeof one === 'string' ? [gzipSync(one)] : Array.from({ length: one[1] }, () => one[0]).map(gzipped))),
  );
const made = new Map<string, Buffer>();
function gzipped(text: string): Buffer {
  const known = made.get(text) ?? gzipSync(text);
  made.set(text, known);
  return known;
}
const X = 'x'.repeat(MIB);
const filled = (unit: string, mib: number): string => unit.repeat(Math.floor((mib * MIB) / unit.length));
const soap = (...inner: (string | readonly [string, number])[]): Buffer =>
  members(
    '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><OrdersResponse xmlns="urn:shop"><OrdersResult>',
    ...inner,
    '</OrdersResult></OrdersResponse></soap:Body></soap:Envelope>',
  );
/** Members or objects whose names are all different, some thousand in a part. */
function* names(count: number, open = '', close = '', apart = 1): Generator<string, void, void> {
  for (let from = 0; from < count; from += 10_000)
    yield Array.from({ length: 10_000 }, (_, i) => `${open}"${apart === 1 ? 'k' : ''}${(from + i) * apart}":1${close},`).join('');
}
const person =
  '{"type":"profile","id":"01J","attributes":{"email":"a@example.com","phone":null,"created":"2026-01-01T00:00:00Z","location":{"city":"Zürich","lat":47.37},"note":"lorem ipsum dolor sit amet"}},';
const row = '<Order><Id>a</Id></Order>';

interface Told {
  readonly told: string;
  readonly peak: number;
}

/** Of a process that asked for it. */
async function took(way: string, respond: (request: IncomingMessage, response: ServerResponse) => void): Promise<Told> {
  const server = createServer((request, response) => {
    request.resume();
    response.on('error', () => undefined);
    respond(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [...programArguments(join(import.meta.dirname, 'memory-child.ts')), way, url], (error, stdout, stderr) =>
      stdout === '' ? reject(new Error(`${error?.message} ${stderr}`)) : resolve(JSON.parse(stdout) as Told),
    );
  });
}

it.each<[string, string, number, () => Buffer, RegExp]>([
  ['an answer of 1.5 GiB', 'get', 200, () => members('{"a":"', [X, 1_536], '"}'), /too_large/],
  [
    'the same where lists may have gigabytes',
    'get where lists may be gigabytes',
    200,
    () => members('{"a":"', [X, 1_536], '"}'),
    /too_large/,
  ],
  ['8 MiB of {},', 'get', 200, () => members('[', filled('{},', 8), '1]'), /too_large/],
  ['as many different names as are parsed', 'get', 200, () => members('{', ...names(1_000_000), '"":1}'), /answered|too_large/],
  [
    'as many objects of different names as are parsed',
    'get',
    200,
    () => members('[', ...names(600_000, '{', '}'), '1]'),
    /answered|too_large/,
  ],
  ['names that are numbers far apart', 'get', 200, () => members('{', ...names(600_000, '', '', 7_919), '"":1}'), /answered|too_large/],
  ['more long numbers than are taken', 'get', 200, () => members('[', filled('12345678901234567890,', 16), '1]'), /too_large/],
  ['as many long fractions as are taken', 'get', 200, () => members('[', '0.12345678901234567890,'.repeat(499_000), '1]'), /answered/],
  ['an ordinary answer of 14 MiB', 'get', 200, () => members('{"data":[', filled(person, 14), '1]}'), /answered/],
  ['one text of 31 MiB, all of it escaped', 'get', 200, () => members('["', filled('\\u0041', 31), '"]'), /answered/],
  ['as many small texts as are parsed', 'get', 200, () => members('[', filled('"a",', 6), '1]'), /answered|too_large/],
  ['a refusal of 1.5 GiB', 'get', 500, () => members('{"a":"', [X, 1_536], '"}'), /transient/],
  ['a refusal of 1.5 GiB instead of a list', 'stream', 400, () => members('{"a":"', [X, 1_536], '"}'), /vendor:400/],
  ['one element of 1.5 GiB', 'stream', 200, () => members('{"results":[{"a":"', [X, 1_536], '"}]}'), /too_large/],
  ['one element of 15 MiB of {},', 'stream', 200, () => members('{"results":[[', filled('{},', 15), '1]]}'), /too_large/],
  ['1.5 GiB beside the list', 'stream', 200, () => members('{"other":"', [X, 1_536], '"}'), /data|transient/],
  ['a SOAP text of 1 GiB', 'soap', 200, () => soap('<Order><Id>', [X, 1_024], '</Id></Order>'), /too_large/],
  ['a SOAP text of 60 MiB', 'soap', 200, () => soap('<Order><Id>', [X, 60], '</Id></Order>'), /answered|too_large/],
  ['a SOAP answer of as many rows as are parsed', 'soap', 200, () => soap([row.repeat(4_000), 40]), /answered|too_large/],
])('%s stays below 512 MiB', { timeout: 600_000 }, async (_, way, status, packed, outcome) => {
  const body = packed();
  const { told, peak } = await took(way, (_request, response) =>
    response.writeHead(status, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(body),
  );
  expect(told).toMatch(outcome);
  expect(peak).toBeLessThan(MOST);
});

it('an answer of 256 MiB that brotli made small stays below 512 MiB', { timeout: 600_000 }, async () => {
  const packed = brotliCompressSync(Buffer.alloc(256 * MIB, 'x'), { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });
  let asked = '';
  const { told, peak } = await took('get', (request, response) => {
    asked = String(request.headers['accept-encoding']);
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'br' }).end(packed);
  });
  // Asked for, so that it may come at any time.
  expect(asked).toContain('br');
  expect(told).toMatch(/too_large/);
  expect(peak).toBeLessThan(MOST);
});

it('an answer that comes byte by byte stays below 512 MiB', { timeout: 600_000 }, async () => {
  const { told, peak } = await took('get', (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.socket?.setNoDelay(true);
    // Each byte is a chunk of its own, and comes as a piece of its own.
    const text = JSON.stringify(Array.from({ length: 30_000 }, (_, i) => ({ i })));
    let at = 0;
    const more = (): void => {
      const some = text.slice(at, (at += 4_096));
      if (some === '') {
        response.end();
        return;
      }
      const go = [...some].map((mark) => response.write(mark)).at(-1);
      if (go === true) setImmediate(more);
      else response.once('drain', more);
    };
    more();
  });
  expect(told).toBe('answered');
  expect(peak).toBeLessThan(MOST);
});
