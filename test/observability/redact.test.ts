import { Writable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createLog } from '../../src/observability/log.ts';
import { cutText } from '../../src/core/cut.ts';
import { createRedactor, shortestSecret } from '../../src/core/redact.ts';
import { encodings as formsOf } from '../../src/core/secret-forms.ts';

const secrets = fc.string({ minLength: shortestSecret, maxLength: 40, unit: 'binary' });

/** Ways a secret gets into a text. */
const encodings: Record<string, (secret: string, around: string) => { text: string; secret: string }> = {
  plain: (secret) => ({ text: secret, secret }),
  json: (secret) => ({ text: JSON.stringify({ a: secret }), secret: JSON.stringify(secret).slice(1, -1) }),
  'json in json': (secret) => ({
    text: JSON.stringify({ a: JSON.stringify({ b: secret }) }),
    secret: JSON.stringify(JSON.stringify(secret).slice(1, -1)).slice(1, -1),
  }),
  url: (secret) => ({ text: `https://x.example/?k=${encodeURIComponent(secret)}&b=1`, secret: encodeURIComponent(secret) }),
  form: (secret) => ({
    text: new URLSearchParams({ k: secret }).toString(),
    secret: new URLSearchParams({ '': secret }).toString().slice(1),
  }),
  base64: (secret) => ({ text: Buffer.from(secret).toString('base64'), secret: Buffer.from(secret).toString('base64') }),
  'base64 of user and password': (secret, user) => {
    const text = Buffer.from(`${user}:${secret}`).toString('base64');
    return { text, secret: text };
  },
  base64url: (secret) => ({ text: Buffer.from(secret).toString('base64url'), secret: Buffer.from(secret).toString('base64url') }),
};

describe('redaction', () => {
  test('no beginning of a secret survives where a text was cut', () => {
    const secret = 'pk_9f3e/+&<"\'=%Kq9vTzAbCdEf';
    const redactor = createRedactor();
    redactor.add(secret);
    const beginnings = [...new Set([...formsOf(secret)].map((form) => form.slice(0, 6)))];
    for (const encode of Object.values(encodings)) {
      const { text } = encode(secret, 'u');
      const cuts = Array.from({ length: text.length }, (_, most) => redactor.redact(`${cutText(text, most)} was refused`));
      expect(cuts.filter((clean) => beginnings.some((form) => clean.includes(form)))).toEqual([]);
    }
  });

  test.each(Object.keys(encodings))('no registered secret survives as %s', (name) => {
    fc.assert(
      fc.property(fc.array(secrets, { minLength: 1, maxLength: 4 }), fc.string({ maxLength: 9 }), fc.nat(3), (all, around, which) => {
        const secret = all[which % all.length]!;
        const redactor = createRedactor();
        for (const one of all) redactor.add(one);
        const encoded = encodings[name]!(secret, around);
        const clean = redactor.redact(`${around}${encoded.text}${around}`);
        expect(clean).not.toContain(encoded.secret);
        for (const one of all) expect(clean).not.toContain(one);
      }),
    );
  });

  test('the other text stays', () => {
    const redactor = createRedactor();
    redactor.add('sk_live_12345');
    expect(redactor.redact('GET /profiles with sk_live_12345: 401')).toBe('GET /profiles with ***: 401');
  });

  test.each([
    ['Authorization: Klaviyo-API-Key pk_unknown_1', 'pk_unknown'],
    ['{"authorization":"Bearer abc.def.ghi","x":1}', 'abc.def'],
    ['{\\"x-pendo-integration-key\\":\\"abc-123-def\\"}', 'abc-123'],
    ['x-api-key=abcdef123&a=1', 'abcdef123'],
    ['Cookie: sid=12345; theme=dark', '12345'],
    ['postgres://user:pa55word@127.0.0.1:5432/db', 'pa55word'],
    ['password: "open sesame"', 'sesame'],
  ])('credentials nobody registered are hidden too: %s', (text, secret) => {
    expect(createRedactor().redact(text)).not.toContain(secret);
  });

  test('lines of a key file are hidden one by one', () => {
    const redactor = createRedactor();
    redactor.add('-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcwggSjAgEAAoIB\n-----END PRIVATE KEY-----\n');
    expect(redactor.redact('bad line AQEFAASCBKcwggSjAgEAAoIB here')).toBe('bad line *** here');
  });

  test('a log line is redacted in message, fields, errors and nested values, and stays JSON', () => {
    for (const format of ['json', 'pretty'] as const) {
      const lines: string[] = [];
      const stream = new Writable({
        write(chunk, _, done) {
          lines.push(String(chunk));
          done();
        },
      });
      const redactor = createRedactor();
      redactor.add('173228');
      redactor.add('to"psecret');
      const log = createLog({ format, level: 'info', stream, redactor, colours: false });
      log.info(
        { deep: { list: ['to"psecret'] }, headers: { authorization: 'unknown-value' }, err: new Error('failed with to"psecret') },
        'said to"psecret',
      );
      log.debug('not shown');
      expect(lines).toHaveLength(1);
      expect(lines[0]).not.toContain('psecret');
      expect(lines[0]).not.toContain('unknown-value');
      if (format === 'json') expect(JSON.parse(lines[0]!)).toMatchObject({ msg: 'said ***' });
    }
  });
});
