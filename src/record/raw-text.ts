import { DEEPEST_JSON } from '../core/json/depth.ts';
import { rawNumberText } from '../core/json/parse.ts';
import type { Json } from '../core/types.ts';
import { canonicalJson } from '../core/json/canonical.ts';

/** Characters of names and texts that are kept of one row; what is written of it takes little more. */
const MOST_TEXT = 1024 * 1024;
/** Values that are kept of one row, however short they are. */
const MOST_VALUES = 100_000;
const LEFT_OUT = '…';

/**
 * What a vendor gave, as JSON text for people who look into it. It cannot fail: what is nested too deep or too much is
 * left out before anything is made of it, and `mask` (which hides secrets) sees what is left.
 *
 * @returns the text, and about how many bytes all of it would take.
 */
export function rawText(given: unknown, mask: (value: unknown) => unknown): { readonly raw: string; readonly rawBytes: number } {
  const room = { text: MOST_TEXT, values: MOST_VALUES };
  const kept = cut(given, DEEPEST_JSON - 1, room);
  const raw = canonicalJson(mask(kept));
  const bytes = Buffer.byteLength(raw);
  return { raw, rawBytes: room.text > 0 && room.values > 0 ? bytes : Math.max(bytes, weigh(given)) };
}

/** A copy with as much as there is room for. */
function cut(value: unknown, levels: number, room: { text: number; values: number }): unknown {
  room.values -= 1;
  if (typeof value === 'string') {
    const short = value.length <= room.text ? value : value.slice(0, Math.max(0, room.text)) + LEFT_OUT;
    room.text -= value.length;
    return short;
  }
  if (typeof value !== 'object' || value === null || rawNumberText(value as Json) !== undefined) return value;
  if (levels <= 0) return LEFT_OUT;
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

/** About how many bytes a value takes as text, with a stack of its own. */
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
