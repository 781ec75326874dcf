/** @jsxRuntime automatic @jsxImportSource hono/jsx */
import type { ConnectionSettings, Settings } from '../../config/settings.ts';
import type { TributaryError } from '../../core/errors.ts';
import { count, plural } from '../../observability/text.ts';
import { Page } from '../views/layout.tsx';
import { Empty, Fact, List, type Column } from '../views/parts.tsx';
import { landingSteps, Steps } from '../views/steps.tsx';
import { connectionPath, landingPath, type View } from '../views/view.ts';
import { changed, Field, textOf, type Form, type FormField } from './form.tsx';
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
  editing,
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
  /** It is there already. */
  editing: boolean;
  fields: readonly FormField[];
  /** Every connection with its number of tables. */
  connections: readonly (readonly [name: string, tables: number])[];
  form: Form;
  error: TributaryError | undefined;
}) {
  const chosen = form['connection'] === undefined ? undefined : [form['connection']].flat().map(String);
  const back = editing && name !== undefined ? landingPath(name) : '/';
  const crumb = editing && name !== undefined ? { href: back, text: name } : { href: '/new/landing', text: 'New landing' };
  return (
    <Page view={view} title={editing ? `Settings of ${name}` : `New ${title} landing`} crumbs={[overview, crumb]}>
      <Steps names={editing ? landingSteps.filter((step) => step !== 'Set-up script') : landingSteps} at={0} />
      <p>{doc}</p>
      <Wrong error={error} />
      <form method="post" action={editing ? `${back}/edit` : `/new/landing/${kind}`} class="card form">
        <input type="hidden" name="form_token" value={view.formToken} />
        {name === undefined ? (
          <label>
            Name <input type="text" name="name" value={textOf(form, 'name')} pattern="[A-Za-z0-9_.-]+" required placeholder="warehouse" />
            <small>Recommended: the database's own name. Connectors are named after it.</small>
          </label>
        ) : editing ? null : (
          <p>
            It is called <code>{name}</code> in the settings.
          </p>
        )}
        {fields
          .filter(({ needed }) => needed)
          .map((field) => (
            <Field field={field} value={textOf(form, `set.${field.name}`)} kept={textOf(form, `kept.${field.name}`)} />
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
          <details id="more" open={editing || fields.some((field) => !field.needed && changed(field, form))}>
            <summary>More settings</summary>
            {fields
              .filter(({ needed }) => !needed)
              .map((field) => (
                <p>
                  <Field field={field} value={textOf(form, `set.${field.name}`)} kept={textOf(form, `kept.${field.name}`)} />
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
        <Actions label="Review" cancel={back} />
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
  steps,
}: {
  view: View;
  title: string;
  id: string;
  lines: readonly DiffLine[];
  facts: readonly (readonly [string, string])[];
  steps: readonly string[];
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
  const able = !view.readOnly && file !== undefined;
  /** What can be done with a row; `set` where there is something to set. */
  const commands = <Row,>(of: (row: Row) => { readonly base: string; readonly name: string; readonly set: boolean }): Column<Row> | null =>
    able
      ? {
          title: 'Commands',
          quiet: true,
          cell: (row) => {
            const { base, name, set } = of(row);
            return (
              <span class="actions">
                {set ? (
                  <a class="button plain" href={`${base}/edit`} aria-label={`Edit ${name}`}>
                    Edit
                  </a>
                ) : null}
                <a class="button plain" href={`${base}/remove`} aria-label={`Remove ${name}`}>
                  Remove
                </a>
              </span>
            );
          },
        }
      : null;
  const landings = Object.entries(settings.landings);
  return (
    <Page view={view} title="Settings">
      <dl class="facts wide">
        <Fact name="File">{file ?? 'none'}</Fact>
        <Fact name="Prefix">{settings.prefix}</Fact>
        <Fact name="Time zone of schedules">{settings.timezone}</Fact>
      </dl>
      <h2>Connections</h2>
      {settings.connections.length === 0 ? (
        <Empty title="No connection yet" />
      ) : (
        <List
          rows={settings.connections}
          columns={[
            { title: 'Connection', cell: ({ name }) => <a href={connectionPath(name)}>{name}</a> },
            { title: 'Source', cell: ({ source }) => source.title },
            { title: 'Tables', num: true, cell: ({ tables }) => count(tables.length) },
            commands(({ name }: ConnectionSettings) => ({ base: connectionPath(name), name, set: true })),
          ]}
        />
      )}
      <h2>Landings</h2>
      {landings.length === 0 ? (
        <Empty title="No landing yet" />
      ) : (
        <List
          rows={landings}
          columns={[
            { title: 'Landing', cell: ([name]) => <a href={landingPath(name)}>{name}</a> },
            { title: 'Warehouse', cell: ([, landing]) => (landing === 'embedded' ? 'the PostgreSQL of this machine' : landing.kind) },
            commands(([name, landing]: (typeof landings)[number]) => ({ base: landingPath(name), name, set: landing !== 'embedded' })),
          ]}
        />
      )}
      <p class="note">
        What is changed in the file is taken up by running workers within seconds; a fault in it changes nothing and is told on the page of
        workers.
      </p>
    </Page>
  );
}
