import { createReadStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

const FLUSH = 256 * 1024;

/** Writes text in large blocks. */
export interface TextFile {
  readonly bytes: number;
  write(text: string | Buffer): Promise<void>;
  close(): Promise<void>;
}

export async function writeText(path: string): Promise<TextFile> {
  const file: FileHandle = await open(path, 'w', 0o600);
  let waiting: Buffer[] = [];
  let held = 0;
  let bytes = 0;
  const flush = async (): Promise<void> => {
    const all = Buffer.concat(waiting);
    waiting = [];
    held = 0;
    for (let at = 0; at < all.length;) at += (await file.write(all, at)).bytesWritten;
  };
  return {
    get bytes() {
      return bytes;
    },
    async write(text) {
      const piece = typeof text === 'string' ? Buffer.from(text) : text;
      waiting.push(piece);
      held += piece.length;
      bytes += piece.length;
      if (held >= FLUSH) await flush();
    },
    async close() {
      try {
        await flush();
        await file.sync();
      } finally {
        await file.close();
      }
    },
  };
}

/** A good row that is kept until the whole file has been checked for repeats. */
export interface StagedRow {
  readonly line: number;
  readonly text: string;
}

export function stagedBytes({ line, text }: StagedRow): Buffer {
  const bytes = Buffer.from(text);
  const head = Buffer.alloc(10);
  head.writeUIntBE(line, 0, 6);
  head.writeUInt32BE(bytes.length, 6);
  return Buffer.concat([head, bytes]);
}

export async function* readStaged(path: string): AsyncGenerator<StagedRow> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, { highWaterMark: FLUSH }) as AsyncIterable<Buffer>) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (rest.length - at >= 10) {
      const end = at + 10 + rest.readUInt32BE(at + 6);
      if (end > rest.length) break;
      yield { line: rest.readUIntBE(at, 6), text: rest.toString('utf8', at + 10, end) };
      at = end;
    }
    rest = rest.subarray(at);
  }
  if (rest.length > 0) throw new Error('the file of staged rows ends in the middle of a row');
}
