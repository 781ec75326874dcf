import { existsSync, readFileSync } from 'node:fs';
import { createRequire, register } from 'node:module';
import { dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { z } from 'zod';
import { TributaryError } from '../core/errors.ts';
import type { TableDefinition } from '../core/table.ts';
import { table } from '../sdk/define.ts';
import type { Source } from '../sdk/source.ts';
import { defaultsOf } from './source-defaults.ts';
import { readYaml, type YamlFile } from './yaml-file.ts';

/** The loaded sources that a settings file names under `sources:`, or why one of them could not be loaded. */
export interface OwnSources {
  readonly sources: readonly Source[];
  readonly problem?: TributaryError;
}

/** Allowed names of a source: they become part of topic names, schemas and metrics. */
export const sourceName = /^[a-z][a-z0-9_]{0,62}$/;

const none: OwnSources = { sources: [] };
const scripts = ['.js', '.mjs', '.cjs'];
const typed = ['.ts', '.mts', '.cts'];

/**
 * Loads the modules named in the settings file. A file that is missing or not valid YAML names none; the error is reported
 * when the settings are read. Node keeps a loaded module for the life of the process, so a changed module needs a restart.
 */
export async function loadOwnSources(file: string, known: readonly Source[]): Promise<OwnSources> {
  const named = namedIn(file);
  if (named === undefined) return none;
  const found: Source[] = [];
  try {
    for (const [name, path] of named.modules) {
      const at = `${file} line ${named.yaml.lineOf(['sources', name])}: the source ${name}`;
      found.push(await loadSource(at, name, resolve(dirname(resolve(file)), path), known));
    }
    return { sources: found };
  } catch (error) {
    if (!(error instanceof TributaryError)) throw error;
    return { sources: [], problem: error };
  }
}

/** Entries that are not texts are left to the check of the settings. */
function namedIn(file: string): { readonly yaml: YamlFile; readonly modules: readonly (readonly [string, string])[] } | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  // Most files name none; this test saves parsing them twice.
  if (!text.includes('sources')) return undefined;
  let yaml: YamlFile;
  try {
    yaml = readYaml(text, file);
  } catch {
    return undefined;
  }
  const section = (yaml.value as { sources?: unknown } | null | undefined)?.sources;
  if (typeof section !== 'object' || section === null || Array.isArray(section)) return undefined;
  const modules = Object.entries(section).filter((entry): entry is [string, string] => typeof entry[1] === 'string' && entry[1] !== '');
  return modules.length === 0 ? undefined : { yaml, modules };
}

async function loadSource(at: string, name: string, path: string, known: readonly Source[]): Promise<Source> {
  if (!sourceName.test(name))
    throw refused(
      `${at} is not a valid name for a source.`,
      'Use lower-case letters, digits and underscores only: the name becomes part of schemas and metrics.',
    );
  if (known.some((source) => source.name === name))
    throw refused(`${at} has the name of a source that comes with Tributary.`, 'Give yours another name, here and in its module.');
  if (!existsSync(path)) throw refused(`${at}: there is no file ${path}.`, 'The path is relative to the settings file. Correct it.');
  if (![...scripts, ...typed].includes(extname(path)))
    throw refused(`${at}: ${path} is not a module.`, `Its name must end in ${scripts.join(', ')} or ${typed.join(', ')}.`);
  const exported = await importModule(at, path);
  const source = sourceIn(at, path, exported);
  if (source.name !== name)
    throw refused(
      `${at}: ${path} exports a source whose name is ${JSON.stringify(source.name)}.`,
      `Both names must be the same: write ${name} in the module, or use its name in the settings.`,
    );
  checkTables(at, path, source);
  return source;
}

/**
 * Loader hooks, which run on their own thread. `tributary/source` resolves to this program's copy wherever the module is,
 * because with two copies `instanceof` fails for errors. And a TypeScript file is a module even when no package.json says so:
 * tsx then behaves like a Node version that reads TypeScript itself.
 */
const hooks = `let entries = {};
export function initialize(data) { entries = data; }
export async function resolve(specifier, context, next) {
  if (Object.hasOwn(entries, specifier)) return { url: entries[specifier], format: 'module', shortCircuit: true };
  const found = await next(specifier, context);
  const typed = /^file:[^?#]*\\.ts([?#]|$)/.test(found.url) && !found.url.includes('/node_modules/');
  return typed && found.format === 'commonjs' ? { ...found, format: 'module' } : found;
}`;

/** Loader hooks apply to the whole process and are registered once. */
let hooked = false;

