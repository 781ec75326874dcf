/** @jsxRuntime automatic @jsxImportSource hono/jsx */
import type { TributaryError } from '../../core/errors.ts';
import type { CheckedFile } from '../../import/check-file.ts';
import type { PublicKey } from '../../import/keys.ts';
import type { ImportRecord } from '../../kafka/meta/imports.ts';
import { count, duration, plural } from '../../observability/text.ts';
import { Actions, overview, Wrong } from '../setup/views.tsx';
import { Page } from '../views/layout.tsx';
import { CommandButton, Empty, Fact, List, Moment, Pill, type Column } from '../views/parts.tsx';
import { connectionPath, type View } from '../views/view.ts';
import type { BegunImport } from './work.ts';

const imports = { href: '/imports', text: 'Imports' };

/** Files sent to a vendor, newest first. `here`: imports whose error file this server has; `waiting`: imports it can continue. */
export function Imports({
  view,
  imports: records,
  able,
  here,
  waiting,
}: {
  view: View;
  imports: readonly ImportRecord[];
  able: boolean;
  here: ReadonlySet<string>;
  waiting: ReadonlySet<string>;
}) {
  return (
    <Page
      view={view}
      title="Imports"
      actions={
        view.readOnly || !able ? undefined : (
          <a class="button main" href="/imports/new">
            Import a file
          </a>
        )
      }
    >
      <p>
        Files sent to a vendor from here or with <code>tributary import</code>.
      </p>
      <div id="imports" data-live="">
        {records.length === 0 ? (
          <Empty title="No imports yet">
            <p>
              {able
                ? 'A CSV file is checked row by row before anything of it is sent.'
                : 'Files are taken by Klaviyo only. Set up a Klaviyo connection first.'}
            </p>
          </Empty>
        ) : (
          <List rows={records.slice(0, 200)} columns={columns(view, here, waiting)} />
        )}
      </div>
    </Page>
  );
}

const columns = (view: View, here: ReadonlySet<string>, waiting: ReadonlySet<string>): readonly Column<ImportRecord>[] => [
  {
    title: 'Status',
    cell: ({ importId, state, failure }) => (
      <>
        <Pill tone={state === 'completed' ? 'good' : state === 'failed' ? 'bad' : 'busy'}>
          {state === 'completed' ? 'Complete' : 'Not complete'}
        </Pill>
        <small>{failure === undefined ? state : `${failure.message} ${failure.remedy ?? ''}`}</small>
        {waiting.has(importId) && state === 'failed' ? (
          <CommandButton view={view} action={`/imports/${importId}/resume`} label="Go on" id={`resume-${importId}`} />
        ) : null}
      </>
    ),
  },
  {
    title: 'Processed rows',
    num: true,
    cell: ({ processed, processedBy, rows }) => (
      <>
        <span title={processedBy}>{processed === null ? '–' : `${processed} %`}</span>
        <small class="below">{plural(rows, 'row')}</small>
      </>
    ),
  },
  { title: 'Import date', cell: ({ at }) => <Moment at={at} now={view.now} /> },
  { title: 'Imported by', words: true, cell: ({ by }) => by },
  {
    title: 'File',
    words: true,
    cell: ({ file, kind, connection }) => (
      <>
        {file}
        <small>
          {kind} into <a href={connectionPath(connection)}>{connection}</a>
        </small>
      </>
    ),
  },
  { title: 'Rows failed', num: true, cell: ({ refused }) => count(refused) },
  {
    title: 'Error file',
    words: true,
    cell: ({ importId, errorFile, file }) =>
      errorFile === null ? (
        <span class="none">–</span>
      ) : here.has(importId) ? (
        <a href={`/imports/${importId}/errors`}>
          Download<span class="sr"> the rows of {file} that failed</span>
        </a>
      ) : (
        errorFile
      ),
  },
];

/** The fields that are seldom filled in. */
const options = ['map', 'drop', 'dates', 'texts', 'country', 'consent', 'strict'] as const;

