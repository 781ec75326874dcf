import { statSync } from 'node:fs';
import { asTributaryError, type TributaryError } from '../core/errors.ts';
import { tableTopicPattern } from '../kafka/meta/topic-names.ts';
import type { ConnectionSettings, Settings } from './settings.ts';

/** Milliseconds between two checks of the file. A check is one `stat`. */
const lookEveryMs = 2_000;

/** The current settings of a running process, following changes of their file. */
export interface FollowedSettings {
  /** The file; undefined when the settings come from no file. */
  readonly file: string | undefined;
  /** The last settings that were valid. */
  now(): Settings;
  /** Why the current file is not applied, or not completely. */
  problem(): string | undefined;
  /** Checks at once, whether or not the file seems changed. Returns {@link problem}. */
  reload(): Promise<string | undefined>;
  /** Calls back after every change that was applied; returns a function that unsubscribes. */
  on(listener: (settings: Settings) => void): () => void;
  stop(): void;
}

export interface FollowOptions {
  readonly file: string;
  /** Reads and checks the file; throws when it is invalid. */
  readonly load: () => Settings;
  readonly onChange: (settings: Settings) => void;
  readonly onProblem: (error: TributaryError) => void;
  /** Called with the changed settings that need a restart, at each change of the file while they wait for it. */
  readonly onWaiting: (text: string) => void;
}

/** Settings that only a restart can change, because the process is built on them. */
const fixed = [
  'prefix',
  'dataDir',
  'sources',
  'kafka',
  'registry',
  'metrics',
  'web',
  'notify',
  'timezone',
] as const satisfies readonly (keyof Settings)[];

/**
 * Follows the settings file: new, changed and removed connections and landings, and the names of topics, are applied. An invalid
 * file changes nothing and is reported; so is a change that needs a restart, for which the others do not wait.
 */
export function followSettings(first: Settings, { file, load, onChange, onProblem, onWaiting }: FollowOptions): FollowedSettings {
  let current = first;
  let problem: string | undefined;
  let seen = stamp(file);
  const listeners = new Set<(settings: Settings) => void>();

  /** `edited`: the file has changed, so what keeps it from use is reported again. */
  function look(edited: boolean): void {
    seen = stamp(file);
    let next: Settings;
    try {
      next = load();
    } catch (thrown) {
      const error = asTributaryError(thrown, 'Reading the settings again');
      if (edited || problem !== error.message) onProblem(error);
      problem = error.message;
      return;
    }
    const rigid = fixed.filter((name) => JSON.stringify(next[name]) !== JSON.stringify(first[name]));
    const waiting =
      rigid.length === 0
        ? undefined
        : `${rigid.join(', ')} changed, which needs a restart. Until then the earlier values stay in use; connections, landings and topics are taken from the changed file.`;
    if (waiting !== undefined && (edited || waiting !== problem)) onWaiting(waiting);
    problem = waiting;
    const taken = adopt(first, next);
    if (same(current, taken)) return;
    current = taken;
    onChange(taken);
    for (const listener of listeners) listener(taken);
  }

  const timer = setInterval(() => {
    if (stamp(file) !== seen) look(true);
  }, lookEveryMs);
  timer.unref();
  return {
    file,
    now: () => current,
    problem: () => problem,
    async reload() {
      look(false);
      return problem;
    },
    on(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    stop: () => clearInterval(timer),
  };
}

/** The settings of a running process with what can be taken up of others without a restart. */
export function adopt({ topics: _, ...running }: Settings, { connections, landings, topics }: Settings): Settings {
  return { ...running, connections, landings, ...(topics === undefined ? {} : { topics }) };
}

function same(a: Settings, b: Settings): boolean {
  return (
    changedConnections(a, b).length === 0 &&
    a.connections.map(({ name }) => name).join() === b.connections.map(({ name }) => name).join() &&
    JSON.stringify([a.landings, a.topics]) === JSON.stringify([b.landings, b.topics])
  );
}

/** Connections and what names their topics. */
type Connections = Pick<Settings, 'connections' | 'prefix' | 'topics'>;

/** Names of the connections that are in both and differ. */
export function changedConnections(before: Connections, after: Connections): string[] {
  const known = new Map(before.connections.map((connection) => [connection.name, shape(before, connection)]));
  return after.connections
    .filter((connection) => known.has(connection.name) && known.get(connection.name) !== shape(after, connection))
    .map(({ name }) => name);
}

function shape(
  naming: Connections,
  { name: connection, source, settings, tables, schedules, partitions = new Map(), history, histories = new Map() }: ConnectionSettings,
): string {
  return JSON.stringify([
    tableTopicPattern(naming, connection),
    source.name,
    settings,
    tables.map(({ name, cover }) => [name, cover?.fingerprint]),
    [...schedules],
    [...partitions],
    history,
    [...histories],
  ]);
}

/** A text that changes whenever the file does. It includes the inode, because editors replace a file instead of writing into it. */
function stamp(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false });
  return found === undefined ? '' : `${found.ino} ${found.size} ${found.mtimeMs}`;
}

/** Settings that come from no file and never change. */
export function unchanging(settings: Settings): FollowedSettings {
  return {
    file: undefined,
    now: () => settings,
    problem: () => undefined,
    reload: async () => undefined,
    on: () => () => undefined,
    stop: () => undefined,
  };
}
