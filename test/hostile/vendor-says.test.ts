import { Writable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pauseUntil, retryAfter } from '../../src/sdk/http/retry.ts';
import { createRedactor } from '../../src/core/redact.ts';
import { TributaryError } from '../../src/core/errors.ts';
import type { Json, Row } from '../../src/core/types.ts';
import { parseJson } from '../../src/core/json/parse.ts';
import { createLog } from '../../src/observability/log.ts';
import { clockTime, createPaint, terminalText, textTable } from '../../src/observability/text.ts';
import { compileTable } from '../../src/record/codec.ts';
import { compileRow } from '../../src/record/row.ts';
import { findingText } from '../../src/cli/findings.ts';
import { landingErrorsText } from '../../src/cli/landing-text.ts';
import type { LandingError } from '../../src/landing/errors-log.ts';
import { rawText } from '../../src/record/raw-text.ts';
import { table } from '../../src/sdk/define.ts';
import { json, text } from '../../src/sdk/fields.ts';
import type { TableDefinition } from '../../src/core/table.ts';
import { client } from '../sdk/harness.ts';
import { serve } from '../sdk/server.ts';

const signal = (): AbortSignal => new AbortController().signal;
const nested = (depth: number): Json => {
  let value: Json = 'x';
  for (let i = 0; i < depth; i += 1) value = [value];
  return value;
};

describe('a row that cannot be published', () => {
  const things = table({
    name: 'things',
    docs: 'Vendor: things',
    documentedKey: ['id'],
    key: ['id'],
    method: 'full_table',
    deletes: 'scan',
    fields: { id: text('Id'), props: json('Props') },
    async *read() {},
  }) as TableDefinition;
  const step = compileRow(things, compileTable('vendor', things), { maxBytes: 1_000_000 });

  it.each([600, 20_000])('keeps its key when a value is nested %i deep, so that nothing is taken for vanished', (depth) => {
    const result = step({ id: 'a', props: nested(depth) });
    expect(result).toMatchObject({ deadLetter: expect.any(String), detail: expect.stringMatching(/\w/) });
    expect(result.keyHash).toEqual((step({ id: 'a', props: 1 }) as { keyHash: Buffer }).keyHash);
  });

  it.each([null, 'text', 7, true, [], ['a']].map((row) => [JSON.stringify(row), row as unknown as Row] as const))(
    'is put aside when the vendor sends %s for it',
    (_name, row) => expect(step(row)).toMatchObject({ deadLetter: expect.any(String) }),
  );

  it('is written down whatever it is: what is too deep is cut', () => {
    const { raw } = rawText({ id: 'a', props: nested(50_000) }, (value) => value);
    expect(raw).toContain('…');
    expect(raw.length).toBeLessThan(2_000);
    expect(parseJson(raw)).toMatchObject({ id: 'a' });
  });

  it('is written down in a message that fits, however much it holds', () => {
    const { raw, rawBytes } = rawText({ id: 'a', props: 'x'.repeat(30 << 20) }, (value) => value);
    expect(raw.length).toBeLessThan(1_100_000);
    expect(rawBytes).toBeGreaterThanOrEqual(30 << 20);
  });
});

describe('an answer that is small on the wire only', () => {
  const text = `{"results":["${'x'.repeat(48 << 20)}"]}`;
  const packed = gzipSync(text);
  const many = gzipSync(`[${'{},'.repeat((8 << 20) / 3)}{}]`);

  async function refusal(body: Buffer, ask: (http: ReturnType<typeof client>['http']) => Promise<unknown>): Promise<TributaryError> {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
      response.end(body);
    });
    const error: unknown = await ask(client(server.url).http).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(TributaryError);
    return error as TributaryError;
  }

  it('is refused once it has passed the cap', async () => {
    expect(packed.length).toBeLessThan(100_000);
    expect(await refusal(packed, (http) => http.get('/x', { endpoint: 'x', signal: signal() }))).toMatchObject({ kind: 'data' });
  });

  it('is refused when it would take much memory once parsed', async () => {
    expect(await refusal(many, (http) => http.get('/x', { endpoint: 'x', signal: signal() }))).toMatchObject({ kind: 'data' });
  });

  it('is refused when it is one element of a list that is read as it comes', async () => {
    const before = process.memoryUsage.rss();
    const error = await refusal(packed, async (http) => {
      for await (const _ of http.stream('/x', { endpoint: 'x', signal: signal(), list: 'results', body: () => '{}' }));
    });
    expect(error).toMatchObject({ kind: 'data' });
    expect(process.memoryUsage.rss() - before).toBeLessThan(256 << 20);
  });
});

