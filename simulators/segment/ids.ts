import { below, hexDigits } from '../kit/random.ts';

const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Letters and digits, as the vendor's opaque ids look. */
export function alphanumeric(length: number, seed: number, row: number, salt: number): string {
  let text = '';
  for (let i = 0; i < length; i++) text += ALPHANUMERIC[below(ALPHANUMERIC.length, seed, row, salt * 101 + i)];
  return text;
}

/** Salts separate the kinds of ids; changing one changes every id of that kind. */
export const ids = {
  workspace: (seed: number) => alphanumeric(22, seed, 0, 1),
  source: (seed: number, n: number) => alphanumeric(22, seed, n, 2),
  destination: (seed: number, n: number) => hexDigits(24, seed, n, 3),
  warehouse: (seed: number, n: number) => alphanumeric(22, seed, n, 4),
  user: (seed: number, n: number) => alphanumeric(22, seed, n, 5),
  group: (seed: number, n: number) => alphanumeric(22, seed, n, 6),
  role: (seed: number, n: number) => alphanumeric(27, seed, n, 7),
  transformation: (seed: number, n: number) => alphanumeric(9, seed, n, 8),
  subscription: (seed: number, n: number) => alphanumeric(15, seed, n, 9),
  destinationMetadata: (seed: number, n: number) => hexDigits(24, seed, n, 10),
  sourceMetadata: (seed: number, n: number) => alphanumeric(10, seed, n, 11),
  warehouseMetadata: (seed: number, n: number) => alphanumeric(10, seed, n, 12),
  auditEvent: (seed: number, n: number) => `aud_${alphanumeric(12, seed, n, 13)}`,
  token: (seed: number, n: number) => alphanumeric(26, seed, n, 14),
  writeKey: (seed: number, n: number) => alphanumeric(32, seed, n, 15),
};
