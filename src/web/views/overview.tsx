/** @jsxRuntime automatic @jsxImportSource hono/jsx */
import { count, plural } from '../../observability/text.ts';
import { urgencyOf, type ConnectionView, type LandingView } from '../model/board-rows.ts';
import type { BoardSnapshot } from '../model/board.ts';
import type { SyncState } from '../model/table-row.ts';
import { Page } from './layout.tsx';
import { Empty, Freshness, List, Moment, Pill, short3, Sparkline, State, span, stateLook, type Column, type Tone } from './parts.tsx';
import { connectionPath, landingPath, type View } from './view.ts';

export const sortings = ['state', 'name', 'freshness', 'last', 'errors', 'rows'] as const;

/** Search, filter and order of the overview. */
export interface OverviewQuery {
  readonly q: string;
  readonly state: string;
  readonly sort: (typeof sortings)[number];
}

export const landingLook: Readonly<Record<LandingView['state'], readonly [label: string, tone: Tone]>> = {
  running: ['Running', 'good'],
  paused: ['Paused', 'off'],
  failed: ['Failed', 'bad'],
  missing: ['Not applied', 'wait'],
  away: ['Connect is away', 'warn'],
  unknown: ['Not seen yet', 'wait'],
};

export function Overview({ view, board, query }: { view: View; board: BoardSnapshot; query: OverviewQuery }) {
  const shown = chosen(board.connections, query);
  const tables = board.connections.reduce((sum, { tables: all }) => sum + all.length, 0);
  const rows = board.connections.reduce((all, { hourly }) => all + sum(hourly), 0);
  const landings = [...board.landings]
    .sort((a, b) => Number(b.state === 'failed') - Number(a.state === 'failed'))
    .filter(({ name, kind }) => `${name} ${kind}`.toLowerCase().includes(query.q.toLowerCase()));
  return (
    <Page
      view={view}
      title="Overview"
      actions={
        view.readOnly ? undefined : (
          <>
            <a class="button main" href="/new/connection">
              New connection
            </a>
            <a class="button plain" href="/new/landing">
              New landing
            </a>
            <a class="button plain" href="/imports">
              Import
            </a>
          </>
        )
      }
    >
      <div id="summary" data-live="" class="tiles">
        <Tile label="Connections" value={count(board.connections.length)} note={plural(tables, 'table')} />
        <Tile
          label="Need a look"
          value={count(
            board.connections.filter(({ worst }) => worst.kind === 'failed' || worst.kind === 'error').length +
              board.landings.filter(({ state }) => state === 'failed').length,
          )}
          note="failed or in error"
          tone={board.connections.some(({ worst }) => worst.kind === 'failed') ? 'bad' : undefined}
        />
        <Tile label="Errors" value={count(board.connections.reduce((sum, { errors24h }) => sum + errors24h, 0))} note="last 24 hours" />
        <Tile label="Rows" value={short3(rows)} exact={count(rows)} note="published, last 24 hours" />
      </div>
      <form class="filter" method="get" action="/" role="search">
        <label>
          Find <input type="search" name="q" value={query.q} placeholder="connection, source or table" />
        </label>
        <label>
          Status{' '}
          <select name="state">
            <option value="">any</option>
            {(Object.keys(stateLook) as SyncState['kind'][])
              .filter((kind) => kind !== 'completed' && kind !== 'landing')
              .map((kind) => (
                <option value={kind} selected={query.state === kind}>
                  {stateLook[kind][0]}
                </option>
              ))}
          </select>
        </label>
        <input type="hidden" name="sort" value={query.sort} />
        <button class="button plain" type="submit">
          Show
        </button>
      </form>
      <section aria-labelledby="connections-title">
        <h2 id="connections-title">Connections</h2>
        <div id="connections" data-live="">
          {board.connections.length === 0 ? (
            <Empty title="No connection yet">
              <p>A connection is one account of a vendor: Klaviyo, Segment, Customer.io, Pendo or Listrak. Its tables become topics.</p>
              {view.readOnly ? null : (
                <a class="button main" href="/new/connection">
                  New connection
                </a>
              )}
            </Empty>
          ) : shown.length === 0 ? (
            <Empty title="Nothing fits">
              <p>
                <a href="/">Show all connections</a>
              </p>
            </Empty>
          ) : (
            <Connections view={view} rows={shown} query={query} />
          )}
        </div>
      </section>
      <section aria-labelledby="landings-title">
        <h2 id="landings-title">Landings</h2>
        <div id="landings" data-live="">
          {board.landings.length === 0 ? (
            <Empty title="No landing yet">
              <p>A landing brings the topics into a warehouse: PostgreSQL, Redshift, BigQuery, Snowflake, Synapse, S3 or Iceberg.</p>
              {view.readOnly ? null : (
                <a class="button plain" href="/new/landing">
                  New landing
                </a>
              )}
            </Empty>
          ) : landings.length === 0 ? (
            <Empty title="Nothing fits">
              <p>
                <a href="/">Show all landings</a>
              </p>
            </Empty>
          ) : (
            <Landings view={view} rows={landings} />
          )}
        </div>
      </section>
    </Page>
  );
}

/** A number with its name; `exact` is shown on hover. */
function Tile({
  label,
  value,
  exact,
  note,
  tone,
}: {
  label: string;
  value: string;
  exact?: string;
  note: string;
  tone?: Tone | undefined;
}) {
  return (
    <div class={`tile ${tone ?? ''}`}>
      <span class="label">{label}</span>
      <strong class="num" title={exact}>
        {value}
      </strong>
      <small>{note}</small>
    </div>
  );
}

