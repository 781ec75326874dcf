import { describe, expect, it } from 'vitest';
import { campaign } from './campaign.ts';
import { hostileSubjects } from './subjects.ts';

/** Cases of each table here; `test/hostile/run.ts` runs as many as one likes. */
const EACH = 8;
const LARGEST_RSS = 512 * 2 ** 20;

describe.each(hostileSubjects.map((subject) => [subject.source.name, subject] as const))(
  '%s, whose answers are changed',
  (_name, subject) => {
    it('keeps its promises for every table', { timeout: 600_000 }, async () => {
      const { cases, tables, byOutcome, faults, mostMemory } = await campaign({ subject, seed: 20_261_128, cases: EACH });
      expect(faults.join('\n')).toBe('');
      expect(cases).toBe(tables * EACH);
      // Changes that never come to anything would prove nothing.
      expect(byOutcome['failed'] ?? 0).toBeGreaterThan(0);
      expect(byOutcome['succeeded'] ?? 0).toBeGreaterThan(0);
      expect(mostMemory).toBeLessThan(LARGEST_RSS);
    });
  },
);
