import { createWriteStream, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { Busboy } from '@fastify/busboy';
import { TributaryError } from '../../core/errors.ts';

/** Largest file (bytes) accepted from a browser. Larger ones are imported by the command line, which can continue and needs no copy. */
export const mostBytes = 1024 ** 3;

/** A form with a file: its fields, and the file's name. */
export interface Received {
  readonly fields: Readonly<Record<string, string>>;
  /** The file's name as sent, without folders. */
  readonly name: string;
}

const tooLong = (): TributaryError =>
  new TributaryError('The file is longer than 1 GiB.', {
    kind: 'config',
    code: 'import:too_long',
    remedy: 'Import it on the command line: tributary import profiles <file>.',
  });

/**
 * Takes a request's body as a file into `path`, readable by its owner only, without holding it in memory.
 * @throws TributaryError `config` when it is too long or was cut; nothing is left at `path` then.
 */
export async function receiveBody(body: ReadableStream<Uint8Array>, path: string): Promise<void> {
  let taken = 0;
  const limited = new Transform({
    transform(chunk: Uint8Array, _, done) {
      taken += chunk.length;
      done(taken > mostBytes ? tooLong() : null, chunk);
    },
  });
  try {
    await pipeline(Readable.fromWeb(body), limited, createWriteStream(path, { mode: 0o600 }));
  } catch (cause) {
    rmSync(path, { force: true });
    throw cause instanceof TributaryError
      ? cause
      : new TributaryError('The file did not arrive whole.', { kind: 'config', remedy: 'Send it again.', cause });
  }
}

/**
 * Writes a form's file to `path`, readable by its owner only, without holding it in memory. The fields must come before the
 * file; `admit` checks them before any of the file is stored.
 * @throws TributaryError `config` when the form has no file or too large a one, or when `admit` refuses; then nothing is left at `path`.
 */
export async function receive(
  headers: { readonly 'content-type': string },
  body: ReadableStream<Uint8Array>,
  path: string,
  admit: (fields: Readonly<Record<string, string>>) => void,
): Promise<Received> {
  const fields: Record<string, string> = {};
  let kept: Promise<string> | undefined;
  const stop = new AbortController();
  const form = new Busboy({ headers, limits: { files: 1, fields: 30, fieldSize: 64 * 1024, fileSize: mostBytes } });
  // Browsers end the lines of a form by two characters.
  form.on('field', (name, value) => void (fields[name] = value.replaceAll('\r\n', '\n')));
  form.on('file', (_field, file, name) => {
    try {
      admit(fields);
    } catch (error) {
      kept = Promise.reject(error as Error);
      kept.catch(() => stop.abort());
      file.resume();
      return;
    }
    kept = pipeline(file, createWriteStream(path, { mode: 0o600 })).then(() => {
      if (!file.truncated) return basename(name);
      throw tooLong();
    });
    kept.catch(() => stop.abort());
  });
  try {
    try {
      await pipeline(Readable.fromWeb(body), form, { signal: stop.signal });
    } catch (cause) {
      // The error that stopped it is thrown instead.
      await kept;
      throw new TributaryError('The form did not arrive whole.', { kind: 'config', remedy: 'Send it again.', cause });
    }
    const name = await kept;
    if (name === undefined || name === '') {
      if (kept === undefined) admit(fields);
      throw new TributaryError('Choose a file.', { kind: 'config' });
    }
    return { fields, name };
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  }
}
