/** @jsxRuntime automatic @jsxImportSource hono/jsx */
import { randomUUID } from 'node:crypto';
import { dirname, join, relative } from 'node:path';
import type { Context, Hono } from 'hono';
import { shapeOf, type JsonSchema } from '../../config/json-schema.ts';
import { defaultsOf } from '../../config/source-defaults.ts';
import type { ConnectionSettings } from '../../config/settings.ts';
import { asTributaryError, TributaryError } from '../../core/errors.ts';
import { noteCommand } from '../../kafka/meta/audit.ts';
import { landingSettings } from '../../landing/settings.ts';
import { createHttpFactory } from '../../sdk/http/client.ts';
import type { Site } from '../app.tsx';
import { addressOf, type Guarded } from '../guard.ts';
import { requireLandingOf } from '../landing-pages.tsx';
import { RemoveLanding } from '../views/landing.tsx';
import { connectionPath, landingPath } from '../views/view.ts';
import { fieldsOf, valuesOf, type FormField } from './form.tsx';
import { diff, draft, write, type Draft } from './settings-file.ts';
import { ConnectionForm, KindChoice, LandingForm, RemoveConnection, Review, SettingsPage } from './views.tsx';

const keepMs = 15 * 60_000;
const mostPending = 100;
const probeMs = 20_000;

interface Pending {
  readonly draft: Draft;
  readonly at: number;
  readonly command: string;
  readonly connection: string | null;
  readonly detail: string;
  readonly next: string;
}

