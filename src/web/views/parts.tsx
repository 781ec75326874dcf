/** @jsxRuntime automatic @jsxImportSource hono/jsx */
import type { Child } from 'hono/jsx';
import { count, duration } from '../../observability/text.ts';
import type { SyncState } from '../model/table-row.ts';
import type { View } from './view.ts';

export type Tone = 'good' | 'busy' | 'wait' | 'warn' | 'bad' | 'off';

/** Label of a state, and its colour by urgency. */
export const stateLook: Readonly<Record<SyncState['kind'], readonly [label: string, tone: Tone]>> = {
  completed: ['Completed', 'good'],
  landing: ['In progress (99 %)', 'busy'],
  scheduled: ['Scheduled', 'good'],
  in_progress: ['In progress', 'busy'],
  rate_limited: ['Rate limited', 'wait'],
  error: ['Error', 'warn'],
  failed: ['Failed', 'bad'],
  paused: ['Paused', 'off'],
  disabled: ['Disabled', 'off'],
  not_synced: ['Not yet synced', 'wait'],
};

export const Pill = ({ tone, children }: { tone: Tone; children?: Child }) => <span class={`pill ${tone}`}>{children}</span>;

/** A point in time: relative, with the absolute time on hover. Epoch ms. */
export function Moment({ at, now, none = '–' }: { at: number | undefined; now: number; none?: string }) {
  if (at === undefined || at === 0) return <span class="none">{none}</span>;
  const iso = new Date(at).toISOString();
  return (
    <time datetime={iso} title={`${iso.slice(0, 19).replace('T', ' ')} UTC`}>
      {relative(at, now)}
    </time>
  );
}

/** `just now`, `5 min ago`, `in a moment`, `in 12 min`, `3 d ago`. */
export function relative(at: number, now: number): string {
  const away = Math.abs(at - now);
  if (away < 5_000) return at > now ? 'in a moment' : 'just now';
  const text = span(away);
  return at > now ? `in ${text}` : `${text} ago`;
}

/** A duration in one unit, or two where the first is small: `45 s`, `12 min`, `2 h 10 min`, `3 d`. */
export function span(ms: number): string {
  if (ms < 60_000) return `${Math.round(ms / 1000)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 10 && minutes % 60 > 0) return `${hours} h ${minutes % 60} min`;
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d`;
}

/** A state with its details: next run, progress, or reason of the failure. */
export function State({ state, now, brief = false }: { state: SyncState; now: number; brief?: boolean }) {
  const [label, tone] = stateLook[state.kind];
  switch (state.kind) {
    case 'in_progress': {
      const percent = state.percent;
      return (
        <div class="state">
          <Pill tone={tone}>
            {label}
            {percent === undefined ? '' : ` (${percent} %)`}
          </Pill>
          {brief ? null : (
            <>
              {percent === undefined ? null : (
                <progress max="100" value={percent} aria-label={`${percent} %${state.estimated ? ', estimated' : ''}`} />
              )}
              <small>
                {count(state.rows)} rows{state.rowsPerSecond > 0 ? `, ${count(state.rowsPerSecond)} rows/s` : ''}
                {state.estimated ? ', estimated by the last run' : ''}
              </small>
            </>
          )}
        </div>
      );
    }
    case 'landing':
      return (
        <div class="state">
          <Pill tone={tone}>{label}</Pill>
          {brief ? null : <small>read; the warehouse is still catching up</small>}
        </div>
      );
    case 'scheduled':
    case 'not_synced':
      return (
        <div class="state">
          <Pill tone={tone}>{label}</Pill>
          {brief || state.nextRunAt === undefined ? null : (
            <small>
              {state.kind === 'scheduled' ? 'due' : 'first run due'} <Moment at={state.nextRunAt} now={now} />
            </small>
          )}
        </div>
      );
    case 'rate_limited':
      return (
        <div class="state">
          <Pill tone={tone}>{label}</Pill>
          {brief ? null : (
            <small>
              until <Clock at={state.until} />
              {state.percent === undefined ? '' : `, ${state.percent} %`}, {count(state.rows)} rows
            </small>
          )}
        </div>
      );
    case 'error':
      return (
        <div class="state">
          <Pill tone={tone}>{label}</Pill>
          {brief ? null : (
            <small>
              {state.nextTryAt === undefined ? (
                'tried again by itself'
              ) : (
                <>
                  next try due <Moment at={state.nextTryAt} now={now} />
                </>
              )}
            </small>
          )}
        </div>
      );
    case 'failed':
      return (
        <div class="state">
          <Pill tone={tone}>{label}</Pill>
          {brief ? null : <small>needs you: {short(state.reason)}</small>}
        </div>
      );
    case 'disabled':
      return (
        <div class="state">
          <Pill tone={tone}>{label}</Pill>
          {brief ? null : <small>{short(state.reason)}</small>}
        </div>
      );
    default:
      return (
        <div class="state">
          <Pill tone={tone}>{label}</Pill>
        </div>
      );
  }
}

