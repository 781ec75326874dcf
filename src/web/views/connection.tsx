/** @jsxRuntime automatic @jsxImportSource hono/jsx */
import { count, plural } from '../../observability/text.ts';
import type { ConnectionView } from '../model/board-rows.ts';
import { NOT_APPLIED, type SyncTab, type TableRow } from '../model/table-row.ts';
import { Drawer, type DrawerEntry } from './drawer.tsx';
import { Page } from './layout.tsx';
import { CommandButton, Empty, Fact, Freshness, List, Moment, State, type Column } from './parts.tsx';
import { connectionPath, tablePath, type View } from './view.ts';

export const tabs = ['periodic', 'historical'] as const;
export type Tab = (typeof tabs)[number];

/** A connection with the two tabs of the vendor's page. `errors`: the table whose errors to show, or `all`. */
export function Connection({ view, connection, tab, errors }: { view: View; connection: ConnectionView; tab: Tab; errors?: string }) {
  const base = connectionPath(connection.name);
  const here = `${base}?tab=${tab}`;
  const someRun = connection.tables.some(({ periodic: { state } }) => state.kind !== 'paused' && state.kind !== 'disabled');
  const somePaused = connection.tables.some(
    ({ periodic: { state } }) => state.kind === 'paused' || state.kind === 'disabled' || state.kind === 'failed',
  );
  const entries: DrawerEntry[] =
    errors === undefined
      ? []
      : connection.tables
          .filter(({ status }) => errors === 'all' || status.table === errors)
          .flatMap(({ status, problems }) => problems.map((problem) => ({ table: `${status.connection}.${status.table}`, problem })))
          .sort((a, b) => Number(b.problem.active) - Number(a.problem.active) || b.problem.at - a.problem.at);
  return (
    <Page
      view={view}
      title={connection.name}
      crumbs={[{ href: '/', text: 'Overview' }]}
      scope={[connection.name, ...connection.tables.map(({ name }) => name)]}
      actions={
        view.readOnly ? undefined : (
          <>
            <CommandButton view={view} action={`${base}/sync`} label="Sync now" tone="main" id="sync-all" />
            {someRun ? <CommandButton view={view} action={`${base}/pause`} label="Pause" id="pause-all" /> : null}
            {somePaused ? (
              <CommandButton view={view} action={`${base}/resume`} label={someRun ? 'Resume all' : 'Resume'} id="resume-all" />
            ) : null}
            <HistoryLinks base={base} able={connection.tables.some((row) => row.history)} />
            <a class="button plain" href={`${base}/edit`}>
              Settings
            </a>
            <a class="button plain" href={`${base}/remove`}>
              Remove
            </a>
          </>
        )
      }
    >
      <dl class="facts" id="facts" data-live="">
        <Fact name="Source">{connection.sourceTitle}</Fact>
        <Fact name="Freshness">
          <Freshness ms={connection.freshnessMs} dueMs={connection.freshnessDueMs} late={connection.late} />
        </Fact>
        <Fact name="Last sync">
          <Moment at={connection.lastSyncAt} now={view.now} none="never" />
        </Fact>
        <Fact name="Errors, 24 h">{count(connection.errors24h)}</Fact>
        <Fact name="Worker">
          {connection.worker ? `${connection.worker.host} (process ${connection.worker.pid})` : 'none: start one with tributary run'}
        </Fact>
        {connection.withheld === 0 ? null : (
          <Fact name="Deletes withheld">
            <strong class="warn-text">{count(connection.withheld)}</strong>
          </Fact>
        )}
      </dl>
      <nav class="tabs" aria-label="Syncs">
        <a href={`${base}?tab=historical`} {...(tab === 'historical' ? { 'aria-current': 'page' } : {})}>
          Historical
        </a>
        <a href={`${base}?tab=periodic`} {...(tab === 'periodic' ? { 'aria-current': 'page' } : {})}>
          Periodic
        </a>
      </nav>
      <div class={errors === undefined ? '' : 'with-drawer'}>
        <div id="tables" data-live="">
          {connection.tables.length === 0 ? (
            <Empty title="No table is read">
              <p>Every table of this connection is turned off.</p>
            </Empty>
          ) : tab === 'historical' ? (
            <Historical view={view} rows={connection.tables} here={here} />
          ) : (
            <Periodic view={view} rows={connection.tables} here={here} />
          )}
        </div>
        {errors === undefined ? null : (
          <div id="drawer" data-live="">
            <Drawer
              title={errors === 'all' ? connection.name : `${connection.name}.${errors}`}
              entries={entries}
              close={errors === 'all' ? here : `${here}#${encodeURIComponent(errorsOf(errors))}`}
              now={view.now}
            />
          </div>
        )}
      </div>
      <p class="note">
        {tab === 'historical'
          ? 'What existed before: read once, and again with every back-fill. Completed means that the warehouses hold it, too.'
          : 'New data by schedule. Freshness counts from the vendor to the warehouse; data the vendor itself shows late is not reflected in it.'}
      </p>
    </Page>
  );
}

