/** @jsxRuntime automatic @jsxImportSource hono/jsx */
import type { Child } from 'hono/jsx';
import { count, plural } from '../../observability/text.ts';
import type { ConnectionView } from '../model/board-rows.ts';
import type { TableRow } from '../model/table-row.ts';
import { Page } from './layout.tsx';
import { cut } from './parts.tsx';
import { connectionPath, tablePath, type View } from './view.ts';

export type Question = 'resync' | 'backfill' | 'allow-deletes';
export const questions = ['resync', 'backfill', 'allow-deletes'] as const satisfies readonly Question[];

/** Asks for confirmation before a command that reads or deletes much, with the number of rows concerned. */
export function Confirm({
  view,
  connection,
  row,
  question,
  filled = {},
  error,
}: {
  view: View;
  connection: ConnectionView;
  row?: TableRow;
  question: Question;
  /** What was filled in before. */
  filled?: { readonly history?: string | undefined; readonly from?: string | undefined };
  error?: string;
}) {
  const base = row ? tablePath(connection.name, row.status.table) : connectionPath(connection.name);
  const what = row ? `${connection.name}.${row.status.table}` : connection.name;
  const rows = row ? [row] : connection.tables.filter(({ history }) => history);
  const whole = row ? [] : connection.tables.filter(({ history }) => !history).map(({ status }) => status.table);
  const [title, label, tone] = texts[question];
  return (
    <Page
      view={view}
      title={title(what)}
      crumbs={[
        { href: '/', text: 'Overview' },
        { href: connectionPath(connection.name), text: connection.name },
        ...(row ? [{ href: base, text: row.status.table }] : []),
      ]}
    >
      {error === undefined ? null : (
        <p class="notice bad" role="alert">
          {error}
        </p>
      )}
      <form method="post" action={`${base}/${question}`} class="card form">
        <input type="hidden" name="form_token" value={view.formToken} />
        <Consequences question={question} rows={rows} whole={whole} />
        {question === 'backfill' ? (
          <fieldset>
            <legend>How far back</legend>
            {stretches.map(([value, text]) => (
              <label class="check">
                <input type="radio" name="history" value={value} checked={value === (filled.history ?? '30d')} /> {text}
              </label>
            ))}
            <label>
              First day{' '}
              <input type="text" name="from" value={filled.from ?? ''} placeholder="MM/DD/YYYY or YYYY-MM-DD" autocomplete="off" />
            </label>
          </fieldset>
        ) : null}
        <div class="actions">
          {question === 'allow-deletes' && row?.status.withheld === undefined ? null : (
            <button type="submit" class={`button ${tone}`}>
              {label}
            </button>
          )}
          <a class="button plain" href={base}>
            Cancel
          </a>
        </div>
      </form>
    </Page>
  );
}

const stretches = [
  ['30d', '30 days'],
  ['90d', '90 days'],
  ['1y', '1 year'],
  ['all', 'all history'],
  ['from', 'from a day on'],
] as const;

const texts: Readonly<Record<Question, readonly [title: (what: string) => string, label: string, tone: string]>> = {
  resync: [(what) => `Read everything of ${what} again?`, 'Read everything again', 'main'],
  backfill: [(what) => `Back-fill ${what}?`, 'Start the back-fill', 'main'],
  'allow-deletes': [(what) => `Allow the deletes of ${what}?`, 'Allow the deletes', 'danger'],
};

function Consequences({ question, rows, whole }: { question: Question; rows: readonly TableRow[]; whole: readonly string[] }): Child {
  const read = rows.reduce(
    (sum, { status }) =>
      sum + (status.runs.historical?.totals?.fetched ?? status.runs.periodic?.totals?.fetched ?? status.lastRun?.totals?.fetched ?? 0),
    0,
  );
  const live = rows.reduce((sum, one) => sum + (one.liveRows ?? 0), 0);
  const known =
    live > 0
      ? `The ${rows.length === 1 ? 'topic holds' : 'topics hold'} ${plural(live, 'row')} now; each of them that is in it is read and compared again.`
      : read === 0
        ? 'How many rows that is, is not known yet.'
        : `The last runs read ${plural(read, 'row')}; a whole history can be many times that.`;
  if (question === 'allow-deletes') {
    const withheld = rows[0]?.status.withheld;
    if (!withheld) return <p>No deletes of this table are withheld now.</p>;
    return (
      <>
        <p>
          <strong>{plural(withheld.count, 'row')}</strong> may be deleted, from the topic and from every warehouse that lands it. They are
          gone there for good.
        </p>
        <p>They were withheld because: {cut(withheld.reason, 1_000)}</p>
        <p>
          The table is listed once more before; only what is still gone then is deleted, and no more than {count(withheld.count)} beside
          what would be plausible anyway.
        </p>
        {withheld.sample === undefined ? null : (
          <>
            <h2>Some of the keys</h2>
            <ul class="keys">
              {withheld.sample.map((key) => (
                <li>
                  <code>{cut(key, 300)}</code>
                </li>
              ))}
            </ul>
          </>
        )}
      </>
    );
  }
  return (
    <ul>
      <li>
        {plural(rows.length, 'table')}: {named(rows.map(({ status }) => status.table))}.
      </li>
      {whole.length === 0 ? null : <li>Left out, because every run reads the whole table anyway: {named(whole)}.</li>}
      <li>
        {question === 'resync'
          ? 'All history is read again from the vendor.'
          : 'The chosen stretch of history is read again from the vendor.'}{' '}
        {known}
      </li>
      <li>Requests count against the vendor's quota; periodic runs of these tables wait meanwhile.</li>
      <li>
        A row that has not changed is not published again: 0 rows for consumers unless something differs. Nothing is deleted by it but what
        a complete listing no longer shows.
      </li>
    </ul>
  );
}

const named = (tables: readonly string[]): string =>
  `${tables.slice(0, 8).join(', ')}${tables.length > 8 ? ` and ${tables.length - 8} more` : ''}`;
