import { spawn } from 'node:child_process';

export interface Guardian {
  /** Sets the processes to end when this process dies without ending them itself. */
  watch(pids: readonly number[]): void;
}

// Reads lists of process ids from stdin. When stdin ends because we have died, it ends the processes of the last list.
const SCRIPT = `
pids=
while read -r line; do pids=$line; done
[ -z "$pids" ] && exit 0
kill -INT $pids 2>/dev/null
n=0
while [ $n -lt 8 ]; do
  sleep 1
  n=$((n + 1))
  left=
  for p in $pids; do kill -0 "$p" 2>/dev/null && left="$left $p"; done
  [ -z "$left" ] && exit 0
done
kill -KILL $left 2>/dev/null
exit 0
`;

/**
 * Starts a small helper process that outlives us by a few seconds, so that no server stays behind even when we are killed by
 * force. It does not keep this process alive.
 */
export function startGuardian(): Guardian {
  const helper = spawn('/bin/sh', ['-c', SCRIPT, 'tributary-guardian'], { stdio: ['pipe', 'ignore', 'ignore'], detached: true, cwd: '/' });
  const quiet = (): void => undefined;
  helper.on('error', quiet);
  helper.stdin.on('error', quiet);
  helper.unref();
  (helper.stdin as unknown as { unref?(): void }).unref?.();
  return {
    watch(pids) {
      if (helper.stdin.writable) helper.stdin.write(`${pids.join(' ')}\n`);
    },
  };
}