/** Setting up connections and landings: a form, a real call, the difference, the file. */
export function addSetup(app: Hono<Guarded>, site: Site): void {
  const { context } = site;
  const pending = new Map<string, Pending>();
  const text = (form: Readonly<Record<string, unknown>>, name: string): string => (typeof form[name] === 'string' ? form[name].trim() : '');

  /** Keeps a draft until it is confirmed. Secrets wait here, not in the page. */
  function hold(one: Omit<Pending, 'at'>): string {
    for (const [id, { at }] of pending) if (context.clock.now() - at > keepMs || pending.size >= mostPending) pending.delete(id);
    const id = randomUUID();
    pending.set(id, { ...one, at: context.clock.now() });
    return id;
  }

  app.get('/settings', (c) => site.show(c, <SettingsPage view={site.view(c)} settings={context.settings()} file={context.settingsFile} />));
  app.get('/new/connection', (c) =>
    site.show(
      c,
      <KindChoice
        view={site.view(c)}
        title="New connection"
        base="/new/connection"
        kinds={context.sources.map(({ name, title }) => [name, title])}
      />,
    ),
  );
  app.get('/new/landing', (c) =>
    site.show(
      c,
      <KindChoice
        view={site.view(c)}
        title="New landing"
        base="/new/landing"
        kinds={[...landingShapes().keys()].map((kind) => [kind, kind])}
      />,
    ),
  );

  app.get('/new/connection/:source', (c) => connectionForm(c));
  app.post('/new/connection/:source', async (c) => {
    const form = await c.req.parseBody({ all: true });
    const source = sourceNamed(c.req.param('source'));
    try {
      const name = text(form, 'name') || source.name;
      const fields = fieldsOf(shapeOf(source.settings));
      const { references, secrets } = secretsOf(fields, form, name);
      const chosen = [form['table'] ?? []].flat().map(String);
      const all = source.tables(defaultsOf(source)).map((table) => table.name);
      const [history, start, schedule] = [text(form, 'history'), text(form, 'start_date'), text(form, 'schedule')];
      const value = {
        ...(name === source.name ? {} : { source: source.name }),
        settings: { ...references, ...valuesOf(fields, form) },
        ...(chosen.length === all.length ? {} : { tables: chosen }),
        ...(start === '' ? { history: history || 'all' } : { start_date: start }),
        ...(schedule === '' ? {} : { schedule }),
      };
      if (context.settings().connections.some((one) => one.name === name))
        throw new TributaryError(`There is a connection ${name} already.`, { kind: 'config', remedy: 'Give the new one another name.' });
      const made = draft(context, ['connections', name], value, secrets);
      const connection = made.settings.connections.find((one) => one.name === name) as ConnectionSettings;
      const account = await probe(connection);
      const id = hold({ draft: made, command: 'connection-add', connection: name, detail: source.title, next: connectionPath(name) });
      return await site.show(
        c,
        <Review
          view={site.view(c)}
          title={`Review ${name}`}
          id={id}
          lines={diff(made.before, made.after)}
          facts={[
            ['Account', account],
            ['Tables', connection.tables.map((table) => table.name).join(', ')],
            ...[...secrets.keys()].map((path) => ['Secret goes into', `${path} (mode 0600)`] as const),
          ]}
        />,
      );
    } catch (error) {
      return connectionForm(c, form, asTributaryError(error, 'Setting the connection up'));
    }
  });

  app.get('/new/landing/:kind', (c) => landingForm(c));
  app.post('/new/landing/:kind', async (c) => {
    const form = await c.req.parseBody();
    const kind = c.req.param('kind');
    try {
      const name = text(form, 'name');
      if (name === '') throw new TributaryError('Give the landing a name.', { kind: 'config' });
      const made = draft(context, ['landings', name], { kind, ...valuesOf(fieldsOf(shapeOfLanding(kind), ['kind']), form) });
      const id = hold({ draft: made, command: 'landing-add', connection: null, detail: name, next: landingPath(name) });
      return await site.show(
        c,
        <Review
          view={site.view(c)}
          title={`Review ${name}`}
          id={id}
          lines={diff(made.before, made.after)}
          facts={[['Next', 'run its setup.sql in the warehouse, then Check and Apply']]}
        />,
      );
    } catch (error) {
      return landingForm(c, form, asTributaryError(error, 'Setting the landing up'));
    }
  });

  app.post('/set-up/:id', async (c) => {
    const one = pending.get(c.req.param('id'));
    if (!one) throw new TributaryError('This set-up is not kept any more.', { kind: 'config', remedy: 'Begin again.' });
    await save(c, one);
    pending.delete(c.req.param('id'));
    return c.redirect(`${one.next}?done=saved`, 303);
  });

  app.get('/c/:connection/edit', (c) => c.redirect('/settings', 303));
  app.get('/c/:connection/remove', (c) => {
    const name = requireName(c.req.param('connection'));
    const made = draft(context, ['connections', name], undefined);
    return site.show(c, <RemoveConnection view={site.view(c)} name={name} lines={diff(made.before, made.after)} />);
  });
  app.post('/c/:connection/remove', async (c) => {
    const name = requireName(c.req.param('connection'));
    await save(c, {
      draft: draft(context, ['connections', name], undefined),
      at: 0,
      command: 'connection-remove',
      connection: name,
      detail: '',
      next: '/',
    });
    return c.redirect('/?done=removed', 303);
  });
  app.get('/l/:landing/remove', (c) => {
    const { name, open } = requireLandingOf(site, c.req.param('landing'));
    const made = draft(context, ['landings', name], undefined);
    const lines = diff(made.before, made.after).map(({ kind, text: line }) => `${{ same: ' ', add: '+', del: '-' }[kind]} ${line}`);
    return site.show(
      c,
      <RemoveLanding
        view={site.view(c)}
        landing={name}
        connectors={open.rendered.connectors.map((one) => one.name)}
        diff={lines.join('\n')}
      />,
    );
  });
  app.post('/l/:landing/remove', async (c) => {
    const { name, open } = requireLandingOf(site, c.req.param('landing'));
    const made = draft(context, ['landings', name], undefined);
    for (const connector of open.rendered.connectors)
      if ((await open.connect?.status(connector.name)) !== undefined) await open.connect?.delete(connector.name);
    await save(c, { draft: made, at: 0, command: 'landing-remove', connection: null, detail: name, next: '/' });
    return c.redirect('/?done=removed', 303);
  });

  async function save(c: Context<Guarded>, { draft: made, command, connection, detail }: Pending): Promise<void> {
    await noteCommand(context.access, {
      at: context.clock.now(),
      user: c.get('user').name,
      address: addressOf(c),
      command,
      connection,
      table: null,
      detail,
    });
    write(made);
    await context.reloadSettings();
  }

  function requireName(name: string): string {
    if (context.settings().connections.some((one) => one.name === name)) return name;
    throw new TributaryError(`No connection is called ${name}.`, { kind: 'config', code: 'not_found' });
  }

  function sourceNamed(name: string | undefined) {
    const source = context.sources.find((one) => one.name === name);
    if (source) return source;
    throw new TributaryError(`No source is called ${name ?? ''}.`, { kind: 'config', code: 'not_found' });
  }

  /** A typed secret goes into a file beside the settings; a named variable stays where it is. */
  function secretsOf(fields: readonly FormField[], form: Readonly<Record<string, unknown>>, connection: string) {
    const references: Record<string, string> = {};
    const secrets = new Map<string, string>();
    const folder = dirname(context.settingsFile ?? '.');
    for (const { name } of fields.filter(({ kind }) => kind === 'secret')) {
      const [typed, variable] = [text(form, `set.${name}`), text(form, `env.${name}`)];
      if (variable !== '') references[name] = `\${${variable}}`;
      else if (typed !== '') {
        context.redactor.add(typed);
        const path = join(folder, 'secrets', `${connection.replaceAll(/[^a-z0-9_]/g, '_')}_${name}`);
        secrets.set(path, typed);
        references[name] = `\${file:${relative(folder, path)}}`;
      }
    }
    return { references, secrets };
  }

  async function probe({ source, settings }: ConnectionSettings): Promise<string> {
    let trouble: TributaryError | undefined;
    const nothing = () => undefined;
    const observer = {
      onRequest: nothing,
      onThrottled: nothing,
      onWaited: nothing,
      onRecovered: nothing,
      onRetry: (error: TributaryError) => void (trouble = error),
    };
    const late = AbortSignal.timeout(probeMs);
    try {
      const http = createHttpFactory({ clock: context.clock, random: context.random, observer, redactor: context.redactor });
      const api: unknown = source.connect(settings, { http, now: context.clock.now });
      return (await source.probe(api, late)).account;
    } catch (error) {
      throw late.aborted
        ? (trouble ?? new TributaryError(`${source.title} did not answer within ${probeMs / 1000} s.`, { kind: 'transient' }))
        : error;
    }
  }

  function connectionForm(c: Context<Guarded>, form: Readonly<Record<string, unknown>> = {}, error?: TributaryError): Promise<Response> {
    const source = sourceNamed(c.req.param('source'));
    const tables = source.tables(defaultsOf(source));
    return site.show(
      c,
      <ConnectionForm
        view={site.view(c)}
        source={source}
        fields={fieldsOf(shapeOf(source.settings))}
        tables={tables}
        form={form}
        error={error}
      />,
    );
  }

  function landingForm(c: Context<Guarded>, form: Readonly<Record<string, unknown>> = {}, error?: TributaryError): Promise<Response> {
    const kind = c.req.param('kind') ?? '';
    return site.show(
      c,
      <LandingForm view={site.view(c)} kind={kind} fields={fieldsOf(shapeOfLanding(kind), ['kind'])} form={form} error={error} />,
    );
  }
}

function landingShapes(): ReadonlyMap<string, JsonSchema> {
  const shape = shapeOf(landingSettings);
  const branches = [...(shape.oneOf ?? []), ...(shape.anyOf ?? [])];
  return new Map(branches.map((branch) => [String(branch.properties?.['kind']?.['const'] ?? ''), branch]));
}

function shapeOfLanding(kind: string): JsonSchema {
  const shape = landingShapes().get(kind);
  if (shape) return shape;
  throw new TributaryError(`No warehouse is called ${kind}.`, { kind: 'config', code: 'not_found' });
}
