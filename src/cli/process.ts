import { colourRefused, userEnvironment } from '../config/env.ts';
import { systemClock } from '../core/clock.ts';
import type { Source } from '../sdk/source.ts';
import type { CliDeps } from './app.ts';
import { watchHangups, type Hangups } from './hangups.ts';
import { whenLauncherEnds } from '../core/launchers.ts';
import { REVISION, VERSION } from '../core/version.ts';

/** The command's environment in a real process; `hangups` has taken SIGHUP since the start. */
export function processDeps(sources: readonly Source[], hangups?: Hangups): CliDeps {
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
    onReload: (callback) => (hangups ?? watchHangups()).listen(callback),
    exitNow: (code) => process.exit(code),
  };
}
