import { CUT } from '../core/cut.ts';
import { DEEPEST_JSON } from '../core/json/depth.ts';
import { rawNumberText } from '../core/json/parse.ts';
import type { Json } from '../core/types.ts';
import { canonicalJson } from '../core/json/canonical.ts';

/** Most characters of names and texts that are kept of one row. */
const MOST_TEXT = 1024 * 1024;
/** Most values that are kept of one row, however short they are. */
const MOST_VALUES = 100_000;

/**
 * What the vendor sent, as JSON text for people. It cannot fail: parts that are nested too deep or too large are left out
 * first, and `mask` (which hides secrets) is applied to the rest.
 *
 * @returns the text, and the approximate size in bytes of the whole.
 */
export function rawText(given: unknown, mask: (value: unknown) => unknown): { readonly raw: string; readonly rawBytes: number } {
  const room = { text: MOST_TEXT, values: MOST_VALUES };
  const kept = cut(given, DEEPEST_JSON - 1, room);
  const raw = canonicalJson(mask(kept));
  const bytes = Buffer.byteLength(raw);
  return { raw, rawBytes: room.text > 0 && room.values > 0 ? bytes : Math.max(bytes, weigh(given)) };
}

/** A copy up to the limits in `room`, which it reduces. */
function cut(value: unknown, levels: number, room: { text: number; values: number }): unknown {
  room.values -= 1;
  if (typeof value === 'string') {
    const short = value.length <= room.text ? value : value.slice(0, Math.max(0, room.text)) + CUT;
    room.text -= value.length;
    return short;
  }
  if (typeof value !== 'object' || value === null || rawNumberText(value as Json) !== undefined) return value;
  if (levels <= 0) return CUT;
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    for (let i = 0; i < value.length && room.values > 0 && room.text > 0; i += 1) items.push(cut(value[i], levels - 1, room));
    return items;
  }
  const members = Object.create(null) as Record<string, unknown>;
  for (const name in value) {
    if (room.values <= 0 || room.text < name.length) {
      room.text = 0;
      break;
    }
    room.text -= name.length;
    members[name] = cut((value as Record<string, unknown>)[name], levels - 1, room);
  }
  return members;
}

/** Approximate bytes of a value as text. Uses its own stack instead of recursion. */
export function weigh(value: unknown): number {
  const open = [value];
  let bytes = 0;
  while (open.length > 0) {
    const one = open.pop();
    bytes += typeof one === 'string' ? one.length + 3 : 6;
    if (typeof one !== 'object' || one === null) continue;
    for (const name in one) {
      if (!Array.isArray(one)) bytes += name.length + 3;
      open.push((one as Record<string, unknown>)[name]);
    }
  }
  return bytes;
}
