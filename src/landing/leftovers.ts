import type { ConnectClient } from './connect-client.ts';

/**
 * Connectors on this Connect that were ours and that no landing of the settings names any more: their connection or landing was removed.
 * Ours are told by their dead-letter topic, which has our prefix and the connector's own name.
 */
export async function leftoverConnectors(connect: ConnectClient, prefix: string, rendered: ReadonlySet<string>): Promise<string[]> {
  const configs = await connect.configs();
  return [...configs]
    .filter(([name, config]) => !rendered.has(name) && config['errors.deadletterqueue.topic.name'] === `${prefix}._dlq.${name}`)
    .map(([name]) => name)
    .sort();
}

/** Removes them. Their topics, dead letters and warehouse tables stay. */
export async function pruneConnectors(connect: ConnectClient, names: readonly string[]): Promise<void> {
  for (const name of names) await connect.delete(name);
}
