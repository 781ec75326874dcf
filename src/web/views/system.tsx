/** @jsxRuntime automatic @jsxImportSource hono/jsx */
import { count } from '../../observability/text.ts';
import type { BoardSnapshot } from '../model/board.ts';
import type { ImportRecord } from '../../kafka/meta/imports.ts';
import { Page } from './layout.tsx';
import { Empty, Fact, Moment, Pill } from './parts.tsx';
import { connectionPath, tablePath, type View } from './view.ts';

const partNames = { kafka: 'Kafka', registry: 'Schema registry', connect: 'Kafka Connect' } as const;

/** Who runs what, and whether the parts answer. */
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
            <table class="list cards">
              <thead>
                <tr>
                  <th scope="col">Host</th>
                  <th scope="col" class="num">
                    Process
                  </th>
                  <th scope="col">Version</th>
                  <th scope="col">Started</th>
                  <th scope="col">Heard</th>
                  <th scope="col">Connections</th>
                </tr>
              </thead>
              <tbody>
                {board.workers.map((worker) => (
                  <tr>
                    <th scope="row">{worker.host}</th>
                    <td data-label="Process" class="num">
                      {worker.pid}
                    </td>
                    <td data-label="Version">{worker.version}</td>
                    <td data-label="Started">
                      <Moment at={worker.startedAt} now={view.now} />
                    </td>
                    <td data-label="Heard">
                      <Moment at={worker.at} now={view.now} />
                    </td>
                    <td data-label="Connections">
                      {worker.assigned.length === 0 ? (
                        <span class="none">none now</span>
                      ) : (
                        worker.assigned.map((name) => (
                          <>
                            <a href={connectionPath(name)}>{name}</a>{' '}
                          </>
                        ))
                      )}
                      {worker.settingsProblem === undefined ? null : (
                        <small class="warn-text">keeps the settings it has: {worker.settingsProblem}</small>
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
          {unread.length > 0 && board.workers.length > 0 ? (
            <p class="notice">Not read by any worker now: {unread.map(({ name }) => name).join(', ')}</p>
          ) : null}
        </div>
      </section>
      <section aria-labelledby="parts-title">
        <h2 id="parts-title">Parts</h2>
        <div id="parts" data-live="">
          <table class="list cards">
            <thead>
              <tr>
                <th scope="col">Part</th>
                <th scope="col">Where</th>
                <th scope="col">State</th>
              </tr>
            </thead>
            <tbody>
              {board.parts.map(({ part, name, ok, trouble }) => (
                <tr>
                  <th scope="row">{partNames[part]}</th>
                  <td data-label="Where" class="words">
                    {name}
                  </td>
                  <td data-label="State">
                    <Pill tone={ok ? 'good' : 'bad'}>{ok ? 'answers' : 'away'}</Pill>
                    {trouble === undefined ? null : <small>{trouble}</small>}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </section>
      <dl class="facts">
        <Fact name="This server">Tributary {view.version}</Fact>
        <Fact name="Pages open here">{count(pages)}</Fact>
      </dl>
    </Page>
  );
}

/** Who asked for what, newest first. */
export function Audit({ view, board }: { view: View; board: BoardSnapshot }) {
  return (
    <Page view={view} title="Commands">
      <p>Every command given on a page like this one, kept for 90 days.</p>
      <div id="commands" data-live="">
        {board.commands.length === 0 ? (
          <Empty title="No command yet">
            <p>Whoever pauses, starts or changes something stands here.</p>
          </Empty>
        ) : (
          <table class="list cards">
            <thead>
              <tr>
                <th scope="col">When</th>
                <th scope="col">Who</th>
                <th scope="col">Command</th>
                <th scope="col">Of</th>
                <th scope="col">Detail</th>
              </tr>
            </thead>
            <tbody>
              {board.commands.map(({ at, user, address, command, connection, table, detail }) => (
                <tr>
                  <th scope="row">
                    <Moment at={at} now={view.now} />
                  </th>
                  <td data-label="Who">
                    {user}
                    <small>{address}</small>
                  </td>
                  <td data-label="Command">{command}</td>
                  <td data-label="Of">
                    {connection === null ? (
                      <span class="none">–</span>
                    ) : table === null ? (
                      <a href={connectionPath(connection)}>{connection}</a>
                    ) : (
                      <a href={tablePath(connection, table)}>
                        {connection}.{table}
                      </a>
                    )}
                  </td>
                  <td data-label="Detail" class="words">
                    {detail}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </div>
    </Page>
  );
}

/** Files imported into a vendor, as `tributary import` has noted them. */
export function Imports({ view, imports }: { view: View; imports: readonly ImportRecord[] }) {
  return (
    <Page view={view} title="Imports">
      <p>
        Files sent to a vendor with <code>tributary import</code>.
      </p>
      <div id="imports" data-live="">
        {imports.length === 0 ? (
          <Empty title="No import yet">
            <p>
              Start one on the command line; it shows up here while it runs: <code>tributary import --help</code>
            </p>
          </Empty>
        ) : (
          <table class="list cards">
            <thead>
              <tr>
                <th scope="col">Status</th>
                <th scope="col" class="num">
                  Processed rows
                </th>
                <th scope="col">Import date</th>
                <th scope="col">Imported by</th>
                <th scope="col">File</th>
                <th scope="col" class="num">
                  Rows failed
                </th>
                <th scope="col">Error file</th>
              </tr>
            </thead>
            <tbody>
              {imports.slice(0, 200).map((one) => {
                const complete = one.state === 'completed';
                return (
                  <tr>
                    <th scope="row">
                      <Pill tone={complete ? 'good' : one.state === 'failed' ? 'bad' : 'busy'}>
                        {complete ? 'Complete' : 'Not complete'}
                      </Pill>
                      <small>{one.failure?.message ?? one.state}</small>
                    </th>
                    <td data-label="Processed rows" class="num">
                      <span title={one.processedBy}>{one.processed === null ? '–' : `${one.processed} %`}</span>
                      <small>{count(one.rows)} rows</small>
                    </td>
                    <td data-label="Import date">
                      <Moment at={one.at} now={view.now} />
                    </td>
                    <td data-label="Imported by">{one.by}</td>
                    <td data-label="File" class="words">
                      {one.file}
                    </td>
                    <td data-label="Rows failed" class="num">
                      {count(one.refused)}
                    </td>
                    <td data-label="Error file" class="words">
                      {one.errorFile ?? '–'}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        )}
      </div>
    </Page>
  );
}
