// Starts the embedded stack in a folder, prints one JSON line with its addresses, stays until killed.
// node --import tsx scripts/dev-stack.ts <folder> [--connect] [--fast] [--plugins <folder of more plugins for Connect>]
import { parseArgs } from 'node:util';
import { whenLauncherEnds } from '../src/core/launchers.ts';
import { startStack } from '../src/stack/stack.ts';

const { dir, connect, fast, plugins } = given();
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
    connect,
    topicDefaults: fast ? 'fast' : 'normal',
    plugins,
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

function given(): { readonly dir: string; readonly connect: boolean; readonly fast: boolean; readonly plugins: string[] } {
  try {
    const { positionals, values } = parseArgs({
      allowPositionals: true,
      options: {
        connect: { type: 'boolean', default: false },
        fast: { type: 'boolean', default: false },
        plugins: { type: 'string', multiple: true, default: [] },
      },
    });
    const [dir, ...more] = positionals;
    if (dir !== undefined && more.length === 0) return { dir, ...values };
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
  }
  console.error('usage: node --import tsx scripts/dev-stack.ts <folder> [--connect] [--fast] [--plugins <folder>]');
  process.exit(2);
}
