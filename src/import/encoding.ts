import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Transform, type Readable } from 'node:stream';
import { TributaryError } from '../core/errors.ts';
import { stopIf } from './stop.ts';

export type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252';

/** The encoding of a file and the length of its byte order mark, bytes. */
export interface FoundEncoding {
  readonly encoding: Encoding;
  readonly mark: number;
}

/** Windows-1252 characters 0x80 to 0x9F; empty where undefined. */
const UPPER = [
  '€',
  '',
  '‚',
  'ƒ',
  '„',
  '…',
  '†',
  '‡',
  'ˆ',
  '‰',
  'Š',
  '‹',
  'Œ',
  '',
  'Ž',
  '',
  '',
  '‘',
  '’',
  '“',
  '”',
  '•',
  '–',
  '—',
  '˜',
  '™',
  'š',
  '›',
  'œ',
  '',
  'ž',
  'Ÿ',
];

/**
 * Detects the encoding by reading the whole file, because a single byte at its end may rule one out.
 * @throws TributaryError `config` for a file that is not text, or does not fit one encoding as a whole.
 */
export async function findEncoding(path: string, told?: Encoding, signal?: AbortSignal): Promise<FoundEncoding> {
  const head = await firstBytes(path, 4_096);
  if (head.length === 0) throw refused(path, 'is empty', 'Its first line must hold the names of the columns.');
  const mark = markOf(head);
  if (told !== undefined) return { encoding: told, mark: mark?.encoding === told ? mark.mark : 0 };
  if (mark !== undefined) return mark;
  for (const [magic, what] of [
    ['PK\u0003\u0004', 'a spreadsheet or zip archive'],
    ['\u001f\u008b', 'compressed with gzip'],
    ['\u00d0\u00cf\u0011\u00e0', 'an old Excel file'],
    ['PAR1', 'a Parquet file'],
    ['%PDF', 'a PDF'],
  ] as const) {
    if (head.toString('latin1').startsWith(magic)) throw refused(path, `is ${what}, not CSV`, 'Save or unpack it as CSV in UTF-8.');
  }
  const wide = utf16WithoutMark(head);
  if (wide !== undefined) return { encoding: wide, mark: 0 };
  return { encoding: await eightBit(path, signal), mark: 0 };
}

function markOf(head: Buffer): FoundEncoding | undefined {
  const starts = (...bytes: number[]): boolean => bytes.every((byte, at) => head[at] === byte);
  if (starts(0xef, 0xbb, 0xbf)) return { encoding: 'utf-8', mark: 3 };
  if (starts(0xff, 0xfe)) return { encoding: 'utf-16le', mark: 2 };
  if (starts(0xfe, 0xff)) return { encoding: 'utf-16be', mark: 2 };
  return undefined;
}

/** A header is mostly ASCII, so in UTF-16 nearly every second byte is zero. */
function utf16WithoutMark(head: Buffer): Encoding | undefined {
  const pairs = Math.floor(Math.min(head.length, 200) / 2);
  let [even, odd] = [0, 0];
  for (let at = 0; at < pairs * 2; at += 2) {
    if (head[at] === 0) even += 1;
    if (head[at + 1] === 0) odd += 1;
  }
  if (pairs < 2) return undefined;
  if (odd > pairs * 0.7 && even < pairs * 0.1) return 'utf-16le';
  return even > pairs * 0.7 && odd < pairs * 0.1 ? 'utf-16be' : undefined;
}

/** UTF-8 or Windows-1252. A file that mixes both is damaged: converted as a whole, half of its letters would be wrong. */
async function eightBit(path: string, signal?: AbortSignal): Promise<Encoding> {
  const seen = { line: 1, many: 0, manyLine: 0, bad: 0, badLine: 0, undefinedLine: 0 };
  let [left, low, high] = [0, 0x80, 0xbf];
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    if (signal !== undefined) stopIf(signal);
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at] as number;
      if (left > 0) {
        if (byte >= low && byte <= high) {
          left -= 1;
          [low, high] = [0x80, 0xbf];
          if (left === 0) {
            seen.many += 1;
            seen.manyLine ||= seen.line;
          }
          continue;
        }
        seen.bad += 1;
        seen.badLine ||= seen.line;
        left = 0;
        [low, high] = [0x80, 0xbf];
      }
      if (byte < 0x80) {
        if (byte === 10) seen.line += 1;
        continue;
      }
      if (byte < 0xa0 && UPPER[byte - 0x80] === '') seen.undefinedLine ||= seen.line;
      if (byte >= 0xc2 && byte <= 0xdf) left = 1;
      else if (byte >= 0xe0 && byte <= 0xef) {
        left = 2;
        if (byte === 0xe0) low = 0xa0;
        if (byte === 0xed) high = 0x9f;
      } else if (byte >= 0xf0 && byte <= 0xf4) {
        left = 3;
        if (byte === 0xf0) low = 0x90;
        if (byte === 0xf4) high = 0x8f;
      } else {
        seen.bad += 1;
        seen.badLine ||= seen.line;
      }
    }
  }
  if (left > 0) {
    seen.bad += 1;
    seen.badLine ||= seen.line;
  }
  if (seen.bad === 0) return 'utf-8';
  if (seen.many > 0) {
    throw refused(
      path,
      `is damaged: line ${seen.badLine} is not UTF-8, line ${seen.manyLine} is`,
      'Export it again in UTF-8. If all of it is Windows-1252, give --encoding windows-1252.',
    );
  }
  if (seen.undefinedLine > 0)
    throw refused(
      path,
      `is in an unknown encoding: line ${seen.undefinedLine} is neither UTF-8 nor Windows-1252`,
      'Export it again in UTF-8.',
    );
  return 'windows-1252';
}

async function firstBytes(path: string, most: number): Promise<Buffer> {
  const file = await open(path);
  try {
    const buffer = Buffer.alloc(most);
    const { bytesRead } = await file.read(buffer, 0, most, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** The file as UTF-8 text, without its byte order mark. */
export function openText(path: string, { encoding, mark }: FoundEncoding): Readable {
  const bytes = createReadStream(path, { start: mark, highWaterMark: 256 * 1024 });
  if (encoding === 'utf-8') return bytes;
  const decode = encoding === 'windows-1252' ? fromWindows1252 : wideDecoder(path, encoding);
  const text = new Transform({
    transform(chunk: Buffer, _, done) {
      try {
        done(null, Buffer.from(decode(chunk, false)));
      } catch (error) {
        done(error as Error);
      }
    },
    flush(done) {
      try {
        done(null, Buffer.from(decode(Buffer.alloc(0), true)));
      } catch (error) {
        done(error as Error);
      }
    },
  });
  bytes.on('error', (error) => text.destroy(error));
  text.on('close', () => bytes.destroy());
  return bytes.pipe(text);
}

function fromWindows1252(chunk: Buffer): string {
  return chunk.toString('latin1').replace(/[\u0080-\u009f]/g, (char) => UPPER[char.charCodeAt(0) - 0x80] || char);
}

function wideDecoder(path: string, encoding: Encoding): (chunk: Buffer, end: boolean) => string {
  const decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
  return (chunk, end) => {
    try {
      return decoder.decode(chunk, { stream: !end });
    } catch {
      throw refused(path, `is damaged: it is not valid ${encoding.toUpperCase()}`, 'Export it again in UTF-8.');
    }
  };
}

const refused = (path: string, what: string, remedy: string): TributaryError =>
  new TributaryError(`${path} ${what}.`, { kind: 'config', code: 'import:encoding', remedy });
