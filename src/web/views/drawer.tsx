/** @jsxRuntime automatic @jsxImportSource hono/jsx */
import { count } from '../../observability/text.ts';
import type { Problem } from '../model/table-row.ts';
import { cut, Moment, Pill } from './parts.tsx';

/** Longest summary, message or remedy that is shown. */
const longest = 1_000;
/** Of what stands above: all of it follows as the message. */
const longestTitle = 200;

const places: Readonly<Record<Problem['where'], string>> = {
  vendor: 'the vendor',
  kafka: 'Kafka',
  registry: 'the schema registry',
  sink: 'the warehouse or its sink',
  tributary: 'Tributary',
};

export interface DrawerEntry {
  readonly table: string;
  readonly problem: Problem;
}

/** Every problem with its summary, code, original message, time, place and remedy. `close` leads back to what it was opened by. */
export function Drawer({ title, entries, close, now }: { title: string; entries: readonly DrawerEntry[]; close: string; now: number }) {
  const shown = grouped(entries.map(({ table, problem }) => ({ table, problem: shortened(problem) }))).slice(0, 50);
  return (
    <aside class="drawer" id="errors" tabindex={-1} aria-labelledby="errors-title">
      <div class="drawer-head">
        <h2 id="errors-title">Errors of {title}</h2>
        <a class="button plain" href={close} data-close="">
          Close
        </a>
      </div>
      {shown.length === 0 ? (
        <p>No errors in what is kept.</p>
      ) : (
        shown.map(({ tables, problem }, at) => (
          <article class="problem">
            <h3>{cut(problem.summary, longestTitle)}</h3>
            <p class="problem-line">
              <Pill tone={problem.active ? 'bad' : 'off'}>{problem.active ? 'active' : 'over'}</Pill> <Moment at={problem.at} now={now} />
              {problem.times > 1 ? `, ${count(problem.times)} times` : ''}
            </p>
            <dl class="facts wide">
              <div class="fact">
                <dt>{tables.length === 1 ? 'Table' : `${tables.length} tables`}</dt>
                <dd>{tables.length > 6 ? `${tables.slice(0, 5).join(', ')} and ${tables.length - 5} more` : tables.join(', ')}</dd>
              </div>
              <div class="fact">
                <dt>Code</dt>
                <dd>
                  <code>{problem.code ?? 'none'}</code>
                </dd>
              </div>
              <div class="fact">
                <dt>External message</dt>
                <dd class="words">{problem.message ?? problem.summary}</dd>
              </div>
              <div class="fact">
                <dt>Date</dt>
                <dd>{new Date(problem.at).toISOString().slice(0, 19).replace('T', ' ')} UTC</dd>
              </div>
              <div class="fact">
                <dt>Where</dt>
                <dd>{places[problem.where]}</dd>
              </div>
              <div class="fact">
                <dt>What to do</dt>
                <dd>
                  {problem.remedy ??
                    (problem.where === 'vendor'
                      ? "Nothing now: it is tried again. If this persists, check the vendor's status page."
                      : 'Nothing now: it is tried again.')}
                </dd>
              </div>
            </dl>
            <details id={`copy-${at}`}>
              <summary>As text</summary>
              <pre tabindex={0} data-copy="">
                {asText(tables.join(', '), problem)}
              </pre>
            </details>
          </article>
        ))
      )}
    </aside>
  );
}

/** A vendor may answer with a whole page. */
function shortened(problem: Problem): Problem {
  const { summary, message, remedy, code } = problem;
  return {
    ...problem,
    summary: cut(summary, longest),
    ...(message === undefined ? {} : { message: cut(message, longest) }),
    ...(remedy === undefined ? {} : { remedy: cut(remedy, longest) }),
    ...(code === undefined ? {} : { code: cut(code, 200) }),
  };
}

export function asText(table: string, { summary, code, message, at, where, remedy }: Problem): string {
  return [
    `Summary: ${summary}`,
    `Code: ${code ?? 'none'}`,
    `External message: ${message ?? summary}`,
    `Date: ${new Date(at).toISOString()}`,
    `Where: ${places[where]}, ${table}`,
    ...(remedy === undefined ? [] : [`What to do: ${remedy}`]),
  ].join('\n');
}

/** Equal problems of several tables become one entry. */
function grouped(entries: readonly DrawerEntry[]): { readonly tables: readonly string[]; readonly problem: Problem }[] {
  const found = new Map<string, { tables: string[]; problem: Problem }>();
  for (const { table, problem } of entries) {
    const key = JSON.stringify([problem.summary, problem.code, problem.active]);
    const known = found.get(key);
    if (!known) found.set(key, { tables: [table], problem });
    else {
      known.tables.push(table);
      if (problem.at > known.problem.at) known.problem = problem;
    }
  }
  return [...found.values()];
}
