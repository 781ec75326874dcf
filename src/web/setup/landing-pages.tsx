/** @jsxRuntime automatic @jsxImportSource hono/jsx */
import type { Context, Hono } from 'hono';
import { shapeOf, type JsonSchema } from '../../config/json-schema.ts';
import { asTributaryError, TributaryError } from '../../core/errors.ts';
import { landingSettings } from '../../landing/settings.ts';
import type { Site } from '../app.tsx';
import type { Guarded } from '../guard.ts';
import { requireLandingOf } from '../landing-pages.tsx';
import { landingSteps } from '../views/steps.tsx';
import { landingPath } from '../views/view.ts';
import type { Drafts } from './drafts.ts';
import { changedSettings, fieldsOf, prefilled, textOf, type Form, type FormField } from './form.tsx';
import { secretsOf } from './secrets.ts';
import { draft, written, type Draft } from './settings-file.ts';
import { KindChoice, LandingForm } from './views.tsx';

/** A kind of warehouse to choose from. */
interface Kind {
  readonly title: string;
  readonly doc: string;
  readonly fields: readonly FormField[];
}

const titles: Readonly<Record<string, string>> = {
  postgres: 'PostgreSQL',
  redshift: 'Amazon Redshift',
  bigquery: 'BigQuery',
  snowflake: 'Snowflake',
  synapse: 'Azure Synapse',
  s3: 'Amazon S3',
  iceberg: 'Apache Iceberg',
};

/** The local stack's PostgreSQL: it needs no settings, and its name is fixed. */
const embedded = 'embedded';
const embeddedName = 'postgres';

/** What a form of a landing is about. `before`: as the settings file would have filled it in; only of a landing that exists. */
interface Subject {
  readonly kind: string;
  readonly name: string | undefined;
  readonly before?: Form;
}

