import { recordsOf } from '../support/records.ts';
import { shownForms } from '../support/command.ts';
import { memoryTables, seedOf, type MemoryRun, type MemoryTable, type Snapshot } from './memory-engine.ts';
import { collectGarbage } from '../support/collect-garbage.ts';
import { diceOf } from './mutation.ts';
import { startProxy, type Done, type Plan, type Proxy } from './proxy.ts';
import { skipClock, type SkipClock } from './skip-clock.ts';
import { watchLoop, type Watched } from './watch-loop.ts';
import { watchSockets, type Sockets } from './watch-sockets.ts';
import type { HostileSubject, HostileVendor } from './subjects.ts';

export interface CampaignOptions {
  readonly subject: HostileSubject;
  readonly seed: number;
  /** Cases of each table, and the number of the first one. */
  readonly cases: number;
  readonly from?: number;
  readonly table?: string;
  /** What is not left to chance: whether the topic is filled before, and which answers are changed. What becomes of them always is. */
  readonly fixed?: Fixed | ((number: number) => Fixed);
  /** Hears how each case ended, `untouched` when no answer was changed. */
  readonly played?: (number: number, outcome: string) => void;
  /** Hears of every broken promise as it is found. */
  readonly report?: (fault: string) => void;
  /** Hears of every table that is done, and how many cases that were by then. */
  readonly progress?: (table: string, cases: number) => void;
}

export type Fixed = Partial<Omit<Plan, 'seed'>> & { readonly filled?: boolean };

export interface Outcome {
  readonly cases: number;
  readonly tables: number;
  readonly byOutcome: Readonly<Record<string, number>>;
  readonly faults: readonly string[];
  readonly longestStallMs: number;
  /** By which the memory in use grew in one case at most, bytes. */
  readonly mostMemory: number;
}

/** Requests and waits after which a run that meets the same answer for ever is stopped. */
const MOST_REQUESTS = 400;
const MOST_WAITS = 60;

/** Plays one vendor's tables against answers that were changed. Two runs a case: the second one's answers are as they should be. */
export async function campaign(options: CampaignOptions): Promise<Outcome> {
  const { subject } = options;
  const vendor = await subject.start();
  const proxy = await startProxy(vendor.url, { isEnd: subject.isEnd, nullLists: subject.nullLists ?? false });
  const sockets = watchSockets([vendor.url, proxy.url]);
  const clock = skipClock(() => proxy.pending() > 0, proxy.seen, follow);
  function follow(to: number): void {
    if (to > vendor.now()) vendor.advance?.(to - vendor.now() + 1_000);
  }
  const settings = subject.settings(proxy.url);
  const secrets = [
    ...subject.secrets,
    ...Object.entries(settings).flatMap(([name, value]) => (/key|token|password/.test(name) ? [String(value)] : [])),
  ];
  const all = memoryTables(subject.source, settings, clock, secrets);
  const loop = watchLoop();
  const faults: string[] = [];
  const byOutcome: Record<string, number> = {};
  let cases = 0;
  let longestStallMs = 0;
  let mostMemory = 0;
  const chosen = all.tables.filter(({ name }) => options.table === undefined || options.table === name);
  try {
    for (const { name } of chosen) {
      const table = all.open(name);
      const player: Player = { options, table, vendor, proxy, sockets, clock, secrets: secrets.flatMap(shownForms) };
      const known = await clean(player);
      for (let number = options.from ?? 0; number < (options.from ?? 0) + options.cases; number += 1) {
        const again = async (): Promise<Watched & { played: Awaited<ReturnType<typeof play>> }> => {
          loop.begin();
          const played = await play(player, known, number);
          return { played, ...loop.end() };
        };
        const first = await again();
        const { played } = first;
        let { stall, memory } = first;
        // The collector and other threads count as well, and so does what earlier cases left to the collector, which a busy
        // machine keeps waiting; what holds the loop or takes memory does so every time.
        for (let tries = 0; tries < REPEATS && (stall > LONGEST_STALL_MS || memory > MOST_MEMORY); tries += 1) {
          collectGarbage();
          const next = await again();
          stall = Math.min(stall, next.stall);
          memory = Math.min(memory, next.memory);
        }
        longestStallMs = Math.max(longestStallMs, stall);
        mostMemory = Math.max(mostMemory, memory);
        cases += 1;
        options.played?.(number, played.outcome);
        byOutcome[played.outcome] = (byOutcome[played.outcome] ?? 0) + 1;
        if (stall > LONGEST_STALL_MS) played.faults.push(`held the event loop for ${Math.round(stall)} ms of CPU time`);
        if (memory > MOST_MEMORY) played.faults.push(`took ${Math.round(memory / 2 ** 20)} MiB more of memory`);
        for (const fault of played.faults) {
          const text = `${subject.source.name}.${name} case ${number}: ${fault}\n    ${played.what}\n    npx tsx test/hostile/run.ts --source ${subject.source.name} --table ${name} --seed ${options.seed} --case ${number}`;
          faults.push(text);
          options.report?.(text);
        }
      }
      await table.close();
      options.progress?.(name, cases);
    }
  } finally {
    clock.close();
    loop.close();
    sockets.close();
    await proxy.close();
    await vendor.close();
    all.close();
  }
  return { cases, tables: chosen.length, byOutcome, faults, longestStallMs, mostMemory };
}

