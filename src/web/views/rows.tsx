/** @jsxRuntime automatic @jsxImportSource hono/jsx */
import { plural } from '../../observability/text.ts';
import type { Change, LookedUp } from '../model/topic-rows.ts';
import type { TableRecord } from '../../core/table.ts';
import { Page, type Crumb } from './layout.tsx';
import { cut, Empty, List, Moment, Pill } from './parts.tsx';
import { connectionPath, tablePath, type View } from './view.ts';

const crumbsTo = (connection: string, table: string): Crumb[] => [
  { href: '/', text: 'Overview' },
  { href: connectionPath(connection), text: connection },
  { href: tablePath(connection, table), text: table },
];

/** The newest messages of a table's topic, newest first. */
export function Changes({
  view,
  connection,
  table,
  changes,
}: {
  view: View;
  connection: string;
  table: string;
  changes: readonly Change[];
}) {
  return (
    <Page view={view} title="Last changes" crumbs={crumbsTo(connection, table)}>
      {changes.length === 0 ? (
        <Empty title="The topic is empty">
          <p>Nothing has been published yet.</p>
        </Empty>
      ) : (
        <ol class="changes">
          {changes.map((change) => (
            <OneChange change={change} view={view} />
          ))}
        </ol>
      )}
    </Page>
  );
}

export function LookUp({
  view,
  connection,
  table,
  found,
  error,
}: {
  view: View;
  connection: string;
  table: string;
  found?: LookedUp;
  error?: string;
}) {
  return (
    <Page view={view} title="Look-up" crumbs={crumbsTo(connection, table)}>
      {error === undefined ? null : (
        <p class="notice bad" role="alert">
          {error}
        </p>
      )}
      {found === undefined ? null : (
        <>
          <p>
            Key <code>{shown(found.key)}</code>
          </p>
          {found.now ? (
            <>
              <p class="notice good">The topic holds this row.</p>
              <Columns record={found.now.record ?? {}} />
            </>
          ) : (
            <p class="notice">{found.versions.length === 0 ? 'The topic holds no row of this key.' : 'The row was deleted.'}</p>
          )}
          {found.versions.length === 0 ? null : (
            <>
              <h2>{plural(found.versions.length, 'version')} still in the topic</h2>
              <ol class="changes">
                {found.versions.map((change) => (
                  <OneChange change={change} view={view} />
                ))}
              </ol>
            </>
          )}
        </>
      )}
      <p>
        <a href={tablePath(connection, table)}>Back to {table}</a>
      </p>
    </Page>
  );
}

function OneChange({ change, view }: { change: Change; view: View }) {
  const { kind, key, record, at, partition, offset } = change;
  return (
    <li>
      <details id={`at-${partition}-${offset}`}>
        <summary>
          <Pill tone={kind === 'row' ? 'good' : kind === 'marker' ? 'warn' : 'bad'}>
            {kind === 'row' ? 'row' : kind === 'marker' ? 'delete marker' : 'tombstone'}
          </Pill>
          <code>{shown(key)}</code> <Moment at={at} now={view.now} />{' '}
          <small>
            partition {partition}, offset {offset}
          </small>
        </summary>
        {record === undefined ? <p>No value: the key is deleted.</p> : <Columns record={record} />}
      </details>
    </li>
  );
}

const Columns = ({ record }: { record: TableRecord }) => (
  <List
    rows={Object.entries(record).filter(([, value]) => value !== null)}
    columns={[
      { title: 'Column', cell: ([name]) => <code>{name}</code> },
      { title: 'Value', words: true, cell: ([, value]) => cut(String(value), 4_000) },
    ]}
  />
);

const shown = (key: TableRecord): string =>
  cut(
    Object.entries(key)
      .map(([name, value]) => `${name} = ${String(value)}`)
      .join(', '),
    300,
  );
