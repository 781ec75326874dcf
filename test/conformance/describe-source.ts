import { afterAll, beforeAll, describe } from 'vitest';
import { describeDeletes } from './deletes.ts';
import { describeFaults } from './faults.ts';
import { describeSchemas } from './schemas.ts';
import { describeSecrets } from './secrets.ts';
import type { Subject, Vendor } from './subject.ts';
import { describePositions, describeSync } from './sync.ts';
import { openWorld, type World } from './world.ts';

export type { Subject, TableSubject, Vendor } from './subject.ts';

/** Every promise a source makes, checked for each of its tables on the real stack against its simulator. */
export function describeSource<V extends Vendor>(subject: Subject<V>): void {
  const plain = subject as unknown as Subject;
  describe(`${subject.source.name} conforms`, { timeout: 300_000 }, () => {
    let opened: World | undefined;
    const world = (): World => {
      if (!opened) throw new Error('The suite was not opened.');
      return opened;
    };
    beforeAll(async () => {
      opened = await openWorld(plain);
    });
    afterAll(async () => {
      await opened?.close();
      await opened?.vendor.close();
    });

    describe('schemas', () => {
      describeSchemas(plain, world);
    });
    describe('sync', () => {
      describeSync(plain, world);
    });
    describe('faults', () => {
      describeFaults(plain, world);
    });
    describe('deletes', () => {
      describeDeletes(plain, world);
    });
    describe('positions', () => {
      describePositions(plain, world);
    });
    describe('secrets', () => {
      describeSecrets(plain, world);
    });
  });
}
