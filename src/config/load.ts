import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import type { z } from 'zod';
import { tlsTextFaults, type tlsSettings } from '../core/tls.ts';
import { TributaryError } from '../core/errors.ts';
import { isReference } from '../landing/settings.ts';
import type { Source } from '../sdk/source.ts';
import { readConnection, sourceOf, strict } from './connections.ts';
import { problemsOf } from './issues.ts';
import { isMarked, marked, shapeOf } from './json-schema.ts';
import { resolvePlaceholders, type PlaceholderSources, type Problem } from './placeholders.ts';
import { connectionSchema, settingsSchema, type RawSettings } from './schema.ts';
import type { ConnectionSettings, Settings } from './settings.ts';
import { hint } from './suggest.ts';
import { landingProblems } from './landing-problems.ts';
import { topicProblems } from './topic-problems.ts';
import { PRIVATE_KEY, textsOf, valueProblems } from './value-problems.ts';
import { readYaml, type Path, type YamlFile } from './yaml-file.ts';

export interface LoadOptions {
  readonly sources: readonly Source[];
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Epoch ms, to find dates in the future. Default: the clock of this machine. */
  readonly now?: () => number;
  /** Called with every secret found, before any message about the settings is made. */
  readonly onSecret: (secret: string) => void;
  /** Accept a file that is missing or has no connections: they can be added on the data-sync page. */
  readonly orEmpty?: boolean;
}

/**
 * Reads and checks a settings file; a `.env` file beside it provides variables that are not set.
 * @throws TributaryError `config` listing every problem with its line.
 */
export function loadSettings(file: string, options: LoadOptions): Settings {
  const folder = dirname(resolve(file));
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (missing && options.orEmpty) return parseSettings('', file, { ...options, readFile: () => '' });
    throw new TributaryError(missing ? `There is no settings file ${file}.` : `${file} cannot be read: ${(error as Error).message}`, {
      kind: 'config',
      remedy: missing ? 'Run `tributary init` to write one, or give its path with --config.' : 'Check its permissions.',
      cause: error,
    });
  }
  return parseSettings(text, file, {
    ...options,
    variables: { ...dotEnv(join(folder, '.env')), ...options.variables },
    readFile: (path) => readFileSync(isAbsolute(path) ? path : join(folder, path), 'utf8'),
  });
}

/** {@link loadSettings} on a text; `file` is its name in messages, and `data_dir` is relative to it. */
export function parseSettings(text: string, file: string, options: LoadOptions & Pick<PlaceholderSources, 'readFile'>): Settings {
  const yaml = readYaml(text, file);
  const written = yaml.value ?? {};
  const resolved = resolvePlaceholders(options.orEmpty && typeof written === 'object' ? { connections: {}, ...written } : written, options);
  registerSecrets(resolved, options);
  const checked = settingsSchema.safeParse(resolved.value);
  const problems: Problem[] = [...resolved.problems];
  const add = (found: readonly Problem[]): void => {
    problems.push(...found.filter((problem) => !resolved.problems.some((known) => samePath(known.path, problem.path))));
  };
  const connections: ConnectionSettings[] = [];
  add(valueProblems(shapeOf(settingsSchema), resolved.value));
  if (checked.success) add(acrossSections(checked.data, options.orEmpty ?? false));
  else add(problemsOf(checked.error, shapeOf(settingsSchema), resolved.value));
  const { hash_secret: givenSecret } = resolved.value as { readonly hash_secret?: unknown };
  const hashSecret = typeof givenSecret === 'string' ? givenSecret : undefined;
  // Connections are checked even when the rest of the file is invalid, so that all problems are shown at once.
  for (const [name, raw] of rawConnections(resolved.value)) {
    const connection = connectionSchema.safeParse(raw);
    const settingsOnly = connection.success ? connection : connectionSchema.safeParse({ source: raw['source'], settings: raw['settings'] });
    if (!settingsOnly.success) continue;
    const result = readConnection(name, settingsOnly.data, { sources: options.sources, now: (options.now ?? Date.now)(), hashSecret });
    if ('name' in result) connections.push(result);
    else add(result);
  }
  if (checked.success) {
    for (const name of Object.keys(checked.data.sources))
      if (!options.sources.some((source) => source.name === name))
        add([{ path: ['sources', name], text: 'has been added since this process was started; start it again to load it' }]);
  }
  if (checked.success) add(topicProblems(namingOf(checked.data), connections, Object.keys(checked.data.landings)));
  if (checked.success) add(landingProblems(checked.data.landings, connections));
  if (problems.length > 0 || !checked.success) throw settingsError(file, yaml, problems);
  return {
    file,
    dataDir: resolve(dirname(resolve(file)), checked.data.data_dir),
    ...namingOf(checked.data),
    timezone: checked.data.timezone,
    sources: checked.data.sources,
    connections,
    kafka: checked.data.kafka,
    registry: checked.data.registry,
    landings: checked.data.landings,
    ...(checked.data.notify === undefined ? {} : { notify: checked.data.notify }),
    metrics: checked.data.metrics,
    web: checked.data.web,
  };
}

