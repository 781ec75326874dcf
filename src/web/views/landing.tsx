/** @jsxRuntime automatic @jsxImportSource hono/jsx */
import { count, plural } from '../../observability/text.ts';
import type { LandingView } from '../model/board-rows.ts';
import { Drawer } from './drawer.tsx';
import { Page } from './layout.tsx';
import { CommandButton, Empty, Fact, Moment, Pill, span } from './parts.tsx';
import { landingLook } from './overview.tsx';
import { landingPath, type View } from './view.ts';

/** One landing: its connectors with their tasks, how far they are, what they refused. */
export function Landing({
  view,
  landing,
  errors,
  files,
  findings,
}: {
  view: View;
  landing: LandingView;
  errors: boolean;
  files: readonly { readonly path: string }[];
  findings?: readonly string[];
}) {
  const base = landingPath(landing.name);
  const [label, tone] = landingLook[landing.state];
  return (
    <Page
      view={view}
      title={landing.name}
      crumbs={[{ href: '/', text: 'Overview' }]}
      actions={
        view.readOnly ? undefined : (
          <>
            <CommandButton view={view} action={`${base}/apply`} label="Apply" tone="main" id="apply" />
            <CommandButton view={view} action={`${base}/check`} label="Check" id="check" />
            <a class="button plain" href={`${base}/remove`}>
              Remove
            </a>
          </>
        )
      }
    >
      {findings === undefined ? null : findings.length === 0 ? (
        <p class="notice good" role="status">
          No fault found.
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
              <a href={`${base}?errors=1#errors`}>
                {count(landing.problems.length)}
                <span class="sr"> errors, show them</span>
              </a>
            )}
          </Fact>
        </dl>
        {landing.trouble === undefined ? null : <p class="notice bad">{landing.trouble}</p>}
        {errors ? (
          <Drawer
            title={landing.name}
            entries={landing.problems.map((problem) => ({ table: landing.name, problem }))}
            close={base}
            now={view.now}
          />
        ) : null}
        <h2>Connectors</h2>
        {landing.sinks.length === 0 ? (
          <Empty title="No connector seen">
            <p>Apply the landing to give Kafka Connect its connectors.</p>
          </Empty>
        ) : (
          <table class="list cards">
            <thead>
              <tr>
                <th scope="col">Connector</th>
                <th scope="col">State</th>
                <th scope="col" class="num">
                  Tasks
                </th>
                <th scope="col" class="num">
                  Rows to land
                </th>
                <th scope="col" class="num">
                  Behind
                </th>
                <th scope="col" class="num">
                  Dead letters
                </th>
              </tr>
            </thead>
            <tbody>
              {landing.sinks.map(({ connector, connection, state, tasks, failure, topics, deadLetters }) => (
                <tr>
                  <th scope="row">
                    {connector}
                    <small>
                      {connection}, {plural(topics.length, 'table')}
                    </small>
                  </th>
                  <td data-label="State">
                    <Pill
                      tone={
                        state === 'RUNNING'
                          ? tasks.some((task) => task.state === 'FAILED')
                            ? 'bad'
                            : 'good'
                          : state === 'FAILED'
                            ? 'bad'
                            : 'wait'
                      }
                    >
                      {state.toLowerCase()}
                    </Pill>
                    {failure === undefined ? null : <small class="words">{failure.slice(0, 300)}</small>}
                  </td>
                  <td data-label="Tasks" class="num">
                    {tasks.length}
                  </td>
                  <td data-label="Rows to land" class="num">
                    {count(topics.reduce((sum, { rowsAtMost }) => sum + rowsAtMost, 0))}
                  </td>
                  <td data-label="Behind" class="num">
                    {topics.every(({ caughtUp }) => caughtUp)
                      ? 'caught up'
                      : span(Math.max(0, ...topics.map(({ lagSeconds }) => lagSeconds)) * 1000)}
                  </td>
                  <td data-label="Dead letters" class="num">
                    {count(deadLetters)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
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

/** One rendered file, to be copied. */
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

export function RemoveLanding({
  view,
  landing,
  connectors,
  diff,
}: {
  view: View;
  landing: string;
  connectors: readonly string[];
  diff: string;
}) {
  return (
    <Page
      view={view}
      title={`Remove ${landing}?`}
      crumbs={[
        { href: '/', text: 'Overview' },
        { href: landingPath(landing), text: landing },
      ]}
    >
      <form method="post" action={`${landingPath(landing)}/remove`} class="card form">
        <input type="hidden" name="form_token" value={view.formToken} />
        <ul>
          <li>
            {plural(connectors.length, 'connector')} will be stopped and deleted from Kafka Connect: {connectors.join(', ')}.
          </li>
          <li>The tables in the warehouse stay with all their rows. So do the topics and the dead-letter topics.</li>
          <li>These lines leave the settings file:</li>
        </ul>
        <pre tabindex={0} class="diff">
          {diff}
        </pre>
        <div class="actions">
          <button type="submit" class="button danger">
            Remove the landing
          </button>
          <a class="button plain" href={landingPath(landing)}>
            Cancel
          </a>
        </div>
      </form>
    </Page>
  );
}
