import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonItems } from '../../src/sdk/http/json-items.ts';
import { parseJson } from '../../src/core/json/parse.ts';
import type { Json } from '../../src/core/types.ts';
import { client } from './harness.ts';
import { serve } from './server.ts';

const signal = (): AbortSignal => new AbortController().signal;

async function inPieces(text: string, size: number): Promise<{ items: Json[]; rest: Json }> {
  const cutter = jsonItems('results');
  const bytes = Buffer.from(text);
  const items: Json[] = [];
  for (let at = 0; at < bytes.length; at += size) items.push(...(await cutter.push(bytes.subarray(at, at + size))));
  return { items, rest: cutter.end() };
}

describe('a list cut out of a document', () => {
  it('gives the elements that parsing the whole gives, wherever the pieces end', async () => {
    const document = fc.record({ before: fc.jsonValue(), results: fc.array(fc.jsonValue(), { maxLength: 8 }), after: fc.jsonValue() });
    await fc.assert(
      fc.asyncProperty(document, fc.integer({ min: 1, max: 40 }), fc.constantFrom(undefined, 1), async (value, size, indent) => {
        const text = JSON.stringify(value, null, indent);
        const whole = parseJson(text) as { results: Json[] };
        expect(await inPieces(text, size)).toEqual({ items: whole.results, rest: { ...whole, results: null } });
      }),
      { numRuns: 300 },
    );
  });

  it('keeps wide integers and finds only the member at the top', async () => {
    const text = '{"a":{"results":[1]},"b":"results\\":[","results" : [ {"n":9007199254740993,"é":"}],"} , [] ],"results2":[3]}';
    expect(await inPieces(text, 3)).toEqual({
      items: [{ n: 9007199254740993n, é: '}],' }, []],
      rest: { a: { results: [1] }, b: 'results":[', results: null, results2: [3] },
    });
  });

  it('leaves what is no list in the rest', async () => {
    for (const results of [null, {}, 'x', 7])
      expect(await inPieces(JSON.stringify({ results }), 2)).toEqual({ items: [], rest: { results } });
    expect(await inPieces('{"results":[ ]}', 1)).toEqual({ items: [], rest: { results: null } });
  });

  it('takes nothing broken for good', async () => {
    const broken = [
      '',
      '{"results":[1',
      '{"results":[1,]}',
      '{"results":[,1]}',
      '{"results":[1 2]}',
      '{"results":[1}}',
      '{"results":[{]}]}',
      '{"results":[1]',
      '{"results":[1]}}',
      '{"results":[1]]',
      '{"results":["a]}',
      '{results:[1]}',
      '{"results":[tru]}',
      '{"a":[1,"results":[2]}',
    ];
    for (const text of broken) for (const size of [1, 4, 100]) await expect(inPieces(text, size), text).rejects.toThrow(SyntaxError);
  });
});

/** Rows without an end to speak of, written as fast as the socket takes them. */
function flood(response: ServerResponse, rows: number, count: (bytes: number) => void): void {
  const block = Array.from({ length: 1_000 }, (_, i) =>
    JSON.stringify({ visitorId: `visitor-${i}`, numEvents: i, text: 'lorem ipsum dolor sit amet '.repeat(3) }),
  ).join(',');
  response.writeHead(200, { 'content-type': 'application/json' });
  response.write('{"startTime":1,"results":[');
  let left = rows / 1_000;
  const more = (): void => {
    while (left > 0 && !response.destroyed) {
      left -= 1;
      count(block.length);
      if (!response.write(left === 0 ? block : `${block},`)) return void response.once('drain', more);
    }
    if (left === 0) response.end(']}');
    left = -1;
  };
  more();
}

