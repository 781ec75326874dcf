import type { TableCodec } from '../record/codec.ts';
import type { TableRecord } from '../core/table.ts';
import { frame } from '../record/framing.ts';

/** The two messages for one deleted key, in publishing order. */
export interface DeletePair {
  readonly marker: { readonly key: Buffer; readonly value: Buffer };
  readonly tombstone: { readonly key: Buffer; readonly value: null };
}

/**
 * The marker (a value with `_deleted` true, for landings that only append) and the tombstone (for landings that delete) of
 * a key. `known` holds columns known about the row's end, for example the row it was merged into.
 */
export function deletePair(
  codec: TableCodec,
  schemaIds: { readonly keySchemaId: number; readonly valueSchemaId: number },
  keyBody: Buffer,
  deletedAt: number,
  known?: TableRecord,
): DeletePair {
  const key = frame(schemaIds.keySchemaId, keyBody);
  const body = codec.markerBody(codec.decodeKey(keyBody), known);
  return {
    marker: { key, value: frame(schemaIds.valueSchemaId, body, codec.tail(deletedAt, true)) },
    tombstone: { key, value: null },
  };
}
