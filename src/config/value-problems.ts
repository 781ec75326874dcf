import { isMarked, marked, shapesAt, type JsonSchema } from './json-schema.ts';
import type { Problem } from './placeholders.ts';
import type { Path } from './yaml-file.ts';

const longestSecret = 4_096;
// eslint-disable-next-line no-control-regex
const control = /[\u0000-\u001f\u007f]/;

/** Problems of single values that their schemas do not check: addresses, secrets, and control characters. */
export function valueProblems(shape: JsonSchema, value: unknown, base: Path = []): Problem[] {
  const problems: Problem[] = [];
  for (const { path, value: secret } of marked(shape, value, 'secret')) {
    // A key or certificate in PEM form has several lines.
    if (secret.includes('-----BEGIN ')) continue;
    if (control.test(secret))
      problems.push({ path: [...base, ...path], text: 'holds a line break or another control character; it must be one line' });
    else if (secret !== '' && secret.trim() === '')
      problems.push({ path: [...base, ...path], text: 'is blank; it must hold the secret itself' });
    else if (Buffer.byteLength(secret) > longestSecret)
      problems.push({ path: [...base, ...path], text: `is longer than ${longestSecret} bytes; no key is that long` });
  }
  for (const { path, text } of textsOf(value)) {
    const at = [...base, ...path];
    if (shapesAt(shape, path).some(({ format }) => format === 'uri')) {
      const problem = addressProblem(text);
      if (problem !== undefined) problems.push({ path: at, text: problem });
    } else if (isMarked(shape, path, 'shown') && control.test(text)) {
      problems.push({ path: at, text: 'holds a line break or another control character' });
    }
  }
  return problems;
}

function addressProblem(text: string): string | undefined {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return undefined;
  }
  if (url.username !== '' || url.password !== '') {
    return 'holds a user name or password, which would be shown wherever the address is shown; remove it and use the settings for user and password';
  }
  if (url.search !== '' || url.hash !== '') return 'must end with its path, without ? or #';
  if (/(^|\/)\.\.?(\/|$)/.test(text.replace(/^[a-z]+:\/\//i, '')) || /%2e/i.test(text)) return 'must not go up in its path (..)';
  return undefined;
}

/** A private key, wherever it was typed. */
export const PRIVATE_KEY = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----/;

/** All texts of the settings, with their places. */
export function textsOf(value: unknown, path: Path = []): { readonly path: Path; readonly text: string }[] {
  if (typeof value === 'string') return [{ path, text: value }];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => textsOf(item, [...path, Array.isArray(value) ? Number(key) : key]));
}
