import { TributaryError } from '../../core/errors.ts';
import { statusOf } from './client.ts';
import type { HttpClient } from './client.ts';

/** A request that every valid key may make. It shows whether a 401 means an invalid key. */
export interface KeyProof {
  /** Prefix of error codes, e.g. `segment`. */
  readonly vendor: string;
  readonly path: string;
  readonly bucket?: string;
}

/**
 * A client that treats a 401 as an invalid key only when the request of {@link KeyProof} is refused as well. Some vendors
 * answer 401 for a single endpoint the key may not read; that stops only its table, as a 403 does.
 */
export function withKeyProof(http: HttpClient, { vendor, path: proof, bucket }: KeyProof): HttpClient {
  /** The proof request was refused, and no request has succeeded since, so it is not sent again. */
  let refused = false;
  const accepted = <T>(answer: T): T => {
    refused = false;
    return answer;
  };

  async function judged(error: unknown, path: string, signal: AbortSignal): Promise<never> {
    if (path === proof && statusOf(error) === 401) refused = true;
    if (refused || path === proof || statusOf(error) !== 401 || !(error instanceof TributaryError) || error.reach !== 'connection')
      throw error;
    try {
      await http.get(proof, { endpoint: proof, ...(bucket === undefined ? {} : { bucket }), signal, maxTries: 3 });
    } catch (proofError) {
      // A 403 to the proof request shows that the vendor accepted the key.
      if (statusOf(proofError) !== 403) {
        refused = statusOf(proofError) === 401;
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
    get: (path, ask) => http.get(path, ask).then(accepted, (error: unknown) => judged(error, path, ask.signal)),
    post: (path, body, ask) => http.post(path, body, ask).then(accepted, (error: unknown) => judged(error, path, ask.signal)),
    async *stream(path, ask) {
      try {
        yield* http.stream(path, ask);
      } catch (error) {
        await judged(error, path, ask.signal);
      }
    },
  };
}