export function ImportForm({
  view,
  connections,
  fields,
  error,
}: {
  view: View;
  connections: readonly string[];
  fields: Readonly<Record<string, string>>;
  error: TributaryError | undefined;
}) {
  return (
    <Page view={view} title="Import a file" crumbs={[overview, imports]}>
      <Wrong error={error} />
      <form method="post" action="/imports/new" enctype="multipart/form-data" class="card form">
        <input type="hidden" name="form_token" value={view.formToken} />
        <label>
          Into
          <select name="connection" required>
            {connections.map((name) => (
              <option value={name} selected={fields['connection'] === name}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <fieldset>
          <legend>The file holds</legend>
          <label class="check">
            <input type="radio" name="kind" value="profiles" required checked={fields['kind'] !== 'events'} /> profiles
            <small>one row per person</small>
          </label>
          <label class="check">
            <input type="radio" name="kind" value="events" required checked={fields['kind'] === 'events'} /> events
            <small>one row per thing somebody did</small>
          </label>
        </fieldset>
        <details id="more" open={options.some((name) => (fields[name] ?? '') !== '')}>
          <summary>Columns and options</summary>
          <label>
            Columns under another name (one per line)
            <textarea name="map" placeholder="email=E_MAIL">
              {fields['map'] ?? ''}
            </textarea>
            <small>The column as it is to arrive, an equals sign, the column of the file.</small>
          </label>
          <label>
            Columns to leave out (one per line)
            <textarea name="drop">{fields['drop'] ?? ''}</textarea>
          </label>
          <label>
            Further columns that hold dates (one per line)
            <textarea name="dates">{fields['dates'] ?? ''}</textarea>
          </label>
          <label>
            Columns that hold no dates, whatever they are called (one per line)
            <textarea name="texts">{fields['texts'] ?? ''}</textarea>
          </label>
          <label>
            Country of national phone numbers
            <input type="text" name="country" value={fields['country'] ?? ''} placeholder="PL" maxlength={2} autocomplete="off" />
          </label>
          <label class="check">
            <input type="checkbox" name="consent" value="yes" checked={fields['consent'] === 'yes'} /> Send columns that speak of consent
          </label>
          <label class="check">
            <input type="checkbox" name="strict" value="yes" checked={fields['strict'] === 'yes'} /> Send nothing if one row is bad
          </label>
        </details>
        <label>
          CSV file, up to 1 GiB <input type="file" name="file" accept=".csv,text/csv" required />
          <small>
            It goes to this server and is checked row by row; nothing is sent to the vendor before you have seen what was found.
          </small>
        </label>
        <Actions label="Check the file" cancel="/imports" />
      </form>
      <section aria-labelledby="key-title">
        <h2 id="key-title">The first time</h2>
        <p>The vendor has to know this server by its public key.</p>
        <CommandButton view={view} action="/imports/key" label="Show the public key" id="show-key" />
      </section>
    </Page>
  );
}

export function ImportKey({ view, publicKey, steps }: { view: View; publicKey: PublicKey; steps: readonly string[] }) {
  return (
    <Page view={view} title="Public key of this server" crumbs={[overview, imports]}>
      {publicKey.made ? <p class="notice good">A pair was made; the private key stays in {publicKey.file}.</p> : null}
      <pre class="file" tabindex={0} data-copy="" aria-label="Public key">
        {publicKey.text}
      </pre>
      <ol>
        {steps.map((step) => (
          <li>{step}</li>
        ))}
      </ol>
    </Page>
  );
}

/** One import, from its check to its last row. */
export function BegunPage({ view, begun }: { view: View; begun: BegunImport }) {
  const { id, file, options, state } = begun;
  return (
    <Page view={view} title={file} crumbs={[overview, imports]}>
      {state.kind === 'checking' ? (
        <p class="notice" role="status">
          Checking: {plural(state.rows, 'row')} so far.
        </p>
      ) : state.kind === 'refused' ? (
        <>
          <p class="notice bad" role="alert">
            {state.message} {state.remedy}
          </p>
          <a class="button plain" href="/imports/new">
            Another file
          </a>
        </>
      ) : state.kind === 'sending' ? (
        <p class="notice" role="status">
          Sending:{' '}
          {state.record === undefined
            ? 'it begins'
            : `${count(state.record.sentRows)} of ${plural(state.record.rows - state.record.refused, 'row')}, ${count(state.record.sentBytes)} of ${count(state.record.bytes)} bytes`}
          {state.secondsLeft === undefined ? '' : `, ${duration(state.secondsLeft * 1000)} left`}.
        </p>
      ) : state.kind === 'sent' ? (
        <>
          {state.record === undefined ? (
            <p class="notice bad" role="alert">
              Nothing was sent:{' '}
              {state.checked.parts.length === 0 ? 'no row is good' : 'a row is bad, and only a file without a fault was to be sent'}.
            </p>
          ) : (
            <p class="notice good" role="status">
              {plural(state.record.sentRows, 'row')} uploaded to {options.connection}. The vendor still has to take them in; the list shows
              how far it is.
            </p>
          )}
          <a class="button plain" href="/imports">
            List of imports
          </a>
        </>
      ) : (
        <Checked view={view} id={id} checked={state.checked} strict={options.strict} />
      )}
    </Page>
  );
}

function Checked({ view, id, checked, strict }: { view: View; id: string; checked: CheckedFile; strict: boolean }) {
  const good = checked.rows - checked.refused;
  const blocked = good === 0 || (strict && checked.refused > 0);
  const headers = [...new Set(checked.preview.flatMap((row) => Object.keys(row)))];
  return (
    <>
      <dl class="facts">
        <Fact name="Rows">{count(checked.rows)}</Fact>
        <Fact name="Will be sent">{blocked ? '0' : count(good)}</Fact>
        <Fact name="Rows failed">{count(checked.refused)}</Fact>
        <Fact name="Encoding">{checked.encoding.toUpperCase()}</Fact>
      </dl>
      {checked.faults.length === 0 ? null : (
        <section aria-labelledby="faults-title">
          <h2 id="faults-title">What is wrong</h2>
          <List
            rows={checked.faults}
            columns={[
              { title: 'Line', num: true, cell: ({ line }) => count(line) },
              { title: 'Column', words: true, cell: ({ column }) => column || '–' },
              { title: 'Fault', words: true, cell: ({ reason }) => reason },
              { title: 'What to do', words: true, cell: ({ remedy }) => remedy },
            ]}
          />
          {[...checked.reasons].length === 0 ? null : (
            <p class="note">{[...checked.reasons].map(([reason, times]) => `${count(times)} times: ${reason}`).join('; ')}</p>
          )}
        </section>
      )}
      {checked.preview.length === 0 ? null : (
        <section aria-labelledby="preview-title">
          <h2 id="preview-title">The first rows as they will arrive</h2>
          <div class="scroll" tabindex={0} role="group" aria-label="Rows">
            <List
              cards={false}
              rows={checked.preview}
              columns={headers.map((header) => ({ title: header, cell: (row: Readonly<Record<string, string>>) => row[header] ?? '' }))}
            />
          </div>
        </section>
      )}
      {blocked ? (
        <p class="notice bad" role="alert">
          {good === 0 ? 'No row is good, so there is nothing to send.' : 'A row is bad, and only a file without a fault was to be sent.'}
        </p>
      ) : view.readOnly ? null : (
        <form method="post" action={`/imports/new/${id}/send`} class="card form">
          <input type="hidden" name="form_token" value={view.formToken} />
          <p>
            <strong>{plural(good, 'row')}</strong> will be sent; the vendor writes them into its account, and they cannot be taken back from
            here.
            {checked.refused > 0 ? ` ${plural(checked.refused, 'row')} will not: they go into an error file.` : ''}
          </p>
          <Actions label={`Send ${plural(good, 'row')}`} cancel="/imports" />
        </form>
      )}
    </>
  );
}
