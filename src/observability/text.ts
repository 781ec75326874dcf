import { randomInt } from 'node:crypto';
import { shownLines } from '../core/shown.ts';

/** Formatting helpers for text on a terminal. */

export function count(n: number): string {
  return Math.round(n).toLocaleString('en-US');
}

export function plural(n: number, noun: string): string {
  return `${count(n)} ${noun}${n === 1 ? '' : 's'}`;
}

/** The text with a full stop, so that another sentence can follow. */
export function sentence(text: string): string {
  return /[.!?…:]$/.test(text) ? text : `${text}.`;
}

/** `850 ms`, `12 s`, `3 min 05 s`, `2 h 10 min`, `4 d 3 h`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return ms < 10_000 ? `${(Math.floor(ms / 100) / 10).toFixed(1)} s` : `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${two(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${two(minutes % 60)} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** `14:05`, or `14:05:09` with seconds; with the date in front when it is not the day of `now`. Local time. */
export function clockTime(at: number, now: number, to: 'minutes' | 'seconds' = 'minutes'): string {
  const then = new Date(at);
  if (Number.isNaN(then.getTime())) return 'an unknown time';
  const time = to === 'seconds' ? clockSeconds(at) : `${two(then.getHours())}:${two(then.getMinutes())}`;
  const sameDay = then.toDateString() === new Date(now).toDateString();
  return sameDay ? time : `${then.getFullYear()}-${two(then.getMonth() + 1)}-${two(then.getDate())} ${time}`;
}

/** `14:05:09`, local time like all displayed times. */
export function clockSeconds(at: number): string {
  const then = new Date(at);
  return [then.getHours(), then.getMinutes(), then.getSeconds()].map(two).join(':');
}

function two(n: number): string {
  return String(n).padStart(2, '0');
}

export type Align = 'left' | 'right';

/** Aligned columns without rules, so that other tools can split the lines. */
export function textTable(header: readonly string[], rows: readonly (readonly string[])[], align: readonly Align[] = []): string {
  const widths = header.map((title, column) => Math.max(width(title), ...rows.map((row) => width(inCell(row[column])))));
  const line = (cells: readonly string[]) =>
    widths
      .map((wide, column) => {
        const cell = inCell(cells[column]);
        const space = ' '.repeat(Math.max(0, wide - width(cell)));
        return align[column] === 'right' ? space + cell : cell + space;
      })
      .join('  ')
      .trimEnd();
  return [line(header), ...rows.map(line)].join('\n');
}

/** A cell has one line, whatever its text. */
const inCell = (text = ''): string => text.replaceAll('\n', ' ');

/** Terminal columns of a text; colour codes take none. */
function width(text: string): number {
  return [...withoutColours(text)].length;
}

/** Part of our own colour codes until they are printed, so that no text of a vendor can hold one. */
const OWN = String(randomInt(1e9, 1e12));
const ownCodes = new RegExp(`\\u001b\\[(\\d+);${OWN}m`, 'g');
const colourCodes = new RegExp(`\\u001b\\[\\d+(?:;${OWN})?m`, 'g');

/** The text in a colour of the terminal. */
export const painted = (colour: number, text: string): string => `\u001b[${colour};${OWN}m${text}\u001b[0;${OWN}m`;

export function withoutColours(text: string): string {
  return text.replaceAll(colourCodes, '');
}

/** The text as it may be printed: without characters that move the cursor, change the direction or are invisible; only our own colour codes stay. */
export function terminalText(text: string, colours: boolean): string {
  return colours
    ? text
        .split(ownCodes)
        .map((part, at) => (at % 2 === 1 ? `\u001b[${part}m` : shownLines(part)))
        .join('')
    : shownLines(text);
}

export interface Paint {
  good(text: string): string;
  bad(text: string): string;
  odd(text: string): string;
  faint(text: string): string;
}

export function createPaint(colours: boolean): Paint {
  const code = (n: number) => (text: string) => (colours ? painted(n, text) : text);
  return { good: code(32), bad: code(31), odd: code(33), faint: code(90) };
}
