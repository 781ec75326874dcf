import { canonicalJson } from '../core/json/canonical.ts';
import type { TableCodec } from './codec.ts';
import { compileCoerce, type RefusalReason } from './coerce.ts';
import { printOf } from '../core/known-row.ts';
import { type CompiledRow, SlabRow } from './compiled-row.ts';
import { faultOfRow, pruned, type RowFault } from '../core/checked-rows.ts';
import type { Row } from '../core/types.ts';
import type { TableDefinition, TableRecord } from '../core/table.ts';
export type { CompiledRow } from './compiled-row.ts';

export interface RejectedRow {
  readonly deadLetter: RefusalReason | 'bad_shape' | 'too_large' | 'unpublishable';
  readonly detail: string;
  /** Hash of the row's key, when the key is usable although the row cannot be published. */
  readonly keyHash?: Buffer;
  /** The same key as JSON text, for display. */
  readonly key?: string;
}

/** Converts a vendor row to bytes and hashes, or returns why it cannot. Never throws. */
export type RowCompiler = (row: Row) => CompiledRow | RejectedRow;

export interface RowLimits {
  /** Largest size of key and value together, in bytes. */
  readonly maxBytes: number;
}

export function compileRow(definition: TableDefinition, codec: TableCodec, limits: RowLimits): RowCompiler {
  const coerce = compileCoerce(definition);
  const shape = definition.shape ?? ((row: Row) => row);
  const { deleted, replicationKey } = definition;
  const keepShaped = definition.newer !== undefined;
  const follows = replicationKey !== undefined && definition.fields[replicationKey]?.type === 'timestamp' ? replicationKey : undefined;

  /** An error's text may quote a value, so it is left out for a table with column rules of the user. */
  const because = (error: unknown): string =>
    definition.cover === undefined ? `: ${error instanceof Error ? error.message : String(error)}` : '.';

  const keyText = (record: TableRecord): string =>
    canonicalJson(Object.fromEntries(definition.key.map((column) => [column, record[column]])));

  return (row) => {
    const fault = faultOf(row);
    if (fault !== undefined) return { deadLetter: fault.reason, detail: fault.why, ...knownKey(row) };
    try {
      return compiled(row);
    } catch (error) {
      // One row, whatever its content, must not keep the others from being published.
      return {
        deadLetter: 'unpublishable',
        detail: `The row cannot be published${because(error)}`,
        ...knownKey(row),
      };
    }
  };

  function compiled(row: Row): CompiledRow | RejectedRow {
    let shaped: Row;
    let isDeleted: boolean;
    try {
      shaped = shape(row);
      if (typeof shaped !== 'object' || shaped === null || Array.isArray(shaped)) {
        return { deadLetter: 'bad_shape', detail: 'The row is not an object.' };
      }
      isDeleted = deleted?.(shaped) ?? false;
    } catch (error) {
      return {
        deadLetter: 'bad_shape',
        detail: `The row is not built as expected${because(error)}`,
      };
    }

    const coerced = coerce(shaped);
    if (coerced.refused !== undefined)
      return { deadLetter: coerced.refused, detail: coerced.detail, ...(coerced.refused === 'too_deep' ? knownKey(row) : {}) };
    const { record, misfits, unknown } = coerced;
    const keyBody = codec.keyBody(record);
    const body = codec.body(record);
    if (keyBody.length + body.length > limits.maxBytes) {
      return {
        deadLetter: 'too_large',
        detail: `The row takes ${keyBody.length + body.length} bytes, a message may take ${limits.maxBytes}.`,
        keyHash: codec.keyHash(keyBody),
        key: keyText(record),
      };
    }
    const print = misfits === 0 && unknown === 0 ? printOf(row) : undefined;
    return new SlabRow(
      codec,
      { record, keyBody, body, print },
      {
        deleted: isDeleted,
        shaped: keepShaped ? shaped : undefined,
        replicationValue: follows === undefined ? undefined : instantOf(record, follows),
        misfits,
        unknown,
      },
    );
  }

  /** The key of a row that cannot be published, if it can be computed: such a row counts as listed. */
  function knownKey(row: Row): { keyHash?: Buffer; key?: string } {
    try {
      const coerced = coerce(shape(pruned(row)));
      return coerced.refused === undefined ? { keyHash: codec.keyHash(codec.keyBody(coerced.record)), key: keyText(coerced.record) } : {};
    } catch {
      return {};
    }
  }
}

function faultOf(row: Row): Pick<RowFault, 'reason' | 'why'> | undefined {
  // A reader that has not checked its rows may return anything.
  return typeof row === 'object' && row !== null && !Array.isArray(row)
    ? faultOfRow(row)
    : { reason: 'bad_shape', why: 'The row is not an object.' };
}

const instantOf = (record: TableRecord, column: string): number | undefined => (record[column] as number | null) ?? undefined;