/** CPU time of the whole process between two looks of the loop, ms. */
const LONGEST_STALL_MS = 250;
/** By which the memory in use grows while a case is played, the vendor's stand-in in the same process too, bytes. */
const MOST_MEMORY = 256 * 2 ** 20;
const REPEATS = 3;

interface Player {
  readonly options: CampaignOptions;
  readonly table: MemoryTable;
  readonly vendor: HostileVendor;
  readonly proxy: Proxy;
  readonly sockets: Sockets;
  readonly clock: SkipClock;
  readonly secrets: readonly string[];
}

/** The table as it is after a run without trouble, and how many requests that took. */
async function clean(player: Player): Promise<{ readonly snapshot: Snapshot; readonly first: number; readonly later: number }> {
  const { table, proxy, vendor, options } = player;
  table.restore();
  setTime(player, vendor.now());
  proxy.begin();
  const run = await bounded(player);
  const first = proxy.done().requests;
  if (run.outcome !== 'succeeded') throw new Error(`${table.definition.name}: without any trouble, ${run.outcome}: ${run.error?.message}`);
  const missing = missingKeys(player);
  if (missing.length > 0)
    throw new Error(`${table.definition.name}: without any trouble, ${missing.length} rows are missing: ${missing[0]}`);
  const snapshot = table.snapshot();
  setTime(player, vendor.now() + options.subject.settleMs);
  proxy.begin();
  const again = await bounded(player);
  if (again.outcome !== 'succeeded' || again.deleted.length > 0)
    throw new Error(
      `${table.definition.name}: a second run without trouble, ${again.outcome}, ${again.deleted.length} deleted, ${again.error?.detail ?? again.error?.message}`,
    );
  return { snapshot, first, later: proxy.done().requests };
}

function setTime({ clock, vendor }: Player, to: number): void {
  clock.set(to);
  if (to >= vendor.now()) vendor.advance?.(to - vendor.now() + 1_000);
}

