/** @jsxRuntime automatic @jsxImportSource hono/jsx */
import { count, duration, plural } from '../../observability/text.ts';
import type { RunRecord } from '../../kafka/meta/runs.ts';
import type { TableDetail } from '../model/table-detail.ts';
import { HistoryLinks, RowCommands } from './connection.tsx';
import { Drawer } from './drawer.tsx';
import { Page } from './layout.tsx';
import { CommandButton, cut, Empty, Fact, Freshness, List, Moment, Pill, span, State, type Column } from './parts.tsx';
import { connectionPath, landingPath, tablePath, type View } from './view.ts';

/** The page of one table. */
export function Table({ view, detail, errors }: { view: View; detail: TableDetail; errors: boolean }) {
  const { row, definition } = detail;
  const { connection, table, withheld } = row.status;
  const base = tablePath(connection, table);
  return (
    <Page
      view={view}
      title={table}
      chart
      crumbs={[
        { href: '/', text: 'Overview' },
        { href: connectionPath(connection), text: connection },
      ]}
      scope={[connection, row.name]}
      actions={
        view.readOnly ? undefined : (
          <>
            <CommandButton view={view} action={`${base}/sync`} label="Sync now" tone="main" id="sync-now" />
            <RowCommands view={view} row={row} />
            <HistoryLinks base={base} able={row.history} />
          </>
        )
      }
    >
      <div id="state" data-live="">
        <dl class="facts">
          <Fact name="Periodic">
            <State state={row.periodic.state} now={view.now} />
            {row.asked === undefined ? null : <small class="asked">{row.asked} asked for</small>}
          </Fact>
          <Fact name="History">
            <State state={row.historical.state} now={view.now} />
          </Fact>
          <Fact name="Data freshness">
            <Freshness ms={row.freshnessMs} />
          </Fact>
          <Fact name="Last complete run">
            <Moment at={row.status.lastSuccessAt} now={view.now} none="never" />
          </Fact>
          <Fact name="Live rows">
            {detail.liveRows === undefined ? (
              <span class="none">–</span>
            ) : (
              <span title="after the last complete run">{count(detail.liveRows)}</span>
            )}
          </Fact>
          <Fact name="Rows published">{detail.state === undefined ? '0' : count(detail.state.rowsPublished)}</Fact>
          <Fact name="Dead letters">
            {row.status.deadLetters === 0 ? '0' : <a href="#dead-letters">{count(row.status.deadLetters)}</a>}
          </Fact>
          <Fact name="Errors, 24 h">
            {row.problems.length === 0 ? (
              '0'
            ) : (
              <a id="errors-link" href={`${base}?errors=1#errors`}>
                {count(row.errors24h)}
                <span class="sr"> errors, show them</span>
              </a>
            )}
          </Fact>
        </dl>
        {errors ? (
          <Drawer
            title={row.name}
            entries={row.problems.map((problem) => ({ table: row.name, problem }))}
            close={`${base}#errors-link`}
            now={view.now}
          />
        ) : null}
        {withheld === undefined ? null : (
          <section class="card warn" id="withheld" aria-labelledby="withheld-title">
            <h2 id="withheld-title">{plural(withheld.count, 'delete')} withheld</h2>
            <p>{cut(withheld.reason, 1_000)}</p>
            <p>
              <Moment at={withheld.since} now={view.now} /> rows went missing. They stay in the topic and in the warehouses until somebody
              allows the deletes.
            </p>
            {withheld.sample === undefined ? null : (
              <ul class="keys">
                {withheld.sample.map((key) => (
                  <li>
                    <code>{cut(key, 300)}</code>
                  </li>
                ))}
              </ul>
            )}
            {view.readOnly ? null : (
              <a class="button danger" href={`${base}/ask/allow-deletes`}>
                Allow the deletes
              </a>
            )}
          </section>
        )}
      </div>
      <section aria-labelledby="charts-title">
        <h2 id="charts-title">Rows, duration and freshness of the runs</h2>
        <div
          id="chart"
          class="chart"
          data-chart={`/api/v1/connections/${encodeURIComponent(connection)}/tables/${encodeURIComponent(table)}/runs?last=100`}
          hidden
        />
        <div id="runs" data-live="">
          <Runs detail={detail} view={view} />
        </div>
      </section>
      <section aria-labelledby="lookup-title">
        <h2 id="lookup-title">Look up a key</h2>
        <p>What the topic holds for it now.</p>
        <form method="get" action={`${base}/lookup`} class="filter">
          {definition.key.map((column) => (
            <label>
              {column} <input type="text" name={`key.${column}`} required autocomplete="off" />
            </label>
          ))}
          <button class="button plain" type="submit">
            Look up
          </button>
        </form>
        <p>
          <a href={`${base}/changes`}>The last 50 changes</a>, decoded, tombstones marked.
        </p>
      </section>
      <section aria-labelledby="landings-title">
        <h2 id="landings-title">Landings</h2>
        <div id="lag" data-live="">
          {row.landings.length === 0 ? (
            <p class="none">This table is not landed anywhere.</p>
          ) : (
            <List
              rows={row.landings}
              columns={[
                { title: 'Landing', cell: ({ landing }) => <a href={landingPath(landing)}>{landing}</a> },
                { title: 'Connector', words: true, cell: ({ connector }) => connector },
                { title: 'Rows to land, at most', num: true, cell: ({ lag }) => (lag.missing ? '–' : count(lag.rowsAtMost)) },
                {
                  title: 'Behind',
                  num: true,
                  cell: ({ lag }) => (
                    <>
                      {lag.missing ? 'no topic yet' : lag.caughtUp ? 'caught up' : span(lag.lagSeconds * 1000)}
                      {lag.deletesMayBeMissed ? <small class="flag"> deletes may be missed</small> : null}
                    </>
                  ),
                },
              ]}
            />
          )}
        </div>
      </section>
      <section id="dead-letters" aria-labelledby="letters-title">
        <h2 id="letters-title">Dead letters</h2>
        {detail.deadLetters.length === 0 ? (
          <p class="none">Every row could be published.</p>
        ) : (
          <ul class="letters">
            {detail.deadLetters.map((letter, at) => (
              <li>
                <details id={`letter-${at}`}>
                  <summary>
                    <strong>{letter.reason}</strong> <Moment at={letter.at} now={view.now} />{' '}
                    <span class="words">{cut(letter.detail, 1_000)}</span>
                  </summary>
                  <dl class="facts wide">
                    <Fact name="Key">
                      <code>{cut(letter.key ?? 'none', 1_000)}</code>
                    </Fact>
                    <Fact name="Size">{count(letter.rawBytes)} bytes</Fact>
                  </dl>
                  <pre tabindex={0} aria-label="The row as the vendor sent it">
                    {cut(letter.raw, 20_000)}
                  </pre>
                </details>
              </li>
            ))}
          </ul>
        )}
      </section>
      <section aria-labelledby="definition-title">
        <h2 id="definition-title">Key, schema, position</h2>
        <dl class="facts wide">
          <Fact name="Topic">
            <code>{detail.topic}</code>
          </Fact>
          <Fact name="Vendor's page">{definition.docs}</Fact>
          <Fact name="Method">
            {definition.method === 'full_table' ? 'full table' : `incremental by ${definition.replicationKey ?? "the vendor's cursor"}`};
            deletes {({ scan: 'by complete listing', flag: "by the vendor's flag", none: 'are not noticed' } as const)[definition.deletes]}
          </Fact>
          <Fact name="Key">
            {definition.key.join(', ')}
            {definition.keyReason === undefined ? '' : ` (${definition.keyReason})`}
          </Fact>
          <Fact name="Schema ids">
            {detail.state === undefined ? 'not registered yet' : `key ${detail.state.keySchemaId}, value ${detail.state.valueSchemaId}`}
            {detail.schemaVersions === undefined
              ? '; the registry does not answer now'
              : detail.schemaVersions.length === 0
                ? ''
                : `; version ${detail.schemaVersions.join(', ')} of the value in the registry`}
          </Fact>
          <Fact name="Position">
            <span id="position" data-live="">
              {detail.positionText}
            </span>
          </Fact>
        </dl>
        {detail.schema === undefined ? null : (
          <details id="schema">
            <summary>Schema of the value</summary>
            <pre tabindex={0} data-copy="" aria-label="Schema of the value">
              {indented(detail.schema)}
            </pre>
          </details>
        )}
        <details id="columns">
          <summary>{plural(Object.keys(definition.fields).length, 'column')}</summary>
          <List
            rows={Object.entries(definition.fields)}
            columns={[
              { title: 'Column', cell: ([name]) => <code>{name}</code> },
              { title: 'Type', cell: ([, field]) => field.type },
              { title: 'What it is', cell: ([, field]) => field.doc },
            ]}
          />
        </details>
      </section>
    </Page>
  );
}

