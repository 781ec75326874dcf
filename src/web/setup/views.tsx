/** @jsxRuntime automatic @jsxImportSource hono/jsx */
import type { Settings } from '../../config/settings.ts';
import type { TributaryError } from '../../core/errors.ts';
import { plural } from '../../observability/text.ts';
import { Page } from '../views/layout.tsx';
import { Fact } from '../views/parts.tsx';
import { landingSteps, Steps } from '../views/steps.tsx';
import { connectionPath, landingPath, type View } from '../views/view.ts';
import { Field, textOf, type Form, type FormField } from './form.tsx';
import type { DiffLine } from './settings-file.ts';

export const overview = { href: '/', text: 'Overview' };

/** The buttons at the end of a form: submit and cancel. */
export const Actions = ({ label, cancel, tone = 'main' }: { label: string; cancel: string; tone?: 'main' | 'danger' }) => (
  <div class="actions">
    <button class={`button ${tone}`} type="submit">
      {label}
    </button>
    <a class="button plain" href={cancel}>
      Cancel
    </a>
  </div>
);

export function KindChoice({
  view,
  title,
  base,
  kinds,
}: {
  view: View;
  title: string;
  base: string;
  kinds: readonly { readonly kind: string; readonly title: string; readonly doc?: string }[];
}) {
  return (
    <Page view={view} title={title} crumbs={[overview]}>
      <ul class="choices">
        {kinds.map(({ kind, title: text, doc }) => (
          <li>
            <a href={`${base}/${kind}`}>
              {text}
              {doc === undefined ? null : <small>{doc}</small>}
            </a>
          </li>
        ))}
      </ul>
    </Page>
  );
}

export const Wrong = ({ error, what }: { error: TributaryError | undefined; what?: string | undefined }) =>
  error === undefined ? null : (
    <p class="notice bad" role="alert">
      {[what, error.message, error.remedy].filter(Boolean).join(' ')}
    </p>
  );

export function LandingForm({
  view,
  kind,
  title,
  doc,
  name,
  fields,
  connections,
  form,
  error,
}: {
  view: View;
  kind: string;
  title: string;
  doc: string;
  /** The landing's name when it is fixed. */
  name: string | undefined;
  fields: readonly FormField[];
  /** Every connection with its number of tables. */
  connections: readonly (readonly [name: string, tables: number])[];
  form: Form;
  error: TributaryError | undefined;
}) {
  const chosen = form['connection'] === undefined ? undefined : [form['connection']].flat().map(String);
  return (
    <Page view={view} title={`New ${title} landing`} crumbs={[overview, { href: '/new/landing', text: 'New landing' }]}>
      <Steps names={landingSteps} at={0} />
      <p>{doc}</p>
      <Wrong error={error} />
      <form method="post" action={`/new/landing/${kind}`} class="card form">
        <input type="hidden" name="form_token" value={view.formToken} />
        {name === undefined ? (
          <label>
            Name <input type="text" name="name" value={textOf(form, 'name')} pattern="[A-Za-z0-9_.-]+" required placeholder="warehouse" />
            <small>Recommended: the database's own name. Connectors are named after it.</small>
          </label>
        ) : (
          <p>
            It is called <code>{name}</code> in the settings.
          </p>
        )}
        {fields
          .filter(({ needed }) => needed)
          .map((field) => (
            <Field field={field} value={textOf(form, `set.${field.name}`)} />
          ))}
        {connections.length === 0 ? null : (
          <fieldset>
            <legend>Tables of these connections</legend>
            {connections.map(([name, tables]) => (
              <label class="check">
                <input type="checkbox" name="connection" value={name} checked={chosen?.includes(name) ?? true} /> {name}
                <small>{plural(tables, 'table')}</small>
              </label>
            ))}
          </fieldset>
        )}
        {fields.length === 0 ? null : (
          <details id="more">
            <summary>More settings</summary>
            {fields
              .filter(({ needed }) => !needed)
              .map((field) => (
                <p>
                  <Field field={field} value={textOf(form, `set.${field.name}`)} />
                </p>
              ))}
          </details>
        )}
        {fields.length === 0 ? null : (
          <p class="note">
            The warehouse's secrets are references the Connect worker reads itself (env:NAME, file:/path:key): none enters the settings or a
            connector.
          </p>
        )}
        <Actions label="Review" cancel="/" />
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
  steps = ['Account', 'Tables', 'Review'],
}: {
  view: View;
  title: string;
  id: string;
  lines: readonly DiffLine[];
  facts: readonly (readonly [string, string])[];
  steps?: readonly string[];
}) {
  return (
    <Page view={view} title={title} crumbs={[overview]}>
      <Steps names={steps} at={steps.indexOf('Review')} />
      <dl class="facts wide">
        {facts.map(([name, value]) => (
          <Fact name={name}>{value}</Fact>
        ))}
      </dl>
      <form method="post" action={`/set-up/${id}`} class="card form">
        <input type="hidden" name="form_token" value={view.formToken} />
        <h2>What changes in the settings file</h2>
        <Difference lines={lines} />
        <Actions label="Save" cancel="/" />
      </form>
    </Page>
  );
}

/** What is removed, what stays, and the lines removed from the file. */
export function Removal({
  view,
  name,
  back,
  what,
  consequences,
  lines,
}: {
  view: View;
  name: string;
  back: string;
  what: 'connection' | 'landing';
  consequences: readonly string[];
  lines: readonly DiffLine[];
}) {
  return (
    <Page view={view} title={`Remove ${name}?`} crumbs={[overview, { href: back, text: name }]}>
      <form method="post" action={`${back}/remove`} class="card form">
        <input type="hidden" name="form_token" value={view.formToken} />
        <ul>
          {consequences.map((text) => (
            <li>{text}</li>
          ))}
        </ul>
        <h2>What changes in the settings file</h2>
        <Difference lines={lines} />
        <Actions label={`Remove the ${what}`} cancel={back} tone="danger" />
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
                <a href={`${connectionPath(name)}/edit`}>Edit {name}</a> <a href={`${connectionPath(name)}/remove`}>Remove {name}</a>
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
