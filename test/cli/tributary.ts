import { main } from '../../src/cli/main.ts';
import { processDeps } from '../../src/cli/process.ts';
import { sampleSource } from '../config/sample-source.ts';

// The command as bin/tributary.ts makes it, with a made-up source.
process.exitCode = await main(processDeps([sampleSource]), process.argv.slice(2));
