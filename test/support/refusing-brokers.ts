import { createRequire } from 'node:module';

/*
 * Brokers that refuse: the requests of one client (by its client id) are answered with an error code instead of being sent. kafkajs
 * throws what its response parsers throw for such an answer, so everything behind that is real.
 */

/** Keys of Kafka's requests (Protocol Guide, "Api Keys"). */
export const API = {
  Produce: 0,
  Fetch: 1,
  ListOffsets: 2,
  Metadata: 3,
  FindCoordinator: 10,
  JoinGroup: 11,
  Heartbeat: 12,
  LeaveGroup: 13,
  SyncGroup: 14,
  DescribeGroups: 15,
  CreateTopics: 19,
  InitProducerId: 22,
  AddPartitionsToTxn: 24,
  EndTxn: 26,
  DescribeConfigs: 32,
} as const;
export type Api = keyof typeof API;

/** A code of the protocol, or no answer at all and no time-out either, as kafkajs leaves requests behind. */
export type Refused = number | 'no answer';

interface Refusal {
  readonly api: Api;
  readonly code: Refused;
  /** Requests that are refused; then the brokers answer again. */
  left: number;
  /** Requests refused so far. */
  refused: number;
}

interface Request {
  readonly request: { readonly apiKey: number };
}
interface Connection {
  readonly clientId: string;
  send(asked: Request): Promise<unknown>;
}

const require = createRequire(import.meta.url);
const { createErrorFromCode } = require('kafkajs/src/protocol/error') as { createErrorFromCode: (code: number) => Error };
const { KafkaJSAggregateError, KafkaJSCreateTopicError } = require('kafkajs/src/errors') as {
  KafkaJSAggregateError: new (message: string, errors: readonly Error[]) => Error;
  KafkaJSCreateTopicError: new (error: Error, topic: string) => Error;
};
const Connections = require('kafkajs/src/network/connection') as { readonly prototype: Connection };

const refusals = new Map<string, readonly Refusal[]>();
const send = Connections.prototype.send;
Connections.prototype.send = async function (this: Connection, asked: Request) {
  const refusal = refusals.get(this.clientId)?.find(({ api, left }) => left > 0 && API[api] === asked.request.apiKey);
  if (refusal === undefined) return send.call(this, asked);
  refusal.left -= 1;
  refusal.refused += 1;
  if (refusal.code === 'no answer') return new Promise(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, 1));
  const error = createErrorFromCode(refusal.code);
  throw refusal.api === 'CreateTopics'
    ? new KafkaJSAggregateError('Topic creation errors', [new KafkaJSCreateTopicError(error, 'a topic')])
    : error;
};

/**
 * From now on the brokers refuse so many requests of this kind that the client sends, and those of `besides`. Answers how many of this kind they
 * refused.
 */
export function refuse(
  clientId: string,
  api: Api,
  code: Refused,
  times: number,
  besides?: { readonly api: Api; readonly code: Refused; readonly times: number },
): () => number {
  const refusal = { api, code, left: times, refused: 0 };
  refusals.set(clientId, [refusal, ...(besides === undefined ? [] : [{ ...besides, left: besides.times, refused: 0 }])]);
  return () => refusal.refused;
}

/** The brokers answer that client again. */
export const relent = (clientId: string): boolean => refusals.delete(clientId);
