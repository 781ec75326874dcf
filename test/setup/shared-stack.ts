import { inject } from 'vitest';

/** Starts the shared stack's Kafka Connect unless it runs; answers its address. The first call takes up to 30 s. */
export async function startSharedConnect(): Promise<string> {
  const answer = await fetch(inject('stack').controlUrl, { method: 'POST' });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`Kafka Connect of the shared stack did not start: ${text}`);
  return text;
}
