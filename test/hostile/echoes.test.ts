import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { sources } from '../../producers/index.ts';
import { parseSettings } from '../../src/config/load.ts';
import { asTributaryError } from '../../src/core/errors.ts';
import { createRedactor, type Redactor } from '../../src/core/redact.ts';
import { failureNotice } from '../../src/core/run.ts';
import { cleanEvent, type EngineEvent } from '../../src/engine/events.ts';
import { createLog } from '../../src/observability/log.ts';
import { createHttpFactory } from '../../src/sdk/http/client.ts';
import { systemClock } from '../../src/core/clock.ts';
import { shownForms } from '../support/command.ts';
import { serve } from '../sdk/server.ts';

let made = 0;
const planted: string[] = [];
/** A secret with everything in it that some encoding writes in another way. */
const secret = (): string => {
  const text = `S3cr€t-${(made += 1)}/+&<"'${made}-Kq9vTz`;
  planted.push(text);
  return text;
};
const quoted = (text: string): string => JSON.stringify(text);

/** Every place of a settings file that holds a secret. */
const settings = (): string => `
kafka: { brokers: 'k.example.com:9092', sasl: { mechanism: plain, username: u, password: ${quoted(secret())} } }
registry: { url: 'https://r.example.com', username: u, password: ${quoted(secret())} }
landings:
  wh:
    kind: postgres
    url: jdbc:postgresql://db.example.com/x
    user: u
    password_ref: env:PG
    connect_url: https://c.example.com
    connect_username: u
    connect_password: ${quoted(secret())}
connections:
  klaviyo: { settings: { api_key: ${quoted(secret())} } }
  customer_io: { settings: { access_token: ${quoted(secret())} } }
  pendo: { settings: { integration_key: ${quoted(secret())} } }
  segment: { settings: { api_token: ${quoted(secret())} } }
  listrak: { settings: { username: u, password: ${quoted(secret())} } }
`;

function redactorOf(text: string): Redactor {
  const redactor = createRedactor();
  try {
    parseSettings(text, 'tributary.yaml', { sources, variables: {}, onSecret: redactor.add, readFile: () => '' });
  } catch {
    // A file with a fault has told its secrets by then, and the fault is shown.
  }
  return redactor;
}

/** The ways in which a vendor may say again what it was sent. */
const ECHOES: Readonly<Record<string, (text: string) => string>> = {
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
const text = settings();
const redactor = redactorOf(text);
const forms = planted.map((one) => [one, shownForms(one)] as const);
const shownIn = (output: string): string[] =>
  forms.flatMap(([one, all]) => (all.some((form) => form.length > 3 && output.includes(form)) ? [one] : []));

describe('a secret of the settings', () => {
  it('is known wherever it stands, and there are eight of them', () => {
    expect(planted).toHaveLength(8);
    expect(planted.filter((one) => redactor.redact(one).includes(one))).toEqual([]);
  });

  it('is known of a file that is refused as well', () => {
    const broken = redactorOf(text.replace('brokers:', 'brokerz:'));
    expect(planted.filter((one) => broken.redact(one).includes(one))).toEqual([]);
  });

  it.each(Object.keys(ECHOES))('is hidden when it comes back as %s, in rows put aside and state too', (name) => {
    for (const one of planted) {
      const echoed = (ECHOES[name] as (text: string) => string)(one);
      expect(shownIn(redactor.redact(`error: ${echoed}, sorry`))).toEqual([]);
      expect(shownIn(JSON.stringify(redactor.redactAll({ raw: echoed, [echoed]: [{ position: { cursor: echoed } }] })))).toEqual([]);
    }
  });

  it.each(Object.keys(ECHOES))('that a vendor says again as %s is in no error, event or log line', async (name) => {
    const echo = ECHOES[name] as (text: string) => string;
    const server = await serve((_request, response) => {
      response.writeHead(400, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ errors: [{ detail: planted.map(echo).join(' ') }] }));
    });
    const http = createHttpFactory({
      clock: systemClock,
      random: () => 0,
      redactor,
      observer: { onRequest() {}, onThrottled() {}, onWaited() {}, onRetry() {}, onRecovered() {} },
    })({ title: 'V', vendor: 'v', baseUrl: server.url, budget: { buckets: {}, concurrency: 1 }, secrets: [] });
    const error = await http.get('/x', { endpoint: 'x', signal: new AbortController().signal }).then(
      () => undefined,
      (thrown: unknown) => asTributaryError(thrown, 'x'),
    );
    expect(error?.kind).toBe('data');
    let log = '';
    const stream = new Writable({
      write(chunk, _encoding, done) {
        log += String(chunk);
        done();
      },
    });
    const event = {
      type: 'run-retrying',
      stage: 'extract',
      connection: 'c',
      source: 's',
      table: 't',
      failure: { ...failureNotice(error!), message: `V said: ${planted.map(echo).join(' ')}` },
    } as EngineEvent;
    for (const format of ['json', 'pretty'] as const)
      createLog({ format, level: 'info', stream, redactor, colours: false }).error(
        { detail: error?.detail, echoed: planted.map(echo) },
        `${error?.message}`,
      );
    for (const output of [`${error?.message} ${error?.remedy} ${error?.detail}`, JSON.stringify(cleanEvent(event, redactor)), log])
      expect(shownIn(output)).toEqual([]);
  });
});