async function play(
  player: Player,
  known: { readonly snapshot: Snapshot; readonly first: number; readonly later: number },
  number: number,
): Promise<{ outcome: string; what: string; faults: string[] }> {
  const { table, proxy, vendor, options } = player;
  const seed = seedOf(`${options.subject.source.name}.${table.definition.name}`, options.seed, number);
  const dice = diceOf(seed);
  const fixed = (typeof options.fixed === 'function' ? options.fixed(number) : options.fixed) ?? {};
  const drawn = dice.below(2) === 0;
  const filled = fixed.filled ?? drawn;
  const requests = Math.max(1, filled ? known.later : known.first);
  const plan: Plan = { seed, first: dice.below(requests), times: dice.of([1, 1, 1, 2, 3, 1_000]), ...fixed };
  table.restore(filled ? known.snapshot : undefined);
  const start = vendor.now() + (filled ? options.subject.settleMs : 0);
  setTime(player, start);
  proxy.begin(plan);
  const run = await bounded(player);
  const done = proxy.done();
  const faults = judged(player, run, done, 'changed answers');
  setTime(player, Math.max(start, vendor.now()) + options.subject.settleMs);
  proxy.begin();
  const after = await bounded(player);
  if (after.outcome !== 'succeeded')
    faults.push(`not well again afterwards: ${after.outcome} ${after.error?.kind} ${after.error?.message}`);
  faults.push(...judged(player, after, UNTOUCHED, 'the run afterwards', false));
  // What an incremental table was told is past does not come back. A listing that stopped goes on where it stopped, and
  // what the vendor said of its rows until then counts; the next one has no such excuse.
  // A table without deletes need not list everything each time: Listrak's recipients of an old message are read once.
  const whole = table.definition.method === 'full_table' && table.definition.deletes !== 'none';
  const strict = whole ? losses(player, after, UNTOUCHED, 'the run afterwards') : [];
  if (!whole || (strict.length > 0 && run.outcome !== 'succeeded')) faults.push(...losses(player, after, done, 'the run afterwards'));
  else faults.push(...strict);
  if (whole && strict.length > 0 && run.outcome !== 'succeeded') {
    setTime(player, Math.max(start, vendor.now()) + 2 * options.subject.settleMs);
    proxy.begin();
    faults.push(...judged(player, await bounded(player), UNTOUCHED, 'the third run'));
  }
  const what = `${filled ? 'filled' : 'empty'} topic, answer ${plan.first}${plan.times > 1 ? ` and ${plan.times - 1} more` : ''} of ${requests}: ${[...new Set(done.what)].slice(0, 4).join('; ')}; ${run.outcome} ${run.error?.message.slice(0, 200) ?? ''}`;
  return { outcome: done.what.length === 0 ? 'untouched' : run.outcome, what, faults };
}

/** Broken promises of one run. `done`: what had been changed in the case by then. */
function judged(player: Player, run: MemoryRun, done: Done, when: string, rows = true): string[] {
  const { proxy, secrets, sockets } = player;
  const faults: string[] = [];
  if (run.error?.kind === 'internal') faults.push(`${when}: ended as internal: ${run.error.detail ?? run.error.message}`);
  if (proxy.strayed.length > 0) faults.push(`${when}: a request left the host: ${proxy.strayed.splice(0).join(', ')}`);
  const strange = sockets.strange();
  if (strange.length > 0) faults.push(`${when}: a connection was opened to ${strange.join(', ')}`);
  const shown = secrets.find((form) => run.outputs.includes(form));
  if (shown !== undefined) {
    const at = run.outputs.indexOf(shown);
    faults.push(`${when}: a secret is shown after ${JSON.stringify(run.outputs.slice(Math.max(0, at - 120), at))}`);
  }
  return rows ? [...faults, ...losses(player, run, done, when)] : faults;
}

/** Rows that are missing after a run that says it is complete, and rows that were deleted although they are there. */
function losses(player: Player, run: MemoryRun, done: Done, when: string): string[] {
  const faults: string[] = [];
  if (run.outcome === 'succeeded' && !done.everything) {
    const missing = missingKeys(player).filter(
      (key) =>
        !excused(player, key, done) && !(run.deadLetters > 0 && isWholeAnswer(player, key, done)) && !isSaidToBeNone(player, key, done),
    );
    if (missing.length > 0) faults.push(`${when}: succeeded although ${missing.length} rows are missing, such as ${missing[0]}`);
  }
  if (!done.everything) {
    const alive = truthKeys(player);
    const wrong = run.deleted.filter((key) => alive.has(key) && !excused(player, key, done));
    if (wrong.length > 0) faults.push(`${when}: ${wrong.length} live rows were deleted, such as ${wrong[0]}`);
  }
  return faults;
}

