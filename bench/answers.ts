import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import sax from 'sax';
import { listrakWsdl } from '../producers/listrak/wsdl.ts';
import { keepHeapSmall } from '../src/engine/small-heap.ts';
import { jsonItems } from '../src/sdk/http/json-items.ts';
import { readAnswer, rowsOf } from '../src/sdk/soap/answer.ts';
import { schemaOf } from '../src/sdk/soap/schema.ts';

/**
 * npx tsx bench/answers.ts [megabytes]: what large answers cost, CPU time of all threads, in turns with the least that could be done.
 *
 * - A streamed JSON answer of Pendo's shape, fetched over a socket, against a bare streaming parse: one loop over the bytes finds where
 *   elements end, and JSON.parse takes what a piece completes.
 * - A SOAP answer of Listrak's shape against the XML parser alone, which is told to resolve namespaces as we need it.
 */
const megabytes = Number(process.argv[2] ?? 100);
const ROUNDS = 5;

const pendoRow = (n: number): string =>
  JSON.stringify({
    accountId: `account-${n % 5_000}`,
    visitorId: `visitor-${n}@example.com`,
    pageId: `page${n % 300}`,
    server: 'app.example.com',
    remoteIp: '203.0.113.7',
    userAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36',
    parameters: { tab: 'overview', n },
    numEvents: n % 17,
    numMinutes: n % 60,
    hour: 1_772_000_000_000 + n * 3_600_000,
    name: n % 11 === 0 ? 'Zoë Ünal' : 'Zoe Smith',
    latitude: 52.5 + (n % 1_000) / 1e4,
  });

const row = (n: number): string =>
  `<WSContactClick><ContactID>${n}</ContactID><EmailAddress>person${n}@example.com</EmailAddress><LinkDescription>Shop &amp; save</LinkDescription>` +
  `<LinkUrl>https://example.com/shop?campaign=${n % 50}&amp;contact=${n}</LinkUrl><ClickDate>3/${1 + (n % 28)}/2026 10:11:12 AM</ClickDate></WSContactClick>`;

/** Sends `size` bytes and more of rows, from another process: making them must not count. */
async function serve(size: number): Promise<void> {
  const piece = Array.from({ length: 1_000 }, (_, n) => pendoRow(n)).join(',');
  const server = createServer((_, response) => {
    void (async () => {
      response.write('{"startTime":1,"results":[');
      for (let sent = 0; sent < size; sent += piece.length)
        if (!response.write(sent === 0 ? piece : `,${piece}`)) await once(response, 'drain');
      response.end(']}');
    })();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.send?.((server.address() as AddressInfo).port);
}

type Chunks = AsyncIterable<Buffer>;

async function ours(chunks: Chunks): Promise<number> {
  const items = jsonItems('results');
  let count = 0;
  for await (const chunk of chunks) count += (await items.push(chunk)).length;
  items.end();
  return count;
}

async function bare(chunks: Chunks): Promise<number> {
  let [count, depth, inString, escaped, begun] = [0, 0, false, false, false];
  let rest = '';
  for await (const chunk of chunks) {
    let [from, to] = [0, -1];
    for (let at = 0; at < chunk.length; at += 1) {
      const code = chunk[at];
      if (inString) {
        if (escaped) escaped = false;
        else if (code === 92) escaped = true;
        else if (code === 34) inString = false;
      } else if (code === 34) inString = true;
      else if (code === 123 || code === 91) {
        depth += 1;
        if (!begun && depth === 2 && code === 91) [begun, from] = [true, at + 1];
      } else if (code === 125 || code === 93) {
        depth -= 1;
        if (depth === 2) to = at + 1;
      }
    }
    if (to < 0) rest += begun ? chunk.toString('utf8', from) : '';
    else {
      const text = rest + chunk.toString('utf8', from, to);
      count += (JSON.parse(`[${text.startsWith(',') ? text.slice(1) : text}]`) as readonly unknown[]).length;
      rest = chunk.toString('utf8', to);
    }
  }
  return count;
}

async function xmlOurs(text: string): Promise<number> {
  const read = await readAnswer(schema, 'ReportRangeMessageContactClick', { status: 200, headers: {}, text, bytes: text.length });
  return rowsOf('result' in read ? read.result : null, 'ReportRangeMessageContactClickResult', 'WSContactClick').length;
}

async function xmlAlone(text: string): Promise<number> {
  const parser = sax.parser(true, { xmlns: true });
  let count = 0;
  parser.onopentag = ({ name }) => void (count += name === 'WSContactClick' ? 1 : 0);
  parser.ontext = () => undefined;
  for (let at = 0; at < text.length; at += 65_536) parser.write(text.slice(at, at + 65_536));
  parser.close();
  return Promise.resolve(count);
}

async function cost(work: () => Promise<number>): Promise<{ readonly rows: number; readonly micros: number }> {
  const before = process.cpuUsage();
  const rows = await work();
  const { user, system } = process.cpuUsage(before);
  return { rows, micros: (user + system) / rows };
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** In turns, `ROUNDS` times; the first round warms up. */
async function compare(what: string, least: () => Promise<number>, own: () => Promise<number>): Promise<void> {
  const [a, b]: [number[], number[]] = [[], []];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const [one, other] = [await cost(least), await cost(own)];
    if (one.rows !== other.rows) throw new Error(`${what}: ${one.rows} and ${other.rows} rows`);
    if (round === 0) continue;
    a.push(one.micros);
    b.push(other.micros);
  }
  console.log(
    `${what}: ${median(a).toFixed(2)} and ${median(b).toFixed(2)} µs/row, ${Math.round((median(a) / median(b)) * 100)} % of its speed`,
  );
}

const schema = schemaOf(listrakWsdl);

if (process.send !== undefined) await serve(megabytes * 1e6);
else {
  const { fork } = await import('node:child_process');
  keepHeapSmall();
  const child = fork(import.meta.filename, [String(megabytes)]);
  const [port] = (await once(child, 'message')) as [number];
  const answer = async (read: (chunks: Chunks) => Promise<number>): Promise<number> =>
    read((await fetch(`http://127.0.0.1:${port}`)).body?.values() as unknown as Chunks);
  let most = 0;
  const timer = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 50);
  await compare(
    `${megabytes} MB of JSON, bare streaming parse and ours`,
    () => answer(async (chunks) => bare(asBuffers(chunks))),
    () => answer(async (chunks) => ours(asBuffers(chunks))),
  );
  clearInterval(timer);
  console.log(`most resident memory ${Math.round(most / 2 ** 20)} MiB`);
  child.kill();
  const rows = Array.from({ length: 20_000 }, (_, n) => row(n)).join('\r\n');
  const text =
    '<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">' +
    `<soap:Body><ReportRangeMessageContactClickResponse xmlns="http://webservices.listrak.com/v31/"><ReportRangeMessageContactClickResult>${rows}` +
    '</ReportRangeMessageContactClickResult></ReportRangeMessageContactClickResponse></soap:Body></soap:Envelope>';
  await compare(
    '20,000 rows of SOAP, XML parser alone and ours',
    () => xmlAlone(text),
    () => xmlOurs(text),
  );
}

async function* asBuffers(chunks: AsyncIterable<Uint8Array>): Chunks {
  for await (const chunk of chunks) yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}
