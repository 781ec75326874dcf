// A process that owns a stack until it is killed: prints the addresses as one JSON line.
import { startStack } from '../../src/stack/stack.ts';

const stack = await startStack({ dir: process.argv[2] ?? '', log: (line) => console.error(line) });
setInterval(() => undefined, 60_000);
console.log(
  JSON.stringify({
    brokers: stack.brokers,
    registryUrl: stack.registryUrl,
    login: stack.login,
    postgres: stack.postgres,
    pids: stack.pids,
  }),
);
