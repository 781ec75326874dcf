import { Agent, createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { diceOf, type Dice } from './mutation.ts';
import { mutateJson, touchedBetween, type Manners } from './mutate-json.ts';
import { mutateTransport, spoilt, type Wire } from './mutate-transport.ts';
import { mutateXml } from './mutate-xml.ts';

/** What is done to the answers of one run. */
export interface Plan {
  readonly seed: number;
  /** The first request whose answer is changed, from 0. */
  readonly first: number;
  /** How many are. */
  readonly times: number;
  /** Changes the answer to that path, in place of the dice. False: it left it as it is. */
  readonly alter?: (wire: Wire, path: string) => boolean;
}

/** What was done. */
export interface Done {
  readonly what: readonly string[];
  readonly touched: ReadonlySet<string>;
  /** What the changed answers were asked about: parts of their addresses, which readers put into rows. */
  readonly asked: ReadonlySet<string>;
  readonly everything: boolean;
  readonly requests: number;
}

export interface Proxy {
  readonly url: string;
  /** Requests that came here although they were sent elsewhere. */
  readonly strayed: string[];
  /** Requests begun and not answered yet, those left without an answer not counted; and how many there were at all. */
  pending(): number;
  seen(): number;
  begin(plan?: Plan): void;
  done(): Done;
  close(): Promise<void>;
}

/** Answers of the vendor at `target`, changed as planned. Its own address stands in them instead of the vendor's. */
export async function startProxy(target: string, manners: Manners): Promise<Proxy> {
  const strayed: string[] = [];
  const trap = createServer((incoming, response) => {
    strayed.push(incoming.url ?? '');
    response.end('{}');
  });
  const trapUrl = await listening(trap);
  const agent = new Agent({ keepAlive: true });
  const origin = new URL(target).origin;
  let url = '';
  let pending = 0;
  let total = 0;
  let plan: Plan | undefined;
  let state = fresh();

  const server = createServer((incoming, response) => {
    pending += 1;
    total += 1;
    const number = (state.requests += 1) - 1;
    let open = true;
    const over = (): void => {
      if (open) pending -= 1;
      open = false;
    };
    // Also of a request that was given up before it was whole.
    response.on('close', over);
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const sent = Buffer.concat(chunks);
      const current = plan;
      const mine = state;
      ask(incoming, sent)
        .then((wire) => {
          const hit = current !== undefined && number >= current.first && number < current.first + current.times;
          if (hit) for (const part of partsOf(incoming.url ?? '')) mine.asked.add(part);
          if (hit)
            spoil(wire, diceOf(current.seed * 31 + (current.times > 3 ? 0 : number - current.first)), echoOf(incoming, sent), mine, {
              alter: current.alter,
              path: incoming.url ?? '',
            });
          answer(response, wire, over);
        })
        .catch((error: unknown) => {
          mine.what.push(`the proxy failed: ${String(error)}`);
          response.destroy();
        });
    });
  });
  url = await listening(server);
  // The address of the other is among the answers' links.
  const path = new URL(target).pathname.replace(/\/$/, '');

  function ask(incoming: IncomingMessage, sent: Buffer): Promise<Wire> {
    return new Promise((resolve, reject) => {
      const { host: _, 'accept-encoding': __, ...headers } = incoming.headers;
      const out = request(`${origin}${incoming.url ?? ''}`, { method: incoming.method, headers, agent }, (back) => {
        const parts: Buffer[] = [];
        back.on('data', (chunk: Buffer) => parts.push(chunk));
        back.on('error', reject);
        back.on('end', () => {
          const kept = Object.fromEntries(Object.entries(back.headers).map(([name, value]) => [name, String(value)]));
          for (const name of ['content-length', 'transfer-encoding', 'connection', 'keep-alive']) delete kept[name];
          const text = Buffer.concat(parts).toString().replaceAll(origin, url);
          resolve({ status: back.statusCode ?? 0, headers: kept, body: Buffer.from(text) });
        });
      });
      out.on('error', reject);
      out.end(sent);
    });
  }

  function spoil(wire: Wire, dice: Dice, echo: string, mine: ReturnType<typeof fresh>, given: Given): void {
    if (given.alter !== undefined) {
      const before = wire.body;
      if (!given.alter(wire, given.path)) return;
      mine.what.push('as planned');
      for (const value of touchedBetween(before.toString(), wire.body.toString()) ?? []) mine.touched.add(value);
      return;
    }
    const text = wire.body.toString();
    const altered =
      wire.status !== 200 || dice.below(4) === 0
        ? undefined
        : text.startsWith('<')
          ? mutateXml(text, dice, echo)
          : mutateJson(text, dice, manners, dice.below(8) === 0 ? `${trapUrl}/elsewhere` : echo);
    if (altered === undefined) {
      const before = wire.body;
      mine.what.push(mutateTransport(wire, dice, echo, trapUrl));
      for (const value of spoilt(before, wire.body)) mine.touched.add(value);
      return;
    }
    wire.body = Buffer.from(altered.text);
    mine.what.push(altered.what);
    for (const value of altered.touched) mine.touched.add(value);
    mine.everything ||= altered.everything;
  }

  return {
    url: `${url}${path}`,
    strayed,
    pending: () => pending,
    seen: () => total,
    begin(next) {
      plan = next;
      state = fresh();
    },
    done: () => ({ ...state }),
    async close() {
      agent.destroy();
      for (const one of [server, trap]) {
        one.closeAllConnections();
        await new Promise((resolve) => one.close(resolve));
      }
    },
  };
}

interface Given {
  readonly alter: Plan['alter'] | undefined;
  readonly path: string;
}

const partsOf = (url: string): readonly string[] =>
  url
    .split('?')[0]
    ?.split('/')
    .map((part) => decodeURIComponent(part)) ?? [];

const fresh = (): { what: string[]; touched: Set<string>; asked: Set<string>; everything: boolean; requests: number } => ({
  what: [],
  touched: new Set(),
  asked: new Set(),
  everything: false,
  requests: 0,
});

async function listening(server: ReturnType<typeof createServer>): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** All that we told the vendor, secrets included. */
function echoOf(incoming: IncomingMessage, sent: Buffer): string {
  return `${JSON.stringify(incoming.headers)} ${incoming.url ?? ''} ${sent.toString().slice(0, 2_000)}`;
}

function answer(response: ServerResponse, wire: Wire, over: () => void): void {
  if (wire.silent === true) {
    over();
    return;
  }
  if (wire.cutAfter === -1) {
    response.destroy();
    return;
  }
  const headers = Object.fromEntries(Object.entries(wire.headers).map(([name, value]) => [name, value.replaceAll(/[^ -~]/g, '')]));
  const { socket } = response;
  if (wire.status > 599 || wire.status < 200) {
    socket?.end(`HTTP/1.1 ${wire.status} Odd\r\ncontent-length: ${wire.body.length}\r\n\r\n${wire.body.toString()}`);
    return;
  }
  response.writeHead(wire.status, { ...headers, 'content-length': wire.told ?? wire.body.length });
  if (wire.cutAfter === undefined) response.end([204, 205, 304].includes(wire.status) ? undefined : wire.body);
  else {
    response.write(wire.body.subarray(0, wire.cutAfter));
    setImmediate(() => socket?.destroy());
  }
}