function Connections({ view, rows, query }: { view: View; rows: readonly ConnectionView[]; query: OverviewQuery }) {
  const by = (sort: OverviewQuery['sort']): NonNullable<Column<ConnectionView>['sort']> => ({
    href: `/?${new URLSearchParams({ q: query.q, state: query.state, sort }).toString()}`,
    direction: query.sort === sort ? (sort === 'name' ? 'ascending' : 'descending') : undefined,
  });
  return (
    <List
      rows={rows}
      columns={[
        {
          title: 'Connection',
          sort: by('name'),
          cell: (row) => (
            <>
              <a href={connectionPath(row.name)}>{row.name}</a>
              <small>
                {row.sourceTitle}, {plural(row.tables.length, 'table')}
              </small>
            </>
          ),
        },
        {
          title: 'Status',
          sort: by('state'),
          cell: (row) => (
            <>
              <State state={row.worst} now={view.now} brief />
              <small>{otherStates(row)}</small>
            </>
          ),
        },
        {
          title: 'Freshness',
          num: true,
          sort: by('freshness'),
          cell: (row) => <Freshness ms={row.freshnessMs} dueMs={row.freshnessDueMs} late={row.late} />,
        },
        { title: 'Last sync', sort: by('last'), cell: (row) => <Moment at={row.lastSyncAt} now={view.now} none="never" /> },
        {
          title: 'Errors, 24 h',
          num: true,
          sort: by('errors'),
          cell: (row) =>
            row.errors24h === 0 ? (
              <span class="none">0</span>
            ) : (
              <a class="errors" href={`${connectionPath(row.name)}?errors=all#errors`}>
                {count(row.errors24h)}
                <span class="sr"> errors of {row.name}</span>
              </a>
            ),
        },
        { title: 'Rows, 24 h', num: true, sort: by('rows'), cell: (row) => <Sparkline hourly={row.hourly} /> },
        {
          title: 'Worker',
          words: true,
          cell: ({ worker }) =>
            worker ? (
              <span title={`process ${worker.pid}, Tributary ${worker.version}`}>{worker.host}</span>
            ) : (
              <span class="none">none</span>
            ),
        },
      ]}
    />
  );
}

const Landings = ({ view, rows }: { view: View; rows: readonly LandingView[] }) => (
  <List
    rows={rows}
    columns={[
      {
        title: 'Landing',
        cell: (row) => (
          <>
            <a href={landingPath(row.name)}>{row.name}</a>
            <small>{row.kind}</small>
          </>
        ),
      },
      {
        title: 'Status',
        cell: (row) => (
          <>
            <Pill tone={landingLook[row.state][1]}>{landingLook[row.state][0]}</Pill>
            {row.trouble === undefined ? null : <small>{row.trouble}</small>}
            {row.notes.map((note) => (
              <small class="words">{note}</small>
            ))}
          </>
        ),
      },
      {
        title: 'Behind',
        num: true,
        cell: (row) => {
          if (row.state !== 'running' && row.state !== 'failed') return <span class="none">–</span>;
          return row.lagSeconds === 0 ? 'caught up' : span(row.lagSeconds * 1000);
        },
      },
      { title: 'Rows to land, at most', num: true, cell: (row) => count(row.rowsAtMost) },
      {
        title: 'Connections',
        words: true,
        cell: (row) =>
          `${row.connections.slice(0, 6).join(', ')}${row.connections.length > 6 ? ` and ${row.connections.length - 6} more` : ''}`,
      },
      { title: 'Seen', cell: (row) => <Moment at={row.seenAt} now={view.now} none="never" /> },
    ]}
  />
);

function otherStates({ states, tables }: ConnectionView): string {
  if (tables.length < 2) return '';
  return (Object.entries(states) as [SyncState['kind'], number][])
    .sort(([a], [b]) => urgencyOf(a) - urgencyOf(b))
    .map(([kind, tablesIn]) => `${tablesIn} ${stateLook[kind][0].toLowerCase()}`)
    .join(', ');
}

function chosen(rows: readonly ConnectionView[], { q, state, sort }: OverviewQuery): ConnectionView[] {
  const wanted = q.toLowerCase();
  const found = rows.filter(
    ({ name, sourceTitle, tables, states }) =>
      (wanted === '' ||
        name.includes(wanted) ||
        sourceTitle.toLowerCase().includes(wanted) ||
        tables.some((table) => table.status.table.includes(wanted))) &&
      (state === '' || (states[state as SyncState['kind']] ?? 0) > 0),
  );
  const byName = (a: ConnectionView, b: ConnectionView): number => a.name.localeCompare(b.name);
  const orders: Readonly<Record<OverviewQuery['sort'], (a: ConnectionView, b: ConnectionView) => number>> = {
    state: (a, b) => urgencyOf(a.worst.kind) - urgencyOf(b.worst.kind) || byName(a, b),
    name: byName,
    freshness: (a, b) => (b.freshnessMs ?? Infinity) - (a.freshnessMs ?? Infinity) || byName(a, b),
    last: (a, b) => (b.lastSyncAt ?? 0) - (a.lastSyncAt ?? 0) || byName(a, b),
    errors: (a, b) => b.errors24h - a.errors24h || byName(a, b),
    rows: (a, b) => sum(b.hourly) - sum(a.hourly) || byName(a, b),
  };
  return [...found].sort(orders[sort]);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