function indented(schema: string): string {
  try {
    return JSON.stringify(JSON.parse(schema), null, 2);
  } catch {
    return schema;
  }
}

/** Runs that are seen at once; more push everything else out of sight. */
const runsShown = 8;

function Runs({ detail, view }: { detail: TableDetail; view: View }) {
  if (detail.runs.length === 0)
    return (
      <Empty title="No run yet">
        <p>Runs are kept for 90 days.</p>
      </Empty>
    );
  const columns: readonly Column<RunRecord>[] = [
    {
      title: 'Run',
      cell: (run) => (
        <>
          <Moment at={run.startedAt} now={view.now} />
          <small>{run.mode}</small>
        </>
      ),
    },
    {
      title: 'Outcome',
      cell: (run) => (
        <>
          <Pill tone={run.outcome === 'succeeded' ? 'good' : run.outcome === 'failed' ? 'bad' : 'off'}>{run.outcome}</Pill>
          {run.failure === undefined ? null : <small class="words">{cut(run.failure.message, 300)}</small>}
        </>
      ),
    },
    { title: 'Read', num: true, cell: (run) => count(run.totals.fetched) },
    { title: 'Published', num: true, cell: (run) => count(run.totals.published) },
    { title: 'Unchanged', num: true, cell: (run) => count(run.totals.unchanged) },
    { title: 'Deleted', num: true, cell: (run) => count(run.totals.deleted) },
    { title: 'Duration', num: true, cell: (run) => duration(run.endedAt - run.startedAt) },
  ];
  const [newest, older] = [detail.runs.slice(0, runsShown), detail.runs.slice(runsShown, 60)];
  return (
    <>
      <div class="scroll" tabindex={0} role="region" aria-label="The last runs">
        <List rows={newest} columns={columns} cards={false} />
      </div>
      {older.length === 0 ? null : (
        <details id="older-runs">
          <summary>{plural(older.length, 'older run')}</summary>
          <div class="scroll" tabindex={0} role="region" aria-label="Older runs">
            <List rows={older} columns={columns} cards={false} />
          </div>
        </details>
      )}
    </>
  );
}
