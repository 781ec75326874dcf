#!/usr/bin/env node
import { processDeps } from '../src/cli/process.ts';
import { main, showsHelp } from '../src/cli/main.ts';
import { drainingMs } from '../src/cli/session/ending.ts';
import { watchHangups } from '../src/cli/hangups.ts';
import { keepHeapSmall } from '../src/engine/small-heap.ts';

keepHeapSmall();

const argv = process.argv.slice(2);
// Before anything that takes time: a SIGHUP that nobody takes ends the process.
const hangups = argv.some((word) => word === 'run' || word === 'web') ? watchHangups() : undefined;
// Version and help tell nothing of the sources, which take longer to load than all the rest.
const sources = showsHelp(argv) ? [] : (await import('../producers/index.ts')).sources;
process.exitCode = await main(processDeps(sources, hangups), argv);
setTimeout(() => process.exit(), drainingMs).unref();
