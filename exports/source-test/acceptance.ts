import { deepStrictEqual, equal, match, notEqual, ok } from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Row } from '../../src/core/types.ts';
import type { TableDefinition } from '../../src/core/table.ts';
import { compileCoerce } from '../../src/record/coerce.ts';
import type { Vendor } from '../../simulators/kit/vendor.ts';
import { openBench, plain, type Plain, type TestBench } from './bench.ts';
import type { SourceSubject } from './subject.ts';

/**
 * Checks what a source promises for each of its tables, against its simulated vendor and on a real Kafka: the topic equals the
 * vendor's rows, an unchanged row is not published again, a changed one is published once, a vanished one is deleted, an
 * interrupted listing deletes nothing, and a refused key is reported as a settings error.
 */
export function describeAcceptance<V extends Vendor>(subject: SourceSubject<V>): void {
  const { source, tables } = subject;
  describe(`${source.name} keeps its promises`, { concurrency: 1 }, () => {
    let vendor: V;
    let bench: TestBench;
    let definitions: ReadonlyMap<string, TableDefinition>;
    before(async () => {
      vendor = await subject.start();
      bench = await openBench(source);
      const all = source.tables(source.settings.parse(subject.settings(vendor)));
      definitions = new Map(all.map((definition) => [definition.name, definition]));
    });
    after(async () => {
      await bench?.close();
      await vendor?.close();
    });

    const sync = () => bench.sync(subject.settings(vendor));
    const definitionOf = (name: string): TableDefinition => {
      const found = definitions.get(name);
      ok(found, `the source has no table ${name}`);
      return found;
    };
    /** Compares a table's topic with the vendor's rows, converted as the definition says. */
    const expectTruth = async (name: string) => {
      const definition = definitionOf(name);
      const coerce = compileCoerce(definition);
      const truth = new Map<string, Plain>();
      for (const row of (tables[name]?.truth(vendor) ?? []) as Iterable<Row>) {
        const shaped = definition.shape?.(row) ?? row;
        if (definition.deleted?.(shaped) === true) continue;
        const coerced = coerce(shaped);
        ok(coerced.refused === undefined, `${name}: a row of the vendor is refused: ${coerced.refused}`);
        const key = JSON.stringify(definition.key.map((column) => comparable(definition, column, coerced.record[column] ?? null)));
        ok(!truth.has(key), `${name}: two rows of the vendor have the key ${key}`);
        truth.set(
          key,
          Object.fromEntries(Object.entries(coerced.record).map(([column, value]) => [column, comparable(definition, column, value)])),
        );
      }
      const read = await bench.read(definition);
      deepStrictEqual(new Map([...read.rows].sort()), new Map([...truth].sort()), `${name}: the topic is not what the vendor holds`);
      return { ...read, size: truth.size };
    };
    const succeeded = (runs: Awaited<ReturnType<typeof sync>>): void => {
      for (const [name, { outcome, error }] of runs) equal(outcome, 'succeeded', `${name}: ${error?.message ?? ''}`);
    };

    it('every table is tested', () => {
      deepStrictEqual([...definitions.keys()].sort(), Object.keys(tables).sort());
      for (const [name, { deletes }] of definitions)
        equal(tables[name]?.remove !== undefined, deletes !== 'none', `${name} has deletes: '${deletes}'`);
    });

    it('a refused key is an error of the settings, with what to do about it', async () => {
      for (const [name, { outcome, error }] of await bench.sync(subject.wrongKey(vendor))) {
        equal(outcome, 'failed', name);
        equal(error?.kind, 'config', error?.message);
        match(error?.remedy ?? '', /\w/);
      }
    });

    it("the topics hold the vendor's rows, and each of them has some", async () => {
      succeeded(await sync());
      for (const name of Object.keys(tables)) notEqual((await expectTruth(name)).size, 0, `${name} has no row to test with`);
    });

    it('a second sync publishes nothing', async () => {
      const runs = await sync();
      succeeded(runs);
      for (const [name, { totals }] of runs) deepStrictEqual({ ...pick(totals) }, { published: 0, deleted: 0 }, name);
    });

    it('a row that has changed is published, and no other', async () => {
      for (const table of Object.values(tables)) table.change(vendor);
      const runs = await sync();
      succeeded(runs);
      for (const name of Object.keys(tables)) {
        equal(runs.get(name)?.totals.published, 1, `${name}: rows published after one change`);
        await expectTruth(name);
      }
    });

    it('a listing that breaks off deletes nothing; the next whole one deletes what has vanished', async () => {
      const before = new Map<string, { readonly tombstones: number; readonly markers: number }>();
      for (const name of Object.keys(tables)) before.set(name, await bench.read(definitionOf(name)));
      for (const table of Object.values(tables)) table.remove?.(vendor);
      vendor.faults.add({ kind: 'status', status: 400, after: 1 });
      await sync();
      vendor.faults.clear();
      for (const [name, { deletes }] of definitions) {
        // Rows that the vendor itself marks as deleted may be deleted with the first page.
        if (deletes === 'scan')
          equal((await bench.read(definitionOf(name))).tombstones, before.get(name)?.tombstones, `${name}: deleted unproven`);
      }
      const most = Math.max(...[...definitions.values()].map(({ absentScans }) => absentScans ?? 1));
      for (let scans = 0; scans < most; scans += 1) succeeded(await sync());
      for (const [name, { deletes }] of definitions) {
        const { tombstones, markers } = await expectTruth(name);
        const more = deletes === 'none' ? 0 : 1;
        equal(tombstones - (before.get(name)?.tombstones ?? 0), more, `${name}: tombstones`);
        equal(markers - (before.get(name)?.markers ?? 0), more, `${name}: markers`);
      }
    });
  });
}

const pick = ({ published, deleted }: { readonly published: number; readonly deleted: number }) => ({ published, deleted });

/** A coerced value in the form of `readTable`, made plain. */
function comparable(definition: TableDefinition, column: string, value: Parameters<typeof plain>[0]): ReturnType<typeof plain> {
  return definition.fields[column]?.type === 'integer' && value !== null ? String(value) : plain(value);
}
