/** @jsxRuntime automatic @jsxImportSource hono/jsx */
import type { Context, Hono } from 'hono';
import { shapeOf, type JsonSchema } from '../../config/json-schema.ts';
import { asTributaryError, TributaryError } from '../../core/errors.ts';
import { landingSettings } from '../../landing/settings.ts';
import type { Site } from '../app.tsx';
import type { Guarded } from '../guard.ts';
import { landingSteps } from '../views/steps.tsx';
import { landingPath } from '../views/view.ts';
import type { Drafts } from './drafts.ts';
import { changedSettings, fieldsOf, textOf, type Form, type FormField } from './form.tsx';
import { secretsOf } from './secrets.ts';
import { diff, draft } from './settings-file.ts';
import { KindChoice, LandingForm, Review } from './views.tsx';

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

/** Sets a landing up to the point where it is in the settings file; script, check and apply are on the landing's own page. */
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
  app.get('/new/landing/:kind', (c) => form(c));
  app.post('/new/landing/:kind', async (c) => {
    const filled = await c.req.parseBody({ all: true });
    const kind = c.req.param('kind');
    const { fields } = requireKind(kind);
    try {
      const name = kind === embedded ? embeddedName : textOf(filled, 'name');
      if (name === '') throw new TributaryError('Give the landing a name.', { kind: 'config' });
      if (Object.hasOwn(context.settings().landings, name))
        throw new TributaryError(`There is a landing ${name} already.`, {
          kind: 'config',
          remedy: kind === embedded ? 'Remove that one first.' : 'Give the new one another name.',
        });
      const all = context.settings().connections.map((one) => one.name);
      const chosen = [filled['connection'] ?? []].flat().map(String);
      if (kind !== embedded && all.length > 0 && chosen.length === 0)
        throw new TributaryError('Choose at least one connection.', { kind: 'config' });
      const { references, secrets } = secretsOf(context, fields, filled, name);
      const value =
        kind === embedded
          ? embedded
          : {
              kind,
              ...changedSettings(fields, filled),
              ...references,
              ...(chosen.length === all.length ? {} : { connections: chosen }),
            };
      const made = draft(context, [{ path: ['landings', name], value }], secrets);
      const id = drafts.waiting.hold({ draft: made, command: 'landing-add', connection: null, detail: name, next: landingPath(name) });
      return await site.show(
        c,
        <Review
          view={site.view(c)}
          title={`Review ${name}`}
          id={id}
          steps={landingSteps}
          lines={diff(made.before, made.after)}
          facts={[
            ['Connections', kind === embedded ? 'all' : chosen.join(', ') || 'all'],
            ...[...secrets.keys()].map((path) => ['Secret goes into', `${path} (mode 0600)`] as const),
            [
              'Next',
              kind === embedded
                ? 'Apply: Tributary sets its own PostgreSQL up by itself.'
                : 'Run its set-up script in the warehouse, then check and apply.',
            ],
          ]}
        />,
      );
    } catch (error) {
      return form(c, filled, asTributaryError(error, 'Setting the landing up'));
    }
  });

  function form(c: Context<Guarded>, filled: Form = {}, error?: TributaryError): Promise<Response> {
    const kind = c.req.param('kind') ?? '';
    const { title, doc, fields } = requireKind(kind);
    const connections = kind === embedded ? [] : context.settings().connections.map(({ name, tables }) => [name, tables.length] as const);
    const name = kind === embedded ? embeddedName : undefined;
    return site.show(c, <LandingForm view={site.view(c)} form={filled} {...{ kind, title, doc, name, fields, connections, error }} />);
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
