/** @jsxRuntime automatic @jsxImportSource hono/jsx */
import type { Context, Hono } from 'hono';
import { shapeOf } from '../../config/json-schema.ts';
import { defaultsOf } from '../../config/source-defaults.ts';
import type { ConnectionSettings } from '../../config/settings.ts';
import { asTributaryError, TributaryError } from '../../core/errors.ts';
import type { Source } from '../../sdk/source.ts';
import type { Site } from '../app.tsx';
import type { Guarded } from '../guard.ts';
import { connectionSteps } from '../views/steps.tsx';
import { connectionPath } from '../views/view.ts';
import { waiting, type Drafts } from './drafts.ts';
import { changedSettings, fieldsOf, prefilled, textOf, type Form } from './form.tsx';
import { tryConnection, type Tried } from './rights.ts';
import { secretsOf } from './secrets.ts';
import type { Change } from './edit-yaml.ts';
import { draft, written } from './settings-file.ts';
import { AccountForm, TablesForm } from './connection-views.tsx';

/** A set-up in progress: its account has answered, its tables are not chosen yet. */
interface Begun {
  readonly source: Source;
  readonly name: string;
  /** The connection exists already. */
  readonly editing: boolean;
  readonly form: Form;
  readonly tried: Tried;
  readonly tables: readonly string[];
  /** The second form as it was filled in last, and why it was refused. */
  readonly filled: Form;
  readonly error?: TributaryError;
}

