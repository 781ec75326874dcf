import net from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a line does to what passes; an empty one lets everything pass. Chances are per piece of data, 0..1. */
export interface LineFaults {
  /** Nothing passes in either direction, connections stay open and new ones are accepted: a frozen host. */
  readonly silent?: boolean;
  /** Added to each direction. */
  readonly latencyMs?: number;
  readonly bytesPerSecond?: number;
  /** The connection is reset. */
  readonly resets?: number;
  /** From then on nothing of the connection passes. */
  readonly blackHoles?: number;
}

/** A TCP line to one server, for any number of processes, whose faults a test decides while it is in use. */
export interface FaultyLine {
  readonly port: number;
  /** Connections that are open. */
  readonly open: () => number;
  /** Bytes that came from clients. */
  readonly heard: () => number;
  /** Pieces of data that were let vanish. */
  readonly swallowed: () => number;
  suffer(faults: LineFaults): void;
  close(): Promise<void>;
}

/** `target` is `host:port`. */
export async function startFaultyLine(target: string, random: () => number = Math.random): Promise<FaultyLine> {
  const at = target.lastIndexOf(':');
  const place = { host: target.slice(0, at), port: Number(target.slice(at + 1)) };
  const sockets = new Set<Socket>();
  let faults: LineFaults = {};
  let heard = 0;
  let swallowed = 0;

  /** Hands on what comes from one side, in order. */
  const carry = (from: Socket, to: Socket, line: { dead: boolean }): void => {
    let last: Promise<void> = Promise.resolve();
    const hand = async (piece: Buffer): Promise<void> => {
      const { latencyMs = 0, bytesPerSecond, resets = 0, blackHoles = 0 } = faults;
      if (random() < blackHoles) line.dead = true;
      if (line.dead || faults.silent) {
        swallowed += 1;
        return;
      }
      if (random() < resets) {
        from.resetAndDestroy();
        to.resetAndDestroy();
        return;
      }
      if (latencyMs > 0) await sleep(latencyMs, undefined, { ref: false });
      if (bytesPerSecond === undefined) {
        to.write(piece);
        return;
      }
      for (let sent = 0; sent < piece.length && !to.destroyed;) {
        // The line may have been mended meanwhile.
        const now = faults.bytesPerSecond;
        const size = now === undefined ? piece.length - sent : Math.max(1, Math.round(now / 10));
        to.write(piece.subarray(sent, sent + size));
        sent += size;
        if (now !== undefined) await sleep(Math.max(100, 1_000 / now), undefined, { ref: false });
      }
    };
    from.on('data', (piece: Buffer) => {
      from.pause();
      last = last.then(() => hand(piece)).finally(() => from.resume());
      last.catch(() => undefined);
    });
  };

  const server = net.createServer((client) => {
    const upstream = net.connect(place);
    const line = { dead: false };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (piece: Buffer) => void (heard += piece.length));
    carry(client, upstream, line);
    carry(upstream, client, line);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    open: () => sockets.size / 2,
    heard: () => heard,
    swallowed: () => swallowed,
    suffer: (next) => void (faults = next),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
