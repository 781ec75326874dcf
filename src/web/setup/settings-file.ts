import { chmodSync, existsSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { parseEnv } from 'node:util';
import { parseDocument } from 'yaml';
import { parseSettings } from '../../config/load.ts';
import type { Settings } from '../../config/settings.ts';
import { TributaryError } from '../../core/errors.ts';
import type { WebContext } from '../context.ts';
import { editYaml, type Change } from './edit-yaml.ts';

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
  const text = before === '' ? 'prefix: tributary\n' : before;
  // What is no YAML is told by parseSettings, with its line.
  const after = parseDocument(text).errors.length > 0 ? text : editYaml(text, changes);
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

/**
 * Writes the draft atomically, unless somebody has changed the file in the meantime. A link stays one: what it leads to is written.
 * @throws TributaryError `config`; nothing of the settings file is changed then.
 */
export function write({ file, before, after, secrets }: Draft): void {
  const now = existsSync(file) ? readFileSync(file, 'utf8') : '';
  if (now !== before)
    throw new TributaryError('The settings file has been changed meanwhile.', { kind: 'config', remedy: 'Look at it and repeat.' });
  let at = file;
  try {
    for (const [path, secret] of secrets) {
      at = path;
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      writeFileSync(path, secret, { mode: 0o600 });
      chmodSync(path, 0o600);
    }
    at = file;
    const target = existsSync(file) ? realpathSync(file) : file;
    const mode = existsSync(target) ? statSync(target).mode & 0o777 : 0o600;
    const fresh = `${target}.new`;
    writeFileSync(fresh, after, { mode });
    try {
      chmodSync(fresh, mode);
      renameSync(fresh, target);
    } catch (error) {
      rmSync(fresh, { force: true });
      throw error;
    }
  } catch (error) {
    throw new TributaryError(`${at} could not be written (${(error as NodeJS.ErrnoException).code ?? 'unknown cause'}).`, {
      kind: 'config',
      remedy: 'Give the process the permission to write that folder, or change the settings where the file comes from.',
      cause: error,
    });
  }
}

/** Lines shown before and after a change. */
const CONTEXT = 3;

/** The changed lines, with three lines of context; `…` stands for lines in between that stay. */
export function diff(before: string, after: string): DiffLine[] {
  const [a, b] = [before.split('\n'), after.split('\n')];
  // What both begin and end with need not be compared line by line with everything.
  let head = 0;
  while (head < Math.min(a.length, b.length) && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < Math.min(a.length, b.length) - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1;
  const same = (text: string): DiffLine => ({ kind: 'same', text });
  const lines = [
    ...a.slice(0, head).map(same),
    ...compared(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...a.slice(a.length - tail).map(same),
  ];
  const shown = lines.map((_, at) => lines.slice(Math.max(0, at - CONTEXT), at + CONTEXT + 1).some(({ kind }) => kind !== 'same'));
  const first = shown.indexOf(true);
  return lines.flatMap((line, at): DiffLine[] => {
    if (shown[at]) return [line];
    return at > first && first >= 0 && shown[at - 1] && shown.includes(true, at) ? [{ kind: 'same', text: '…' }] : [];
  });
}

/** All lines of both texts, those in common once: by their longest common subsequence. */
function compared(a: readonly string[], b: readonly string[]): DiffLine[] {
  // longest[i][j]: lines that a from i and b from j have in common. Settings files have some hundred lines.
  const longest = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  const at = (i: number, j: number): number => longest[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1)
    for (let j = b.length - 1; j >= 0; j -= 1) {
      const row = longest[i];
      if (row) row[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  const lines: DiffLine[] = [];
  for (let i = 0, j = 0; i < a.length || j < b.length;) {
    const [old, fresh] = [a[i], b[j]];
    const kind = old === fresh ? 'same' : old !== undefined && (fresh === undefined || at(i + 1, j) >= at(i, j + 1)) ? 'del' : 'add';
    lines.push({ kind, text: (kind === 'add' ? fresh : old) ?? '' });
    if (kind !== 'add') i += 1;
    if (kind !== 'del') j += 1;
  }
  return lines;
}

function dotEnv(path: string): NodeJS.Dict<string> {
  return existsSync(path) ? parseEnv(readFileSync(path, 'utf8')) : {};
}
