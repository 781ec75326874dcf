/** @jsxRuntime automatic @jsxImportSource hono/jsx */
import type { Settings } from '../../config/settings.ts';
import type { TributaryError } from '../../core/errors.ts';
import type { Source } from '../../sdk/source.ts';
import { Page } from '../views/layout.tsx';
import { Fact } from '../views/parts.tsx';
import { connectionPath, landingPath, type View } from '../views/view.ts';
import { Field, type FormField } from './form.tsx';
import type { DiffLine } from './settings-file.ts';

type Form = Readonly<Record<string, unknown>>;
const overview = { href: '/', text: 'Overview' };
const typed = (form: Form, name: string): string | undefined => (typeof form[name] === 'string' ? form[name] : undefined);

export function KindChoice({
  view,
  title,
  base,
  kinds,
}: {
  view: View;
  title: string;
  base: string;
  kinds: readonly (readonly [string, string])[];
}) {
  return (
    <Page view={view} title={title} crumbs={[overview]}>
      <ul class="choices">
        {kinds.map(([kind, text]) => (
          <li>
            <a href={`${base}/${kind}`}>{text}</a>
          </li>
        ))}
      </ul>
    </Page>
  );
}

const Wrong = ({ error }: { error: TributaryError | undefined }) =>
  error === undefined ? null : (
    <p class="notice bad" role="alert">
      Could not connect. {error.message} {error.remedy ?? ''}
    </p>
  );

export function ConnectionForm({
  view,
  source,
  fields,
  tables,
  form,
  error,
}: {
  view: View;
  source: Source;
  fields: readonly FormField[];
  tables: ReturnType<Source['tables']>;
  form: Form;
  error: TributaryError | undefined;
}) {
  const chosen = form['table'] === undefined ? undefined : [form['table']].flat().map(String);
  return (
    <Page view={view} title={`New ${source.title} connection`} crumbs={[overview, { href: '/new/connection', text: 'New connection' }]}>
      <Wrong error={error} />
      <form method="post" action={`/new/connection/${source.name}`} class="card form">
        <input type="hidden" name="form_token" value={view.formToken} />
        <label>
          Name <input type="text" name="name" value={typed(form, 'name') ?? source.name} pattern="[a-z][a-z0-9_]*" required />
          <small>Lower-case letters, digits and underscores; it is part of every topic's name.</small>
        </label>
        {fields
          .filter(({ needed, kind }) => needed || kind === 'secret')
          .map((field) => (
            <Field field={field} value={typed(form, `set.${field.name}`)} />
          ))}
        <fieldset>
          <legend>Tables</legend>
          {tables.map(({ name, planGated }) => (
            <label class="check">
              <input type="checkbox" name="table" value={name} checked={chosen?.includes(name) ?? true} /> {name}
              {planGated === undefined ? null : <small>{planGated}</small>}
            </label>
          ))}
        </fieldset>
        <label>
          History
          <select name="history">
            {(['all', '1y', '90d', '30d'] as const).map((range) => (
              <option value={range} selected={typed(form, 'history') === range}>
                {{ all: 'all there is', '1y': '1 year', '90d': '90 days', '30d': '30 days' }[range]}
              </option>
            ))}
          </select>
        </label>
        <label>
          or from a day on{' '}
          <input type="text" name="start_date" value={typed(form, 'start_date') ?? ''} placeholder="MM/DD/YYYY or YYYY-MM-DD" />
        </label>
        <label>
          Schedule <input type="text" name="schedule" value={typed(form, 'schedule') ?? ''} placeholder="0 * * * *" />
          <small>Cron expression; hourly, or as the source suggests, when empty.</small>
        </label>
        <details id="more">
          <summary>More settings</summary>
          {fields
            .filter(({ needed, kind }) => !needed && kind !== 'secret')
            .map((field) => (
              <p>
                <Field field={field} value={typed(form, `set.${field.name}`)} />
              </p>
            ))}
        </details>
        <div class="actions">
          <button class="button main" type="submit">
            Test and review
          </button>
          <a class="button plain" href="/">
            Cancel
          </a>
        </div>
      </form>
    </Page>
  );
}

