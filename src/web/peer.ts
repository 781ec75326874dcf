import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';

/** The ends of a connection as we see them. */
export type Ends = Pick<Socket, 'remotePort' | 'localPort'>;

const TABLES = ['/proc/net/tcp', '/proc/net/tcp6'];
const ESTABLISHED = '01';

/**
 * Whether the other end of a loopback connection belongs to another user of this machine (the super-user counts as ourselves).
 * Linux tells whose each socket is; where nobody tells, this says no.
 */
export function isAnotherUsers(ends: Ends, tables: readonly string[] = readTables(), own = process.getuid?.()): boolean {
  if (tables.length === 0 || own === undefined) return false;
  const uid = ownerOf(ends, tables);
  return uid !== own && uid !== 0;
}

/** User of the other end; undefined when it is closed already: then its owner is no longer told. */
function ownerOf({ remotePort, localPort }: Ends, tables: readonly string[]): number | undefined {
  const port = (number = 0): string => `:${number.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const table of tables) {
    for (const line of table.split('\n').slice(1)) {
      // sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid (proc_net_tcp of the kernel's documentation)
      const [, local = '', remote = '', state, , , , uid] = line.trim().split(/\s+/);
      if (local.endsWith(port(remotePort)) && remote.endsWith(port(localPort))) return state === ESTABLISHED ? Number(uid) : undefined;
    }
  }
  return undefined;
}

function readTables(): string[] {
  return TABLES.flatMap((path) => {
    try {
      return [readFileSync(path, 'utf8')];
    } catch {
      return [];
    }
  });
}

const known = new WeakMap<object, boolean>();

/** The same, looked up once for each connection. */
export function fromAnotherUser(socket: Ends & object): boolean {
  let found = known.get(socket);
  if (found === undefined) known.set(socket, (found = isAnotherUsers(socket)));
  return found;
}
