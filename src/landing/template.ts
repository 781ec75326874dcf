import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TributaryError } from '../core/errors.ts';

export type Values = Readonly<Record<string, string>>;

/** Fills in `{{name}}`; a placeholder without a value is an internal error. Inserted text is not scanned for placeholders. */
export function fill(template: string, values: Values, where: string): string {
  return template.replaceAll(/\{\{([a-z_]+)\}\}/g, (_, name: string) => {
    const value = values[name];
    if (value !== undefined) return value;
    throw new TributaryError(`The template ${where} has a placeholder {{${name}}} without a value.`, { kind: 'internal' });
  });
}

/** In comment lines, inserted values are kept on one line, so that they cannot end the comment. */
function fillLines(template: string, values: Values, where: string): string {
  const oneLine = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, value.replaceAll(/[\u0000-\u001f\u0085\u2028\u2029]+/g, ' ')]),
  );
  return template
    .split('\n')
    .map((line) => fill(line, line.startsWith('--') ? oneLine : values, where))
    .join('\n');
}

/**
 * Fills in an SQL template. The lines between `--@ each table` and `--@ end` are repeated for every table. Other lines that
 * begin with `--@` are notes for readers of the template and are dropped.
 */
export function fillSql(template: string, values: Values, tables: readonly Values[], where: string): string {
  const parts = template.split(/^--@ each table\n/m);
  const filled = parts.map((part, index) => {
    if (index === 0) return fillLines(part, values, where);
    const end = part.search(/^--@ end\n/m);
    if (end < 0) throw new TributaryError(`The template ${where} repeats without an end.`, { kind: 'internal' });
    const body = part.slice(0, end);
    const rest = part.slice(end).replace(/^--@ end\n/, '');
    return tables.map((table) => fillLines(body, { ...values, ...table }, where)).join('') + fillLines(rest, values, where);
  });
  return filled.join('').replaceAll(/^--@.*\n/gm, '');
}

/** Reads a file of `sink-configs`; works from the sources and from the build. */
export function readTemplate(path: string): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const candidate = join(folder, 'sink-configs', path);
    if (existsSync(candidate)) return readFileSync(candidate, 'utf8');
    if (folder === dirname(folder)) throw new TributaryError(`The template sink-configs/${path} is missing.`, { kind: 'internal' });
  }
}
