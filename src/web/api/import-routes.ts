import { z } from '@hono/zod-openapi';
import type { ReadableStream } from 'node:stream/web';
import { TributaryError } from '../../core/errors.ts';
import type { Site } from '../app.tsx';
import { note } from '../note.ts';
import { receiveBody } from '../imports/receive.ts';
import { sendErrorFile } from '../imports/error-file.ts';
import { optionsOf, type ImportWork } from '../imports/work.ts';
import { param, type AddRoute } from './add-route.ts';
import * as shapes from './shapes.ts';

/** A file is sent as it is, so this address looks at its body itself. */
export const importPath = '/api/v1/imports';

const flag = z.enum(['yes', 'no']).default('no');
const lines = (description: string) =>
  z
    .string()
    .default('')
    .openapi({ description: `${description} Several are separated by line feeds.` });
const importQuery = z.object({
  connection: z.string().min(1),
  kind: z.enum(['profiles', 'events']),
  file: z.string().min(1).max(255).openapi({ description: 'What the list calls it.', example: 'people.csv' }),
  map: lines('column=COLUMN_OF_THE_FILE.'),
  drop: lines('Columns that are left out.'),
  dates: lines('Further columns that hold dates.'),
  texts: lines('Columns that hold no dates whatever they are called.'),
  country: z.string().default('').openapi({ description: 'Whose national phone numbers are meant, such as PL.' }),
  consent: flag.openapi({ description: 'Send columns that speak of consent.' }),
  strict: flag.openapi({ description: 'Send nothing of a file in which one row is bad.' }),
});

/** Imports as on the pages: a file is taken and checked, looked at, and sent when somebody says so. */
export function addImportRoutes(add: AddRoute, { context, board }: Site, work: ImportWork): void {
  const ofBegun = z.object({ id: z.uuid().openapi({ param: { name: 'id', in: 'path' } }) });
  add('get', importPath, 'Imports into a vendor, newest first.', z.object({ imports: z.array(shapes.importRecord) }), {}, () => ({
    imports: board.snapshot().imports,
  }));
  add(
    'post',
    importPath,
    'Takes a CSV file, at most 1 GiB, and begins to check it. Nothing is sent yet.',
    shapes.begunImport,
    { query: importQuery, file: 'text/csv' },
    async (c) => {
      const fields = importQuery.parse(c.req.query());
      work.requireAble(fields.connection);
      const wanted = optionsOf(fields);
      if (!(c.req.header('content-type') ?? '').startsWith('text/csv') || c.req.raw.body === null)
        throw new TributaryError('Send the file itself (content-type: text/csv).', { kind: 'config', code: 'bad_request' });
      const { id, path } = work.place();
      await receiveBody(c.req.raw.body as ReadableStream<Uint8Array>, path);
      work.check(id, fields.file, wanted);
      return begun(id);
    },
  );
  add(
    'get',
    `${importPath}/begun/{id}`,
    'What the check of a file has found, or how far it is sent.',
    shapes.begunImport,
    { params: ofBegun },
    (c) => begun(param(c, 'id')),
  );
  add(
    'post',
    `${importPath}/begun/{id}/send`,
    'Sends the rows that are good; once, however often it is asked for.',
    shapes.begunImport,
    { params: ofBegun },
    async (c) => {
      const id = param(c, 'id');
      const { file, options: wanted, state } = work.get(id);
      if (state.kind === 'checking')
        throw new TributaryError('The file is still being checked.', {
          kind: 'config',
          code: 'not_yet',
          remedy: 'Ask for this import again until its check has ended, then send it.',
        });
      if (state.kind === 'checked') {
        await note(context, c, { command: 'import', connection: wanted.connection, table: null, detail: `${wanted.kind}: ${file}` });
        work.send(id, c.get('user').name);
      }
      return begun(id);
    },
  );
  add(
    'post',
    `${importPath}/{id}/resume`,
    'Goes on with an import that was cut.',
    z.object({ done: z.string() }),
    { params: ofBegun },
    async (c) => {
      const id = param(c, 'id');
      const { connection, file } = work.requireWaiting(id);
      await note(context, c, { command: 'import-resume', connection, table: null, detail: file });
      work.resume(id);
      return { done: 'It goes on from where it was cut.' };
    },
  );

  add(
    'get',
    `${importPath}/{id}/errors`,
    'The rows of the file that were not sent, with line, column, reason and remedy in front of each; only on the server that checked the file.',
    z.string(),
    { params: ofBegun, gives: 'text/csv' },
    (c) => sendErrorFile(c, { board, context }, param(c, 'id')),
  );

  function begun(id: string): object {
    const { file, options: wanted, state } = work.get(id);
    const base = { id, file, connection: wanted.connection, kind: wanted.kind, state: state.kind };
    if (state.kind === 'refused') return { ...base, message: `${state.message} ${state.remedy}`.trim() };
    if (state.kind === 'checking') return { ...base, rows: state.rows };
    const record = state.kind === 'checked' ? undefined : state.record;
    const checked = state.kind === 'sending' ? undefined : state.checked;
    return {
      ...base,
      ...(checked === undefined
        ? {}
        : { rows: checked.rows, refused: checked.refused, preview: [...checked.preview], faults: [...checked.faults] }),
      ...(record === undefined ? {} : { record }),
    };
  }
}
