import { Agent } from 'node:https';
import axios from 'axios';
import { USER_AGENT } from '../core/version.ts';
import type { AxiosInstance } from 'axios';
import { stepStopped, TributaryError } from '../core/errors.ts';
import { tlsFault, type TlsMaterial } from '../core/tls.ts';
import { timeLimit } from '../core/signals.ts';

export type ConnectorState = 'RUNNING' | 'PAUSED' | 'STOPPED' | 'FAILED' | 'UNASSIGNED' | 'RESTARTING';

export interface ConnectorStatus {
  readonly connector: { readonly state: ConnectorState; readonly trace?: string };
  readonly tasks: readonly { readonly id: number; readonly state: ConnectorState; readonly trace?: string }[];
}

export interface ValidationProblem {
  readonly key: string;
  readonly errors: readonly string[];
}

/** Committed offset of a sink connector on one partition. */
export interface SinkOffset {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/**
 * Client of Connect's REST interface. Every call throws `transient` when the worker cannot be reached or is rebalancing, and
 * `config` with the worker's own message when it refuses.
 */
export interface ConnectClient {
  readonly url: string;
  /** Connector classes that the worker has. */
  plugins(): Promise<readonly string[]>;
  /** Converter classes that the worker has. */
  converters(): Promise<readonly string[]>;
  /** All connectors with their configurations. */
  configs(): Promise<ReadonlyMap<string, Readonly<Record<string, string>>>>;
  validate(config: Readonly<Record<string, string>>): Promise<readonly ValidationProblem[]>;
  /** Undefined when there is no such connector. */
  config(name: string): Promise<Record<string, string> | undefined>;
  putConfig(name: string, config: Readonly<Record<string, string>>): Promise<void>;
  status(name: string): Promise<ConnectorStatus | undefined>;
  offsets(name: string): Promise<readonly SinkOffset[]>;
  /** Sets some partitions to other offsets. The connector must be stopped. */
  setOffsets(name: string, offsets: readonly SinkOffset[]): Promise<void>;
  /** The connector must be stopped; afterwards it reads its topics from the start. */
  resetOffsets(name: string): Promise<void>;
  pause(name: string): Promise<void>;
  stop(name: string): Promise<void>;
  resume(name: string): Promise<void>;
  restart(name: string): Promise<void>;
  delete(name: string): Promise<void>;
}

type Method = 'get' | 'put' | 'post' | 'patch' | 'delete';

interface Answer {
  readonly status: number;
  readonly data: unknown;
}

/** Basic authentication of the worker's REST interface. */
export interface ConnectLogin {
  readonly username: string;
  readonly password: string;
}

export interface ConnectOptions {
  /** Milliseconds that one call may take in total, even when its answer arrives slowly. */
  readonly timeoutMs?: number;
  /** Aborts every call. */
  readonly signal?: AbortSignal;
  readonly tls?: TlsMaterial;
  readonly login?: ConnectLogin | undefined;
}

export function connectClient(url: string, { timeoutMs = 30_000, signal, tls, login }: ConnectOptions = {}): ConnectClient {
  const http = axios.create({
    baseURL: url.replace(/\/+$/, ''),
    validateStatus: () => true,
    maxRedirects: 0,
    proxy: false,
    headers: { 'user-agent': USER_AGENT },
    ...(login === undefined ? {} : { auth: { ...login } }),
    ...(tls === undefined ? {} : { httpsAgent: new Agent(tls) }),
  });
  const call = (method: Method, path: string, body?: unknown): Promise<Answer> =>
    request(http, { url, timeoutMs, signal }, method, path, body);
  const must = async <T = void>(method: Method, path: string, body?: unknown): Promise<T> =>
    accepted(await call(method, path, body), url, path).data as T;
  const unlessMissing = async <T>(path: string): Promise<T | undefined> => {
    const answer = await call('get', path);
    return answer.status === 404 ? undefined : (accepted(answer, url, path).data as T);
  };
  const at = (name: string): string => `/connectors/${encodeURIComponent(name)}`;
  return {
    url,
    plugins: async () => (await must<{ class: string }[]>('get', '/connector-plugins?connectorsOnly=true')).map((plugin) => plugin.class),
    converters: async () =>
      (await must<{ class: string; type: string }[]>('get', '/connector-plugins?connectorsOnly=false'))
        .filter(({ type }) => type === 'converter')
        .map((plugin) => plugin.class),
    async configs() {
      const data = await must<Record<string, { info?: { config?: Record<string, string> } }>>('get', '/connectors?expand=info');
      return new Map(Object.entries(data).map(([name, { info }]) => [name, info?.config ?? {}]));
    },
    async validate(config) {
      const name = config['connector.class'] ?? '';
      const data = await must<{ configs: { value: { name: string; errors: string[] } }[] }>(
        'put',
        `/connector-plugins/${encodeURIComponent(name)}/config/validate`,
        config,
      );
      const values = data.configs.map((entry) => entry.value);
      return values.filter((value) => value.errors.length > 0).map((value) => ({ key: value.name, errors: value.errors }));
    },
    config: (name) => unlessMissing(`${at(name)}/config`),
    putConfig: (name, config) => must('put', `${at(name)}/config`, config),
    status: (name) => unlessMissing(`${at(name)}/status`),
    async offsets(name) {
      const data = await must<{
        offsets: { partition: { kafka_topic: string; kafka_partition: number }; offset: { kafka_offset: number } }[];
      }>('get', `${at(name)}/offsets`);
      return data.offsets.map((entry) => ({
        topic: entry.partition.kafka_topic,
        partition: entry.partition.kafka_partition,
        offset: entry.offset.kafka_offset,
      }));
    },
    setOffsets: (name, offsets) =>
      must('patch', `${at(name)}/offsets`, {
        offsets: offsets.map(({ topic, partition, offset }) => ({
          partition: { kafka_topic: topic, kafka_partition: partition },
          offset: { kafka_offset: offset },
        })),
      }),
    resetOffsets: (name) => must('delete', `${at(name)}/offsets`),
    pause: (name) => must('put', `${at(name)}/pause`),
    stop: (name) => must('put', `${at(name)}/stop`),
    resume: (name) => must('put', `${at(name)}/resume`),
    restart: (name) => must('post', `${at(name)}/restart?includeTasks=true&onlyFailed=true`),
    delete: (name) => must('delete', at(name)),
  };
}

async function request(
  http: AxiosInstance,
  { url, timeoutMs, signal }: { readonly url: string; readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
  method: string,
  path: string,
  body: unknown,
): Promise<Answer> {
  const end = timeLimit(timeoutMs, signal);
  try {
    // Without a body axios sends the content type of a form, which Connect refuses.
    return await http.request({ method, url: path, data: body ?? (method === 'get' || method === 'delete' ? undefined : {}), signal: end });
  } catch (cause) {
    if (signal?.aborted) throw stepStopped('The call to Kafka Connect');
    // A worker that is starting connectors answers late; repeating a call does no harm.
    if (end.aborted) {
      throw new TributaryError(`Kafka Connect at ${url} has not answered within ${timeoutMs / 1000} s.`, {
        kind: 'transient',
        remedy: 'Try again in a moment; if this persists, check the log of the worker.',
        code: 'connect:slow',
      });
    }
    const fault = tlsFault(cause);
    if (fault !== undefined) {
      throw new TributaryError(`The TLS connection to Kafka Connect at ${url} could not be made: ${fault}.`, {
        kind: 'config',
        code: 'connect:tls',
        remedy: fault.includes('does not speak TLS')
          ? 'Write http:// in connect_url of the landing, or use the port that speaks TLS.'
          : 'Give the authority that signed its certificate as connect_tls.ca of the landing: ${file:/path/ca.pem}.',
      });
    }
    throw new TributaryError(
      `Kafka Connect at ${url} does not answer (${(cause as { code?: string }).code ?? (cause as Error).message}).`,
      {
        kind: 'transient',
        remedy: 'Check that a worker runs there and that connect_url in the landing is its address.',
        code: 'connect:unreachable',
        cause,
      },
    );
  }
}

function accepted(answer: Answer, url: string, path: string): Answer {
  if (answer.status >= 200 && answer.status < 300) return answer;
  const said = (answer.data as { message?: unknown } | undefined)?.message;
  const message = typeof said === 'string' ? said : `status ${answer.status}`;
  // 409: the workers are rebalancing; 5xx: this worker could not reach the leader.
  if (answer.status === 401) {
    throw new TributaryError(`Kafka Connect at ${url} refused the login (401).`, {
      kind: 'config',
      remedy: 'Set connect_username and connect_password in the landing to a user that the worker knows.',
      code: 'connect:401',
    });
  }
  const passing = answer.status === 409 || answer.status >= 500;
  throw new TributaryError(`Kafka Connect at ${url} refused ${path.split('?')[0]}: ${message}`, {
    kind: passing ? 'transient' : 'config',
    remedy: passing
      ? 'Try again in a moment; if this persists, check the log of the worker.'
      : 'Run `tributary landing check` to see what is wrong in the configuration.',
    code: `connect:${answer.status}`,
  });
}
