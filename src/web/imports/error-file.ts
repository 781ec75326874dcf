import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Context } from 'hono';
import { TributaryError } from '../../core/errors.ts';
import { errorFileName, jobFolder } from '../../import/job.ts';
import type { ImportRecord } from '../../kafka/meta/imports.ts';
import type { Site } from '../app.tsx';

/** Path of the rows that an import refused, when this server has them. It is never a path taken from a record. */
export function errorFileOf(dataDir: string, { importId, errorFile }: Pick<ImportRecord, 'importId' | 'errorFile'>): string | undefined {
  if (errorFile === null || !/^[0-9a-f-]{36}$/.test(importId)) return undefined;
  const path = join(jobFolder(dataDir, importId), errorFileName);
  return existsSync(path) ? path : undefined;
}

/**
 * Answers with the rows that an import refused, as a CSV file to keep.
 * @throws TributaryError `config` (`not_found`) for an unknown import, one without such rows, and one of another server.
 */
export function sendErrorFile(c: Context, { board, context }: Pick<Site, 'board' | 'context'>, id: string): Response {
  const record = board.snapshot().imports.find(({ importId }) => importId === id);
  const path = record && errorFileOf(context.settings().dataDir, record);
  if (record === undefined || path === undefined)
    throw new TributaryError('That error file is not on this server.', { kind: 'config', code: 'not_found' });
  return c.body(Readable.toWeb(createReadStream(path)) as unknown as globalThis.ReadableStream, 200, {
    'content-type': 'text/csv; charset=utf-8',
    'content-disposition': `attachment; filename="${record.file.replaceAll(/[^\w.-]/g, '_')}.errors.csv"`,
    'cache-control': 'no-store',
  });
}