function namingOf({ prefix, topics, connections }: RawSettings): Pick<Settings, 'prefix' | 'topics'> {
  const own = Object.entries(connections).flatMap(([name, { topics: one }]) => (one === undefined ? [] : [[name, one.name] as const]));
  if (topics === undefined && own.length === 0) return { prefix };
  return { prefix, topics: { ...(topics === undefined ? {} : topics), connections: Object.fromEntries(own) } };
}

function acrossSections(raw: RawSettings, orEmpty: boolean): Problem[] {
  const problems: Problem[] = [];
  if (Object.keys(raw.connections).length === 0 && !orEmpty)
    problems.push({ path: ['connections'], text: 'has no connection; add at least one' });
  if (raw.kafka && !raw.registry)
    problems.push({
      path: ['registry'],
      text: 'is missing; with your own kafka, set the address of its schema registry (registry: { url: ... })',
    });
  if (raw.registry && !raw.kafka)
    problems.push({ path: ['kafka'], text: 'is missing; a registry of your own needs your own kafka (kafka: { brokers: ... })' });
  if (raw.kafka?.sasl?.mechanism === 'aws-iam' && !raw.kafka.tls)
    problems.push({
      path: ['kafka', 'sasl', 'mechanism'],
      text: 'aws-iam needs TLS: Amazon MSK takes IAM log-ins over TLS only (port 9098); set kafka.tls: true',
    });
  const logins: [Path, string | undefined, string | undefined][] = [
    [['registry', 'username'], raw.registry?.username, raw.registry?.password],
    ...Object.entries(raw.landings).flatMap(([name, landing]): [Path, string | undefined, string | undefined][] =>
      landing === 'embedded' ? [] : [[['landings', name, 'connect_username'], landing.connect_username, landing.connect_password]],
    ),
  ];
  for (const [path, username, password] of logins)
    if (path[0] === 'registry' && raw.registry?.token !== undefined) continue;
    else if (password !== undefined && username === undefined) problems.push({ path, text: 'is missing; a password needs a username' });
  for (const key of Object.keys(raw.kafka?.topic_config ?? {}))
    if (key === 'cleanup.policy')
      problems.push({
        path: ['kafka', 'topic_config', key],
        text: "cannot be set: a table's topic is compacted, otherwise its rows would expire",
      });
  if (raw.registry?.token !== undefined && (raw.registry.username ?? raw.registry.password) !== undefined)
    problems.push({
      path: ['registry', 'token'],
      text: `cannot be combined with ${raw.registry.username === undefined ? 'password' : 'username'}; the registry accepts one of the two`,
    });
  for (const [path, tls, url] of tlsSections(raw)) {
    if (url?.startsWith('http://') === true)
      problems.push({ path, text: `has no effect on an http:// address; write ${url.replace('http:', 'https:')} or remove it` });
    problems.push(...tlsTextFaults(tls).map(({ name, text }) => ({ path: [...path, name], text })));
    if ((tls.cert === undefined) !== (tls.key === undefined))
      problems.push({ path: [...path, tls.cert === undefined ? 'cert' : 'key'], text: 'is missing; cert and key belong together' });
  }
  for (const [name, landing] of Object.entries(raw.landings)) {
    const path = ['landings', name];
    if (landing === 'embedded') {
      if (name !== 'postgres') problems.push({ path, text: 'cannot be embedded; only postgres can' });
      else if (raw.kafka) problems.push({ path, text: 'cannot be embedded with your own kafka; set host, database, user and connect_url' });
    } else if (raw.kafka && landing.connect_url === undefined) {
      problems.push({ path: [...path, 'connect_url'], text: 'is missing; with your own kafka, set the address of its Connect workers' });
    }
    const known = Object.keys(raw.connections);
    const wanted = landing === 'embedded' ? [] : (landing.connections ?? []);
    for (const [index, connection] of wanted.entries()) {
      if (!known.includes(connection))
        problems.push({ path: [...path, 'connections', index], text: `no connection is called ${connection}${hint(connection, known)}` });
    }
  }
  return problems;
}

