import { join } from 'node:path';
import type { ImportKind } from './columns.ts';
import { writeText } from './row-file.ts';
import { stopIf } from './stop.ts';

/** A file to upload. */
export interface Part {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  readonly rows: number;
}

/** Below the vendor's limit of 50 MB per file. */
const MOST_BYTES = 45_000_000;

export interface PartsRequest {
  readonly folder: string;
  readonly kind: ImportKind;
  readonly now: number;
  /** First line of every part. */
  readonly header: string;
  readonly signal: AbortSignal;
  /** Largest part, bytes; default 45 MB. A single larger row makes a part of its own. */
  readonly most?: number;
}

/** Writes lines into files of at most 45 MB: UTF-8, LF, each with the header. */
export async function writeParts(
  { folder, kind, now, header, signal, most = MOST_BYTES }: PartsRequest,
  lines: () => AsyncIterable<string>,
): Promise<Part[]> {
  const stamp = new Date(now).toISOString().replace(/[-:]|\.\d+/g, '');
  const parts: Part[] = [];
  let open: { name: string; path: string; rows: number; file: Awaited<ReturnType<typeof writeText>> } | undefined;
  const end = async (): Promise<void> => {
    if (open === undefined) return;
    await open.file.close();
    parts.push({ name: open.name, path: open.path, bytes: open.file.bytes, rows: open.rows });
    open = undefined;
  };
  for await (const line of lines()) {
    if (open !== undefined && open.file.bytes + Buffer.byteLength(line) + 1 > most) await end();
    if (open === undefined) {
      stopIf(signal);
      const name = `${kind}_${stamp}_${parts.length + 1}.csv`;
      const path = join(folder, name);
      open = { name, path, rows: 0, file: await writeText(path) };
      await open.file.write(`${header}\n`);
    }
    await open.file.write(`${line}\n`);
    open.rows += 1;
  }
  await end();
  return parts;
}
