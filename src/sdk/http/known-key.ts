import { TributaryError } from '../../core/errors.ts';
import { statusOf } from './client.ts';
import type { HttpClient } from './client.ts';

/** A call that must work with every good key, so that it tells whether the key is known at all. */
export interface KeyProof {
  /** Prefix of error codes, e.g. `segment`. */
  readonly vendor: string;
  readonly path: string;
  readonly bucket?: string;
}

/**
 * A client that believes a 401 only when the key is refused where it must work, too: some vendors answer 401 for one
 * endpoint that the key may not read. That concerns its table alone, as a 403 would.
 */
export function withKeyProof(http: HttpClient, { vendor, path: proof, bucket }: KeyProof): HttpClient {
  /** The key was refused where it must work, and nothing was answered since: no need to ask again. */
  let refused = false;
  const knows = <T>(answer: T): T => {
    refused = false;
    return answer;
  };

  async function judged(error: unknown, path: string, signal: AbortSignal): Promise<never> {
    if (path === proof && statusOf(error) === 401) refused = true;
    if (refused || path === proof || statusOf(error) !== 401 || !(error instanceof TributaryError) || error.reach !== 'connection')
      throw error;
    try {
      await http.get(proof, { endpoint: proof, ...(bucket === undefined ? {} : { bucket }), signal, maxTries: 3 });
    } catch (about) {
      // A 403 there knows the key as well.
      if (statusOf(about) !== 403) {
        refused = statusOf(about) === 401;
        throw error;
      }
    }
    throw new TributaryError(`The key works, but may not read ${path}: it was answered with 401.`, {
      kind: 'config',
      code: `${vendor}:403`,
      remedy: 'Give the key the right to read this, or leave the table out. It is tried again with its next run.',
      ...(error.detail === undefined ? {} : { detail: error.detail }),
    });
  }
  return {
    get: (path, ask) => http.get(path, ask).then(knows, (error: unknown) => judged(error, path, ask.signal)),
    post: (path, body, ask) => http.post(path, body, ask).then(knows, (error: unknown) => judged(error, path, ask.signal)),
    async *stream(path, ask) {
      try {
        yield* http.stream(path, ask);
      } catch (error) {
        await judged(error, path, ask.signal);
      }
    },
  };
}
