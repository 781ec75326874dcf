/** Page tokens in the vendor's forms: base64 of a text, or many digits. */
export interface TokenForm {
  write(position: number): string;
  /** Undefined when the token is malformed. */
  read(token: string): number | undefined;
}

function base64Form(prefix: string): TokenForm {
  const form = new RegExp(`^${prefix}(\\d{1,12})$`);
  return {
    write: (position) => Buffer.from(`${prefix}${position}`).toString('base64'),
    read(token) {
      const text = Buffer.from(token, 'base64').toString('latin1');
      const digits = form.exec(text)?.[1];
      return digits === undefined || Buffer.from(text).toString('base64') !== token ? undefined : Number(digits);
    },
  };
}

export const TOKENS = {
  messages: base64Form('v20:'),
  newsletters: base64Form(''),
  /** The position is the id of the last sender. */
  senders: base64Form(''),
  people: base64Form('0:'),
  activities: {
    write: (position: number) => `7${String(position).padStart(17, '0')}`,
    read: (token: string) => (/^7\d{17}$/.test(token) ? Number(token.slice(1)) : undefined),
  },
} as const satisfies Record<string, TokenForm>;

/** The requested limit within the vendor's bounds; the default for anything that is not a positive integer. */
export function limitOf(query: URLSearchParams, standard: number, most: number): number {
  const asked = Number(query.get('limit') ?? Number.NaN);
  return Number.isInteger(asked) && asked > 0 ? Math.min(asked, most) : standard;
}
