import { hash32 } from '../kit/random.ts';

const BASE32 = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Ids are computed from row numbers and back without a table, and sort like them. */
export interface IdForm {
  of(row: number): string;
  /** The row number of an id, whether or not the row exists. */
  row(id: string): number | undefined;
}

/** `pairs` times two digits of the row number, then two times two check characters. */
function form(prefix: string, alphabet: string, pairs: number, seed: number, salt: number): IdForm {
  const base = alphabet.length;
  const twoDigits = Array.from({ length: base * base }, (_, i) => alphabet.charAt(Math.floor(i / base)) + alphabet.charAt(i % base));
  const length = prefix.length + pairs * 2 + 4;
  const of = (row: number): string => {
    let digits = '';
    let rest = row;
    for (let i = 0; i < pairs; i++) {
      const upper = Math.floor(rest / (base * base));
      digits = (twoDigits[rest - upper * base * base] as string) + digits;
      rest = upper;
    }
    const check = hash32(seed, row, salt);
    return prefix + digits + twoDigits[check % (base * base)] + twoDigits[(check >>> 12) % (base * base)];
  };
  return {
    of,
    row(id) {
      let row = 0;
      for (let i = prefix.length; i < prefix.length + pairs * 2; i++) row = row * base + alphabet.indexOf(id.charAt(i));
      return id.length === length && row >= 0 && of(row) === id ? row : undefined;
    },
  };
}

export interface KlaviyoIds {
  profile: IdForm;
  event: IdForm;
  metric: IdForm;
}

export function klaviyoIds(seed: number): KlaviyoIds {
  return {
    profile: form('01SIMPROFILE00', BASE32, 4, seed, 901),
    event: form('S', BASE62, 3, seed, 902),
    metric: metricForm(seed),
  };
}

/** Six characters: a prefix, three digits of the number, a check character. */
function metricForm(seed: number): IdForm {
  const of = (row: number): string =>
    `Sm${BASE62.charAt(Math.floor(row / 3844) % 62)}${BASE62.charAt(Math.floor(row / 62) % 62)}${BASE62.charAt(row % 62)}${BASE62.charAt(hash32(seed, row, 903) % 62)}`;
  return {
    of,
    row(id) {
      const row = [2, 3, 4].reduce((sum, i) => sum * 62 + BASE62.indexOf(id.charAt(i)), 0);
      return row >= 0 && of(row) === id ? row : undefined;
    },
  };
}
