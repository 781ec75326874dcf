import { describe, expect, it } from 'vitest';
import { campaign } from '../campaign.ts';
import { hostileSubjects } from '../subjects.ts';

/**
 * One source, so many cases of each table; a file for each, so that two run at a time and each has a process of its own.
 * `test/hostile/run.ts` runs as many as one likes.
 */
export function keepsItsPromises(name: string, each: number): void {
  describe(`${name}, whose answers are changed`, () => {
    it('keeps its promises for every table', { timeout: 1_800_000 }, async () => {
      const subject = hostileSubjects.find(({ source }) => source.name === name);
      if (subject === undefined) throw new Error(`no source is called ${name}`);
      const { cases, tables, byOutcome, faults } = await campaign({ subject, seed: 20_261_128, cases: each });
      expect(faults.join('\n')).toBe('');
      expect(tables).toBe(subject.source.tables(subject.source.settings.parse(subject.settings('http://127.0.0.1:1'))).length);
      expect(cases).toBe(tables * each);
      // Changes that never come to anything would prove nothing.
      expect(byOutcome['failed'] ?? 0).toBeGreaterThan(0);
      expect(byOutcome['succeeded'] ?? 0).toBeGreaterThan(0);
    });
  });
}
