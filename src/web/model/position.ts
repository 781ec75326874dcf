import type { Json, JsonObject, Position } from '../../core/types.ts';

/** A position as text: each member with its value, times as dates. */
export function positionInWords(position: Position | undefined): string {
  if (position === undefined) return 'at the beginning';
  const parts = Object.entries(position)
    .filter(([name, value]) => name !== 'v' && value !== null)
    .map(
      ([name, value]) =>
        `${name
          .replaceAll(/[_-]/g, ' ')
          .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
          .toLowerCase()} ${inWords(value)}`,
    );
  return parts.length === 0 ? 'between two runs' : parts.join('; ');
}

function inWords(value: Json): string {
  if (typeof value === 'number' || typeof value === 'bigint')
    return looksLikeTime(Number(value)) ? `${new Date(Number(value)).toISOString().slice(0, 19).replace('T', ' ')} UTC` : String(value);
  if (typeof value === 'string') return value.length > 60 ? `${value.slice(0, 58)}…` : value;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (value === null) return 'none';
  if (Array.isArray(value)) return `${value.length} ${value.length === 1 ? 'entry' : 'entries'}`;
  const members = Object.entries(value as JsonObject).filter(([name]) => name !== 'v');
  if (members.length === 0) return 'between two runs';
  return members.length > 4 ? `${members.length} entries` : `(${members.map(([name, item]) => `${name} ${inWords(item)}`).join(', ')})`;
}

/** Epoch ms between 2001 and 2100. */
const looksLikeTime = (n: number): boolean => n > 978_307_200_000 && n < 4_102_444_800_000;
