import { closeSync, openSync } from 'node:fs';

/** SIGHUP asks a running command to read its settings again. */
export interface Hangups {
  /** Calls back at every SIGHUP from now on, and for those that came earlier once; returns a function that stops listening. */
  listen(callback: () => void): () => void;
}

/** Whether this process still has a controlling terminal. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}

/**
 * Takes SIGHUP from now on, so that it does not end the process, and keeps it until somebody listens: a command is asked as
 * soon as it was started, and takes seconds until it can act.
 */
export function watchHangups(): Hangups {
  const attached = hasTerminal();
  let listener: (() => void) | undefined;
  let kept = false;
  process.on('SIGHUP', () => {
    // The terminal was closed, so its user has gone: stop, as at SIGTERM.
    if (attached && !hasTerminal()) process.kill(process.pid, 'SIGTERM');
    else if (listener === undefined) kept = true;
    else listener();
  });
  return {
    listen(callback) {
      listener = callback;
      if (kept) queueMicrotask(callback);
      kept = false;
      return () => (listener = undefined);
    },
  };
}
