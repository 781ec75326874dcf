import { TributaryError } from '../core/errors.ts';
import { coercerFor } from '../record/coercers.ts';
import { Inexact, MISFIT } from '../record/fit.ts';
import { isColumnName, snakeCase } from '../core/names.ts';
import type { Fields, TableDefinition } from '../core/table.ts';

/** Columns the engine adds to every value, in this order, after the columns of the definition. */
export const ENGINE_COLUMNS = ['_extra', '_synced_at', '_deleted'] as const;

/** Column names that the landings add to ours start with this. */
const LANDING_PREFIX = '_kafka_';

/**
 * Checks a definition and gives it its row type.
 * @throws TributaryError `internal` that lists all faults of the definition.
 */
export function table<const F extends Fields, Api>(definition: TableDefinition<F, Api, keyof F & string>): TableDefinition<F, Api> {
  const faults = faultsOf(definition as unknown as TableDefinition);
  if (faults.length > 0) {
    throw new TributaryError(`Table "${definition.name}" is defined wrongly: ${faults.join('; ')}.`, {
      kind: 'internal',
      remedy: 'Correct the table definition.',
    });
  }
  return Object.freeze(definition);
}

function faultsOf(definition: TableDefinition): string[] {
  const faults: string[] = [];
  const { fields, key } = definition;
  const exists = (column: string, as: string): void => {
    if (!Object.hasOwn(fields, column)) faults.push(`${as} "${column}" is not one of its fields`);
  };

  if (!isColumnName(definition.name)) faults.push('its name is not lower snake case');
  if (definition.docs.trim() === '') faults.push('it names no vendor page (docs)');
  for (const [column, field] of Object.entries(fields)) {
    if ((ENGINE_COLUMNS as readonly string[]).includes(column) || column.startsWith(LANDING_PREFIX)) {
      faults.push(`the column name "${column}" is reserved`);
    } else if (!isColumnName(column)) {
      faults.push(`the column name "${column}" is not lower snake case or longer than 63 characters`);
    }
    if (field.doc.trim() === '') faults.push(`column "${column}" has no doc`);
    if (field.secret && field.type !== 'text' && field.type !== 'json')
      faults.push(`column "${column}" is masked but of type ${field.type}`);
    if (field.isMark && [...key, ...(definition.scope ?? []), definition.replicationKey].includes(column)) {
      faults.push(
        `column "${column}" is a mark, so its changes are not published, but it is part of the key, the scope or the replicationKey`,
      );
    }
    if (field.path?.split('.').includes('')) faults.push(`column "${column}" has the empty path segment "${field.path}"`);
    if (field.whenMissing !== undefined && !key.includes(column)) {
      faults.push(`column "${column}" has a value for when it is missing but is not part of the key`);
    }
  }

  if (key.length === 0) faults.push('it has no key');
  if (new Set(key).size !== key.length) faults.push('its key names a column twice');
  for (const column of key) {
    exists(column, 'key column');
    const field = fields[column];
    if (field?.secret) faults.push(`key column "${column}" is masked, which could make two keys one`);
    if (field?.whenMissing !== undefined && field.whenMissing !== null) {
      const fit = coercerFor(field)(field.whenMissing);
      if (fit === MISFIT || fit instanceof Inexact)
        faults.push(`the value of key column "${column}" for when it is missing does not fit its type`);
    }
    if (field?.type === 'json' || field?.type === 'number') faults.push(`key column "${column}" is of type ${field.type}`);
  }
  if (definition.keyReason === undefined && key.join() !== definition.documentedKey.map(snakeCase).join()) {
    faults.push('its key differs from documentedKey without a keyReason');
  }

  if (definition.namedBy !== undefined && definition.scope === undefined) faults.push('namedBy needs a scope');
  for (const column of definition.scope ?? []) exists(column, 'scope column');
  if (definition.replicationKey !== undefined) exists(definition.replicationKey, 'replicationKey');
  if (definition.deletes === 'flag' && definition.deleted === undefined) faults.push('deletes is "flag" but nothing tells a deleted row');
  if (definition.deletes !== 'flag' && definition.deleted !== undefined) faults.push('it tells deleted rows but deletes is not "flag"');
  if (definition.deletes !== 'scan' && (definition.absentScans !== undefined || definition.confirm !== undefined)) {
    faults.push('absentScans and confirm need deletes "scan"');
  }
  if (definition.absentScans !== undefined && !(Number.isInteger(definition.absentScans) && definition.absentScans >= 1)) {
    faults.push('absentScans is not a whole number from 1');
  }
  if (definition.partitions !== undefined && !(Number.isInteger(definition.partitions) && definition.partitions >= 1)) {
    faults.push('partitions is not a whole number from 1');
  }
  return faults;
}
