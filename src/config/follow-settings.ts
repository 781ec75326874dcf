import { statSync } from 'node:fs';
import { asTributaryError, type TributaryError } from '../core/errors.ts';
import type { ConnectionSettings, Settings } from './settings.ts';

/** How often the file is looked at. A look is one `stat`. */
const lookEveryMs = 2_000;

/** The settings as their file stands, followed while a process runs. */
export interface FollowedSettings {
  /** The file; undefined for settings that stand in none. */
  readonly file: string | undefined;
  /** The last settings without a fault. */
  now(): Settings;
  /** Why the file as it stands now is not, or not wholly, taken up. */
  problem(): string | undefined;
  /** Looks at once, whether or not the file seems changed. Answers {@link problem}. */
  reload(): Promise<string | undefined>;
  /** Tells of every change that was taken up; returns how to stop. */
  on(listener: (settings: Settings) => void): () => void;
  stop(): void;
}

export interface FollowOptions {
  readonly file: string;
  /** Reads and checks the file; throws what is wrong with it. */
  readonly load: () => Settings;
  readonly onChange: (settings: Settings) => void;
  readonly onProblem: (error: TributaryError) => void;
}

/** What only a new start can take up: the process is built on it. */
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
 * Follows the settings file: connections and landings that come, change or go are taken up. A file with a fault changes
 * nothing and is told; so is a change of what only a new start can take up.
 */
export function followSettings(first: Settings, { file, load, onChange, onProblem }: FollowOptions): FollowedSettings {
  let current = first;
  let problem: string | undefined;
  let seen = stamp(file);
  const listeners = new Set<(settings: Settings) => void>();

  function look(): void {
    seen = stamp(file);
    let next: Settings;
    try {
      next = load();
    } catch (thrown) {
      const error = asTributaryError(thrown, 'Reading the settings again');
      if (problem !== error.message) onProblem(error);
      problem = error.message;
      return;
    }
    const rigid = fixed.filter((name) => JSON.stringify(next[name]) !== JSON.stringify(first[name]));
    problem = rigid.length === 0 ? undefined : `${rigid.join(', ')} changed, which needs a restart.`;
    const taken: Settings = { ...first, connections: next.connections, landings: next.landings };
    if (same(current, taken)) return;
    current = taken;
    onChange(taken);
    for (const listener of listeners) listener(taken);
  }

  const timer = setInterval(() => {
    if (stamp(file) !== seen) look();
  }, lookEveryMs);
  timer.unref();
  return {
    file,
    now: () => current,
    problem: () => problem,
    async reload() {
      look();
      return problem;
    },
    on(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    stop: () => clearInterval(timer),
  };
}

function same(a: Settings, b: Settings): boolean {
  return (
    changedConnections(a.connections, b.connections).length === 0 &&
    a.connections.map(({ name }) => name).join() === b.connections.map(({ name }) => name).join() &&
    JSON.stringify(a.landings) === JSON.stringify(b.landings)
  );
}

/** Names of the connections that are in both and not the same. */
export function changedConnections(before: readonly ConnectionSettings[], after: readonly ConnectionSettings[]): string[] {
  const known = new Map(before.map((connection) => [connection.name, shape(connection)]));
  return after
    .filter((connection) => known.has(connection.name) && known.get(connection.name) !== shape(connection))
    .map(({ name }) => name);
}

function shape({
  source,
  settings,
  tables,
  schedules,
  partitions = new Map(),
  history,
  histories = new Map(),
}: ConnectionSettings): string {
  return JSON.stringify([
    source.name,
    settings,
    tables.map(({ name, cover }) => [name, cover?.fingerprint]),
    [...schedules],
    [...partitions],
    history,
    [...histories],
  ]);
}

/** Changes whenever the file does; editors replace a file rather than write into it. */
function stamp(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false });
  return found === undefined ? '' : `${found.ino} ${found.size} ${found.mtimeMs}`;
}

/** Settings that stand in no file, so that nothing can change them. */
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