function hookEntries(): void {
  const own = extname(fileURLToPath(import.meta.url));
  const entries = { 'tributary/source': new URL(`../../exports/source${own}`, import.meta.url).href };
  register(`data:text/javascript,${encodeURIComponent(hooks)}`, { parentURL: import.meta.url, data: entries });
}

async function importModule(at: string, path: string): Promise<Readonly<Record<string, unknown>>> {
  if (!hooked) hookEntries();
  hooked = true;
  const url = pathToFileURL(path).href;
  try {
    return (await import(url)) as Record<string, unknown>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_UNKNOWN_FILE_EXTENSION' || !typed.includes(extname(path)))
      throw broken(at, path, error);
  }
  // This Node version does not strip types itself.
  const api = tsxApi(path);
  if (api === undefined)
    throw refused(
      `${at}: Node ${process.versions.node} cannot read TypeScript by itself.`,
      `Install tsx beside it (npm install tsx), use Node 22.18 or later, or write the module in JavaScript (.mjs).`,
    );
  try {
    const tsx = (await import(api)) as { register(): () => void };
    tsx.register();
    // The hook that is registered last runs first.
    hookEntries();
    // With a different URL, because Node remembers that the first one could not be loaded.
    return (await import(`${url}?typed`)) as Record<string, unknown>;
  } catch (error) {
    throw broken(at, path, error);
  }
}

/** tsx from the module's own folder, otherwise this program's. */
function tsxApi(path: string): string | undefined {
  for (const from of [path, fileURLToPath(import.meta.url)]) {
    try {
      return pathToFileURL(join(dirname(createRequire(from).resolve('tsx/package.json')), 'dist', 'esm', 'api', 'index.mjs')).href;
    } catch {
      // Not found from there.
    }
  }
  return undefined;
}

/** The one source that a module exports, under any name. */
function sourceIn(at: string, path: string, exported: Readonly<Record<string, unknown>>): Source {
  const candidates = [...new Set(Object.values(exported))].filter(
    (value): value is Partial<Source> => typeof value === 'object' && value !== null && 'tables' in value,
  );
  const remedy = 'A module exports one object with name, title, settings, connect, probe and tables; `tributary new source` writes one.';
  const [only] = candidates;
  if (only === undefined) {
    const names = Object.keys(exported);
    throw refused(`${at}: ${path} exports no source${names.length === 0 ? '' : ` (it exports ${names.join(', ')})`}.`, remedy);
  }
  if (candidates.length > 1) throw refused(`${at}: ${path} exports ${candidates.length} sources.`, 'Export one source per module.');
  const settings = only.settings as { _zod?: unknown; safeParse?: unknown } | undefined;
  const faults = [
    typeof only.name === 'string' && sourceName.test(only.name)
      ? []
      : ['name must be a text of lower-case letters, digits and underscores'],
    typeof only.title === 'string' && only.title.trim() !== '' ? [] : ['title must be a text'],
    typeof settings?.safeParse === 'function' && settings._zod !== undefined
      ? []
      : ['settings must be a zod 4 schema (import z from tributary/source)'],
    ...(['connect', 'probe', 'tables'] as const).map((member) =>
      typeof only[member] === 'function' ? [] : [`${member} must be a function`],
    ),
  ].flat();
  if (faults.length > 0) throw refused(`${at}: the source in ${path} is incomplete: ${faults.join('; ')}.`, remedy);
  return only as Source;
}

/** Builds all tables with default settings, so that a wrong definition is reported before anything is read. */
function checkTables(at: string, path: string, source: Source): void {
  let tables: readonly TableDefinition[];
  try {
    tables = source.tables(defaultsOf(source as Source & { settings: z.ZodType }));
    if (!Array.isArray(tables) || tables.length === 0)
      throw new TributaryError('tables() does not return a list of tables.', { kind: 'config' });
    for (const definition of tables) table(definition as TableDefinition);
  } catch (error) {
    throw broken(at, path, error);
  }
  const names = tables.map((definition) => definition.name);
  const twice = names.find((one, index) => names.indexOf(one) !== index);
  if (twice !== undefined) throw refused(`${at}: ${path} has two tables called ${twice}.`, 'Give one of them another name.');
}

function broken(at: string, path: string, error: unknown): TributaryError {
  const [first = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  return new TributaryError(`${at}: ${path} cannot be loaded: ${first.replace(/\.$/, '')}.`, {
    kind: 'config',
    code: 'own_source',
    remedy: (error instanceof TributaryError ? error.remedy : undefined) ?? `Correct the module; --verbose shows where.`,
    ...(error instanceof Error && error.stack !== undefined ? { detail: error.stack } : {}),
    cause: error,
  });
}

function refused(message: string, remedy: string): TributaryError {
  return new TributaryError(message, { kind: 'config', code: 'own_source', remedy });
}
