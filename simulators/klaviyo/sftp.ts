import { generateKeyPairSync } from 'node:crypto';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import ssh2, { type Connection, type SFTPWrapper } from 'ssh2';
import type { IngestKind } from './ingest.ts';

const { Server, utils } = ssh2;
const { STATUS_CODE, OPEN_MODE } = utils.sftp;

export interface SftpOptions {
  /** Receives a file whose handle was closed. */
  ingest(kind: IngestKind, file: Buffer): void;
  /** User names and their public keys in OpenSSH form. */
  users: Record<string, string>;
  /** Private host key; by default a new one. */
  hostKey?: string;
  port?: number;
}

/** Ways the server may misbehave. The vendor does not document which of them its own server shows. */
export interface SftpSwitches {
  /** The connection is cut each time the total of received bytes reaches one of these numbers. */
  cutAt: number[];
  /**
   * What happens to a file that was open when the connection was cut: it is removed, stays as it is, or is imported as far as
   * received.
   */
  onCut: 'discard' | 'keep' | 'ingest';
  /** Whether an existing file can be opened again and appended to; S3 behind AWS Transfer Family cannot do that. */
  resumable: boolean;
  /** Total of received bytes after which no write is answered, as by a server that hangs. */
  stallAt: number;
  /** Total of received bytes after which the disk is full. */
  capacity: number;
  /** Files are accepted but not imported, as before the vendor has processed them. */
  lost: boolean;
  /** Folder that may not be written to. */
  refused: IngestKind | undefined;
}

export interface SftpSimulator {
  readonly port: number;
  readonly switches: SftpSwitches;
  /** Every accepted file, in order. */
  readonly accepted: { name: string; kind: IngestKind; bytes: number }[];
  /** Total of received bytes. */
  readonly received: () => number;
  /** Most files open at once in one folder. */
  readonly mostOpen: () => number;
  close(): Promise<void>;
}

interface Handle {
  readonly path: string;
  readonly kind: IngestKind;
}

