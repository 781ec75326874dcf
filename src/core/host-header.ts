import { isIP } from 'node:net';
import { hostname } from 'node:os';

/** Ends of names that no stranger can own: nobody sells them, and only a cluster's or a network's own name server answers for them. */
const PRIVATE_ENDS = ['.svc', '.cluster.local', '.internal', '.localhost'];

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

/**
 * Whether a request's Host header may be answered by a server that listens on `bound`.
 *
 * A page of somebody else can make its own name point at us (DNS rebinding); its browser then sends us that name. So a
 * server on a loopback address takes loopback names and addresses, and any other server what no stranger's name can
 * be: addresses (probes and scrapers by pod address), names without a dot, those of a cluster, and the machine's own.
 * `allowed` adds names.
 */
export function hostCheck(bound: string, allowed: readonly string[]): (host: string | undefined) => boolean {
  const local = isLoopback(bound);
  const names = new Set([
    'localhost',
    bound.toLowerCase(),
    ...allowed.map((name) => (isIP(name) === 0 ? nameOf(name) : name)),
    ...(local ? [] : [hostname().toLowerCase()]),
  ]);
  return (host) => {
    const name = nameOf(host ?? '');
    if (names.has(name) || isLoopback(name)) return true;
    if (local || name === '') return false;
    return (
      isIP(name) !== 0 || /^[a-z0-9_-]+$/.test(name) || (/^[a-z0-9_.-]+$/.test(name) && PRIVATE_ENDS.some((end) => name.endsWith(end)))
    );
  };
}

/** Without port, brackets and the dot of a full name. */
function nameOf(host: string): string {
  return host
    .trim()
    .toLowerCase()
    .replace(/:\d{1,5}$/, '')
    .replace(/^\[([^[\]]*)\]$/, '$1')
    .replace(/\.$/, '');
}
