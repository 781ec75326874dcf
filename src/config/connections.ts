import { z } from 'zod';
import type { Source } from '../sdk/source.ts';
import { beginsAtHistory, type TableDefinition } from '../core/table.ts';
import { columnProblems, coverColumns, hashWith } from './columns.ts';
import { parseStartDate, type HistoryStart } from './dates.ts';
import { problemsOf } from './issues.ts';
import { shapeOf } from './json-schema.ts';
import type { Problem } from './placeholders.ts';
import type { RawConnection } from './schema.ts';
import { hourly, type ConnectionSettings } from './settings.ts';
import { hint } from './suggest.ts';
import { valueProblems } from './value-problems.ts';

/** Checks one connection against its source. Returns the connection, or what is wrong with it. */
export function readConnection(
  name: string,
  raw: RawConnection,
  { sources, now, hashSecret }: { readonly sources: readonly Source[]; readonly now: number; readonly hashSecret: string | undefined },
): ConnectionSettings | Problem[] {
  const source = sourceOf(name, raw, sources);
  if (!source) {
    const path = ['connections', name, ...(raw.source === undefined ? [] : ['source'])];
    const typed = raw.source ?? name;
    const choices = hint(
      typed,
      sources.map((known) => known.name),
    );
    return [{ path, text: `no source is called ${typed}${choices}${raw.source === undefined ? ' (name it with source:)' : ''}` }];
  }
  const schema = strict(source.settings);
  const shape = shapeOf(schema);
  const faults = valueProblems(shape, raw.settings, ['connections', name, 'settings']);
  const checked = schema.safeParse(raw.settings);
  if (checked.success && faults.length > 0) return faults;
  if (!checked.success) return [...faults, ...problemsOf(checked.error, shape, raw.settings, ['connections', name, 'settings'])];

  const all = source.tables(checked.data);
  const only = Array.isArray(raw.tables) ? raw.tables : undefined;
  const single: TableSettingsByName = Array.isArray(raw.tables) ? {} : (raw.tables ?? {});
  const problems = [
    ...unknownTables(all, only ?? [], (index) => ['connections', name, 'tables', index]),
    ...unknownTables(all, raw.exclude ?? [], (index) => ['connections', name, 'exclude', index]),
  ];
  if (only && raw.exclude)
    problems.push({ path: ['connections', name, 'exclude'], text: 'cannot be combined with tables; keep one of the two' });
  problems.push(...historyProblems(raw, ['connections', name], now), ...singleTableProblems(all, raw, single, name, now));
  const schedule = typeof raw.schedule === 'string' ? { default: raw.schedule, tables: {} } : (raw.schedule ?? { tables: {} });
  const scheduled: Readonly<Record<string, string>> = schedule.tables;
  for (const table of Object.keys(scheduled)) {
    problems.push(...unknownTables(all, [table], () => ['connections', name, 'schedule', 'tables', table]));
  }
  for (const table of Object.keys(raw.partitions ?? {})) {
    problems.push(...unknownTables(all, [table], () => ['connections', name, 'partitions', table]));
  }
  for (const [table, rules] of Object.entries(raw.columns ?? {})) {
    const path = ['connections', name, 'columns', table];
    const definition = all.find((known) => known.name === table);
    problems.push(
      ...(definition === undefined
        ? unknownTables(all, [table], () => path)
        : columnProblems(definition, all, rules, path, hashSecret !== undefined)),
    );
  }
  const wanted = all.filter((table) => (only?.includes(table.name) ?? true) && !raw.exclude?.includes(table.name));
  const hash = hashWith(hashSecret);
  const tables = wanted
    .filter((table) => table.off === undefined)
    .map((table) => {
      const rules = problems.length === 0 ? raw.columns?.[table.name] : undefined;
      return rules === undefined ? table : coverColumns(table, rules, hash);
    });
  const off = new Map(wanted.flatMap((table) => (table.off === undefined ? [] : [[table.name, table.off] as const])));
  if (wanted.length === 0 && problems.length === 0)
    problems.push({ path: ['connections', name, 'exclude'], text: 'leaves no table to read' });
  else if (tables.length === 0 && problems.length === 0)
    for (const [table, reason] of off)
      problems.push({ path: ['connections', name, 'tables'], text: `leaves no table to read: ${table} is ${reason}` });
  if (problems.length > 0) return problems;
  return {
    name,
    source,
    settings: checked.data,
    tables,
    ...(off.size === 0 ? {} : { off }),
    history: historyOf(raw),
    histories: new Map(Object.entries(single).flatMap(([table, own]) => (saysHistory(own) ? [[table, historyOf(own)] as const] : []))),
    partitions: new Map([
      ...Object.entries(raw.partitions ?? {}),
      ...Object.entries(single).flatMap(([table, { partitions }]) => (partitions === undefined ? [] : [[table, partitions] as const])),
    ]),
    schedules: new Map(
      tables.map((table) => [
        table.name,
        single[table.name]?.schedule ?? scheduled[table.name] ?? schedule.default ?? table.schedule ?? hourly,
      ]),
    ),
  };
}

