// Starts the embedded stack in a folder, prints one JSON line with its addresses, stays until killed.
// node --import tsx scripts/dev-stack.ts <folder> [--connect] [--fast]
import { whenLauncherEnds } from '../src/core/launchers.ts';
import { startStack } from '../src/stack/stack.ts';

const [dir, ...flags] = process.argv.slice(2);
if (dir === undefined) {
  console.error('usage: node --import tsx scripts/dev-stack.ts <folder> [--connect] [--fast]');
  process.exit(2);
}
const interrupted = new AbortController();
let stop = async (): Promise<void> => undefined;
const end = (): void => {
  interrupted.abort();
  void stop();
};
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
whenLauncherEnds(end);
try {
  const stack = await startStack({
    dir,
    connect: flags.includes('--connect'),
    topicDefaults: flags.includes('--fast') ? 'fast' : 'normal',
    signal: interrupted.signal,
    log: (line) => console.error(line),
    onPartDied: (_part, error) => console.error(error.message),
  });
  const { brokers, registryUrl, connectUrl, login, postgres, pids } = stack;
  const open = setInterval(() => undefined, 60_000);
  stop = async () => {
    clearInterval(open);
    await stack.stop();
  };
  console.log(JSON.stringify({ brokers, registryUrl, connectUrl, login, postgres, pids }));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
