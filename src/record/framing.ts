import { TributaryError } from '../core/errors.ts';

/** Bytes before the Avro body: a zero byte and the registry's schema id, big-endian. */
export const HEADER_BYTES = 5;

/** Avro bytes, in none, one or several parts, after the header that every registry client expects. */
export function frame(schemaId: number, ...parts: readonly Buffer[]): Buffer {
  let size = HEADER_BYTES;
  for (const part of parts) size += part.length;
  const framed = Buffer.allocUnsafe(size);
  framed[0] = 0;
  framed.writeInt32BE(schemaId, 1);
  let at = HEADER_BYTES;
  for (const part of parts) {
    framed.set(part, at);
    at += part.length;
  }
  return framed;
}

/**
 * The schema id and the Avro bytes (a view, not a copy) of a message with the registry's header.
 * @throws TributaryError `data` when the message has no such header.
 */
export function unframe(message: Buffer): { schemaId: number; payload: Buffer } {
  if (message.length < HEADER_BYTES || message[0] !== 0) {
    throw new TributaryError("A message is not in the registry's Avro wire format.", {
      kind: 'data',
      code: 'not_avro',
      remedy: 'Another program writes to this topic. Give Tributary topics of its own.',
    });
  }
  return { schemaId: message.readInt32BE(1), payload: message.subarray(HEADER_BYTES) };
}
