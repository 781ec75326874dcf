import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import ssh2, { type SFTPWrapper } from 'ssh2';
import { onAbort } from '../core/clock.ts';
import { cutText } from '../core/cut.ts';
import { TributaryError } from '../core/errors.ts';
import { makeLocalFolder, privateFile } from '../core/local-folder.ts';

/** Access to an SFTP server. */
export interface SftpAccess {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Private key, PEM or OpenSSH. */
  readonly key: string;
  readonly passphrase?: string | undefined;
  /** File with the host keys seen so far. */
  readonly knownHosts: string;
}

export interface SftpConnection {
  readonly sftp: SFTPWrapper;
  /** Resolves when the connection is closed. */
  readonly gone: Promise<void>;
  /** Fingerprint that was stored now, at the first use of this host. */
  readonly pinned: string | undefined;
  close(): void;
}

const READY_MS = 30_000;

/**
 * Opens SFTP with a key. The host key seen first is stored, and any other one is refused from then on.
 * @throws TributaryError `config` for a changed host key or a refused key or user, `transient` when the server is not
 * reachable, `stopped` when the signal fires.
 */
export async function connectSftp(access: SftpAccess, signal: AbortSignal): Promise<SftpConnection> {
  const where = `${access.host}:${access.port}`;
  const known = readKnown(access.knownHosts);
  const client = new ssh2.Client();
  let seen = '';
  let changed = false;
  const gone = new Promise<void>((resolve) => client.once('close', () => resolve()));
  const forget = onAbort(signal, () => client.destroy());
  try {
    const sftp = await new Promise<SFTPWrapper>((resolve, reject) => {
      client.on('error', (error) => reject(error));
      client.once('close', () => reject(new Error('the connection was closed')));
      client.once('ready', () => client.sftp((error, opened) => (error ? reject(error) : resolve(opened))));
      client.connect({
        host: access.host,
        port: access.port,
        username: access.user,
        privateKey: access.key,
        ...(access.passphrase === undefined ? {} : { passphrase: access.passphrase }),
        readyTimeout: READY_MS,
        keepaliveInterval: 15_000,
        hostVerifier: (key: Buffer) => {
          seen = `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
          changed = known[where] !== undefined && known[where] !== seen;
          return !changed;
        },
      });
      // Many small messages go to and fro until a connection is open; collected by the system, each costs 40 ms.
      client.setNoDelay(true);
      if (signal.aborted) client.destroy();
    });
    sftp.on('error', () => undefined);
    const first = known[where] === undefined;
    if (first) {
      makeLocalFolder(dirname(access.knownHosts));
      privateFile(access.knownHosts, `${JSON.stringify({ ...readKnown(access.knownHosts), [where]: seen }, null, 2)}\n`);
    }
    return { sftp, gone, pinned: first ? seen : undefined, close: () => (forget(), client.end()) };
  } catch (cause) {
    forget();
    client.destroy();
    throw refusal(cause as Error & { level?: string; code?: string }, { where, seen, changed, pinned: known[where], access, signal });
  }
}

function refusal(
  error: Error & { level?: string },
  at: {
    readonly where: string;
    readonly seen: string;
    readonly changed: boolean;
    readonly pinned: string | undefined;
    readonly access: SftpAccess;
    readonly signal: AbortSignal;
  },
): TributaryError {
  const { where, access } = at;
  if (at.signal.aborted) return new TributaryError('The import was stopped.', { kind: 'stopped', code: 'import:stopped', cause: error });
  if (at.changed) {
    return new TributaryError(`${where} shows another host key than before: ${at.seen} instead of ${at.pinned}. Nothing was sent.`, {
      kind: 'config',
      code: 'import:host_key',
      remedy: `Someone may be intercepting the connection. Ask the vendor whether the key was changed; only if it was, remove the line of ${where} from ${access.knownHosts} and try again.`,
      cause: error,
    });
  }
  if (error.level === 'client-authentication') {
    return new TributaryError(`${where} did not accept the key of ${access.user}.`, {
      kind: 'config',
      code: 'import:key_refused',
      remedy:
        'Add the public key at the vendor (tributary import key shows it and where), and check the setting sftp.user of the connection.',
      cause: error,
    });
  }
  return new TributaryError(`${where} is not reachable over SFTP: ${cutText(error.message, 300)}.`, {
    kind: 'transient',
    code: 'import:unreachable',
    remedy: 'Check sftp.host and sftp.port of the connection and that no firewall blocks this machine. It is tried again.',
    cause: error,
  });
}

function readKnown(file: string): Record<string, string> {
  if (!existsSync(file)) return {};
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
  } catch (cause) {
    // If it counted as empty, every host would be new, and a changed key would be accepted.
    throw new TributaryError(`The file of known hosts ${file} cannot be read.`, {
      kind: 'config',
      code: 'import:host_key',
      remedy: 'Restore it. Or remove it, and ask the vendor whether the fingerprint that is then shown is its own.',
      cause,
    });
  }
}