const errorsOf = (table: string): string => `errors-of-${table}`;

/** The number of active errors, as a link to the drawer. */
function Errors({ row, here }: { row: TableRow; here: string }) {
  const open = row.problems.filter((problem) => problem.active);
  const active = open.filter(({ code }) => code !== NOT_APPLIED).length;
  if (row.problems.length === 0) return null;
  return (
    <a
      id={errorsOf(row.status.table)}
      class={active > 0 ? 'errors' : 'errors over'}
      href={`${here}&errors=${encodeURIComponent(row.status.table)}#errors`}
    >
      {active > 0 ? plural(active, 'active error') : open.length > 0 ? 'landing not applied' : 'past errors'}
      <span class="sr"> of {row.status.table}</span>
    </a>
  );
}

const nameOf = (here: string): Column<TableRow> => ({
  title: 'Name',
  cell: (row) => {
    const { connection, table, withheld } = row.status;
    return (
      <>
        <a href={tablePath(connection, table)}>{table}</a>
        <Errors row={row} here={here} />
        {withheld === undefined ? null : (
          <a class="errors" href={`${tablePath(connection, table)}#withheld`}>
            {plural(withheld.count, 'delete')} withheld
          </a>
        )}
      </>
    );
  },
});

/** The vendor page's time columns of one of the two tabs. */
const spanOf = (of: (row: TableRow) => SyncTab, now: number): Column<TableRow>[] => [
  { title: 'Started at', cell: (row) => <Moment at={of(row).startedAt} now={now} /> },
  { title: 'Finished at', cell: (row) => <Moment at={of(row).finishedAt} now={now} /> },
];

const Historical = ({ view, rows, here }: { view: View; rows: readonly TableRow[]; here: string }) => (
  <List
    rows={rows}
    columns={[
      nameOf(here),
      { title: 'Status', cell: (row) => <State state={row.historical.state} now={view.now} /> },
      ...spanOf((row) => row.historical, view.now),
    ]}
  />
);

const Periodic = ({ view, rows, here }: { view: View; rows: readonly TableRow[]; here: string }) => (
  <List
    rows={rows}
    columns={[
      nameOf(here),
      {
        title: 'Status',
        cell: (row) => (
          <>
            <State state={row.periodic.state} now={view.now} />
            {row.asked === undefined ? null : <small class="asked">{row.asked} asked for</small>}
          </>
        ),
      },
      ...spanOf((row) => row.periodic, view.now),
      { title: 'Data freshness', num: true, cell: (row) => <Freshness ms={row.freshnessMs} /> },
      view.readOnly ? null : { title: 'Commands', quiet: true, cell: (row) => <RowCommands view={view} row={row} /> },
    ]}
  />
);

/** Reading history again, of a connection or a table that has any. */
export const HistoryLinks = ({ base, able }: { base: string; able: boolean }) =>
  able ? (
    <>
      <a class="button plain" href={`${base}/ask/resync`}>
        Full re-sync
      </a>
      <a class="button plain" href={`${base}/ask/backfill`}>
        Back-fill
      </a>
    </>
  ) : null;

/** Pause, Resume or Re-enable, whichever the state offers. */
export function RowCommands({ view, row }: { view: View; row: TableRow }) {
  const { connection, table } = row.status;
  const base = tablePath(connection, table);
  const id = `${connection}-${table}`;
  const { kind } = row.periodic.state;
  if (kind === 'paused')
    return <CommandButton view={view} action={`${base}/resume`} label="Resume" id={`go-${id}`} name={`Resume ${table}`} />;
  if (kind === 'failed' || kind === 'disabled')
    return <CommandButton view={view} action={`${base}/resume`} label="Re-enable" id={`go-${id}`} name={`Re-enable ${table}`} />;
  return <CommandButton view={view} action={`${base}/pause`} label="Pause" id={`go-${id}`} name={`Pause ${table}`} />;
}
