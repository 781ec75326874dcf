/** @jsxRuntime automatic @jsxImportSource hono/jsx */
import type { TributaryError } from '../../core/errors.ts';
import type { Source } from '../../sdk/source.ts';
import { Page } from '../views/layout.tsx';
import { Pill } from '../views/parts.tsx';
import { connectionSteps, Steps } from '../views/steps.tsx';
import { connectionPath, type View } from '../views/view.ts';
import { changed, Field, textOf, type Form, type FormField } from './form.tsx';
import type { TableRight, Tried } from './rights.ts';
import { Actions, Wrong, overview } from './views.tsx';

const crumbsOf = (name: string, editing: boolean) => [
  overview,
  editing ? { href: connectionPath(name), text: name } : { href: '/new/connection', text: 'New connection' },
];

/** First step: the account. */
export function AccountForm({
  view,
  source,
  name,
  editing,
  fields,
  form,
  error,
}: {
  view: View;
  source: Source;
  name: string;
  editing: boolean;
  fields: readonly FormField[];
  form: Form;
  error: TributaryError | undefined;
}) {
  const first = ({ needed, kind }: FormField): boolean => needed || kind === 'secret';
  return (
    <Page view={view} title={editing ? `Settings of ${name}` : `New ${source.title} connection`} crumbs={crumbsOf(name, editing)}>
      <Steps names={connectionSteps} at={0} />
      <Wrong error={error} what={error?.kind === 'config' && error.code === undefined ? undefined : 'Could not connect.'} />
      <form method="post" action={editing ? `${connectionPath(name)}/edit` : `/new/connection/${source.name}`} class="card form">
        <input type="hidden" name="form_token" value={view.formToken} />
        {editing ? null : (
          <label>
            Name <input type="text" name="name" value={textOf(form, 'name') || name} pattern="[a-z][a-z0-9_]*" required />
            <small>Lower-case letters, digits and underscores; it is part of every topic's name.</small>
          </label>
        )}
        {fields.filter(first).map((field) => (
          <Field field={field} value={textOf(form, `set.${field.name}`)} kept={textOf(form, `kept.${field.name}`)} />
        ))}
        <details id="more" open={editing || fields.some((field) => !first(field) && changed(field, form))}>
          <summary>More settings</summary>
          {fields
            .filter((field) => !first(field))
            .map((field) => (
              <p>
                <Field field={field} value={textOf(form, `set.${field.name}`)} />
              </p>
            ))}
        </details>
        <Actions label="Test the connection" cancel={editing ? connectionPath(name) : '/'} />
      </form>
    </Page>
  );
}

const ranges = [
  ['all', 'all there is'],
  ['1y', '1 year'],
  ['90d', '90 days'],
  ['30d', '30 days'],
] as const;

/** Second step: tables, history and schedule, with the result of the test request beside each table. */
export function TablesForm({
  view,
  id,
  source,
  name,
  editing,
  tried,
  fields,
  tables,
  form,
  error,
}: {
  view: View;
  id: string;
  source: Source;
  name: string;
  editing: boolean;
  tried: Tried;
  fields: readonly FormField[];
  tables: ReturnType<Source['tables']>;
  form: Form;
  error: TributaryError | undefined;
}) {
  const chosen = form['table'] === undefined ? undefined : [form['table']].flat().map(String);
  const refused = tried.rights.filter(({ outcome }) => outcome === 'refused');
  const rightOf = (table: string): TableRight | undefined => tried.rights.find((one) => one.table === table);
  return (
    <Page view={view} title={editing ? `Settings of ${name}` : `New ${source.title} connection`} crumbs={crumbsOf(name, editing)}>
      <Steps names={connectionSteps} at={1} />
      <p class="notice good" role="status">
        Connected to {tried.account}.
      </p>
      {refused.length === 0 ? null : (
        <p class="notice bad" role="alert">
          Could not connect to {refused.length} of {tables.length} tables: the key lacks a right, or the plan does not hold them. They are
          turned off below. Give the key the right and{' '}
          <a href={editing ? `${connectionPath(name)}/edit` : `/new/connection/${source.name}`}>test again</a>, or go on without them.
        </p>
      )}
      <Wrong error={error} />
      <form method="post" action={`/set-up/${id}/tables`} class="card form">
        <input type="hidden" name="form_token" value={view.formToken} />
        <fieldset>
          <legend>Tables</legend>
          <ul class="rights">
            {tables.map(({ name: table, planGated, off }) => {
              const right = rightOf(table);
              return (
                <li>
                  <label class="check">
                    <input
                      type="checkbox"
                      name="table"
                      value={table}
                      checked={chosen === undefined ? right?.outcome !== 'refused' : chosen.includes(table)}
                    />{' '}
                    {table}
                  </label>{' '}
                  {right === undefined ? (
                    <Pill tone="off">{off === undefined ? 'not tried' : 'off'}</Pill>
                  ) : right.outcome === 'read' ? (
                    <Pill tone="good">Connected</Pill>
                  ) : right.outcome === 'refused' ? (
                    <Pill tone="bad">Could not connect</Pill>
                  ) : (
                    <Pill tone="wait">Not proved</Pill>
                  )}
                  <small>{[right?.text, off, planGated].filter(Boolean).join(' ')}</small>
                </li>
              );
            })}
          </ul>
        </fieldset>
        {tried.choices.map(({ setting, choices: listed }) => {
          const set = new Set(textOf(form, `set.${setting}`).split('\n').filter(Boolean));
          // What was typed, or stands in the file, and the account does not list: it stays unless it is unticked.
          const unlisted = [...set].filter((value) => !listed.some((one) => one.value === value));
          const choices = [...unlisted.map((value) => ({ value, label: value, group: 'Not listed by the account' })), ...listed];
          const groups = [...new Set(choices.map(({ group }) => group ?? ''))];
          return (
            <fieldset class="offered">
              <legend>{setting}</legend>
              <small>{fields.find((field) => field.name === setting)?.doc}</small>
              {groups.map((group) => (
                <details id={`offer-${setting}-${group}`} open={groups.length === 1 && choices.length <= 12}>
                  <summary>
                    {group || 'Choose'} <small>{choices.filter((one) => (one.group ?? '') === group).length}</small>
                  </summary>
                  {choices
                    .filter((one) => (one.group ?? '') === group)
                    .map(({ value, label }) => (
                      <label class="check">
                        <input type="checkbox" name={`set.${setting}`} value={value} checked={set.has(value)} /> {label}
                      </label>
                    ))}
                </details>
              ))}
            </fieldset>
          );
        })}
        <label>
          History
          <select name="history">
            {ranges.map(([range, text]) => (
              <option value={range} selected={textOf(form, 'history') === range}>
                {text}
              </option>
            ))}
          </select>
        </label>
        <label>
          or from a day on{' '}
          <input
            type="text"
            name="start_date"
            value={textOf(form, 'start_date')}
            placeholder="MM/DD/YYYY or YYYY-MM-DD"
            autocomplete="off"
          />
        </label>
        <label>
          Schedule <input type="text" name="schedule" value={textOf(form, 'schedule')} placeholder="0 * * * *" autocomplete="off" />
          <small>Cron expression; hourly, or as the source suggests, when empty.</small>
        </label>
        <Actions label="Review" cancel={editing ? connectionPath(name) : '/'} />
      </form>
    </Page>
  );
}
