import { TributaryError } from '../../core/errors.ts';
import { rawNumberText } from '../../core/json/parse.ts';
import { canonicalJson } from '../../core/json/canonical.ts';
import type { Json, JsonObject, Position, ReadContext } from '../../core/types.ts';
import type { Step } from './paginate.ts';

/** The saved position if it has this layout version, else undefined: reading starts over. */
export function saved<Api>(ctx: ReadContext<Api>, version: number): Position | undefined {
  return ctx.position?.v === version ? ctx.position : undefined;
}

export function asNumber(value: Json | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** A saved time. One after `now` counts as none: a clock that was wrong has saved it, and what it says was read has not happened yet. */
export function pastTime(value: Json | undefined, now: number): number | undefined {
  const time = asNumber(value);
  return time === undefined || time > now ? undefined : time;
}

export function asText(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** A number that is kept as its digits is no object. */
export function asObject(value: Json | undefined): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && rawNumberText(value) === undefined
    ? (value as JsonObject)
    : undefined;
}

/**
 * A value of the vendor's as text, whatever it is. `String` throws for an object with a member `toString`, and for a number
 * that is kept as its digits.
 */
export function printed(value: Json | undefined): string {
  return typeof value === 'string' ? value : canonicalJson(value);
}

/** The same context with some members replaced, e.g. the position of a phase. */
export function contextWith<Api>(ctx: ReadContext<Api>, changed: Partial<ReadContext<Api>>): ReadContext<Api> {
  return Object.create(ctx, Object.getOwnPropertyDescriptors(changed)) as ReadContext<Api>;
}

/** The vendor refused the request itself. With a saved cursor this means that the cursor is no longer valid. */
export function isRefused(error: unknown): boolean {
  return error instanceof TributaryError && error.kind === 'data';
}

/** The vendor refused a saved cursor. */
export class CursorLost extends Error {}

/**
 * Continues a listing from a saved cursor. A refusal of its first page becomes {@link CursorLost}, and so does an end before any
 * row: it does not show whether the vendor still knows what the cursor stood for.
 */
export async function* fromSavedCursor(
  steps: AsyncGenerator<Step, void, void>,
  cursor: Json | undefined,
): AsyncGenerator<Step, void, void> {
  let begun = cursor === undefined;
  let empty = cursor !== undefined;
  try {
    for await (const step of steps) {
      begun = true;
      empty &&= step.rows.length === 0 && (step.seen ?? []).length === 0;
      if (empty && !step.more) throw new CursorLost('the saved cursor returned no rows');
      yield step;
    }
  } catch (error) {
    if (!begun && isRefused(error)) throw new CursorLost('the saved cursor was refused', { cause: error });
    throw error;
  }
}