/** A section with its place and, where one belongs to it, the address it is for. */
type TlsSection<Tls = TlsMaterialGiven> = readonly [path: string[], tls: Tls, url: string | undefined];

function tlsSections(raw: RawSettings): TlsSection[] {
  const sections: TlsSection<TlsMaterialGiven | boolean | undefined>[] = [
    [['kafka', 'tls'], raw.kafka?.tls, undefined],
    [['registry', 'tls'], raw.registry?.tls, raw.registry?.url],
    ...Object.entries(raw.landings).map(([name, landing]): TlsSection<TlsMaterialGiven | undefined> =>
      landing === 'embedded'
        ? [['landings', name], undefined, undefined]
        : [['landings', name, 'connect_tls'], landing.connect_tls, landing.connect_url],
    ),
  ];
  return sections.filter((section): section is TlsSection => typeof section[1] === 'object');
}

type TlsMaterialGiven = z.output<typeof tlsSettings>;

/** The entries under `connections` that are sections, valid or not. */
function rawConnections(value: unknown): [string, Record<string, unknown>][] {
  const connections = (value as { connections?: unknown } | null)?.connections;
  if (typeof connections !== 'object' || connections === null || Array.isArray(connections)) return [];
  return Object.entries(connections).filter(
    (entry): entry is [string, Record<string, unknown>] => typeof entry[1] === 'object' && entry[1] !== null,
  );
}

/** Reports as secrets: values whose setting is marked, and inserted values (`${...}`) whose setting is not known to be harmless. */
function registerSecrets(resolved: ReturnType<typeof resolvePlaceholders>, options: LoadOptions): void {
  const shape = shapeOf(settingsSchema);
  const tell = (secret: string): void => {
    // The beginning of an address is no secret, and messages about addresses hold it.
    if (/^https?:\/{0,2}$/i.test(secret.trim())) return;
    options.onSecret(secret);
    // Some keys are used without the space around them.
    if (secret.trim() !== secret) options.onSecret(secret.trim());
  };
  const shapes = new Map<string, ReturnType<typeof shapeOf>>();
  for (const [name, raw] of rawConnections(resolved.value)) {
    const source = sourceOf(name, { source: typeof raw['source'] === 'string' ? raw['source'] : undefined }, options.sources);
    if (!source) continue;
    const own = shapeOf(strict(source.settings));
    shapes.set(name, own);
    for (const found of marked(own, raw['settings'], 'secret')) tell(found.value);
  }
  for (const found of marked(shape, resolved.value, 'secret')) tell(found.value);
  for (const found of marked(shape, resolved.value, 'reference')) if (!isReference(found.value)) options.onSecret(found.value);
  for (const { text } of textsOf(resolved.value)) if (PRIVATE_KEY.test(text)) tell(text);
  for (const { path, value } of resolved.inserted) {
    const own = path[0] === 'connections' && path[2] === 'settings' ? shapes.get(String(path[1])) : undefined;
    const harmless = own ? isMarked(own, path.slice(3), 'shown') : isMarked(shape, path, 'shown');
    if (!harmless) options.onSecret(value);
  }
}

function settingsError(file: string, yaml: YamlFile, problems: readonly Problem[]): TributaryError {
  const lines = problems
    .map((problem) => ({ line: yaml.lineOf(problem.path), text: `${problem.path.join('.') || 'the file'} ${problem.text}` }))
    .sort((a, b) => a.line - b.line)
    .map(({ line, text }) => `line ${line}: ${text}`);
  const [first = ''] = lines;
  const message =
    lines.length === 1 ? `${file} ${first}` : `${file} has ${lines.length} problems:\n${lines.map((line) => `  ${line}`).join('\n')}`;
  return new TributaryError(message, { kind: 'config', code: 'settings', remedy: 'Correct it, then run `tributary check`.' });
}

function dotEnv(path: string): NodeJS.Dict<string> {
  try {
    return parseEnv(readFileSync(path, 'utf8'));
  } catch {
    return {};
  }
}

function samePath(a: Path, b: Path): boolean {
  return a.length === b.length && a.every((part, index) => part === b[index]);
}
