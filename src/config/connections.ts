import { z } from 'zod';
import type { Source } from '../sdk/source.ts';
import type { TableDefinition } from '../core/table.ts';
import { parseStartDate, type HistoryStart } from './dates.ts';
import { problemsOf } from './issues.ts';
import { shapeOf } from './json-schema.ts';
import type { Problem } from './placeholders.ts';
import type { RawConnection } from './schema.ts';
import { hourly, type ConnectionSettings } from './settings.ts';
import { hint } from './suggest.ts';
import { valueProblems } from './value-problems.ts';

/** Checks one connection against its source. Returns the connection, or what is wrong with it. */
export function readConnection(name: string, raw: RawConnection, sources: readonly Source[], now: number): ConnectionSettings | Problem[] {
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
  const problems = [
    ...unknownTables(all, raw.tables ?? [], (index) => ['connections', name, 'tables', index]),
    ...unknownTables(all, raw.exclude ?? [], (index) => ['connections', name, 'exclude', index]),
  ];
  if (raw.tables && raw.exclude)
    problems.push({ path: ['connections', name, 'exclude'], text: 'stands beside tables; keep one of the two' });
  if (raw.start_date !== undefined && (parseStartDate(raw.start_date) ?? 0) > now)
    problems.push({ path: ['connections', name, 'start_date'], text: `${raw.start_date} lies in the future; nothing would be read` });
  if (raw.history && raw.start_date)
    problems.push({ path: ['connections', name, 'start_date'], text: 'stands beside history; keep one of the two' });
  const schedule = typeof raw.schedule === 'string' ? { default: raw.schedule, tables: {} } : (raw.schedule ?? { tables: {} });
  const scheduled: Readonly<Record<string, string>> = schedule.tables;
  for (const table of Object.keys(scheduled)) {
    problems.push(...unknownTables(all, [table], () => ['connections', name, 'schedule', 'tables', table]));
  }
  for (const table of Object.keys(raw.partitions ?? {})) {
    problems.push(...unknownTables(all, [table], () => ['connections', name, 'partitions', table]));
  }
  const wanted = all.filter((table) => (raw.tables?.includes(table.name) ?? true) && !raw.exclude?.includes(table.name));
  const tables = wanted.filter((table) => table.off === undefined);
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
    partitions: new Map(Object.entries(raw.partitions ?? {})),
    schedules: new Map(tables.map((table) => [table.name, scheduled[table.name] ?? schedule.default ?? table.schedule ?? hourly])),
  };
}

/** The source a connection means; undefined when there is none of that name. */
export function sourceOf(name: string, raw: { readonly source?: string | undefined }, sources: readonly Source[]): Source | undefined {
  return sources.find((source) => source.name === (raw.source ?? name));
}

/** A source's settings with unknown keys refused, whether or not its schema says so. */
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

function historyOf(raw: RawConnection): HistoryStart {
  const from = raw.start_date === undefined ? undefined : parseStartDate(raw.start_date);
  return from === undefined ? { range: raw.history ?? 'all' } : { from };
}