describe('a pause the vendor asks for', () => {
  const NOW = Date.UTC(2026, 10, 28);
  const HOUR = 3_600_000;

  it.each([
    '31536000',
    '9'.repeat(25),
    '-5',
    '0',
    '1e9',
    'NaN',
    'soon',
    '',
    '1.2.3',
    '+-5',
    'Fri, 31 Dec 9999 23:59:59 GMT',
    '1'.repeat(400),
  ])('of %s is kept within an hour, or is none', (header) => {
    const until = retryAfter({ 'retry-after': header }, NOW);
    if (until === undefined) return;
    expect(until).toBeGreaterThanOrEqual(NOW + 1_000);
    expect(until).toBeLessThanOrEqual(NOW + HOUR);
    expect(clockTime(until, NOW)).not.toContain('NaN');
  });

  it('is within an hour whatever it says', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.double().map(String), fc.bigInt().map(String), fc.date().map(String)), (header) => {
        const until = retryAfter({ 'retry-after': header }, NOW);
        expect(until === undefined || (until >= NOW + 1_000 && until <= NOW + HOUR)).toBe(true);
      }),
    );
    for (const at of [Infinity, -Infinity, Number.MAX_VALUE]) expect(pauseUntil(at, NOW)).toBeLessThanOrEqual(NOW + HOUR);
    expect(pauseUntil(Number.NaN, NOW)).toBeUndefined();
  });

  it("until a date is counted by the vendor's clock, whatever ours says", () => {
    const told = (ahead: number): number | undefined =>
      retryAfter({ 'retry-after': new Date(NOW + ahead + 30_000).toUTCString(), date: new Date(NOW + ahead).toUTCString() }, NOW);
    for (const ahead of [-5 * HOUR, 0, 5 * HOUR]) expect(told(ahead)).toBe(NOW + 30_000);
    for (const sent of ['', 'soon', 'x'.repeat(1_000), undefined])
      expect(retryAfter({ 'retry-after': new Date(NOW + 30_000).toUTCString(), date: sent }, NOW)).toBe(NOW + 30_000);
    expect(retryAfter({ 'retry-after': '30', date: new Date(NOW + HOUR).toUTCString() }, NOW)).toBe(NOW + 30_000);
  });

  it('that is really long is kept, as long as it may be', () => {
    expect(retryAfter({ 'retry-after': '31536000' }, NOW)).toBe(NOW + HOUR);
    expect(retryAfter({ 'retry-after': '60' }, NOW)).toBe(NOW + 60_000);
  });
});

describe('what a vendor writes, shown to people', () => {
  const OSC = '\u001b]0;owned\u0007';
  const vendor = `a${OSC}\u001b[2J\u009b31m\u202etxt.exe\u2028b\r\n2026-11-28 error forged\u0000`;
  // oxlint-disable-next-line no-control-regex
  const acts = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff]/u;

  it.each(['pretty', 'json'] as const)('makes one line of the %s log, without any character that acts', (format) => {
    let out = '';
    const stream = new Writable({
      write(chunk, _encoding, done) {
        out += String(chunk);
        done();
      },
    });
    const log = createLog({ format, level: 'info', stream, redactor: createRedactor(), colours: false });
    log.error({ code: vendor, table: vendor }, vendor);
    expect(out.trimEnd().split('\n')).toHaveLength(1);
    expect(out).not.toMatch(acts);
    expect(out).toContain('forged');
  });

  it('is in no colour but ours', () => {
    const coloured = `\u001b[31mred\u001b[0m \u001b[31;1m ${createPaint(true).good('fine')}`;
    expect(terminalText(coloured, true)).toBe('\\u001b[31mred\\u001b[0m \\u001b[31;1m \u001b[32mfine\u001b[0m');
    expect(terminalText(coloured, false)).not.toContain('\u001b');
  });

  it('is one line of what a command says about a connection or a warehouse', () => {
    const said = [
      findingText({ what: 'klaviyo', ok: true, text: `Klaviyo answers as ${vendor}` }, createPaint(false)),
      landingErrorsText([{ at: 0, code: 'x', summary: 'It failed.', message: vendor } as LandingError], '24 hours'),
    ];
    for (const text of said)
      expect(
        text.split('\n').filter((line) => /^\s*2026-11-28 error/.test(line)),
        text,
      ).toEqual([]);
    expect(said.join('')).toContain('forged');
  });

  it('stays in its cell of a table', () => {
    const shown = terminalText(textTable(['a', 'b'], [[vendor, 'x']]), false);
    expect(
      shown
        .trimEnd()
        .split('\n')
        .filter((line) => line.includes('forged')),
    ).toHaveLength(1);
    expect(shown).not.toMatch(acts);
  });
});
