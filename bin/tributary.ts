#!/usr/bin/env node
import { sources } from '../producers/index.ts';
import { processDeps } from '../src/cli/process.ts';
import { main } from '../src/cli/main.ts';
import { drainingMs } from '../src/cli/session/ending.ts';
import { keepHeapSmall } from '../src/engine/small-heap.ts';

keepHeapSmall();

process.exitCode = await main(processDeps(sources), process.argv.slice(2));
setTimeout(() => process.exit(), drainingMs).unref();