export function LandingForm({
  view,
  kind,
  fields,
  form,
  error,
}: {
  view: View;
  kind: string;
  fields: readonly FormField[];
  form: Form;
  error: TributaryError | undefined;
}) {
  return (
    <Page view={view} title={`New landing: ${kind}`} crumbs={[overview, { href: '/new/landing', text: 'New landing' }]}>
      <Wrong error={error} />
      <form method="post" action={`/new/landing/${kind}`} class="card form">
        <input type="hidden" name="form_token" value={view.formToken} />
        <label>
          Name <input type="text" name="name" value={typed(form, 'name') ?? ''} required />
          <small>Recommended: the database's own name.</small>
        </label>
        {fields.map((field) => (
          <Field field={field} value={typed(form, `set.${field.name}`)} />
        ))}
        <p class="note">
          Secrets are references the Connect worker reads itself (env:NAME, file:/path:key): none enters the settings or a connector.
        </p>
        <div class="actions">
          <button class="button main" type="submit">
            Review
          </button>
          <a class="button plain" href="/">
            Cancel
          </a>
        </div>
      </form>
    </Page>
  );
}

const Difference = ({ lines }: { lines: readonly DiffLine[] }) => (
  <pre class="diff" tabindex={0} aria-label="What changes in the settings file">
    {lines.map(({ kind, text }) => (
      <span class={kind}>{`${{ same: ' ', add: '+', del: '-' }[kind]} ${text}`}</span>
    ))}
  </pre>
);

export function Review({
  view,
  title,
  id,
  lines,
  facts,
}: {
  view: View;
  title: string;
  id: string;
  lines: readonly DiffLine[];
  facts: readonly (readonly [string, string])[];
}) {
  return (
    <Page view={view} title={title} crumbs={[overview]}>
      <dl class="facts wide">
        {facts.map(([name, value]) => (
          <Fact name={name}>{value}</Fact>
        ))}
      </dl>
      <form method="post" action={`/set-up/${id}`} class="card form">
        <input type="hidden" name="form_token" value={view.formToken} />
        <h2>What changes in the settings file</h2>
        <Difference lines={lines} />
        <div class="actions">
          <button class="button main" type="submit">
            Save
          </button>
          <a class="button plain" href="/">
            Cancel
          </a>
        </div>
      </form>
    </Page>
  );
}

export function RemoveConnection({ view, name, lines }: { view: View; name: string; lines: readonly DiffLine[] }) {
  return (
    <Page view={view} title={`Remove ${name}?`} crumbs={[overview, { href: connectionPath(name), text: name }]}>
      <form method="post" action={`${connectionPath(name)}/remove`} class="card form">
        <input type="hidden" name="form_token" value={view.formToken} />
        <p>Its tables are read no more. The topics, the positions and the warehouse tables stay.</p>
        <Difference lines={lines} />
        <div class="actions">
          <button class="button danger" type="submit">
            Remove the connection
          </button>
          <a class="button plain" href={connectionPath(name)}>
            Cancel
          </a>
        </div>
      </form>
    </Page>
  );
}

export function SettingsPage({ view, settings, file }: { view: View; settings: Settings; file: string | undefined }) {
  return (
    <Page view={view} title="Settings">
      <dl class="facts wide">
        <Fact name="File">{file ?? 'none'}</Fact>
        <Fact name="Prefix">{settings.prefix}</Fact>
        <Fact name="Time zone of schedules">{settings.timezone}</Fact>
      </dl>
      <h2>Connections</h2>
      <ul>
        {settings.connections.map(({ name, source }) => (
          <li>
            <a href={connectionPath(name)}>{name}</a> ({source.title})
            {view.readOnly || file === undefined ? null : (
              <>
                {' '}
                <a href={`${connectionPath(name)}/remove`}>Remove {name}</a>
              </>
            )}
          </li>
        ))}
      </ul>
      <h2>Landings</h2>
      <ul>
        {Object.keys(settings.landings).map((name) => (
          <li>
            <a href={landingPath(name)}>{name}</a>
          </li>
        ))}
      </ul>
      <p class="note">
        What is changed in the file is taken up by running workers within seconds; a fault in it changes nothing and is told on the page of
        workers.
      </p>
    </Page>
  );
}
