/** @jsxRuntime automatic @jsxImportSource hono/jsx */
import { count, plural } from '../../observability/text.ts';
import type { LandingStatus } from '../../landing/status.ts';
import type { LandingView } from '../model/board-rows.ts';
import { Drawer } from './drawer.tsx';
import { Page } from './layout.tsx';
import { CommandButton, Empty, Fact, List, Moment, Pill, span, type Column, type Tone } from './parts.tsx';
import { landingLook } from './overview.tsx';
import { landingSteps, Steps } from './steps.tsx';
import { landingPath, type View } from './view.ts';

/** One landing: its connectors with tasks, lag and dead letters. */
export function Landing({
  view,
  landing,
  errors,
  files,
  script,
  own,
  findings,
}: {
  view: View;
  landing: LandingView;
  errors: boolean;
  files: readonly { readonly path: string }[];
  /** Script to run in the warehouse first; undefined when Tributary runs it itself. */
  script: string | undefined;
  /** It is the local stack's own warehouse: there is nothing to set. */
  own: boolean;
  /** What a check has found; undefined where none was asked for. */
  findings?: readonly string[];
}) {
  const base = landingPath(landing.name);
  const [label, tone] = landingLook[landing.state];
  const fresh = landing.state === 'missing' || (landing.state === 'unknown' && landing.sinks.length === 0);
  return (
    <Page
      view={view}
      title={landing.name}
      crumbs={[{ href: '/', text: 'Overview' }]}
      actions={
        view.readOnly ? undefined : (
          <>
            {fresh ? null : (
              <>
                <CommandButton view={view} action={`${base}/apply`} label="Apply" tone="main" id="apply" />
                <CommandButton view={view} action={`${base}/check`} label="Check" id="check" />
              </>
            )}
            {own ? null : (
              <a class="button plain" href={`${base}/edit`}>
                Settings
              </a>
            )}
            <a class="button plain" href={`${base}/remove`}>
              Remove
            </a>
          </>
        )
      }
    >
      {findings === undefined ? null : findings.length === 0 ? (
        <p class="notice good" role="status">
          Checked: the Connect worker takes every connector as it is.
        </p>
      ) : (
        <div class="notice bad" role="alert">
          <p>{plural(findings.length, 'fault')} found:</p>
          <ul>
            {findings.map((text) => (
              <li>{text}</li>
            ))}
          </ul>
        </div>
      )}
      {fresh && !view.readOnly ? <NextSteps view={view} base={base} script={script} checked={findings?.length === 0} /> : null}
      <div id="landing" data-live="">
        <dl class="facts">
          <Fact name="Warehouse">{landing.kind}</Fact>
          <Fact name="Status">
            <Pill tone={tone}>{label}</Pill>
          </Fact>
          <Fact name="Behind">{landing.lagSeconds === 0 ? 'caught up' : span(landing.lagSeconds * 1000)}</Fact>
          <Fact name="Rows to land, at most">{count(landing.rowsAtMost)}</Fact>
          <Fact name="Seen">
            <Moment at={landing.seenAt} now={view.now} none="never" />
          </Fact>
          <Fact name="Errors">
            {landing.problems.length === 0 ? (
              '0'
            ) : (
              <a id="errors-link" href={`${base}?errors=1#errors`}>
                {count(landing.problems.length)}
                <span class="sr"> errors, show them</span>
              </a>
            )}
          </Fact>
        </dl>
        {landing.trouble === undefined ? null : <p class="notice bad">{landing.trouble}</p>}
        {landing.notes.map((note) => (
          <p class="notice warn">{note}</p>
        ))}
        {errors ? (
          <Drawer
            title={landing.name}
            entries={landing.problems.map((problem) => ({ table: landing.name, problem }))}
            close={`${base}#errors-link`}
            now={view.now}
          />
        ) : null}
        <h2>Connectors</h2>
        {landing.sinks.length === 0 ? (
          <Empty title="No connector seen">
            <p>Apply the landing to give Kafka Connect its connectors.</p>
          </Empty>
        ) : (
          <List rows={landing.sinks} columns={sinkColumns} />
        )}
      </div>
      <section aria-labelledby="files-title">
        <h2 id="files-title">Files to run in the warehouse, and the connectors</h2>
        <ul>
          {files.map(({ path }) => (
            <li>
              <a href={`${base}/file?path=${encodeURIComponent(path)}`}>{path}</a>
            </li>
          ))}
        </ul>
      </section>
    </Page>
  );
}

const sinkTone = ({ state, tasks }: LandingStatus): Tone => {
  if (state === 'FAILED' || tasks.some((task) => task.state === 'FAILED')) return 'bad';
  return state === 'RUNNING' ? 'good' : 'wait';
};

const sinkColumns: readonly Column<LandingStatus>[] = [
  {
    title: 'Connector',
    cell: ({ connector, connection, topics }) => (
      <>
        {connector}
        <small>
          {connection}, {plural(topics.length, 'table')}
        </small>
      </>
    ),
  },
  {
    title: 'State',
    cell: (sink) => (
      <>
        <Pill tone={sinkTone(sink)}>{sink.state.toLowerCase()}</Pill>
        {sink.failure === undefined ? null : <small class="words">{sink.failure.slice(0, 300)}</small>}
      </>
    ),
  },
  { title: 'Tasks', num: true, cell: ({ tasks }) => count(tasks.length) },
  { title: 'Rows to land', num: true, cell: ({ topics }) => count(topics.reduce((sum, { rowsAtMost }) => sum + rowsAtMost, 0)) },
  {
    title: 'Behind',
    num: true,
    cell: ({ topics }) =>
      topics.every(({ caughtUp }) => caughtUp) ? 'caught up' : span(Math.max(0, ...topics.map(({ lagSeconds }) => lagSeconds)) * 1000),
  },
  { title: 'Dead letters', num: true, cell: ({ deadLetters }) => count(deadLetters) },
];

/** The remaining steps before rows land. */
function NextSteps({ view, base, script, checked }: { view: View; base: string; script: string | undefined; checked: boolean }) {
  const names: readonly string[] = script === undefined ? landingSteps.filter((name) => name !== 'Set-up script') : landingSteps;
  return (
    <section class="card form" aria-labelledby="next-title">
      <h2 id="next-title">Not applied yet</h2>
      <Steps names={names} at={names.indexOf(checked ? 'Apply' : script === undefined ? 'Check' : 'Set-up script')} />
      {script === undefined ? (
        <p>Tributary makes schema and tables in its own PostgreSQL when it is applied.</p>
      ) : (
        <>
          <p>Run this in the warehouse; its head says as whom. It may be run again at any time and removes nothing.</p>
          <pre class="file" id="script" tabindex={0} data-copy="" aria-label="Set-up script">
            {script}
          </pre>
        </>
      )}
      <p>Then let the Connect worker check its connectors, and apply: from then on rows land.</p>
      <div class="actions">
        <CommandButton view={view} action={`${base}/check`} label="Check" tone={checked ? 'plain' : 'main'} id="check" />
        <CommandButton view={view} action={`${base}/apply`} label="Apply" tone={checked ? 'main' : 'plain'} id="apply" />
      </div>
    </section>
  );
}

/** One rendered file, to copy. */
export function LandingFile({ view, landing, path, text }: { view: View; landing: string; path: string; text: string }) {
  return (
    <Page
      view={view}
      title={path}
      crumbs={[
        { href: '/', text: 'Overview' },
        { href: landingPath(landing), text: landing },
      ]}
    >
      <pre class="file" tabindex={0} data-copy="" aria-label={path}>
        {text}
      </pre>
    </Page>
  );
}