describe('a streamed answer', () => {
  it('takes no more memory than its pieces, whatever its size', async () => {
    const megabytes = Number(process.env['TRIBUTARY_TEST_ANSWER_MB'] ?? 32);
    const rows = Math.ceil((megabytes * 1024 * 1024) / 132 / 1_000) * 1_000;
    let sent = 0;
    const server = await serve((_, response) =>
      flood(response, rows, (bytes) => {
        sent += bytes;
      }),
    );
    const { http } = client(server.url, { maxBytes: 4 * 1024 ** 3 });
    const used = (): number => {
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return heapUsed + arrayBuffers;
    };
    const before = used();
    let most = 0;
    let read = 0;
    let numEvents = 0;
    for await (const batch of http.stream('/x', { endpoint: 'x', list: 'results', body: () => ({}), signal: signal() })) {
      read += batch.length;
      for (const row of batch) numEvents += (row as { numEvents: number }).numEvents;
      most = Math.max(most, used() - before);
    }
    expect(read).toBe(rows);
    expect(numEvents).toBe((rows / 1_000) * 499_500);
    expect(sent).toBeGreaterThan(megabytes * 1024 * 1024 * 0.9);
    expect(most).toBeLessThan(48 * 1024 * 1024);
  }, 600_000);

  it('waits in the socket while nobody takes it, and the connection closes when the reader does', async () => {
    let sent = 0;
    let closed = false;
    const server = await serve((_, response) => {
      flood(response, 4_000_000, (bytes) => {
        sent += bytes;
      });
      response.once('close', () => {
        closed = true;
      });
    });
    const { http } = client(server.url, { maxBytes: 4 * 1024 ** 3 });
    const rows = http.stream('/x', { endpoint: 'x', list: 'results', body: () => ({}), signal: signal() });
    expect((await rows.next()).done).toBe(false);
    await delay(300);
    const stalled = sent;
    expect(stalled).toBeLessThan(24 * 1024 * 1024);
    await delay(200);
    expect(sent).toBe(stalled);
    await rows.return();
    for (const deadline = Date.now() + 5_000; !closed && Date.now() < deadline;) await delay(10);
    expect(closed).toBe(true);
  });

  it('is asked for again when it breaks, with the body as it is then', async () => {
    const bodies: string[] = [];
    const answers: ((response: ServerResponse) => void)[] = [
      (response) => void response.end('{"results":[{"id":1},{"id":2},'),
      (response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('{"results":[{"id":3},', () => response.destroy());
      },
      (response) => void response.writeHead(503).end('busy'),
      (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
      (response) => void response.end('{"results":[{"id":4}]}'),
    ];
    const server = await serve((request, response) => {
      let text = '';
      request
        .on('data', (chunk) => {
          text += String(chunk);
        })
        .on('end', () => {
          bodies.push(text);
          answers[bodies.length - 1]?.(response);
        });
    });
    const { http, heard } = client(server.url);
    const ids: Json[] = [];
    for await (const batch of http.stream('/x', {
      endpoint: 'x',
      list: 'results',
      body: () => ({ after: ids.at(-1) ?? 0 }),
      signal: signal(),
    }))
      ids.push(...batch.map((row) => (row as { id: number }).id));
    expect(ids).toEqual([1, 2, 3, 4]);
    expect(bodies).toEqual([0, 2, 3, 3, 3].map((after) => JSON.stringify({ after })));
    expect(heard.troubles.map(({ kind, code }) => `${kind} ${code}`)).toEqual([
      'transient vendor:invalid_json',
      'transient vendor:network',
      'transient vendor:503',
      'transient vendor:html',
    ]);
    expect(heard.recovered).toBe(1);
  });

  it('says what is wrong with an answer that is too long, holds no list, or is refused', async () => {
    const answers: Record<string, [number, string]> = {
      '/long': [200, ' '.repeat(5_000)],
      '/other': [200, '{"message":"nothing here"}'],
      '/refused': [400, '{"message":"bad pipeline"}'],
      '/null': [200, '{"results":null}'],
    };
    const server = await serve((request, response) => {
      const [status, body] = answers[request.url ?? ''] as [number, string];
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    });
    const { http } = client(server.url, { maxBytes: 4_000 });
    const read = async (path: string): Promise<unknown> => {
      try {
        const rows: Json[] = [];
        for await (const batch of http.stream(path, { endpoint: 'x', list: 'results', body: () => ({}), signal: signal() }))
          rows.push(...batch);
        return rows;
      } catch (error) {
        return error;
      }
    };
    expect(await read('/long')).toMatchObject({ kind: 'data', message: expect.stringMatching(/larger than the cap of 4000 bytes/) });
    expect(await read('/other')).toMatchObject({ kind: 'data', code: 'no_list' });
    expect(await read('/refused')).toMatchObject({ kind: 'data', code: 'vendor:400', message: expect.stringMatching(/bad pipeline/) });
    expect(await read('/null')).toEqual([]);
  });

  it('gives up when it takes too long, and stops when it is told to', async () => {
    const server = await serve((_, response) => {
      response.writeHead(200);
      response.write('{"results":[{"id":1},');
    });
    const { http } = client(server.url, { timeoutMs: 150 });
    const late = http.stream('/x', { endpoint: 'x', list: 'results', body: () => ({}), signal: signal(), maxTries: 1 });
    expect((await late.next()).value).toEqual([{ id: 1 }]);
    await expect(late.next()).rejects.toMatchObject({ kind: 'transient', code: 'vendor:timeout' });
    const stop = new AbortController();
    const stopped = http.stream('/x', { endpoint: 'x', list: 'results', body: () => ({}), signal: stop.signal });
    await stopped.next();
    stop.abort();
    await expect(stopped.next()).rejects.toMatchObject({ kind: 'stopped' });
  });
});
