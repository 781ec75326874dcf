/** @jsxRuntime automatic @jsxImportSource hono/jsx */
import { existsSync } from 'node:fs';
import type { ReadableStream } from 'node:stream/web';
import type { Hono } from 'hono';
import { asTributaryError, TributaryError } from '../../core/errors.ts';
import { ownKey, ownKeyFile } from '../../import/keys.ts';
import type { Site } from '../app.tsx';
import { unknownForm, type Guarded } from '../guard.ts';
import { note } from '../note.ts';
import type { Access } from '../security.ts';
import { waiting } from '../setup/drafts.ts';
import { receive } from './receive.ts';
import { BegunPage, ImportForm, ImportKey, Imports } from './views.tsx';
import { errorFileOf, sendErrorFile } from './error-file.ts';
import { optionsOf, type ImportWork } from './work.ts';

/** Path for uploads. Its guard checks the form's fields before the file, unlike the guard for other forms. */
export const receivingPath = '/imports/new';

/** Imports: their list, and a file from the browser on its way to the vendor. */
export function addImports(app: Hono<Guarded>, site: Site, access: Access, work: ImportWork): void {
  const { context, board } = site;

  app.get('/imports', (c) => {
    const { imports } = board.snapshot();
    // Following writes what the vendor tells into the list.
    if (!c.get('readOnly')) work.follow(imports);
    const here = new Set(
      imports.filter((one) => errorFileOf(context.settings().dataDir, one) !== undefined).map(({ importId }) => importId),
    );
    return site.show(
      c,
      <Imports view={site.view(c)} imports={imports} able={able().length > 0} here={here} waiting={new Set(work.waiting())} />,
    );
  });
  /** Forms that were refused, without their files. */
  const refused = waiting<{ readonly fields: Readonly<Record<string, string>>; readonly error: TributaryError }>(context.clock.now);

  app.get('/imports/new', (c) => {
    const { fields = {}, error } = refused.find(c.req.query('again')) ?? {};
    return site.show(c, <ImportForm view={site.view(c)} connections={able().map(({ name }) => name)} fields={fields} error={error} />);
  });
  app.post(receivingPath, async (c) => {
    const { id, path } = work.place();
    const admit = (fields: Readonly<Record<string, string>>): void => {
      if (!access.formTokenFits(c.get('session'), fields['form_token'] ?? ''))
        throw new TributaryError('The form is not from this page.', { kind: 'config', code: 'form' });
      work.requireAble(fields['connection'] ?? '');
      optionsOf(fields);
    };
    let filled: Readonly<Record<string, string>> = {};
    try {
      const body = c.req.raw.body as ReadableStream<Uint8Array> | null;
      if (body === null || !(c.req.header('content-type') ?? '').startsWith('multipart/form-data'))
        throw new TributaryError('Choose a file.', { kind: 'config' });
      const { fields, name } = await receive({ 'content-type': c.req.header('content-type') ?? '' }, body, path, (fields) => {
        filled = fields;
        admit(fields);
      });
      work.check(id, name, optionsOf(fields));
    } catch (thrown) {
      const error = asTributaryError(thrown, 'Taking the file');
      if (error.code === 'form') return unknownForm(c);
      return c.redirect(`/imports/new?again=${refused.hold({ fields: filled, error })}`, 303);
    }
    return c.redirect(`/imports/new/${id}`, 303);
  });
  app.post('/imports/key', (c) => c.redirect(`/imports/key${ownKey(context.settings().dataDir).made ? '?made=yes' : ''}`, 303));
  app.get('/imports/key', async (c) => {
    const { dataDir } = context.settings();
    // Only the button makes one.
    if (!existsSync(ownKeyFile(dataDir))) return c.redirect('/imports/new', 303);
    const key = { ...ownKey(dataDir), made: c.req.query('made') !== undefined };
    return site.show(c, <ImportKey view={site.view(c)} publicKey={key} steps={able()[0]?.source.imports?.keySteps ?? []} />);
  });
  app.get('/imports/new/:id', (c) => {
    const begun = work.get(c.req.param('id'));
    // While the import is in progress the page reloads itself, with or without script.
    if (begun.state.kind === 'checking' || (begun.state.kind === 'sending' && begun.state.secondsLeft !== 0)) c.header('refresh', '2');
    return site.show(c, <BegunPage view={site.view(c)} begun={begun} />);
  });
  app.post('/imports/new/:id/send', async (c) => {
    const id = c.req.param('id');
    const { file, options, state } = work.get(id);
    // Sent already, perhaps from another window: its page tells how far it is.
    if (state.kind !== 'checked') return c.redirect(`/imports/new/${id}`, 303);
    await note(context, c, { command: 'import', connection: options.connection, table: null, detail: `${options.kind}: ${file}` });
    work.send(id, c.get('user').name);
    return c.redirect(`/imports/new/${id}`, 303);
  });
  app.post('/imports/:id/resume', async (c) => {
    const id = c.req.param('id');
    const { connection, file } = work.requireWaiting(id);
    await note(context, c, { command: 'import-resume', connection, table: null, detail: file });
    work.resume(id);
    return c.redirect('/imports?done=resumed', 303);
  });
  app.get('/imports/:id/errors', (c) => sendErrorFile(c, site, c.req.param('id')));

  function able() {
    return context.settings().connections.filter(({ source }) => source.imports !== undefined);
  }
}
