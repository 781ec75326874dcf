import { z } from '@hono/zod-openapi';

const ms = z.number().meta({ description: 'Epoch milliseconds.' });
const open = <S extends z.ZodRawShape>(shape: S) => z.looseObject(shape);

const failure = open({
  kind: z.string(),
  message: z.string(),
  remedy: z.string().optional(),
  code: z.string().optional(),
  retryAt: ms.optional(),
});
const totals = open({
  fetched: z.number(),
  published: z.number(),
  unchanged: z.number(),
  deleted: z.number(),
  deadLetters: z.number(),
  messages: z.number(),
  requests: z.number(),
  waitedMs: z.number(),
}).meta({ description: 'In rows unless the name says otherwise.' });

const nextRun = { nextRunAt: ms.optional() };
const progress = { rows: z.number(), percent: z.number().int().min(0).max(99).optional() };
/** All states of a table. */
export const state = z
  .discriminatedUnion('kind', [
    open({ kind: z.literal('not_synced'), ...nextRun }),
    open({ kind: z.literal('scheduled'), ...nextRun }),
    open({
      kind: z.literal('in_progress'),
      mode: z.enum(['periodic', 'historical']),
      startedAt: ms,
      rowsPerSecond: z.number(),
      ...progress,
    }),
    open({ kind: z.literal('rate_limited'), until: ms, ...progress }),
    open({
      kind: z.literal('error'),
      message: z.string(),
      nextTryAt: ms.optional(),
      code: z.string().optional(),
      remedy: z.string().optional(),
    }),
    open({ kind: z.literal('failed'), reason: z.string(), remedy: z.string().optional(), code: z.string().optional() }),
    open({ kind: z.literal('paused') }),
    open({ kind: z.literal('disabled'), reason: z.string() }),
    open({ kind: z.literal('completed') }).meta({ description: 'History only: read, and landed in every warehouse.' }),
    open({ kind: z.literal('landing') }).meta({ description: 'History only: read, but not completely landed in every warehouse yet.' }),
  ])
  .openapi('State');

const withheld = open({ count: z.number(), reason: z.string(), since: ms, sample: z.array(z.string()).optional() });

export const run = open({
  v: z.literal(1),
  runId: z.string(),
  connection: z.string(),
  source: z.string(),
  table: z.string(),
  mode: z.enum(['periodic', 'historical']),
  outcome: z.enum(['succeeded', 'failed', 'interrupted']),
  startedAt: ms,
  endedAt: ms,
  totals,
  failure: failure.optional(),
  liveRows: z.number().optional().meta({ description: 'After a complete run: number of rows in the topic.' }),
  readTo: ms.optional().meta({ description: 'After a complete run: the topic has everything that the vendor had up to this time.' }),
}).openapi('Run');

export const tableStatus = open({
  connection: z.string(),
  source: z.string(),
  table: z.string(),
  state,
  freshnessMs: z.number().optional(),
  readTo: ms.optional(),
  lastSuccessAt: ms.optional(),
  nextRunAt: ms.optional(),
  withheld: withheld.optional(),
  deadLetters: z.number(),
  timeline: z.array(open({ at: ms, level: z.enum(['info', 'warning', 'error']), message: z.string() })),
}).openapi('TableStatus');

export const snapshot = open({ v: z.literal(1), at: ms, assigned: z.array(z.string()), tables: z.array(tableStatus) }).openapi('Status');

const tab = open({ state, startedAt: ms.optional(), finishedAt: ms.optional() });
export const problem = open({
  at: ms,
  where: z.enum(['vendor', 'kafka', 'registry', 'sink', 'tributary']),
  summary: z.string(),
  code: z.string().optional(),
  message: z.string().optional(),
  remedy: z.string().optional(),
  times: z.number(),
  active: z.boolean(),
}).openapi('Problem');
const lag = open({
  topic: z.string(),
  missing: z.boolean(),
  caughtUp: z.boolean(),
  rowsAtMost: z.number(),
  lagSeconds: z.number(),
  deletesMayBeMissed: z.boolean(),
  newestRowAt: ms.optional(),
});

export const tableRow = open({
  name: z.string(),
  status: tableStatus,
  history: z.boolean().meta({ description: 'Whether it has a history that can be read again; every run reads the others whole.' }),
  historical: tab,
  periodic: tab,
  freshnessMs: z.number().optional(),
  worker: z.string().optional(),
  problems: z.array(problem),
  errors24h: z.number(),
  hourly: z.array(z.number()).length(24),
  landings: z.array(open({ landing: z.string(), connector: z.string(), lag })),
  asked: z.enum(['pause', 'resume']).optional(),
}).openapi('Table');

export const worker = open({
  v: z.literal(1),
  worker: z.string(),
  host: z.string(),
  pid: z.number(),
  version: z.string(),
  startedAt: ms,
  at: ms,
  assigned: z.array(z.string()),
  settingsProblem: z.string().optional(),
}).openapi('Worker');