/** The source of a connection; undefined when no source has that name. */
export function sourceOf(name: string, raw: { readonly source?: string | undefined }, sources: readonly Source[]): Source | undefined {
  return sources.find((source) => source.name === (raw.source ?? name));
}

/** A source's settings schema that refuses unknown keys, even if the source did not ask for that. */
export function strict(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodObject ? schema.strict() : schema;
}

function unknownTables(
  all: readonly TableDefinition[],
  wanted: readonly string[],
  path: (index: number) => (string | number)[],
): Problem[] {
  const names = all.map((table) => table.name);
  return wanted.flatMap((name, index) =>
    names.includes(name) ? [] : [{ path: path(index), text: `no table is called ${name}${hint(name, names)}` }],
  );
}

type HistorySettings = Pick<RawConnection, 'history' | 'start_date'>;
type TableSettingsByName = Exclude<NonNullable<RawConnection['tables']>, readonly string[]>;

const saysHistory = ({ history, start_date: startDate }: HistorySettings): boolean => history !== undefined || startDate !== undefined;

function historyProblems({ history, start_date: startDate }: HistorySettings, path: readonly (string | number)[], now: number): Problem[] {
  const at = [...path, 'start_date'];
  return [
    ...(startDate !== undefined && (parseStartDate(startDate) ?? 0) > now
      ? [{ path: at, text: `${startDate} is in the future; nothing would be read` }]
      : []),
    ...(history && startDate ? [{ path: at, text: 'cannot be combined with history; keep one of the two' }] : []),
  ];
}

/** Problems of the settings of single tables. */
function singleTableProblems(
  all: readonly TableDefinition[],
  raw: RawConnection,
  single: TableSettingsByName,
  name: string,
  now: number,
): Problem[] {
  return Object.entries(single).flatMap(([table, own]) => {
    const path = ['connections', name, 'tables', table];
    const definition = all.find((known) => known.name === table);
    if (definition === undefined) return unknownTables(all, [table], () => path);
    const problems = historyProblems(own, path, now);
    const say = (key: string, text: string): void => void problems.push({ path: [...path, key], text });
    if (raw.exclude?.includes(table)) problems.push({ path, text: 'configures a table that exclude leaves out; remove one of the two' });
    if (saysHistory(own) && !beginsAtHistory(definition)) {
      const runs = definition.method === 'incremental' ? 'the first run' : 'every run';
      say(own.history === undefined ? 'start_date' : 'history', `has no effect: ${runs} reads the whole table ${table}; remove it`);
    }
    if (own.partitions !== undefined && raw.partitions?.[table] !== undefined)
      say('partitions', `is also set in connections.${name}.partitions; keep one of the two`);
    if (own.schedule !== undefined && typeof raw.schedule === 'object' && raw.schedule.tables[table] !== undefined)
      say('schedule', `is also set in connections.${name}.schedule.tables; keep one of the two`);
    return problems;
  });
}

function historyOf(raw: HistorySettings): HistoryStart {
  const from = raw.start_date === undefined ? undefined : parseStartDate(raw.start_date);
  return from === undefined ? { range: raw.history ?? 'all' } : { from };
}
