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
import { shapeOf, type JsonSchema } from '../../src/config/json-schema.ts';
import { settingsSchema } from '../../src/config/schema.ts';
import { shownForms } from '../support/command.ts';
import { serve } from '../sdk/server.ts';
import { ECHOES } from './echo.ts';

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

const text = settings();
const redactor = redactorOf(text);
const forms = planted.map((one) => [one, shownForms(one)] as const);
const shownIn = (output: string): string[] =>
  forms.flatMap(([one, all]) => (all.some((form) => form.length > 3 && output.includes(form)) ? [one] : []));

/** Where the settings have secrets, or references in whose place somebody may type one; `wh` and `x` stand for names of the user's. */
function* secretPaths(shape: JsonSchema, path: readonly string[] = []): Generator<readonly string[], void, void> {
  if (shape.secret === true || shape.reference === true) yield path;
  for (const branch of [...(shape.anyOf ?? []), ...(shape.oneOf ?? []), ...(shape.allOf ?? [])]) yield* secretPaths(branch, path);
  for (const [name, inner] of Object.entries(shape.properties ?? {})) yield* secretPaths(inner, [...path, name]);
  if (typeof shape.additionalProperties === 'object') yield* secretPaths(shape.additionalProperties, [...path, 'wh']);
}
const places = [
  ...secretPaths(shapeOf(settingsSchema)),
  ...sources.flatMap((source) => [...secretPaths(shapeOf(source.settings), ['connections', source.name, 'settings'])]),
].map((path) => path.join('.'));

describe('a setting that is a secret', () => {
  it('is one wherever anybody would expect it', () => {
    for (const one of ['kafka.sasl.password', 'kafka.tls.key', 'registry.password', 'registry.token', 'registry.tls.key', 'web.token'])
      expect(places).toContain(one);
    for (const one of ['connect_password', 'connect_tls.key', 'password_ref', 'registry_credentials_ref', 'private_key_ref'])
      expect(places).toContain(`landings.wh.${one}`);
    for (const one of ['klaviyo.settings.api_key', 'klaviyo.settings.sftp.passphrase', 'listrak.settings.password'])
      expect(places).toContain(`connections.${one}`);
  });

  it.each([...new Set(places)])('is known at %s, in a file that is refused for everything else too', (place) => {
    const one = `typed/+&<"'=%${place}`;
    const file = place.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), one);
    expect(redactorOf(JSON.stringify(file)).redact(`it is ${one}, and ${Buffer.from(`x${one}`).toString('base64')}`)).not.toMatch(
      /typed|dHlwZWQ|R5cGVk|0eXBlZ/,
    );
  });
});

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
