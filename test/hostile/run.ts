import { parseArgs } from 'node:util';
import { campaign } from './campaign.ts';
import { hostileSubjects } from './subjects.ts';

/**
 * Hostile answers for every table of every source:
 * `npx tsx test/hostile/run.ts --cases 50000 --seed 7 [--source klaviyo [--table profile [--case 12]]]`
 */
const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    source: { type: 'string' },
    table: { type: 'string' },
    case: { type: 'string' },
  },
});
const TABLES = 63;
const each = values.case === undefined ? Math.ceil(Number(values.cases) / (values.table === undefined ? TABLES : 1)) : 1;
let broken = 0;
for (const subject of hostileSubjects.filter(({ source }) => values.source === undefined || source.name === values.source)) {
  const began = performance.now();
  const outcome = await campaign({
    subject,
    seed: Number(values.seed),
    cases: each,
    ...(values.case === undefined ? {} : { from: Number(values.case) }),
    ...(values.table === undefined ? {} : { table: values.table }),
    progress: (table, cases) =>
      console.error(`${subject.source.name}.${table}: ${cases} cases, ${Math.round(performance.now() / 1_000)} s`),
    report: (fault) => console.log(fault),
  });
  broken += outcome.faults.length;
  const seconds = (performance.now() - began) / 1_000;
  console.log(
    `${subject.source.name}: ${outcome.cases} cases on ${outcome.tables} tables in ${seconds.toFixed(0)} s, ${outcome.faults.length} broken promises, ` +
      `${JSON.stringify(outcome.byOutcome)}, longest stall ${Math.round(outcome.longestStallMs)} ms CPU, most memory ${Math.round(outcome.mostMemory / 2 ** 20)} MiB`,
  );
}
process.exitCode = broken > 0 ? 1 : 0;
