import { isIP } from 'node:net';
import { hostname } from 'node:os';

/** Suffixes of names that nobody can register on the internet: only the name server of a cluster or of a private network resolves them. */
const PRIVATE_ENDS = ['.svc', '.cluster.local', '.internal', '.localhost'];

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

/**
 * Returns a check of the Host header for a server that listens on `bound`.
 *
 * A foreign web page can point its own domain name at our address (DNS rebinding), and the browser then sends us that name.
 * So a server on a loopback address accepts loopback names and addresses only. Any other server accepts what no foreign
 * domain can be: addresses (probes and scrapers use pod addresses), names without a dot, names of a cluster, and the name
 * of this machine. `allowed` adds names.
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

/** The host without port, brackets and a trailing dot. */
function nameOf(host: string): string {
  return host
    .trim()
    .toLowerCase()
    .replace(/:\d{1,5}$/, '')
    .replace(/^\[([^[\]]*)\]$/, '$1')
    .replace(/\.$/, '');
}