/** Sets a connection up, or changes it, in three steps: account, tables, review of the changes. */
export function addConnectionSetup(app: Hono<Guarded>, site: Site, drafts: Drafts): void {
  const { context } = site;
  const begun = waiting<Begun>(context.clock.now);

  app.get('/new/connection/:source', (c) => {
    const source = sourceNamed(c.req.param('source'));
    return accountForm(c, source, source.name, false, {});
  });
  app.post('/new/connection/:source', async (c) => {
    const source = sourceNamed(c.req.param('source'));
    const form = await c.req.parseBody({ all: true });
    return begin(c, source, textOf(form, 'name') || source.name, false, form);
  });
  app.get('/c/:connection/edit', (c) => {
    const { name, source } = connectionNamed(c.req.param('connection'));
    return accountForm(c, source, name, true, existing(name, source));
  });
  app.post('/c/:connection/edit', async (c) => {
    const { name, source } = connectionNamed(c.req.param('connection'));
    return begin(c, source, name, true, await c.req.parseBody({ all: true }));
  });

  app.get('/set-up/:id/tables', (c) => {
    const id = c.req.param('id');
    return tablesForm(c, id, begun.get(id));
  });
  app.post('/set-up/:id/tables', async (c) => {
    const id = c.req.param('id');
    const one = begun.get(id);
    const filled = await c.req.parseBody({ all: true });
    // A form sends nothing for a list without a checked item.
    const emptied = Object.fromEntries(
      one.tried.choices.filter(({ setting }) => filled[`set.${setting}`] === undefined).map(({ setting }) => [`set.${setting}`, '']),
    );
    const form: Form = { ...one.form, table: [], ...filled, ...emptied };
    try {
      const made = drafted(one, form);
      const connection = made.settings.connections.find(({ name }) => name === one.name) as ConnectionSettings;
      const review = drafts.waiting.hold({
        draft: made,
        command: one.editing ? 'connection-edit' : 'connection-add',
        connection: one.name,
        detail: one.source.title,
        next: connectionPath(one.name),
        title: `Review ${one.name}`,
        steps: connectionSteps,
        facts: [
          ['Account', one.tried.account],
          ['Tables', connection.tables.map((table) => table.name).join(', ')],
        ],
      });
      const { error: _, ...accepted } = one;
      begun.renew(id, { ...accepted, filled: form });
      return c.redirect(`/set-up/${review}`, 303);
    } catch (error) {
      begun.renew(id, { ...one, filled: form, error: asTributaryError(error, 'Setting the connection up') });
      return c.redirect(`/set-up/${id}/tables`, 303);
    }
  });

  /** Makes the test requests; their results are shown beside the tables. */
  async function begin(c: Context<Guarded>, source: Source, name: string, editing: boolean, form: Form): Promise<Response> {
    try {
      if (!editing && context.settings().connections.some((one) => one.name === name))
        throw new TributaryError(`There is a connection ${name} already.`, { kind: 'config', remedy: 'Give the new one another name.' });
      const before = editing ? existing(name, source) : {};
      const whole: Form = { ...before, ...form };
      const tables = source.tables(defaultsOf(source)).map((table) => table.name);
      const { settings } = draftOf(source, name, editing, whole, undefined);
      const connection = settings.connections.find((one) => one.name === name) as ConnectionSettings;
      const tried = await tryConnection(context, connection);
      const one: Begun = { source, name, editing, form: whole, tried, tables, filled: editing ? whole : form };
      return c.redirect(`/set-up/${begun.hold(one)}/tables`, 303);
    } catch (error) {
      const again = drafts.refused.hold({ form, error: asTributaryError(error, 'Setting the connection up') });
      return c.redirect(`${editing ? `${connectionPath(name)}/edit` : `/new/connection/${source.name}`}?again=${again}`, 303);
    }
  }

  const drafted = (one: Begun, form: Form) => draftOf(one.source, one.name, one.editing, form, one);

  /** The settings with the form's values; only changed values are written. Tables are not changed before they are chosen. */
  function draftOf(source: Source, name: string, editing: boolean, form: Form, chosen: Begun | undefined) {
    const at = ['connections', name];
    const before = editing ? existing(name, source) : {};
    const fields = fieldsOf(shapeOf(source.settings));
    const { references, secrets } = secretsOf(context, fields, form, name);
    const settings = { ...changedSettings(fields, form, before), ...references };
    const changes: Change[] = [];
    if (!editing) {
      // As one YAML node, so that it looks as if written by hand.
      const rest = chosen === undefined ? [] : scheduling(form, before, chosen.tables);
      const value = {
        ...(name === source.name ? {} : { source: source.name }),
        settings: Object.fromEntries(Object.entries(settings).filter(([, set]) => set !== undefined)),
        ...Object.fromEntries(rest.filter(([, set]) => set !== undefined)),
      };
      changes.push({ path: at, value });
    } else {
      for (const [key, value] of Object.entries(settings)) changes.push({ path: [...at, 'settings', key], value });
      if (chosen !== undefined)
        for (const [key, value] of scheduling(form, before, chosen.tables)) changes.push({ path: [...at, key], value });
    }
    return draft(context, changes, secrets);
  }

  /** The form as it stands, or as it was filled in and refused. */
  function accountForm(c: Context<Guarded>, source: Source, name: string, editing: boolean, before: Form) {
    const { form: filled, error } = drafts.refused.find(c.req.query('again')) ?? { form: {}, error: undefined };
    const form = { ...before, ...filled };
    const fields = fieldsOf(shapeOf(source.settings));
    return site.show(
      c,
      <AccountForm view={site.view(c)} source={source} name={name} editing={editing} fields={fields} form={form} error={error} />,
    );
  }

  function tablesForm(c: Context<Guarded>, id: string, { source, name, editing, tried, filled: form, error }: Begun) {
    const fields = fieldsOf(shapeOf(source.settings));
    const tables = source.tables(defaultsOf(source));
    return site.show(c, <TablesForm view={site.view(c)} id={id} {...{ source, name, editing, tried, fields, tables, form, error }} />);
  }

  /** The form filled in from the connection's settings in the file. */
  function existing(name: string, source: Source): Form {
    const raw = written(context.settingsFile, ['connections', name]);
    const all = source.tables(defaultsOf(source)).map((table) => table.name);
    const excluded = Array.isArray(raw['exclude']) ? raw['exclude'].map(String) : [];
    const tables = Array.isArray(raw['tables']) ? raw['tables'].map(String) : all.filter((table) => !excluded.includes(table));
    return {
      ...prefilled(fieldsOf(shapeOf(source.settings)), (raw['settings'] ?? {}) as Record<string, unknown>),
      table: tables,
      history: typeof raw['history'] === 'string' ? raw['history'] : 'all',
      start_date: raw['start_date'] === undefined ? '' : String(raw['start_date']),
      // Schedules by table can be changed only in the file.
      schedule: typeof raw['schedule'] === 'string' ? raw['schedule'] : '',
    };
  }

  function sourceNamed(name: string): Source {
    const source = context.sources.find((one) => one.name === name);
    if (source) return source;
    throw new TributaryError(`No source is called ${name}.`, { kind: 'config', code: 'not_found' });
  }

  function connectionNamed(name: string): ConnectionSettings {
    const found = context.settings().connections.find((one) => one.name === name);
    if (found) return found;
    throw new TributaryError(`No connection is called ${name}.`, { kind: 'config', code: 'not_found' });
  }
}

/** Tables, history and schedule where they differ from before. */
function scheduling(form: Form, before: Form, all: readonly string[]): [string, unknown][] {
  const chosen = [form['table'] ?? []].flat().map(String);
  if (chosen.length === 0) throw new TributaryError('Choose at least one table.', { kind: 'config' });
  const was = before['table'] === undefined ? all : [before['table']].flat().map(String);
  const [history, start, schedule] = ['history', 'start_date', 'schedule'].map((name) => textOf(form, name));
  const changes: [string, unknown][] = [];
  if ([...chosen].sort().join() !== [...was].sort().join()) {
    changes.push(['tables', chosen.length === all.length ? undefined : chosen]);
    if (before['table'] !== undefined) changes.push(['exclude', undefined]);
  }
  if (start !== textOf(before, 'start_date') || (start === '' && history !== (textOf(before, 'history') || ''))) {
    changes.push(['start_date', start === '' ? undefined : start]);
    changes.push(['history', start === '' ? history || 'all' : undefined]);
  }
  if (schedule !== textOf(before, 'schedule')) changes.push(['schedule', schedule === '' ? undefined : schedule]);
  return changes;
}
