import { isAscii } from 'node:buffer';

/** Most texts are ASCII with few exceptions; those are looked for by this many bytes. */
const STRETCH = 2 * 1024;

/** Calls back for each run of stretches that are all ASCII, or all not, in order: from `from` up to, not including, `to`. */
export function asciiRuns(bytes: Buffer, each: (from: number, to: number, plain: boolean) => void): void {
  let from = 0;
  let plain = true;
  for (let at = 0; at < bytes.length; at += STRETCH) {
    const ascii = isAscii(bytes.subarray(at, at + STRETCH));
    if (ascii === plain) continue;
    if (at > from) each(from, at, plain);
    from = at;
    plain = ascii;
  }
  if (bytes.length > from) each(from, bytes.length, plain);
}
