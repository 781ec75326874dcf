import { open } from 'node:fs/promises';
import type { SFTPWrapper } from 'ssh2';
import type { Clock } from '../core/clock.ts';
import { sleepUntil } from '../core/clock.ts';
import { cutText } from '../core/cut.ts';
import { asTributaryError, TributaryError } from '../core/errors.ts';
import type { ImportKind } from './columns.ts';
import { connectSftp, type SftpAccess, type SftpConnection } from './connect.ts';
import type { Part } from './parts.ts';
import { stopIf } from './stop.ts';

export interface UploadEvents {
  onPinned?(fingerprint: string): void;
  /** Bytes of this part that the server has confirmed. */
  onBytes?(part: Part, bytes: number): void;
  /** The connection broke; the upload continues after this time, ms. */
  onRetry?(error: TributaryError, waitMs: number): void;
  /** The server has accepted the part. */
  onSent(part: Part): void;
}

export interface UploadRequest extends UploadEvents {
  readonly access: SftpAccess;
  readonly kind: ImportKind;
  /** Parts still to be sent, in order; one file is open at a time. */
  readonly parts: readonly Part[];
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const CHUNK = 256 * 1024;
/** Consecutive attempts without a single byte of progress. */
const TRIES = 6;
const LONGEST_WAIT_MS = 30_000;

/**
 * Uploads parts one after another. A part continues at the byte the server has; where the server keeps no partial file or
 * cannot append to one, it starts over. Nothing is imported twice, because profiles are updated and events have an id.
 * @throws TributaryError the error that ended the upload; parts passed to `onSent` need not be sent again.
 */
export async function uploadParts(request: UploadRequest): Promise<void> {
  const { parts, clock, signal } = request;
  let connection: SftpConnection | undefined;
  let [next, tries, furthest] = [0, 0, -1];
  try {
    while (next < parts.length) {
      const part = parts[next] as Part;
      try {
        stopIf(signal);
        if (connection === undefined) {
          connection = await connectSftp(request.access, signal);
          if (connection.pinned !== undefined) request.onPinned?.(connection.pinned);
        }
        await withConnection(connection, () =>
          sendPart(request, (connection as SftpConnection).sftp, part, (bytes) => {
            if (bytes > furthest) [furthest, tries] = [bytes, 0];
            request.onBytes?.(part, bytes);
          }),
        );
        request.onSent(part);
        [next, tries, furthest] = [next + 1, 0, -1];
      } catch (thrown) {
        connection?.close();
        connection = undefined;
        stopIf(signal);
        const error = asTributaryError(thrown, 'The upload');
        tries += 1;
        if (error.kind !== 'transient' || tries >= TRIES) throw error;
        const wait = Math.min(LONGEST_WAIT_MS, 500 * 2 ** (tries - 1));
        request.onRetry?.(error, wait);
        await sleepUntil(clock, clock.now() + wait, signal);
      }
    }
  } finally {
    connection?.close();
  }
}

/** Fails the work when the connection closes, because pending requests would never be answered. */
async function withConnection<T>({ gone }: SftpConnection, work: () => Promise<T>): Promise<T> {
  return Promise.race([
    work(),
    gone.then((): never => {
      throw new TributaryError('The connection to the SFTP server was cut.', {
        kind: 'transient',
        code: 'import:cut',
        remedy: 'It continues where it stopped.',
      });
    }),
  ]);
}

async function sendPart({ kind, signal }: UploadRequest, sftp: SFTPWrapper, part: Part, onBytes: (bytes: number) => void): Promise<void> {
  const path = `/${kind}/${part.name}`;
  const there = await sizeOf(sftp, path);
  let from = there !== undefined && there <= part.bytes ? there : 0;
  let handle: Buffer | undefined;
  if (from > 0) {
    // A server that cannot append to a file gets it from the start.
    handle = await call<Buffer>((done) => sftp.open(path, 'r+', done)).catch(() => undefined);
    if (handle === undefined) from = 0;
  }
  handle ??= await call<Buffer>((done) => sftp.open(path, 'w', done), part, path);
  onBytes(from);
  const file = await open(part.path);
  try {
    const buffer = Buffer.alloc(CHUNK);
    for (let at = from; at < part.bytes;) {
      stopIf(signal);
      const { bytesRead } = await file.read(buffer, 0, CHUNK, at);
      if (bytesRead === 0) throw changed(part);
      const piece = buffer.subarray(0, bytesRead);
      const opened = handle;
      const offset = at;
      await call<void>((done) => sftp.write(opened, piece, 0, piece.length, offset, done), part, path);
      at += bytesRead;
      onBytes(at);
    }
  } finally {
    await file.close();
  }
  const opened = handle;
  const { size } = await call<{ size: number }>((done) => sftp.fstat(opened, done), part, path);
  if (size !== part.bytes) {
    throw new TributaryError(`The server has ${size} bytes of ${part.name}, which has ${part.bytes}.`, {
      kind: 'transient',
      code: 'import:size',
      remedy: 'It is sent again.',
    });
  }
  await call<void>((done) => sftp.close(opened, done), part, path);
}

async function sizeOf(sftp: SFTPWrapper, path: string): Promise<number | undefined> {
  return call<{ size: number }>((done) => sftp.stat(path, done)).then(
    ({ size }) => size,
    () => undefined,
  );
}

/** One request; its refusal becomes an error for people. */
function call<T>(ask: (done: (error?: Error | null, value?: T) => void) => void, part?: Part, path = ''): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    ask((error, value) =>
      error ? reject(part === undefined ? error : refusal(error as Error & { code?: number | string }, part, path)) : resolve(value as T),
    );
  });
}

/** Characters kept of what the server says. */
const LONGEST_REASON = 300;
const { NO_SUCH_FILE, PERMISSION_DENIED, FAILURE } = { NO_SUCH_FILE: 2, PERMISSION_DENIED: 3, FAILURE: 4 };

function refusal(error: Error & { code?: number | string }, part: Part, path: string): TributaryError {
  const told = cutText(error.message, LONGEST_REASON).replace(/\.$/, '');
  const config = (what: string, code: string, remedy: string): TributaryError =>
    new TributaryError(what, { kind: 'config', code, remedy, cause: error });
  if (/no space|quota|disk full/i.test(told))
    return config(
      `The server has no space for ${part.name} (${told}).`,
      'import:server_full',
      'Nothing is lost. Tell the vendor, or wait until it has processed the files there.',
    );
  if (error.code === NO_SUCH_FILE || error.code === PERMISSION_DENIED)
    return config(
      `The server refuses ${path} (${told}).`,
      'import:folder_refused',
      'Ask the vendor whether this user may write to that folder, and whether imports of that kind are switched on.',
    );
  if (error.code === FAILURE)
    return new TributaryError(`The server could not store ${part.name} (${told}).`, {
      kind: 'transient',
      code: 'import:server',
      remedy: 'It is tried again.',
      cause: error,
    });
  return new TributaryError(`Sending ${part.name} failed (${told}).`, {
    kind: 'transient',
    code: 'import:cut',
    remedy: 'It continues where it stopped.',
    cause: error,
  });
}

const changed = (part: Part): TributaryError =>
  new TributaryError(`${part.path} became shorter while it was sent.`, {
    kind: 'config',
    code: 'import:part',
    remedy: 'Import the file again.',
  });
