import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/**
 * Regular expressions with two or more repetitions without a bound: where vendor text may reach one, it must be shown
 * to be linear (`linear.test.ts`) before it is counted here. By file, how many there are.
 */
const REVIEWED: Readonly<Record<string, number>> = {
  // Anchored at the beginning, and no repetition can give a character to the next one.
  'producers/customer_io/settings.ts': 1,
  'producers/customer_io/tables/sending.ts': 2,
  'src/core/json/parse.ts': 1,
  'src/core/time.ts': 2,
  'src/observability/endpoint-labels.ts': 1,
  'src/record/coercers.ts': 1,
  // Each match begins with a mark that no repetition takes.
  'src/sdk/soap/answer.ts': 1,
  // Over texts of ours or of the operating system.
  'src/sdk/soap/describe.ts': 1,
  'src/core/processes.ts': 1,
  'src/state/address-space.ts': 1,
};

const ROOMS = ['src/core', 'src/record', 'src/sdk', 'src/state', 'src/engine', 'src/observability', 'producers'];
const LITERAL = /(?<=[=(,:?[!&|]\s*|return\s)\/(?![/*\s])(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[dgimsuvy]*/g;
const UNBOUNDED = /(?:[^\\]|\\.)(?:[*+]|\{\d+,\})/g;

const outsideClasses = (expression: string): string => expression.replace(/\[(?:[^\]\\]|\\.)*\]/g, 'x').replace(/\\./g, 'x');

it('no expression with several unbounded repetitions has come that nobody has looked at', () => {
  const found: Record<string, number> = {};
  let all = 0;
  for (const room of ROOMS)
    for (const name of readdirSync(room, { recursive: true, encoding: 'utf8' }).filter((one) => one.endsWith('.ts'))) {
      const file = `${room}/${name}`;
      for (const [literal] of readFileSync(file, 'utf8').matchAll(LITERAL)) {
        all += 1;
        const repetitions = outsideClasses(literal).match(UNBOUNDED)?.length ?? 0;
        if (repetitions > 1) found[file] = (found[file] ?? 0) + 1;
      }
    }
  expect(all).toBeGreaterThan(50);
  expect(found).toEqual(REVIEWED);
});
