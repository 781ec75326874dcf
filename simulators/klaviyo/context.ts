import { bodyOf } from '../kit/body-buffer.ts';
import type { RateWindows } from '../kit/rate-windows.ts';
import type { cursors } from './cursor.ts';
import { Refusal } from './errors.ts';
import type { Quirks, Table } from './quirks.ts';
import type { Query } from './query.ts';
import type { Dialect } from './revisions.ts';
import type { World } from './world.ts';

export interface KlaviyoLimits {
  enabled: boolean;
  /** A 429 says only in its text how long to wait. */
  omitRetryAfter: boolean;
  /** `RateLimit-Limit: 750, 75;w=1, 750;w=60` instead of `750`. */
  multiPartHeader: boolean;
}

/** What the endpoints share. */
export interface Context {
  world: World;
  quirks: Quirks;
  limits: KlaviyoLimits;
  rates: RateWindows;
  cursors: ReturnType<typeof cursors>;
  /** Private keys and the scopes of each. */
  keys: Readonly<Record<string, readonly string[]>>;
  /** The API's own origin. */
  url(): string;
}

export interface Call {
  dialect: Dialect;
  path: string;
  query: URLSearchParams;
  params: Record<string, string>;
  body: string;
}

export interface PageParts {
  table: Table;
  rows: number[];
  more: boolean;
  /** Position after which this page begins. */
  from: { key: number | string; row: number } | undefined;
  served: number;
  keyOf(row: number): number | string;
  render(row: number): string;
  nullRow: string;
  included?: readonly string[];
}

/** The collection document: rows, included resources, and a `next` link when rows follow. */
export function collection(context: Context, call: Call, query: Query, page: PageParts): Buffer {
  const { quirks } = context;
  const rows = page.rows.slice();
  const last = page.rows.at(-1);
  if (quirks.swapAdjacent && rows.length > 1) {
    const middle = Math.floor(rows.length / 2);
    [rows[middle - 1], rows[middle]] = [rows[middle] as number, rows[middle - 1] as number];
  }
  const repeat = page.more && quirks.repeatPages > 0;
  if (repeat) quirks.repeatPages--;
  const served = page.served + rows.length;
  const position = repeat ? page.from : last === undefined ? undefined : { key: page.keyOf(last), row: last };
  const bound = binding(call, query);
  const cursor = page.more ? context.cursors.write(position && { ...position, served }, served, bound) : undefined;
  const next = cursor === undefined ? 'null' : JSON.stringify(link(context, call, cursor));
  const links = `"self":${JSON.stringify(link(context, call, undefined))}${next === 'null' && page.table === 'profiles' ? '' : `,"next":${next}`},"prev":null`;

  function* pieces(): Iterable<string> {
    let comma = '';
    yield '{"data":[';
    for (let i = 0; i < quirks.nullIdRows && page.from === undefined; i++, comma = ',') yield comma + page.nullRow;
    if (quirks.duplicateAcrossPages && page.from) {
      yield comma + page.render(page.from.row);
      comma = ',';
    }
    for (const row of rows) {
      yield comma + page.render(row);
      comma = ',';
    }
    yield ']';
    if (page.included && page.included.length > 0) yield `,"included":[${page.included.join(',')}]`;
    yield `,"links":{${links}}}`;
  }
  return bodyOf(pieces());
}

/** The position at which a request continues. Refuses cursors of other listings, and a listing that a test truncates here. */
export function positionOf(
  context: Context,
  call: Call,
  query: Query,
  table: Table,
): { from: { key: number | string; row: number } | undefined; served: number } {
  if (query.cursor === undefined) return { from: undefined, served: 0 };
  const { position, served } = context.cursors.read(query.cursor, binding(call, query));
  const truncate = context.quirks.truncate;
  if (truncate && truncate.table === table && served >= truncate.afterRows) {
    throw new Refusal({ status: 500, code: 'error', title: 'A server error occurred.', detail: 'A server error occurred.' });
  }
  return { from: position, served };
}

function binding(call: Call, query: Query): string {
  return `${call.dialect.revision} ${call.path} ${query.signature}`;
}

function link(context: Context, call: Call, cursor: string | undefined): string {
  const parameters = [...call.query].filter(([name]) => name !== 'page[cursor]');
  if (cursor !== undefined) parameters.push(['page[cursor]', cursor]);
  const text = parameters.map(([name, value]) => `${encoded(name)}=${encoded(value)}`).join('&');
  return `${context.quirks.nextOrigin ?? context.url()}${call.path}${text === '' ? '' : `?${text}`}`;
}

/** Also encodes parentheses and the like, which encodeURIComponent does not. */
function encoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
