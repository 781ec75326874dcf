import { commandLine, isAlive, parentOf } from './processes.ts';

/** Programs that only start another program. Some do not forward every signal, and none does when it is killed by force. */
const LAUNCHER = /^(npm|npx|pnpm|yarn)( |$)|[\\/](npm|npx)(-cli\.js)?( |$)|[\\/]tsx([\\/]dist[\\/]cli\.mjs)?( |$)/;
/** The shells with which npm runs a script. */
const SHELL = /^(\/\S*\/)?(sh|dash|bash) -c /;
const lookMs = 500;
const deepest = 8;

/**
 * The launchers above this process, nearest first. A shell counts only between launchers, because any other shell may end
 * and leave us running on purpose (`nohup ... &`).
 */
export async function launchersOf(pid: number): Promise<readonly number[]> {
  const found: number[] = [];
  let launchers = 0;
  for (let at = await parentOf(pid); at !== undefined && at > 1 && found.length < deepest; at = await parentOf(at)) {
    const command = (await commandLine(at)) ?? '';
    if (!LAUNCHER.test(command) && !SHELL.test(command)) break;
    found.push(at);
    if (LAUNCHER.test(command)) launchers = found.length;
  }
  return found.slice(0, launchers);
}

/** Calls back once when a launcher of this process has ended before it. Returns a function that stops watching. */
export function whenLauncherEnds(callback: () => void): () => void {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  const look = async (launchers: readonly number[]): Promise<void> => {
    if (stopped) return;
    const alive = await Promise.all(launchers.map(isAlive));
    if (stopped) return;
    if (alive.includes(false)) return callback();
    timer = setTimeout(() => void look(launchers), lookMs);
    timer.unref();
  };
  void launchersOf(process.pid).then((launchers) => (launchers.length === 0 ? undefined : look(launchers)));
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
