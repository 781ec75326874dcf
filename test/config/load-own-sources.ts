import { loadOwnSources } from '../../src/config/own-sources.ts';
import { sampleSource } from './sample-source.ts';

// In a process of its own, as Node loads modules and no test runner does: what each settings file of the arguments gives.
const found = [];
for (const file of process.argv.slice(2)) {
  const { sources, problem } = await loadOwnSources(file, [sampleSource]);
  found.push({
    tables: sources.flatMap((source) => source.tables({}).map((table) => `${source.name}.${table.name}`)),
    error: problem === undefined ? null : { kind: problem.kind, code: problem.code, message: problem.message, remedy: problem.remedy },
  });
}
process.stdout.write(JSON.stringify(found));