/** Setting a landing up, or another way, as far as to the settings file; script, check and apply are on the landing's own page. */
export function addLandingSetup(app: Hono<Guarded>, site: Site, drafts: Drafts): void {
  const { context } = site;

  app.get('/new/landing', (c) =>
    site.show(
      c,
      <KindChoice
        view={site.view(c)}
        title="New landing"
        base="/new/landing"
        kinds={[...kinds()].map(([kind, { title, doc }]) => ({ kind, title, doc }))}
      />,
    ),
  );
  app.get('/new/landing/:kind', (c) => form(c, ofKind(c.req.param('kind'))));
  app.post('/new/landing/:kind', async (c) => {
    const filled = await c.req.parseBody({ all: true });
    const about = ofKind(c.req.param('kind'));
    try {
      const name = about.name ?? textOf(filled, 'name');
      if (name === '') throw new TributaryError('Give the landing a name.', { kind: 'config' });
      if (Object.hasOwn(context.settings().landings, name))
        throw new TributaryError(`There is a landing ${name} already.`, {
          kind: 'config',
          remedy: about.kind === embedded ? 'Remove that one first.' : 'Give the new one another name.',
        });
      const { fields } = requireKind(about.kind);
      const { references, secrets } = secretsOf(context, fields, filled, name);
      const chosen = about.kind === embedded ? undefined : connectionsOf(filled);
      const value =
        about.kind === embedded
          ? embedded
          : {
              kind: about.kind,
              ...changedSettings(fields, filled),
              ...references,
              ...(chosen === undefined ? {} : { connections: chosen }),
            };
      const next =
        about.kind === embedded
          ? 'Apply: Tributary sets its own PostgreSQL up by itself.'
          : 'Run its set-up script in the warehouse, then check and apply.';
      return review(c, name, 'landing-add', draft(context, [{ path: ['landings', name], value }], secrets), chosen, next);
    } catch (error) {
      return refuse(c, `/new/landing/${about.kind}`, filled, asTributaryError(error, 'Setting the landing up'));
    }
  });
  app.get('/l/:landing/edit', (c) => {
    const about = ofLanding(c.req.param('landing'));
    return form(c, about);
  });
  app.post('/l/:landing/edit', async (c) => {
    const filled = await c.req.parseBody({ all: true });
    const name = c.req.param('landing');
    const { kind, before } = ofLanding(name);
    try {
      const { fields } = requireKind(kind);
      const { references, secrets } = secretsOf(context, fields, filled, name);
      const chosen = connectionsOf(filled);
      const was = connectionsOf(before);
      const same = [...(chosen ?? [])].sort().join() === [...(was ?? [])].sort().join();
      const changed = { ...changedSettings(fields, filled, before), ...references, ...(same ? {} : { connections: chosen }) };
      const changes = Object.entries(changed).map(([key, value]) => ({ path: ['landings', name, key], value }));
      if (changes.length === 0) throw new TributaryError('Nothing was changed.', { kind: 'config' });
      const next = 'Check and apply: until then the connectors run as they were applied last.';
      return review(c, name, 'landing-edit', draft(context, changes, secrets), chosen, next);
    } catch (error) {
      return refuse(c, `${landingPath(name)}/edit`, filled, asTributaryError(error, 'Changing the landing'));
    }
  });

  function review(
    c: Context<Guarded>,
    name: string,
    command: 'landing-add' | 'landing-edit',
    made: Draft,
    connections: readonly string[] | undefined,
    next: string,
  ): Response {
    const id = drafts.waiting.hold({
      ...{ draft: made, command, connection: null, detail: name, next: landingPath(name) },
      title: `Review ${name}`,
      steps: command === 'landing-add' ? landingSteps : landingSteps.filter((step) => step !== 'Set-up script'),
      facts: [
        ['Connections', connections?.join(', ') ?? 'all'],
        ['Next', next],
      ],
    });
    return c.redirect(`/set-up/${id}`, 303);
  }

  const refuse = (c: Context<Guarded>, path: string, filled: Form, error: TributaryError): Response =>
    c.redirect(`${path}?again=${drafts.refused.hold({ form: { connection: [], ...filled }, error })}`, 303);

  /** The connections that are ticked; undefined for all of them, whatever is added later. */
  function connectionsOf(filled: Form): string[] | undefined {
    const all = context.settings().connections.map((one) => one.name);
    const chosen = [filled['connection'] ?? []].flat().map(String);
    if (all.length > 0 && chosen.length === 0) throw new TributaryError('Choose at least one connection.', { kind: 'config' });
    return chosen.length === all.length ? undefined : chosen;
  }

  /** The form as it stands, or as it was filled in and refused. */
  function form(c: Context<Guarded>, { kind, name, before }: Subject): Promise<Response> {
    const { form: refused, error } = drafts.refused.find(c.req.query('again')) ?? { form: {}, error: undefined };
    const filled: Form = { ...before, ...refused };
    const { title, doc, fields } = requireKind(kind);
    const connections = kind === embedded ? [] : context.settings().connections.map(({ name, tables }) => [name, tables.length] as const);
    const editing = before !== undefined;
    return site.show(
      c,
      <LandingForm view={site.view(c)} form={filled} {...{ kind, title, doc, name, editing, fields, connections, error }} />,
    );
  }

  const ofKind = (kind: string): Subject => ({ kind, name: kind === embedded ? embeddedName : undefined });

  /** What the file says of a landing. */
  function ofLanding(name: string): Subject & { readonly before: Form } {
    const { landing } = requireLandingOf(site, name).open;
    if (context.settings().landings[name] === embedded)
      throw new TributaryError(`The landing ${name} is the PostgreSQL of this machine: there is nothing to set.`, { kind: 'config' });
    const raw = written(context.settingsFile, ['landings', name]);
    const { kind } = landing.settings;
    const connection = landing.settings.connections ?? context.settings().connections.map((one) => one.name);
    return { kind, name, before: { ...prefilled(requireKind(kind).fields, raw), connection } };
  }

  function requireKind(name: string): Kind {
    const kind = kinds().get(name);
    if (kind) return kind;
    throw new TributaryError(`No warehouse is called ${name}.`, { kind: 'config', code: 'not_found' });
  }

  function kinds(): ReadonlyMap<string, Kind> {
    const shape = shapeOf(landingSettings);
    const branches = [...(shape.oneOf ?? []), ...(shape.anyOf ?? [])].map((branch): [string, Kind] => {
      const of: JsonSchema | undefined = branch.properties?.['kind'];
      const kind = String(of?.['const'] ?? '');
      return [
        kind,
        {
          title: titles[kind] ?? kind,
          doc: typeof of?.['description'] === 'string' ? of['description'] : '',
          // Without the local stack's Connect, the landing's Connect address is needed before anything can be checked.
          fields: fieldsOf(branch, ['kind', 'connections']).map((field) =>
            field.name === 'connect_url' && !context.localWarehouse ? { ...field, needed: true } : field,
          ),
        },
      ];
    });
    const own: [string, Kind][] = context.localWarehouse
      ? [
          [
            embedded,
            { title: 'The PostgreSQL of this machine', doc: 'Comes with the local stack: nothing to install or to fill in.', fields: [] },
          ],
        ]
      : [];
    return new Map([...own, ...branches]);
  }
}