export const connection = open({
  name: z.string(),
  source: z.string(),
  sourceTitle: z.string(),
  tables: z.array(tableRow),
  worst: state,
  states: z.record(z.string(), z.number()),
  freshnessMs: z.number().optional(),
  freshnessDueMs: z.number().optional(),
  late: z.boolean(),
  lastSyncAt: ms.optional(),
  errors24h: z.number(),
  hourly: z.array(z.number()),
  worker: worker.optional(),
  withheld: z.number(),
}).openapi('Connection');

const sink = open({
  connector: z.string(),
  connection: z.string(),
  state: z.string(),
  tasks: z.array(open({ id: z.number(), state: z.string() })),
  failure: z.string().optional(),
  topics: z.array(lag),
  deadLetters: z.number(),
  warehouseTrouble: z.string().optional(),
});
export const landing = open({
  name: z.string(),
  kind: z.string(),
  state: z.enum(['running', 'paused', 'failed', 'missing', 'away', 'unknown']),
  connections: z.array(z.string()),
  sinks: z.array(sink),
  problems: z.array(problem),
  rowsAtMost: z.number(),
  lagSeconds: z.number(),
  seenAt: ms.optional(),
  trouble: z.string().optional(),
  notes: z.array(z.string()),
}).openapi('Landing');

export const part = open({
  part: z.enum(['kafka', 'registry', 'connect']),
  name: z.string(),
  ok: z.boolean(),
  trouble: z.string().optional(),
}).openapi('Part');
export const command = open({
  v: z.literal(1),
  kind: z.literal('command'),
  id: z.string(),
  at: ms,
  user: z.string(),
  address: z.string(),
  command: z.string(),
  connection: z.string().nullable(),
  table: z.string().nullable(),
  detail: z.string(),
}).openapi('Command');
export const deadLetter = open({
  connection: z.string(),
  table: z.string(),
  reason: z.string(),
  detail: z.string(),
  key: z.string().optional(),
  raw: z.string(),
  rawBytes: z.number(),
  runId: z.string(),
  at: ms,
}).openapi('DeadLetter');
export const change = open({
  kind: z.enum(['row', 'marker', 'tombstone']),
  partition: z.number(),
  offset: z.string(),
  at: ms,
  key: z.record(z.string(), z.unknown()),
  record: z.record(z.string(), z.unknown()).optional(),
  run: z.string().optional(),
}).openapi('Change', { description: "A message of a table's topic. Integers beyond 2^53 are text." });
const diffLines = z
  .array(z.object({ kind: z.enum(['same', 'add', 'del']), text: z.string() }))
  .meta({ description: 'What differs in the settings file, with three lines around it.' });
export const saved = z
  .object({ saved: z.boolean(), diff: diffLines, secretFiles: z.array(z.string()) })
  .openapi('Saved', { description: 'A change of the settings file; not saved when it was only tried, or changes nothing.' });
export const removed = z
  .object({ removed: z.boolean(), diff: diffLines, consequences: z.array(z.string()) })
  .openapi('Removed', { description: 'What goes and what stays.' });
export const files = z.object({ files: z.array(open({ path: z.string(), text: z.string() })) });
export const tried = z
  .object({
    account: z.string(),
    tables: z.array(z.object({ table: z.string(), outcome: z.enum(['read', 'refused', 'unknown']), text: z.string() })),
    choices: z.array(
      z.object({ setting: z.string(), choices: z.array(z.object({ value: z.string(), label: z.string(), group: z.string().optional() })) }),
    ),
  })
  .openapi('Tried', { description: 'What the real calls told of each table, and what the account lists to be chosen from.' });
export const importRecord = open({
  importId: z.string(),
  connection: z.string(),
  kind: z.enum(['profiles', 'events']),
  file: z.string(),
  by: z.string(),
  at: ms,
  state: z.string(),
  rows: z.number(),
  refused: z.number(),
  processed: z.number().nullable().meta({ description: 'Percent of the rows the vendor has taken in; null while it is not known.' }),
}).openapi('Import');
export const begunImport = open({
  id: z.string(),
  file: z.string(),
  connection: z.string(),
  kind: z.enum(['profiles', 'events']),
  state: z.enum(['checking', 'checked', 'sending', 'sent', 'refused']),
  rows: z.number().optional(),
  refused: z.number().optional(),
  message: z.string().optional(),
  preview: z.array(z.record(z.string(), z.unknown())).optional().meta({ description: 'The first rows as they will arrive.' }),
  faults: z.array(open({ line: z.number(), column: z.string(), reason: z.string(), remedy: z.string() })).optional(),
  record: importRecord.optional(),
}).openapi('BegunImport');
export const error = z
  .object({ error: z.object({ message: z.string(), code: z.string(), remedy: z.string().optional() }) })
  .openapi('Error');
