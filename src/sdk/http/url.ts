import { cutText } from '../../core/cut.ts';
import { TributaryError } from '../../core/errors.ts';
import { idText } from '../../core/checked-rows.ts';

/** Query parameters. Undefined ones are left out, a list repeats its name. Names may contain brackets. */
export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** Percent-encodes everything but letters, digits and `-._~`. */
function encode(text: string): string {
  // Through bytes, because `encodeURIComponent` throws for a lone surrogate.
  return encodeURIComponent(Buffer.from(text).toString()).replace(
    /[!'()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/**
 * An id of the vendor as one segment of a path: see {@link idText}.
 * @throws TributaryError `data` with code `bad_id` for an id that would change the path.
 */
export function pathPart(id: string): string {
  const usable = idText(id);
  if (usable !== undefined) return encode(usable);
  throw new TributaryError(`The id ${cutText(JSON.stringify(id), 100)} cannot be used in a request.`, {
    kind: 'data',
    code: 'bad_id',
    remedy: 'Nothing was deleted. Correct it at the vendor, or report it there.',
  });
}

/** Checks a base URL from the settings. Throws a config error that says what is wrong. */
export function checkedBaseUrl(baseUrl: string): URL {
  let url: URL;
  try {
    url = new URL(baseUrl);
  } catch {
    throw new TributaryError(`"${baseUrl}" is not a URL.`, {
      kind: 'config',
      reach: 'connection',
      remedy: 'Write the base URL as https://host.',
    });
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new TributaryError(`The base URL must begin with https:// or http://, not ${url.protocol}//.`, {
      kind: 'config',
      reach: 'connection',
      remedy: 'Write the base URL as https://host.',
    });
  }
  return url;
}

/** The URL of a path below the base URL. A path that leads to another host is an error of the caller (`internal`). */
export function requestUrl(baseUrl: string, path: string, query: Query = {}): URL {
  const base = checkedBaseUrl(baseUrl);
  const pairs = Object.entries(query).flatMap(([name, value]) => {
    if (value === undefined) return [];
    const values: readonly (string | number | boolean)[] = Array.isArray(value)
      ? (value as readonly string[])
      : [value as string | number | boolean];
    return values.map((one) => `${encode(name)}=${encode(String(one))}`);
  });
  const url = new URL(base.pathname.replace(/\/$/, '') + path + (pairs.length === 0 ? '' : `?${pairs.join('&')}`), base.origin);
  if (!path.startsWith('/') || url.origin !== base.origin) {
    throw new TributaryError(`${path} is not a path below the base URL.`, { kind: 'internal' });
  }
  return url;
}
