import type { Bytes } from '../../src/kafka/types.ts';

/** What is written, in one piece. */
export const whole = (bytes: Bytes): Buffer => (Buffer.isBuffer(bytes) ? bytes : Buffer.concat(bytes));
