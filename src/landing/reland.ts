import { setTimeout as sleep } from 'node:timers/promises';
import { TributaryError } from '../core/errors.ts';
import type { KafkaAccess } from '../kafka/client.ts';
import { readTopics } from '../kafka/reader.ts';
import type { ConnectClient, SinkOffset } from './connect-client.ts';
import { readLandingErrors, type LandingError } from './errors-log.ts';
import type { LandingStatus } from './status.ts';

/**
 * Errors of a converter while the schema registry is unavailable. They put good rows among the dead letters, because Connect
 * retries only a RetriableException. An unknown schema, and bytes that are not Avro, cause other errors and stay dead letters.
 */
const PASSING =
  /\b(ConnectException: Connection refused|ConnectException$|SocketTimeoutException|SocketException|HttpTimeoutException|HttpConnectTimeoutException|UnknownHostException|ClosedChannelException|NoRouteToHostException|SSLHandshakeException|TimeoutException|EOFException)\b|\bapicurio[\w.]*\.RestClientException\b|RestClientException: .*(error code: 5\d\d|; error code: 50\d)/m;

export function isPassing(headers: Readonly<Record<string, string>>): boolean {
  const said = (name: string): string => headers[`__connect.errors.exception.${name}`] ?? '';
  const type = said('class.name');
  if (type.endsWith('NotFoundException')) return false;
  // The first line and the line of each cause.
  const causes = said('stacktrace')
    .split('\n')
    .filter((line) => line.startsWith('Caused by: '));
  return PASSING.test([`${type}: ${said('message')}`, ...causes].join('\n'));
}

export interface RelandOptions {
  readonly landing: string;
  readonly access: KafkaAccess;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** Makes sinks read again the rows that became dead letters only because the registry was unavailable. */
export interface Relander {
  /** Checks a sink's new dead letters. When there are such rows and no further one has come for a while, rewinds the sink. Returns an event to report, if any. */
  attend(connect: ConnectClient, status: LandingStatus, deadLetterTopic: string): Promise<LandingError | undefined>;
}

interface Seen {
  /** Offset up to which dead letters have been checked. */
  until: number;
  /** Epoch ms at which the last row of this kind was seen. */
  lastAt: number;
  /** The oldest such row of each partition: the offset to read again from. */
  readonly oldest: Map<string, SinkOffset>;
  count: number;
}

/** No further such row for this long (ms): the registry is available again, or nothing is being read. */
const NO_MORE_AFTER_MS = 45_000;
const STOP_MS = 60_000;

export function relander({ landing, access, now, signal }: RelandOptions): Relander {
  const seen = new Map<string, Seen>();

  async function start(connector: string): Promise<Seen> {
    // What another process, or this one before a restart, has already made the sink read again.
    const past = await readLandingErrors(access, { landings: [landing], since: 0, last: 500 });
    const until = past.find((error) => error.connector === connector && error.deadLettersUntil !== undefined)?.deadLettersUntil ?? 0;
    return { until, lastAt: 0, oldest: new Map(), count: 0 };
  }

  return {
    async attend(connect, { connector, connection, state, deadLetters }, topic) {
      if (state !== 'RUNNING' || deadLetters === 0) return undefined;
      const of = seen.get(connector) ?? (await start(connector));
      seen.set(connector, of);
      await readTopics(
        access,
        [{ topic, from: new Map([[0, BigInt(of.until)]]) }],
        ({ offset, headers }) => {
          of.until = Number(offset) + 1;
          if (!isPassing(headers)) return;
          const place = {
            topic: headers['__connect.errors.topic'] ?? '',
            partition: Number(headers['__connect.errors.partition']),
            offset: Number(headers['__connect.errors.offset']),
          };
          const known = of.oldest.get(`${place.topic} ${place.partition}`);
          if (known === undefined || place.offset < known.offset) of.oldest.set(`${place.topic} ${place.partition}`, place);
          of.count += 1;
          of.lastAt = now();
        },
        { signal },
      );
      if (of.oldest.size === 0 || now() - of.lastAt < NO_MORE_AFTER_MS) return undefined;
      await rewind(connect, connector, [...of.oldest.values()], now, signal);
      const { count, until } = of;
      of.oldest.clear();
      of.count = 0;
      return {
        at: now(),
        landing,
        connector,
        connection,
        code: 'landing:read_again',
        summary: `${connector} reads again from where the schema registry did not answer: ${count} ${count === 1 ? 'row' : 'rows'} had gone to the dead letters without being at fault.`,
        message: 'The converter could not reach the schema registry.',
        deadLettersUntil: until,
      };
    },
  };
}

/**
 * Makes a sink read again from these offsets at the latest. Rows then land a second time, which upserts and views tolerate. A
 * partition that is not committed as far needs no other offset, but a start: the JDBC sink commits only what it has written, so
 * its consumer may be past rows that the next good one would pass over for ever.
 */
export async function rewind(
  connect: Pick<ConnectClient, 'offsets' | 'stop' | 'status' | 'setOffsets' | 'resume'>,
  name: string,
  to: readonly SinkOffset[],
  now: () => number,
  signal: AbortSignal,
): Promise<void> {
  const committed = await connect.offsets(name);
  const back = to.filter(({ topic, partition, offset }) =>
    committed.some((one) => one.topic === topic && one.partition === partition && one.offset > offset),
  );
  const deadline = now() + STOP_MS;
  await connect.stop(name);
  try {
    for (;;) {
      const status = await connect.status(name);
      if (status?.connector.state === 'STOPPED' && status.tasks.length === 0) break;
      if (now() > deadline)
        throw new TributaryError(`The connector ${name} does not stop.`, {
          kind: 'transient',
          remedy: 'Check the log of the Connect worker.',
        });
      await sleep(200, undefined, { signal });
    }
    if (back.length > 0) await connect.setOffsets(name, back);
  } finally {
    await connect.resume(name);
  }
}
