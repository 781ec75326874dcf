import { InvalidArgumentError } from 'commander';
import { instantOf, parseSpan } from '../core/time.ts';

/** A point in time as typed: a date or time (ISO 8601, UTC by default), or how long ago. */
export type Since = { readonly at: number } | { readonly ago: number };

/** Parser for such an option; commander prints the error. */
export function sinceOption(text: string): Since {
  const at = instantOf(text);
  if (at !== null) return { at };
  const ago = /^\s*(\d{1,6})\s*m\s*$/i.test(text) ? Number.parseInt(text, 10) * 60_000 : parseSpan(text);
  if (ago !== null && Number.isFinite(ago)) return { ago };
  throw new InvalidArgumentError('Give a time such as 2026-03-01T12:00Z, or how long ago: 30m, 12h, 7d.');
}

/** Epoch ms. */
export const instantSince = (since: Since, now: number): number => ('at' in since ? since.at : now - since.ago);

export function positive(text: string): number {
  const n = Number(text);
  if (Number.isInteger(n) && n > 0) return n;
  throw new InvalidArgumentError('Give a whole number above 0.');
}
