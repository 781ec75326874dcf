import { createHmac } from 'node:crypto';
import { invalid } from './errors.ts';

/** The position of a listing: after this row in the listing's order. */
export interface Position {
  key: number | string;
  row: number;
  /** Rows the listing has returned so far. */
  served: number;
}

const START = { key: '', row: -1 } as const;

/** Cursors are opaque, signed, and valid only for the parameters and the revision they were made for. */
export function cursors(seed: number): {
  write(position: Position | undefined, served: number, parameters: string): string;
  read(text: string, parameters: string): { position: Position | undefined; served: number };
  /** Makes all cursors invalid that were returned before. */
  expire(): void;
} {
  let generation = 0;
  const sign = (payload: string, parameters: string): string =>
    createHmac('sha256', `simulator ${seed} ${generation}`).update(`${payload}\n${parameters}`).digest('base64').slice(0, 16);
  return {
    write(position, served, parameters) {
      const { key, row } = position ?? START;
      const payload = JSON.stringify([key, row, served]);
      return Buffer.from(`${sign(payload, parameters)}${payload}`).toString('base64');
    },
    read(text, parameters) {
      const whole = Buffer.from(text, 'base64').toString('utf8');
      const payload = whole.slice(16);
      // Compared as text as well, because decoding base64 accepts malformed text that a server would not.
      if (Buffer.from(whole).toString('base64') !== text || sign(payload, parameters) !== whole.slice(0, 16)) {
        throw invalid('Invalid cursor provided.', { parameter: 'page[cursor]' });
      }
      const [key, row, served] = JSON.parse(payload) as [number | string, number, number];
      return { position: row === START.row ? undefined : { key, row, served }, served };
    },
    expire() {
      generation++;
    },
  };
}
