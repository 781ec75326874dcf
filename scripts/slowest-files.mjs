import { relative } from 'node:path';

const SHOWN = 10;

/** A reporter of vitest: the files a run spent its time with, longest first, so that growth is seen. Silent for a few files. */
// By its default export vitest knows a reporter.
// oxlint-disable-next-line import/no-default-export
export default class SlowestFiles {
  onTestRunEnd(modules) {
    if (modules.length <= SHOWN) return;
    const files = modules.map((module) => {
      const { collectDuration, duration } = module.diagnostic();
      return { name: relative(process.cwd(), module.moduleId), ms: collectDuration + duration };
    });
    files.sort((a, b) => b.ms - a.ms);
    const all = files.reduce((sum, { ms }) => sum + ms, 0);
    console.log(`the slowest of ${files.length} files, which took ${seconds(all)} s together, hooks and imports included:`);
    for (const { name, ms } of files.slice(0, SHOWN)) console.log(`${seconds(ms).padStart(8)} s  ${name}`);
  }
}

const seconds = (ms) => (ms / 1000).toFixed(1);