export async function startSftp(options: SftpOptions): Promise<SftpSimulator> {
  const switches: SftpSwitches = {
    cutAt: [],
    onCut: 'discard',
    resumable: true,
    stallAt: Infinity,
    capacity: Infinity,
    lost: false,
    refused: undefined,
  };
  const files = new Map<string, Buffer[]>();
  const accepted: SftpSimulator['accepted'] = [];
  const sockets = new Set<Socket>();
  const keys = new Map(Object.entries(options.users).map(([user, key]) => [user, utils.parseKey(key)] as const));
  let [received, mostOpen] = [0, 0];
  const opened: Record<IngestKind, number> = { profiles: 0, events: 0 };
  const sizeOf = (path: string): number | undefined => files.get(path)?.reduce((sum, piece) => sum + piece.length, 0);

  function take({ path, kind }: Handle): void {
    const content = Buffer.concat(files.get(path) ?? []);
    files.delete(path);
    accepted.push({ name: path.split('/').at(-1) ?? '', kind, bytes: content.length });
    if (!switches.lost) options.ingest(kind, content);
  }

  function session(sftp: SFTPWrapper, socket: Socket): void {
    const handles = new Map<number, Handle>();
    let next = 1;
    const handleOf = (buffer: Buffer): Handle | undefined => handles.get(buffer.readUInt32BE(0));
    const stats = (size: number, folder = false) => ({ mode: folder ? 0o40755 : 0o100644, uid: 0, gid: 0, size, atime: 0, mtime: 0 });
    const stat = (id: number, given: string): void => {
      const path = clean(given);
      if (['', 'profiles', 'events'].includes(path)) return sftp.attrs(id, stats(0, true));
      const size = sizeOf(path);
      if (size === undefined) sftp.status(id, STATUS_CODE.NO_SUCH_FILE);
      else sftp.attrs(id, stats(size));
    };
    sftp.on('REALPATH', (id, path) => sftp.name(id, [{ filename: `/${clean(path)}`, longname: '', attrs: stats(0, true) }]));
    sftp.on('STAT', stat);
    sftp.on('LSTAT', stat);
    sftp.on('OPEN', (id, given, flags) => {
      const path = clean(given);
      const [folder, name] = path.split('/');
      if ((folder !== 'profiles' && folder !== 'events') || !name) return sftp.status(id, STATUS_CODE.NO_SUCH_FILE, 'No such folder');
      if (folder === switches.refused) return sftp.status(id, STATUS_CODE.PERMISSION_DENIED, 'Permission denied');
      const fresh = (flags & OPEN_MODE.TRUNC) !== 0;
      if (!fresh && !files.has(path)) return sftp.status(id, STATUS_CODE.NO_SUCH_FILE);
      if (!fresh && !switches.resumable) return sftp.status(id, STATUS_CODE.OP_UNSUPPORTED, 'Append is not supported');
      if (fresh) files.set(path, []);
      const handle = Buffer.alloc(4);
      handle.writeUInt32BE(next, 0);
      handles.set(next++, { path, kind: folder });
      opened[folder] += 1;
      mostOpen = Math.max(mostOpen, opened[folder]);
      sftp.handle(id, handle);
    });
    sftp.on('FSTAT', (id, buffer) => {
      const handle = handleOf(buffer);
      if (handle === undefined) sftp.status(id, STATUS_CODE.FAILURE);
      else sftp.attrs(id, stats(sizeOf(handle.path) ?? 0));
    });
    sftp.on('WRITE', (id, buffer, offset, data) => {
      const handle = handleOf(buffer);
      if (handle === undefined) return sftp.status(id, STATUS_CODE.FAILURE);
      const pieces = files.get(handle.path) as Buffer[];
      if (offset !== (sizeOf(handle.path) ?? 0)) return sftp.status(id, STATUS_CODE.OP_UNSUPPORTED, 'Only sequential writes');
      if (received + data.length > switches.capacity) return sftp.status(id, STATUS_CODE.FAILURE, 'No space left on device');
      const cut = switches.cutAt[0];
      const kept = cut !== undefined && received + data.length >= cut ? Math.max(0, cut - received) : data.length;
      pieces.push(Buffer.from(data.subarray(0, kept)));
      received += kept;
      if (kept < data.length || cut === received) {
        switches.cutAt.shift();
        socket.destroy();
        return;
      }
      if (received < switches.stallAt) sftp.status(id, STATUS_CODE.OK);
    });
    sftp.on('CLOSE', (id, buffer) => {
      const handle = handleOf(buffer);
      if (handle === undefined) return sftp.status(id, STATUS_CODE.FAILURE);
      handles.delete(buffer.readUInt32BE(0));
      opened[handle.kind] -= 1;
      take(handle);
      sftp.status(id, STATUS_CODE.OK);
    });
    socket.once('close', () => {
      for (const handle of handles.values()) {
        opened[handle.kind] -= 1;
        if (switches.onCut === 'discard') files.delete(handle.path);
        if (switches.onCut === 'ingest') take(handle);
      }
      handles.clear();
    });
  }

  const hostKey = options.hostKey ?? newHostKey();
  const ssh = new Server({ hostKeys: [hostKey] }, (client: Connection) => {
    // The package does not expose its socket; a cut must destroy it without a goodbye message.
    const { _sock: own } = client as unknown as { readonly _sock: Socket };
    client.on('authentication', (auth) => {
      const key = keys.get(auth.username);
      if (auth.method !== 'publickey' || key === undefined || key instanceof Error) return auth.reject(['publickey']);
      if (!auth.key.data.equals(key.getPublicSSH())) return auth.reject(['publickey']);
      if (auth.signature && auth.blob && key.verify(auth.blob, auth.signature, auth.hashAlgo) !== true) return auth.reject(['publickey']);
      auth.accept();
    });
    client.on('error', () => undefined);
    client.on('ready', () => client.on('session', (accept) => accept().on('sftp', (acceptSftp) => session(acceptSftp(), own))));
  });
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
    ssh.injectSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    switches,
    accepted,
    received: () => received,
    mostOpen: () => mostOpen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** Not with the generator of `ssh2`, which removes leading zero bytes of ed25519 keys, so that one in 256 cannot be read. */
function newHostKey(): string {
  return generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'sec1', format: 'pem' },
  }).privateKey;
}

const clean = (path: string): string =>
  path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