/** Whether the row is a whole answer and known by its request alone: what was changed anywhere in the answer is the row's content. */
function isWholeAnswer({ table: { definition } }: Player, key: string, { asked }: Done): boolean {
  const ofRequest = definition.key.every((column) => definition.scope?.includes(column) ?? false);
  return ofRequest && Object.values(JSON.parse(key) as Record<string, unknown>).some((value) => asked.has(String(value)));
}

/** Whether the vendor said of what the row lies under that it has no rows. */
function isSaidToBeNone({ table: { definition }, options }: Player, key: string, { asked, what }: Done): boolean {
  const none = options.subject.saysNone?.[definition.name];
  return (
    none !== undefined &&
    what.some((change) => none.test(change)) &&
    Object.values(JSON.parse(key) as Record<string, unknown>).some((value) => asked.has(String(value)))
  );
}

const UNTOUCHED: Done = { what: [], touched: new Set(), asked: new Set(), everything: false, requests: 0 };

const truths = new WeakMap<MemoryTable, ReadonlyMap<string, object>>();

function truthKeys({ table, vendor }: Player): ReadonlyMap<string, object> {
  const found = truths.get(table) ?? recordsOf(table.definition, vendor.truth(table.definition.name));
  truths.set(table, found);
  return found;
}

const missingKeys = (player: Player): string[] => [...truthKeys(player).keys()].filter((key) => player.table.keys().get(key) !== true);

/**
 * Whether the content of that very row, or of its parent, was changed: then the vendor itself has left it out, or calls it
 * something else. A row is known by the texts of its key; what we make of texts (times, hashes) cannot be found in answers.
 */
function excused({ table: { definition } }: Player, key: string, { touched, asked }: Done): boolean {
  const values = Object.entries(JSON.parse(key) as Record<string, unknown>);
  // What is made of the row, or stands for what it lacks, is no text of the vendor's.
  const copied = ([name, value]: [string, unknown]): boolean => {
    const { type, derive, whenMissing } = definition.fields[name] ?? {};
    // A key of several parts is made of the row's own texts.
    const made = derive !== undefined && !String(value).includes('|');
    return type !== 'timestamp' && type !== 'date' && !made && String(value) !== String(whenMissing);
  };
  const known = (names: (name: string) => boolean): boolean[] =>
    values.filter((entry) => names(entry[0]) && copied(entry)).map(([, value]) => isTouched(String(value), touched));
  // What names the parent the reader adds itself.
  const own = known((name) => !(definition.scope ?? []).includes(name) || definition.parent === undefined);
  const parents = definition.parent === undefined ? [] : known((name) => definition.scope?.includes(name) ?? name !== 'id');
  // A key that is a time alone is known by a text that means the same instant.
  if (own.length === 0) own.push(...values.map(([, value]) => [...touched].some((text) => Date.parse(text) === value)));
  // Rows of a path whose parent is no table of ours: the reader adds what it asked about, which alone excuses nothing.
  const around = (value: unknown): boolean => definition.parent === undefined && asked.has(String(value));
  const others = own.some(Boolean) ? values.filter(copied).filter(([, value]) => !around(value)) : [];
  const allOthers = others.length > 0 && others.every(([, value]) => isTouched(String(value), touched));
  return own.every(Boolean) || allOthers || parents.some(Boolean);
}

/** A key of several parts is known by any of them that is long enough to be no coincidence. */
const isTouched = (value: string, touched: ReadonlySet<string>): boolean =>
  touched.has(value) ||
  (value.includes('|') &&
    value.split('|').some((part) => part.length > 5 && [...touched].some((text) => text.toLowerCase() === part.toLowerCase())));

async function bounded({ table, proxy, clock, options, vendor }: Player): Promise<MemoryRun> {
  const stop = new AbortController();
  const watching = setInterval(() => {
    if (proxy.done().requests > MOST_REQUESTS || clock.skipped() > MOST_WAITS) stop.abort();
  }, 5);
  try {
    return await table.run({ stop: stop.signal, since: options.subject.since?.(vendor.now(), table.definition.name) });
  } finally {
    clearInterval(watching);
  }
}
