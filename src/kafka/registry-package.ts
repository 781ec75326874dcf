import { SchemaRegistry, SchemaType, type COMPATIBILITY } from '@kafkajs/confluent-schema-registry';
import { TributaryError } from '../core/errors.ts';
import type { RegistryAnswer } from './registry-errors.ts';

type Ask = (method: 'GET' | 'POST' | 'PUT', path: string, body?: object) => Promise<RegistryAnswer>;

export interface Registration {
  readonly url: string;
  readonly subject: string;
  /** Avro JSON text of a record. */
  readonly schema: string;
  readonly compatibility: COMPATIBILITY;
  /** Builds the error for an unusable response. */
  readonly fault: (answer: RegistryAnswer) => TributaryError;
}

/** The part of a mappersmith request and response that the package 4.1.0 and we use. */
interface PackageRequest {
  method(): string;
  path(): string;
  body(): unknown;
}
interface PackageResponse {
  data(): unknown;
}
interface Transport {
  response(next: unknown, renew: unknown, request: PackageRequest): Promise<PackageResponse>;
}

/**
 * Registers a schema with the package, but sends the requests ourselves: our middleware is outermost and never calls the next
 * one. This bypasses the package's gateway, which has no time limit for a slow response, and its errors, which do not name
 * the registry.
 */
export async function registerOver(ask: Ask, { url, subject, schema, compatibility, fault }: Registration): Promise<number> {
  const transport = (): Transport => ({
    async response(_next, _renew, request) {
      const method = request.method().toUpperCase() as 'GET' | 'POST' | 'PUT';
      const body = request.body();
      const answer = await ask(method, request.path(), typeof body === 'string' ? (JSON.parse(body) as object) : undefined);
      // The package treats a subject without a compatibility level as a new one.
      if (method === 'GET' && answer.status === 404) throw Object.assign(new Error('no level'), { status: 404 });
      if (answer.status !== 200 || !isUsable(method, answer.data)) throw fault(answer);
      return { data: () => answer.data };
    },
  });
  const registry = new SchemaRegistry({ host: url, retry: { retries: 0 }, middlewares: [transport as never] });
  try {
    return (await registry.register({ type: SchemaType.AVRO, schema }, { subject, compatibility })).id;
  } catch (error) {
    if (error instanceof TributaryError) throw error;
    throw new TributaryError(`The schema of ${subject} cannot be registered: ${error instanceof Error ? error.message : String(error)}`, {
      kind: 'internal',
      cause: error,
    });
  }
}

function isUsable(method: string, data: unknown): boolean {
  const { id, compatibilityLevel } = (data ?? {}) as { id?: unknown; compatibilityLevel?: unknown };
  if (method === 'POST') return typeof id === 'number';
  return method !== 'GET' || typeof compatibilityLevel === 'string';
}
