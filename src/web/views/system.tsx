/** @jsxRuntime automatic @jsxImportSource hono/jsx */
import { count } from '../../observability/text.ts';
import type { CommandRecord } from '../../kafka/meta/audit.ts';
import type { WorkerNotice } from '../../kafka/meta/status-log.ts';
import type { BoardSnapshot } from '../model/board.ts';
import { Page } from './layout.tsx';
import { Empty, Fact, List, Moment, Pill, type Column } from './parts.tsx';
import { connectionPath, tablePath, type View } from './view.ts';

const partNames = { kafka: 'Kafka', registry: 'Schema registry', connect: 'Kafka Connect' } as const;

const workerColumns = (now: number): readonly Column<WorkerNotice>[] => [
  { title: 'Host', cell: ({ host }) => host },
  { title: 'Process', num: true, cell: ({ pid }) => String(pid) },
  { title: 'Version', cell: ({ version }) => version },
  { title: 'Started', cell: ({ startedAt }) => <Moment at={startedAt} now={now} /> },
  { title: 'Heard', cell: ({ at }) => <Moment at={at} now={now} /> },
  {
    title: 'Connections',
    words: true,
    cell: ({ assigned, settingsProblem }) => (
      <>
        {assigned.length === 0 ? (
          <span class="none">none now</span>
        ) : (
          assigned.map((name) => (
            <>
              <a href={connectionPath(name)}>{name}</a>{' '}
            </>
          ))
        )}
        {settingsProblem === undefined ? null : <small class="warn-text">keeps the settings it has: {settingsProblem}</small>}
      </>
    ),
  },
];

/** The workers with their connections, and the health of the parts. */
export function Workers({ view, board, pages }: { view: View; board: BoardSnapshot; pages: number }) {
  const unread = board.connections.filter(({ worker }) => !worker);
  return (
    <Page view={view} title="Workers and health">
      <section aria-labelledby="workers-title">
        <h2 id="workers-title">Workers</h2>
        <div id="workers" data-live="">
          {board.workers.length === 0 ? (
            <Empty title="No worker runs">
              <p>
                Nothing is read until one does: <code>tributary run</code>
              </p>
            </Empty>
          ) : (
            <List rows={board.workers} columns={workerColumns(view.now)} />
          )}
          {unread.length > 0 && board.workers.length > 0 ? (
            <p class="notice">Not read by any worker now: {unread.map(({ name }) => name).join(', ')}</p>
          ) : null}
        </div>
      </section>
      <section aria-labelledby="parts-title">
        <h2 id="parts-title">Parts</h2>
        <div id="parts" data-live="">
          <List
            rows={board.parts}
            columns={[
              { title: 'Part', cell: ({ part }) => partNames[part] },
              { title: 'Where', words: true, cell: ({ name }) => name },
              {
                title: 'State',
                cell: ({ ok, trouble }) => (
                  <>
                    <Pill tone={ok ? 'good' : 'bad'}>{ok ? 'answers' : 'away'}</Pill>
                    {trouble === undefined ? null : <small>{trouble}</small>}
                  </>
                ),
              },
            ]}
          />
        </div>
      </section>
      <dl class="facts">
        <Fact name="This server">Tributary {view.version}</Fact>
        <Fact name="Pages open here">{count(pages)}</Fact>
      </dl>
    </Page>
  );
}

/** Commands with their users, newest first. */
export function Audit({ view, board }: { view: View; board: BoardSnapshot }) {
  return (
    <Page view={view} title="Commands">
      <p>Every command given on a page like this one or on the command line, kept for 90 days.</p>
      <div id="commands" data-live="">
        {board.commands.length === 0 ? (
          <Empty title="No commands yet">
            <p>What is paused, started or changed is listed here, with the time and who did it.</p>
          </Empty>
        ) : (
          <List
            rows={board.commands}
            columns={[
              { title: 'When', cell: ({ at }) => <Moment at={at} now={view.now} /> },
              {
                title: 'Who',
                words: true,
                cell: ({ user, address }) => (
                  <>
                    {user}
                    <small>{address}</small>
                  </>
                ),
              },
              { title: 'Command', cell: ({ command }) => command },
              { title: 'Of', words: true, cell: (command) => <Target {...command} /> },
              { title: 'Detail', words: true, cell: ({ detail }) => detail || '–' },
            ]}
          />
        )}
      </div>
    </Page>
  );
}

/** The table or connection of a command. */
function Target({ connection, table }: Pick<CommandRecord, 'connection' | 'table'>) {
  if (connection === null) return <span class="none">–</span>;
  if (table === null) return <a href={connectionPath(connection)}>{connection}</a>;
  return (
    <a href={tablePath(connection, table)}>
      {connection}.{table}
    </a>
  );
}
