import { setTimeout as sleep } from 'node:timers/promises';
import { COMPATIBILITY } from '@kafkajs/confluent-schema-registry';
import { onAbort } from '../core/clock.ts';
import { stepStopped, TributaryError } from '../core/errors.ts';
import { placeOf, registryError, type RegistryAnswer } from './registry-errors.ts';
import { registryHttp } from './registry-http.ts';
import { registerOver } from './registry-package.ts';
import type { KafkaSettings } from './types.ts';

export interface TableSchemaIds {
  readonly keySchemaId: number;
  readonly valueSchemaId: number;
}

/**
 * The schema registry. It is asked once per schema, never per row. Every call ends with `stopped` at its signal, and at the
 * latest after a few time-outs.
 *
 * @throws TributaryError `config` when the registry refuses a schema, the log-in or TLS, or is not a registry; `transient`
 * when it does not answer.
 */
export interface Registry {
  /**
   * Registers both schemas (Avro JSON text) under `<topic>-key` and `<topic>-value` with FULL_TRANSITIVE compatibility. The
   * result is cached, so running tables do not need the registry again.
   */
  registerTable(topic: string, keySchema: string, valueSchema: string, signal?: AbortSignal): Promise<TableSchemaIds>;
  /** The Avro JSON text of a schema id, cached without expiry. */
  schemaById(id: number, signal?: AbortSignal): Promise<string>;
  /** Newest schema id and compatibility level of a subject, if any; registers nothing. */
  subjectOf(subject: string, signal?: AbortSignal): Promise<{ readonly id: number | undefined; readonly level: string | undefined }>;
  /** Version numbers of a subject, oldest first; empty for an unknown subject. */
  versionsOf(subject: string, signal?: AbortSignal): Promise<readonly number[]>;
  /** Number of subjects. Proves that the server is a registry and that we may use it. */
  countSubjects(signal?: AbortSignal): Promise<number>;
}

const TRIES = 3;

export interface RegistryOptions {
  /** Milliseconds that one request may take in total. Default 20,000. */
  readonly timeout?: number;
  /** Ends every call. */
  readonly signal?: AbortSignal;
}

