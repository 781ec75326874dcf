import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { parseEnv } from 'node:util';
import { isMap, parseDocument } from 'yaml';
import { parseSettings } from '../../config/load.ts';
import type { Settings } from '../../config/settings.ts';
import { TributaryError } from '../../core/errors.ts';
import type { WebContext } from '../context.ts';

/** A change of the settings file that is not written yet. Its secrets are kept separately and never enter the file. */
export interface Draft {
  readonly file: string;
  readonly before: string;
  readonly after: string;
  /** The settings after the change. */
  readonly settings: Settings;
  /** Files of mode 0600 to write with it, by path. */
  readonly secrets: ReadonlyMap<string, string>;
}

/** One line of a diff. */
export interface DiffLine {
  readonly kind: 'same' | 'add' | 'del';
  readonly text: string;
}

/** One path in the settings file and its new value; undefined removes it. */
export interface Change {
  readonly path: readonly string[];
  readonly value: unknown;
}

/**
 * The settings file with the changes applied; comments and order stay.
 * @throws TributaryError `config` when the result would be invalid.
 */
export function draft(context: WebContext, changes: readonly Change[], secrets: ReadonlyMap<string, string> = new Map()): Draft {
  const file = context.settingsFile;
  if (file === undefined)
    throw new TributaryError('The settings of this run come from no file.', {
      kind: 'config',
      remedy: 'Start `tributary run` with a settings file.',
    });
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const document = parseDocument(before === '' ? 'prefix: tributary\n' : before);
  for (const { path, value } of changes) {
    if (value === undefined) {
      if (document.hasIn(path)) document.deleteIn(path);
    } else {
      // A section that is named and left empty, or not there yet.
      for (let end = 1; end < path.length; end += 1) {
        const section = path.slice(0, end);
        if (!isMap(document.getIn(section))) document.setIn(section, document.createNode({}));
      }
      document.setIn(path, document.createNode(value));
    }
  }
  const after = document.toString({ lineWidth: 0 });
  const folder = dirname(file);
  const settings = parseSettings(after, file, {
    sources: context.sources,
    variables: { ...dotEnv(join(folder, '.env')), ...context.variables },
    onSecret: (secret) => context.redactor.add(secret),
    readFile: (name) =>
      secrets.get(isAbsolute(name) ? name : join(folder, name)) ?? readFileSync(isAbsolute(name) ? name : join(folder, name), 'utf8'),
    orEmpty: true,
  });
  return { file, before, after, settings, secrets };
}

/** The file's value at a path, with placeholders unresolved. */
export function written(file: string | undefined, path: readonly string[]): Readonly<Record<string, unknown>> {
  const found: unknown = file === undefined || !existsSync(file) ? {} : parseDocument(readFileSync(file, 'utf8')).toJS();
  let at: unknown = found;
  for (const part of path) at = typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[part] : undefined;
  return typeof at === 'object' && at !== null ? (at as Record<string, unknown>) : {};
}

/** Writes the draft atomically, unless somebody has changed the file in the meantime. */
export function write({ file, before, after, secrets }: Draft): void {
  const now = existsSync(file) ? readFileSync(file, 'utf8') : '';
  if (now !== before)
    throw new TributaryError('The settings file has been changed meanwhile.', { kind: 'config', remedy: 'Look at it and repeat.' });
  for (const [path, secret] of secrets) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, secret, { mode: 0o600 });
    chmodSync(path, 0o600);
  }
  const mode = existsSync(file) ? statSync(file).mode & 0o777 : 0o600;
  const fresh = `${file}.new`;
  writeFileSync(fresh, after, { mode });
  renameSync(fresh, file);
}

/** The changed lines, with three lines of context. */
export function diff(before: string, after: string): DiffLine[] {
  const a = before.split('\n');
  const b = after.split('\n');
  let head = 0;
  while (head < Math.min(a.length, b.length) && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < Math.min(a.length, b.length) - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1;
  const same = (lines: readonly string[]): DiffLine[] => lines.map((text) => ({ kind: 'same', text }));
  return [
    ...same(a.slice(Math.max(0, head - 3), head)),
    ...a.slice(head, a.length - tail).map((text): DiffLine => ({ kind: 'del', text })),
    ...b.slice(head, b.length - tail).map((text): DiffLine => ({ kind: 'add', text })),
    ...same(a.slice(a.length - tail).slice(0, 3)),
  ];
}

function dotEnv(path: string): NodeJS.Dict<string> {
  return existsSync(path) ? parseEnv(readFileSync(path, 'utf8')) : {};
}
