import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
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
const row = '<Order><Id>a</Id></Order>';

interface Told {
  readonly told: string;
  readonly peak: number;
}

async function took(way: string, status: number, packed: Buffer): Promise<Told> {
  const server = createServer((request, response) => {
    request.resume();
    response.on('error', () => undefined);
    response.writeHead(status, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(packed);
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
  const { told, peak } = await took(way, status, packed());
  expect(told).toMatch(outcome);
  expect(peak).toBeLessThan(MOST);
});
