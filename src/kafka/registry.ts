import { COMPATIBILITY, SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import axios, { isAxiosError } from 'axios';
import { TributaryError } from '../core/errors.ts';
import type { KafkaSettings } from './types.ts';

export interface TableSchemaIds {
  readonly keySchemaId: number;
  readonly valueSchemaId: number;
}

/** The schema registry, asked once per schema and never per row. */
export interface Registry {
  /**
   * Registers both schemas (Avro JSON text) under `<topic>-key` and `<topic>-value` with FULL_TRANSITIVE
   * compatibility. Answers from memory the second time, so running tables survive a dead registry.
   *
   * @throws TributaryError `config` when the registry refuses a schema or the login, `transient` when it
   * does not answer.
   */
  registerTable(topic: string, keySchema: string, valueSchema: string): Promise<TableSchemaIds>;
  /** The Avro JSON text of a schema id, remembered for good. Throws as `registerTable`. */
  schemaById(id: number): Promise<string>;
  /** Newest schema id and own compatibility level of a subject, where there are any; registers nothing. Throws as `registerTable`. */
  subjectOf(subject: string): Promise<{ readonly id: number | undefined; readonly level: string | undefined }>;
}

const LEVEL = COMPATIBILITY.FULL_TRANSITIVE;

export function createRegistry({ registry: { url, username, password } }: Pick<KafkaSettings, 'registry'>, timeout = 10_000): Registry {
  const host = url.replace(/\/+$/, '');
  const auth = username === undefined ? undefined : { username, password: password ?? '' };
  const client = new SchemaRegistry({ host, ...(auth === undefined ? {} : { auth }), retry: { retries: 2, maxRetryTimeInSecs: 1 } });
  const http = axios.create({
    baseURL: host,
    timeout,
    maxRedirects: 0,
    maxContentLength: 4_000_000,
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    ...(auth === undefined ? {} : { auth }),
  });
  const ids = new Map<string, Promise<number>>();
  const texts = new Map<number, Promise<string>>();

  const register = async (subject: string, schema: string): Promise<number> => {
    const attempt = async (): Promise<number> =>
      (await client.register({ type: SchemaType.AVRO, schema }, { subject, compatibility: LEVEL })).id;
    try {
      return await within(timeout * 3, attempt);
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'ConfluentSchemaRegistryCompatibilityError')
        throw failure(error, host, `Registering the schema of ${subject}`);
    }
    // A subject whose first registration was interrupted, or that another tool made, has no level or a
    // weaker one, and the client refuses it for ever. The subject is ours, so is its level.
    try {
      await http.put(`/config/${encodeURIComponent(subject)}`, { compatibility: LEVEL });
      return await within(timeout * 3, attempt);
    } catch (error) {
      throw failure(error, host, `Registering the schema of ${subject}`);
    }
  };

  return {
    registerTable: async (topic, keySchema, valueSchema) => ({
      keySchemaId: await remembered(ids, `${topic}-key ${keySchema}`, () => register(`${topic}-key`, keySchema)),
      valueSchemaId: await remembered(ids, `${topic}-value ${valueSchema}`, () => register(`${topic}-value`, valueSchema)),
    }),
    async subjectOf(subject) {
      const ask = async (path: string): Promise<Record<string, unknown> | undefined> => {
        try {
          return (await http.get<Record<string, unknown>>(path)).data;
        } catch (error) {
          if (isAxiosError(error) && error.response?.status === 404) return undefined;
          throw failure(error, host, `Looking up ${subject}`);
        }
      };
      const latest = await ask(`/subjects/${encodeURIComponent(subject)}/versions/latest`);
      const config = latest === undefined ? undefined : await ask(`/config/${encodeURIComponent(subject)}`);
      const level = config?.['compatibilityLevel'];
      return { id: typeof latest?.['id'] === 'number' ? latest['id'] : undefined, level: typeof level === 'string' ? level : undefined };
    },
    schemaById: (id) =>
      remembered(texts, id, async () => {
        try {
          const { data } = await http.get<{ schema?: unknown }>(`/schemas/ids/${id}`);
          if (typeof data?.schema !== 'string') throw new Error('the answer holds no schema');
          return data.schema;
        } catch (error) {
          if (isAxiosError(error) && error.response?.status === 404) {
            throw new TributaryError(
              `The schema registry at ${place(host)} does not know schema ${id}, with which rows in the topic were written.`,
              {
                kind: 'config',
                remedy: 'Point registry.url at the registry the topics were written with.',
                code: 'registry:404',
              },
            );
          }
          throw failure(error, host, `Fetching schema ${id}`);
        }
      }),
  };
}

function remembered<K, V>(memory: Map<K, Promise<V>>, key: K, make: () => Promise<V>): Promise<V> {
  let known = memory.get(key);
  if (known === undefined) {
    known = make();
    memory.set(key, known);
    known.catch(() => memory.delete(key));
  }
  return known;
}

async function within<T>(ms: number, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([
      work(),
      new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
      }),
    ]);
  } finally {
    clearTimeout(timer);
  }
}

/** A registry URL may carry a password. */
function place(url: string): string {
  try {
    const { protocol, host, pathname } = new URL(url);
    return `${protocol}//${host}${pathname === '/' ? '' : pathname}`;
  } catch {
    return 'the given address';
  }
}

function failure(error: unknown, host: string, doing: string): TributaryError {
  if (error instanceof TributaryError) return error;
  const told = isAxiosError(error) ? error.response?.status : (error as { status?: number }).status;
  // The registry client reports a refused connection as status 400.
  const status =
    told === 400 && error instanceof Error && /E(CONN|HOST|NET|TIMED|AI_|PIPE|NOTFOUND)/.test(error.message) ? undefined : told;
  const answer = isAxiosError(error) ? (error.response?.data as { message?: unknown } | undefined)?.message : undefined;
  const reason = (typeof answer === 'string' ? answer : error instanceof Error ? error.message : String(error)).replace(
    /^Confluent_Schema_Registry - /,
    '',
  );
  // The error itself is not kept as the cause: it carries the request with its login.
  const common = { code: `registry:${status ?? 'unreachable'}`, detail: reason };
  if (status === 401 || status === 403) {
    return new TributaryError(`${doing} failed: the schema registry at ${place(host)} refused the login (${status}).`, {
      ...common,
      kind: 'config',
      reach: 'connection',
      remedy: 'Check registry.username and registry.password.',
    });
  }
  if (status === 409) {
    return new TributaryError(`${doing} failed: it does not fit the versions already registered. The registry says: ${reason}`, {
      ...common,
      kind: 'config',
      remedy: 'Columns may only be added or removed as nullable with default null; a type or key change needs a new topic.',
    });
  }
  if (status === 422 || (error instanceof Error && error.name === 'ConfluentSchemaRegistryArgumentError')) {
    return new TributaryError(`${doing} failed: the registry does not accept the schema: ${reason}`, {
      ...common,
      kind: 'config',
      remedy: "Correct the table's definition.",
    });
  }
  return new TributaryError(`${doing} failed: the schema registry at ${place(host)} does not answer as it should (${reason}).`, {
    ...common,
    kind: 'transient',
    reach: 'connection',
    remedy: 'Check registry.url and that the registry is up.',
  });
}
