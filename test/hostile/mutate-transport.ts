import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib';
import type { Dice } from './mutation.ts';
import { touchedBetween } from './mutate-json.ts';
import { rowAround } from './mutate-xml.ts';

/** An answer as it goes over the wire. */
export interface Wire {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
  /** Bytes after which the connection is cut. */
  cutAfter?: number;
  /** The length it says, where that is another one. */
  told?: number;
  /** Nothing is answered at all. */
  silent?: boolean;
}

const HTML = '<!doctype html><html><head><title>Sign in</title></head><body>Please sign in.</body></html>';
const STATUSES = [
  201, 202, 203, 204, 205, 206, 226, 300, 301, 302, 303, 304, 307, 308, 400, 401, 402, 403, 404, 405, 406, 408, 409, 410, 411, 412, 413,
  414, 415, 418, 421, 422, 423, 425, 426, 428, 429, 431, 451, 500, 501, 502, 503, 504, 507, 511, 520, 522, 524, 525, 530, 599, 600, 799,
  999,
];
const PAUSES = ['31536000', '9'.repeat(25), '-5', 'soon', '1e9', '0', 'Fri, 31 Dec 9999 23:59:59 GMT', 'NaN', ' ', '1.5'];
/** Made once: 24 MiB that are 24 KB on the wire. */
const bombs = [`{"data":"${'x'.repeat(24 << 20)}"}`, '['.repeat(24 << 20)].map((text) => gzipSync(text));

type Change = (wire: Wire, dice: Dice) => string;

/** Bytes that are no text, with which nobody can tell what stood there. */
const NO_TEXT = Buffer.from([0xff, 0xc0, 0x80]);

/** Changes an answer below its content. Says what it did. `trap`: an address no request may reach. */
export function mutateTransport(wire: Wire, dice: Dice, echo: string, trap: string): string {
  const changes: readonly Change[] = [
    () => {
      wire.status = dice.of(STATUSES);
      wire.headers['location'] = `${trap}/moved`;
      if (dice.below(2) === 0) wire.body = Buffer.from(JSON.stringify({ errors: [{ detail: echo, status: '500' }] }));
      if (wire.status === 429 || wire.status === 503) wire.headers['retry-after'] = dice.of(PAUSES);
      return `status ${wire.status}`;
    },
    () => {
      wire.headers['content-type'] = 'text/html';
      wire.body = Buffer.from(HTML);
      return 'a web page with 200';
    },
    () => {
      wire.body = Buffer.alloc(0);
      return 'an empty body';
    },
    () => {
      wire.body = wire.body.subarray(0, dice.below(wire.body.length));
      return 'a text cut short';
    },
    () => {
      wire.cutAfter = dice.below(wire.body.length);
      return 'a cut connection';
    },
    () => {
      wire.cutAfter = -1;
      return 'a connection reset before the answer';
    },
    () => {
      wire.silent = true;
      return 'no answer at all';
    },
    () => {
      wire.body = dice.of(bombs);
      wire.headers['content-encoding'] = 'gzip';
      return 'a compression bomb';
    },
    () => {
      wire.headers['content-encoding'] = dice.of(['gzip', 'br', 'deflate', 'zstd', 'compress', 'x-unknown', 'gzip, gzip']);
      return `encoding ${wire.headers['content-encoding']} told, not done`;
    },
    () => {
      const [name, pack] = dice.of([
        ['gzip', gzipSync],
        ['deflate', deflateSync],
        // At its usual quality it takes most of a second for a large answer, and would hold the very loop that is watched.
        ['br', (body: Buffer) => brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 2 } })],
      ] as const);
      const packed = pack(wire.body);
      wire.headers['content-encoding'] = name;
      wire.body = packed.subarray(0, Math.ceil(packed.length * (dice.below(4) / 3)));
      return `${name}, ${wire.body.length} of ${packed.length} bytes`;
    },
    () => {
      wire.headers['content-type'] = dice.of(['text/plain', 'image/png', 'application/json; charset=utf-16', '', 'a/b; charset=../..']);
      return `content type ${wire.headers['content-type']}`;
    },
    () => {
      wire.body = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), wire.body]);
      return 'a byte order mark';
    },
    () => {
      wire.body = Buffer.from(wire.body.toString(), 'utf16le');
      return 'UTF-16';
    },
    () => {
      const at = dice.below(wire.body.length);
      wire.body = Buffer.concat([wire.body.subarray(0, at), NO_TEXT, wire.body.subarray(at)]);
      return 'bytes that are no text';
    },
    () => {
      wire.body = Buffer.concat([wire.body, Buffer.from(dice.of(['x', '}', '{"a":1}', '\n\n', 'NaN', '<a/>']))]);
      return 'text after the end';
    },
    () => {
      wire.body = Buffer.from(
        dice.of([
          'NaN',
          'Infinity',
          'undefined',
          '1e1111e111',
          "{'a':1}",
          '[1,]',
          '{"a":1,}',
          ' '.repeat(40_000),
          '"' + 'a'.repeat(50_000),
        ]),
      );
      return `no JSON: ${wire.body.subarray(0, 12).toString()}`;
    },
    () => {
      for (const name of [
        'retry-after',
        'x-ratelimit-remaining',
        'ratelimit-remaining',
        'x-ratelimit-reset',
        'ratelimit-reset',
        'ratelimit-limit',
        'revision',
        'date',
      ])
        wire.headers[name] = dice.of([...PAUSES, '0', '0;w=1', echo.replaceAll(/[^ -~]/g, '')]);
      return 'quota headers of all kinds';
    },
  ];
  return dice.of(changes)(wire, dice);
}

/** What a row is known by when bytes within its texts were spoilt: those of the row alone. */
export function spoilt(before: Buffer, after: Buffer): Set<string> {
  const text = before.toString();
  const at = after.indexOf(NO_TEXT);
  if (at < 0) return new Set();
  return text.startsWith('<')
    ? rowAround(text, before.subarray(0, at).toString().length)
    : (touchedBetween(text, after.toString()) ?? new Set());
}
