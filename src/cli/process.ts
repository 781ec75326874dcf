import { closeSync, openSync } from 'node:fs';
import { colourRefused, userEnvironment } from '../config/env.ts';
import { systemClock } from '../core/clock.ts';
import type { Source } from '../sdk/source.ts';
import type { CliDeps } from './app.ts';
import { whenLauncherEnds } from '../core/launchers.ts';
import { REVISION, VERSION } from '../core/version.ts';

/** Whether this process still has a controlling terminal. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}

/** The command's environment in a real process. */
export function processDeps(sources: readonly Source[]): CliDeps {
  // A reader that closes the pipe (`tributary status | head`) or the terminal is not an error: the command continues and keeps its exit code.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'EIO') process.exit(1);
    });
  }
  return {
    sources,
    version: VERSION,
    revision: REVISION,
    stdout: process.stdout,
    stderr: process.stderr,
    variables: userEnvironment(),
    noColours: colourRefused(),
    cwd: process.cwd(),
    clock: systemClock,
    random: Math.random,
    onSignal(callback) {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, callback);
      const unwatch = whenLauncherEnds(callback);
      return () => {
        unwatch();
        for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, callback);
      };
    },
    onReload(callback) {
      const attached = hasTerminal();
      const hangup = (): void => {
        // The terminal was closed, so its user has gone: stop, as at SIGTERM.
        if (attached && !hasTerminal()) process.kill(process.pid, 'SIGTERM');
        else callback();
      };
      process.on('SIGHUP', hangup);
      return () => void process.off('SIGHUP', hangup);
    },
    exitNow: (code) => process.exit(code),
  };
}