/** A long text's beginning, and how much of it is left out. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  // Not in the middle of a character.
  const end = /[\ud800-\udbff]/.test(text[most - 1] ?? '') ? most - 1 : most;
  return `${text.slice(0, end)}… (${count(text.length - end)} more characters)`;
}

const short = (text: string): string => (text.length > 90 ? `${text.slice(0, 88)}…` : text);

/** `14:05` UTC, exact on hover. */
function Clock({ at }: { at: number }) {
  const iso = new Date(at).toISOString();
  return (
    <time datetime={iso} data-clock="" title={`${iso.slice(0, 19).replace('T', ' ')} UTC`}>
      {iso.slice(11, 16)} UTC
    </time>
  );
}

export function Freshness({ ms, dueMs, late = false }: { ms: number | undefined; dueMs?: number | undefined; late?: boolean }) {
  if (ms === undefined) return <span class="none">–</span>;
  return (
    <span class={late ? 'late' : ''} title={duration(ms)}>
      {span(ms)}
      {dueMs === undefined || dueMs === 0 ? null : <small> of {span(dueMs)}</small>}
      {late ? <small class="flag"> late</small> : null}
    </span>
  );
}

/** Rows of the last 24 hours, one bar per hour, with their sum. */
export function Sparkline({ hourly }: { hourly: readonly number[] }) {
  const most = Math.max(1, ...hourly);
  const sum = hourly.reduce((a, b) => a + b, 0);
  return (
    <span class="spark">
      <svg
        viewBox="0 0 96 24"
        width="96"
        height="24"
        role="img"
        aria-label={`${count(sum)} rows in the last 24 hours, at most ${count(Math.max(...hourly))} in one`}
      >
        {hourly.map((rows, hour) => {
          const high = rows === 0 ? 1 : Math.max(2, Math.round((rows / most) * 22));
          return <rect x={hour * 4} y={24 - high} width="3" height={high} class={rows === 0 ? 'zero' : ''} />;
        })}
      </svg>
      <span class="num">{short3(sum)}</span>
    </span>
  );
}

/** `950`, `12.3 k`, `4.1 M`. */
export function short3(n: number): string {
  if (n < 10_000) return count(n);
  const [unit, of] =
    n < 1e6 ? (['k', 1e3] as const) : n < 1e9 ? (['M', 1e6] as const) : n < 1e12 ? (['G', 1e9] as const) : (['T', 1e12] as const);
  const value = n / of;
  return `${value < 100 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}

/** A button that sends a command; it works without script. */
export function CommandButton({
  view,
  action,
  label,
  tone = 'plain',
  id,
  name,
}: {
  view: View;
  action: string;
  label: string;
  tone?: 'plain' | 'main' | 'danger';
  id: string;
  name?: string;
}) {
  if (view.readOnly) return null;
  return (
    <form method="post" action={action} class="inline">
      <input type="hidden" name="form_token" value={view.formToken} />
      <button type="submit" id={id} class={`button ${tone}`} {...(name === undefined ? {} : { 'aria-label': name })}>
        {label}
      </button>
    </form>
  );
}

export function Empty({ title, children }: { title: string; children?: Child }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** A name and its value, for lists of facts. */
export function Fact({ name, children }: { name: string; children?: Child }) {
  return (
    <div class="fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** One column of a list; the first one names the row. */
export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => Child;
  /** Right-aligned, for numbers. */
  readonly num?: boolean;
  /** Long words may be broken. */
  readonly words?: boolean;
  /** The title is visible to screen readers only. */
  readonly quiet?: boolean;
  /** Link to the list sorted by this column; `direction` when it is sorted by it now. */
  readonly sort?: { readonly href: string; readonly direction?: 'ascending' | 'descending' | undefined };
}

/** A table; on a narrow page each row becomes a card. */
export function List<Row>({
  columns,
  rows,
  cards = true,
}: {
  columns: readonly (Column<Row> | null)[];
  rows: readonly Row[];
  cards?: boolean;
}) {
  const shown = columns.filter((column) => column !== null);
  return (
    <table class={cards ? 'list cards' : 'list'}>
      <thead>
        <tr>
          {shown.map(({ title, num, quiet, sort }) => (
            <th scope="col" class={num ? 'num' : ''} {...(sort?.direction === undefined ? {} : { 'aria-sort': sort.direction })}>
              {sort ? <a href={sort.href}>{title}</a> : quiet ? <span class="sr">{title}</span> : title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr>
            {shown.map(({ title, cell, num, words, quiet }, at) =>
              at === 0 ? (
                <th scope="row" class={num ? 'num' : ''}>
                  {cell(row)}
                </th>
              ) : (
                <td
                  class={[num ? 'num' : '', words ? 'words' : '', quiet ? 'commands' : ''].filter(Boolean).join(' ')}
                  {...(quiet ? {} : { 'data-label': title })}
                >
                  {cell(row)}
                </td>
              ),
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
