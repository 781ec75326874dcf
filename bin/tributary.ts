#!/usr/bin/env node
import { processDeps } from '../src/cli/process.ts';
import { main, showsHelp } from '../src/cli/main.ts';
import { drainingMs } from '../src/cli/session/ending.ts';
import { hideKnownWarnings } from '../src/core/known-warnings.ts';
import { keepHeapSmall } from '../src/engine/small-heap.ts';

keepHeapSmall();
hideKnownWarnings();

const argv = process.argv.slice(2);
// Version and help tell nothing of the sources, which take longer to load than all the rest.
const sources = showsHelp(argv) ? [] : (await import('../producers/index.ts')).sources;
process.exitCode = await main(processDeps(sources), argv);
setTimeout(() => process.exit(), drainingMs).unref();