export function createRegistry(
  { registry }: Pick<KafkaSettings, 'registry'>,
  { timeout = 20_000, signal }: RegistryOptions = {},
): Registry {
  const http = registryHttp(registry, timeout);
  const where = placeOf(registry.url);
  const ids = new Map<string, Promise<number>>();
  const texts = new Map<number, Promise<string>>();

  /** The response, with any status below 500; an unavailable registry is asked again a few times. */
  const ask = async (doing: string, method: 'GET' | 'POST' | 'PUT', path: string, body?: object): Promise<RegistryAnswer> => {
    for (let tries = 1; ; tries += 1) {
      try {
        const answer = await http(method, path, body, signal);
        if (answer.status < 500 && answer.status !== 429) return answer;
        throw registryError(doing, where, registry, answer);
      } catch (error) {
        const told = signal?.aborted ? stepStopped(doing) : registryError(doing, where, registry, error);
        if (told.kind !== 'transient' || told.code === 'registry:timeout' || tries >= TRIES) throw told;
        await sleep(250 * tries, undefined, { signal }).catch(() => undefined);
      }
    }
  };

  const register = async (subject: string, schema: string): Promise<number> => {
    const doing = `Registering the schema of ${subject}`;
    const config = `/config/${encodeURIComponent(subject)}`;
    const level = await ask(doing, 'GET', config);
    if (level.status !== 200 && level.status !== 404) throw registryError(doing, where, registry, level);
    // The subject is ours, so we also set its level, whoever created it and however far an earlier registration came.
    const found = (level.data as { compatibilityLevel?: unknown } | undefined)?.compatibilityLevel;
    const setLevel = (): Promise<RegistryAnswer> => ask(doing, 'PUT', config, { compatibility: COMPATIBILITY.FULL_TRANSITIVE });
    const set = typeof found !== 'string' || found === COMPATIBILITY.FULL_TRANSITIVE ? undefined : await setLevel();
    const isSet = set === undefined || set.status === 200;
    const register = registerOver((...request) => ask(doing, ...request), {
      url: registry.url,
      subject,
      schema,
      // The package refuses a subject with another level.
      compatibility: isSet ? COMPATIBILITY.FULL_TRANSITIVE : (found as COMPATIBILITY),
      fault: (happened) => registryError(doing, where, registry, happened),
    });
    const id = await register.catch((error: unknown) => {
      if (!isReadOnly(error)) throw error;
      return registeredBefore(doing, subject, schema, error);
    });
    // Apicurio accepts a level only for a subject that has a version.
    const late = isSet ? undefined : await setLevel();
    const refusal = late === undefined || late.status === 200 ? undefined : registryError(doing, where, registry, late);
    // In a read-only registry nobody can register a schema, so the level does not matter.
    if (refusal !== undefined && !isReadOnly(refusal)) throw refusal;
    return id;
  };

  /** The id of a schema that the subject already has; a read-only registry returns it only for a look-up. */
  const registeredBefore = async (doing: string, subject: string, schema: string, refusal: unknown): Promise<number> => {
    const answer = await ask(doing, 'POST', `/subjects/${encodeURIComponent(subject)}`, { schema });
    const { id } = (answer.data ?? {}) as { id?: unknown };
    if (answer.status === 200 && typeof id === 'number') return id;
    throw refusal;
  };

  const schemaText = async (id: number): Promise<string> => {
    const doing = `Fetching schema ${id}`;
    const answer = await ask(doing, 'GET', `/schemas/ids/${id}`);
    const { schema } = (answer.data ?? {}) as { schema?: unknown };
    if (answer.status === 200 && typeof schema === 'string') return schema;
    if (answer.status === 404 && isRegistrys(answer)) {
      throw new TributaryError(`The schema registry at ${where} does not know schema ${id}, with which rows in the topic were written.`, {
        kind: 'config',
        remedy: 'Point registry.url at the registry the topics were written with.',
        code: 'registry:404',
      });
    }
    throw registryError(doing, where, registry, answer);
  };

  const subjectOf = async (subject: string): Promise<{ readonly id: number | undefined; readonly level: string | undefined }> => {
    const doing = `Looking up ${subject}`;
    const look = async (path: string): Promise<Record<string, unknown>> => {
      const answer = await ask(doing, 'GET', path);
      if (answer.status === 404) return {};
      if (answer.status !== 200) throw registryError(doing, where, registry, answer);
      return (answer.data ?? {}) as Record<string, unknown>;
    };
    const { id } = await look(`/subjects/${encodeURIComponent(subject)}/versions/latest`);
    if (typeof id !== 'number') return { id: undefined, level: undefined };
    const { compatibilityLevel: level } = await look(`/config/${encodeURIComponent(subject)}`);
    return { id, level: typeof level === 'string' ? level : undefined };
  };

  const versionsOf = async (subject: string): Promise<readonly number[]> => {
    const doing = `Looking up the versions of ${subject}`;
    const answer = await ask(doing, 'GET', `/subjects/${encodeURIComponent(subject)}/versions`);
    if (answer.status === 404) return [];
    if (answer.status !== 200 || !Array.isArray(answer.data)) throw registryError(doing, where, registry, answer);
    return (answer.data as unknown[]).map(Number).sort((a, b) => a - b);
  };

  return {
    versionsOf: (subject, own) => orStopped(versionsOf(subject), `Looking up the versions of ${subject}`, own),
    subjectOf: (subject, own) => orStopped(subjectOf(subject), `Looking up ${subject}`, own),
    registerTable: async (topic, keySchema, valueSchema, own) => {
      const both = (async () => ({
        keySchemaId: await remembered(ids, `${topic}-key ${keySchema}`, () => register(`${topic}-key`, keySchema)),
        valueSchemaId: await remembered(ids, `${topic}-value ${valueSchema}`, () => register(`${topic}-value`, valueSchema)),
      }))();
      return orStopped(both, `Registering the schemas of ${topic}`, own);
    },
    schemaById: (id, own) =>
      orStopped(
        remembered(texts, id, () => schemaText(id)),
        `Fetching schema ${id}`,
        own,
      ),
    countSubjects: (own) =>
      orStopped(
        ask('Asking the registry', 'GET', '/subjects').then((answer) => {
          if (answer.status === 200 && Array.isArray(answer.data)) return answer.data.length;
          throw registryError('Asking the registry', where, registry, answer);
        }),
        'Asking the registry',
        own,
      ),
  };
}

const isReadOnly = (error: unknown): boolean => error instanceof TributaryError && error.code === 'registry:readonly';

/** A registry's 404 has an error code of its own; that of any other server does not. */
const isRegistrys = ({ data }: RegistryAnswer): boolean => typeof (data as { error_code?: unknown } | undefined)?.error_code === 'number';

function remembered<K, V>(memory: Map<K, Promise<V>>, key: K, make: () => Promise<V>): Promise<V> {
  let known = memory.get(key);
  if (known === undefined) {
    known = make();
    memory.set(key, known);
    known.catch(() => memory.delete(key));
  }
  return known;
}

/** Several callers may wait for the same work, so one caller's signal ends only its own waiting. */
async function orStopped<T>(work: Promise<T>, doing: string, signal: AbortSignal | undefined): Promise<T> {
  work.catch(() => undefined);
  if (signal === undefined) return work;
  let forget: () => void = () => undefined;
  const ended = new Promise<never>((_, reject) => {
    const stop = (): void => reject(stepStopped(doing));
    if (signal.aborted) stop();
    forget = onAbort(signal, stop);
  });
  try {
    return await Promise.race([work, ended]);
  } finally {
    forget();
  }
}
