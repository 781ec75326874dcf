import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { tableTopic } from '../../src/kafka/meta/topic-names.ts';
import { compileTable } from '../../src/record/codec.ts';
import { checkSchemas, schemaFiles } from '../../src/record/schema-files.ts';
import { compileRow } from '../../src/record/row.ts';
import type { TableDefinition } from '../../src/core/table.ts';
import { loginHeader } from '../support/login.ts';
import { tablesOf } from './faulty.ts';
import type { Subject } from './subject.ts';
import type { World } from './world.ts';

const committed = join(import.meta.dirname, '..', '..', 'schemas');
const UNKNOWN = 'zzConformanceUnknown';

export function describeSchemas(subject: Subject, world: () => World): void {
  const definitionOf = (table: string): TableDefinition => world().definitions.get(table) as TableDefinition;

  it('has every table of the sheet, and no other', () => {
    const there = [...world().definitions.keys()].sort();
    expect(there).toEqual([...subject.sheet].sort());
    expect(tablesOf(subject).sort()).toEqual(there);
  });

  describe.each(tablesOf(subject))('%s', (table) => {
    it('has the committed schemas, which fit all their earlier versions both ways', () => {
      const faults = checkSchemas(committed, [{ name: subject.source.name, tables: [...world().definitions.values()] }]);
      expect(faults.filter((fault) => fault.includes(`/${table}.`) || fault.includes(`.${table}:`))).toEqual([]);
    });

    it('is registered under FULL_TRANSITIVE, and the committed schemas fit there', async () => {
      await world().synced();
      const { registryUrl } = inject('stack');
      const topic = tableTopic(world().test.settings, subject.source.name, table);
      const [key, value] = schemaFiles({ name: subject.source.name, tables: [definitionOf(table)] });
      for (const [name, schema] of [
        [`${topic}-key`, key?.text],
        [`${topic}-value`, value?.text],
      ] as const) {
        const config = (await (await fetch(`${registryUrl}/config/${name}`, { headers: loginHeader() })).json()) as {
          compatibilityLevel?: string;
        };
        expect(config.compatibilityLevel, name).toBe('FULL_TRANSITIVE');
        const asked = await fetch(`${registryUrl}/compatibility/subjects/${name}/versions/latest`, {
          method: 'POST',
          headers: { 'content-type': 'application/vnd.schemaregistry.v1+json', ...loginHeader() },
          body: JSON.stringify({ schema }),
        });
        expect(await asked.json(), name).toMatchObject({ is_compatible: true });
      }
    });

    it('encodes every row and decodes it to the same, in equal bytes', () => {
      const definition = definitionOf(table);
      const codec = compileTable(subject.source.name, definition);
      const rows = compileRow(definition, codec, { maxBytes: 1_000_000 });
      const truth = world().truth(table);
      let count = 0;
      for (const row of world().subjectOf(table).truth(world().vendor)) {
        const compiled = rows(row);
        if (compiled.deadLetter !== undefined) throw new Error(compiled.detail);
        const key = codec.decodeKey(compiled.keyBody);
        const decoded = codec.decodeValue(codec.value(compiled.body, 1_700_000_000_000, false));
        expect(decoded.body.equals(compiled.body)).toBe(true);
        expect(decoded).toMatchObject({ syncedAt: 1_700_000_000_000, deleted: false });
        expect([...truth.values()][count], JSON.stringify(key)).toEqual(decoded.record);
        for (const column of definition.key) expect(key[column], column).toBe(decoded.record[column]);
        count += 1;
        if (count === 50) break;
      }
      expect(count).toBeGreaterThan(0);
    });

    it('has keys that are there and unique, over days and parents', () => {
      const definition = definitionOf(table);
      const records = [...world().truth(table).values()];
      for (const column of definition.key)
        expect(
          records.every((record) => record[column] !== null && record[column] !== undefined),
          column,
        ).toBe(true);
      const distinct = (column: string, of: (value: unknown) => unknown): number =>
        new Set(records.map((record) => of(record[column]))).size;
      for (const column of definition.key) {
        const { type } = definition.fields[column] ?? {};
        if (type === 'timestamp')
          expect(
            distinct(column, (ms) => Math.floor(Number(ms) / 86_400_000)),
            `days of ${column}`,
          ).toBeGreaterThan(1);
        if (type === 'date')
          expect(
            distinct(column, (day) => day),
            `days of ${column}`,
          ).toBeGreaterThan(1);
      }
      for (const column of definition.scope ?? [])
        expect(
          distinct(column, (value) => value),
          `parents in ${column}`,
        ).toBeGreaterThan(1);
    });

    it('keeps a field that no column holds in _extra', () => {
      const definition = definitionOf(table);
      const codec = compileTable(subject.source.name, definition);
      const about = world().subjectOf(table);
      const [row] = about.truth(world().vendor);
      if (!row) throw new Error(`The truth of ${table} is empty.`);
      const widened = about.unknown?.(row, UNKNOWN) ?? { ...row, [UNKNOWN]: { told: 'tale' } };
      const compiled = compileRow(definition, codec, { maxBytes: 1_000_000 })(widened);
      if (compiled.deadLetter !== undefined) throw new Error(compiled.detail);
      const { record } = codec.decodeValue(codec.value(compiled.body, 0, false));
      expect(JSON.parse(String(record['_extra']))).toHaveProperty(UNKNOWN);
      expect(compiled.unknown).toBeGreaterThan(0);
    });
  });
}
