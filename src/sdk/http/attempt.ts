import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Readable } from 'node:stream';
import axios from 'axios';
import type { Clock } from '../../core/clock.ts';
import { childController, onAbort } from '../../core/clock.ts';
import { decodeText } from './decode-text.ts';
import { gather } from './gathered.ts';
import { LARGEST_PARSED, MUCH_ONCE_PARSED, parsedSizes } from './parsed-size.ts';

/** The answer to one attempt, before it is judged. */
export interface RawAnswer {
  readonly status: number;
  /** Lower-case names; repeated headers joined with a comma. */
  readonly headers: Readonly<Record<string, string>>;
  /** Empty where there is `content`. */
  readonly text: string;
  /** The body as it came, of an answer of success that was asked for as bytes. */
  readonly content?: Buffer;
  /** Size after decompression. */
  readonly bytes: number;
}

export interface Attempt {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly data?: string;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  /** Default: text. */
  readonly expect?: 'text' | 'bytes';
}

/** The answer is larger than its limit, or than the limit named in the message. */
export class TooLarge extends Error {}
/** The answer did not end in time. */
export class TimedOut extends Error {}

/** An answer whose body has not been read. */
export interface Opened {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly stream: Readable;
  /** Aborts with the attempt's signal and its deadline. */
  readonly signal: AbortSignal;
  /** Must be called once the body has been read or is no longer wanted. */
  close(): void;
}

/** Sends one request. No redirects, no retries. */
export type Opener = (attempt: Attempt) => Promise<Opened>;

/** Sends one request and reads its whole answer. No redirects, no retries. */
export type Sender = (attempt: Attempt) => Promise<RawAnswer>;

/** For all connections of the process: with an agent each, 200 of them kept up to 400 idle sockets open. */
const keptSockets = { keepAlive: true, timeout: 600_000, maxFreeSockets: 32 } as const;
const httpAgent = new HttpAgent(keptSockets);
const httpsAgent = new HttpsAgent(keptSockets);

export function createOpener(clock: Clock): Opener {
  return async (attempt) => {
    const { controller, release } = childController(attempt.signal);
    // One deadline for connecting, headers and body, because the timer of axios restarts with every byte.
    const cancel = clock.timer(attempt.timeoutMs, () => controller.abort(new TimedOut()));
    const close = (): void => {
      cancel();
      release();
    };
    try {
      const response = await axios.request<Readable>({
        method: attempt.method,
        url: attempt.url.href,
        headers: attempt.headers,
        ...(attempt.data === undefined ? {} : { data: attempt.data }),
        responseType: 'stream',
        decompress: true,
        maxRedirects: 0,
        maxBodyLength: Number.POSITIVE_INFINITY,
        validateStatus: () => true,
        transformRequest: [(data: unknown) => data],
        transformResponse: [(data: unknown) => data],
        proxy: false,
        httpAgent,
        httpsAgent,
        signal: controller.signal,
      });
      return { status: response.status, headers: plainHeaders(response.headers), stream: response.data, signal: controller.signal, close };
    } catch (error) {
      close();
      throw whyEnded(controller.signal, error);
    }
  };
}

export function createSender(open: Opener): Sender {
  return async (attempt) => {
    const { status, headers, stream, signal, close } = await open(attempt);
    try {
      const body =
        status < 200 || status >= 300
          ? await readRefusal(stream, signal)
          : await readBody(stream, attempt.maxBytes, signal, attempt.expect === 'bytes' ? bytesOnly() : decodedBody());
      return { status, headers, ...body };
    } catch (error) {
      throw whyEnded(signal, error);
    } finally {
      close();
    }
  };
}

/** The reason why the signal was aborted: a passed deadline looks like any other abort. */
export function whyEnded(signal: AbortSignal, error: unknown): unknown {
  return signal.aborted && signal.reason instanceof TimedOut ? signal.reason : error;
}

type Body = Pick<RawAnswer, 'text' | 'content'>;

/** What becomes of a body that arrives in pieces. */
interface BodyParts {
  add(piece: Buffer): void;
  /** About what it takes once it is parsed, bytes. */
  parsedSize(): number;
  take(): Body;
}

function decodedBody(): BodyParts {
  const decoded = decodeText();
  return { add: decoded.add, parsedSize: decoded.parsedSize, take: () => ({ text: decoded.take() }) };
}

function bytesOnly(): BodyParts {
  const gathered = gather();
  const sizes = parsedSizes();
  return {
    add(piece) {
      sizes.add(piece);
      gathered.add(piece);
    },
    parsedSize: () => sizes.total(),
    take: () => ({ text: '', content: gathered.take() }),
  };
}

/** Only the beginning of a long refusal is read, bytes: its status decides what it means. */
const LARGEST_REFUSAL = 1024 * 1024;

export const readRefusal = (stream: Readable, signal: AbortSignal): Promise<ReadBody> =>
  read(stream, LARGEST_REFUSAL, true, signal, decodedBody());

/** @throws TooLarge */
const readBody = (stream: Readable, maxBytes: number, signal: AbortSignal, parts: BodyParts): Promise<ReadBody> =>
  read(stream, maxBytes, false, signal, parts);

type ReadBody = Pick<RawAnswer, 'text' | 'content' | 'bytes'>;

function read(stream: Readable, maxBytes: number, truncate: boolean, signal: AbortSignal, parts: BodyParts): Promise<ReadBody> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    let ended = false;
    const giveUp = (error: unknown): void => {
      stream.destroy();
      reject(error instanceof Error ? error : new Error(String(error)));
    };
    const forget = onAbort(signal, () => giveUp(signal.reason));
    stream.on('data', (chunk: Buffer) => {
      if (ended || stream.destroyed) return;
      const remaining = maxBytes - bytes;
      if (chunk.length > remaining && !truncate) return giveUp(new TooLarge());
      const piece = chunk.length > remaining ? chunk.subarray(0, remaining) : chunk;
      bytes += piece.length;
      parts.add(piece);
      if (parts.parsedSize() > LARGEST_PARSED) return giveUp(new TooLarge(MUCH_ONCE_PARSED));
      if (piece !== chunk) {
        finish();
        stream.destroy();
      }
    });
    const finish = (): void => {
      if (ended) return;
      ended = true;
      resolve({ ...parts.take(), bytes });
    };
    stream.on('end', finish);
    stream.on('error', giveUp);
    stream.on('close', () => {
      forget();
      if (!ended) reject(new Error('the connection closed before the answer ended'));
    });
    if (signal.aborted) giveUp(signal.reason);
  });
}

function plainHeaders(headers: object): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && value !== null) plain[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : String(value);
  }
  return plain;
}
