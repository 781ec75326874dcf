import { onAbort } from '../../core/clock.ts';
import { TooLarge, readRefusal, whyEnded } from './attempt.ts';
import type { Attempt, Opener } from './attempt.ts';
import type { HttpAnswer } from './errors.ts';
import { jsonItems } from './json-items.ts';
import type { Json } from '../../core/types.ts';

/** Characters kept of the answer, for the error text when it is not JSON. */
const EXCERPT = 2_000;

/**
 * One attempt: yields the elements of the answer's list as they arrive, then returns the answer. Its body is the document
 * without the elements, or undefined when it is not JSON. Closing the generator closes the connection.
 */
export async function* streamItems(open: Opener, attempt: Attempt, list: string): AsyncGenerator<readonly Json[], HttpAnswer, void> {
  const { status, headers, stream, signal, close } = await open(attempt);
  const forget = onAbort(signal, () => stream.destroy(signal.reason as Error));
  try {
    if (status < 200 || status >= 300) {
      return { status, headers, ...(await readRefusal(stream, signal)), body: undefined };
    }
    const items = jsonItems(list);
    let bytes = 0;
    let text = '';
    let readable = true;
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > attempt.maxBytes) throw new TooLarge();
      if (text.length < EXCERPT) text += chunk.toString('utf8', 0, EXCERPT);
      if (!readable) continue;
      let found: readonly Json[] = [];
      try {
        found = await items.push(chunk);
      } catch (error) {
        if (error instanceof TooLarge) throw error;
        // Read to the end: the total length decides which error it is.
        readable = false;
      }
      if (found.length > 0) yield found;
    }
    return { status, headers, text, bytes, body: readable ? ending(items) : undefined };
  } catch (error) {
    throw whyEnded(signal, error);
  } finally {
    forget();
    close();
    stream.destroy();
  }
}

function ending(items: ReturnType<typeof jsonItems>): Json | undefined {
  try {
    return items.end();
  } catch {
    return undefined;
  }
}
