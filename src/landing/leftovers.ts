import type { ConnectClient } from './connect-client.ts';

/**
 * Our connectors in this Connect cluster that the settings no longer define, because their connection or landing was removed.
 * A connector is ours when its dead-letter topic has our prefix and the connector's name.
 */
export async function leftoverConnectors(connect: ConnectClient, prefix: string, rendered: ReadonlySet<string>): Promise<string[]> {
  const configs = await connect.configs();
  return [...configs]
    .filter(([name, config]) => !rendered.has(name) && config['errors.deadletterqueue.topic.name'] === `${prefix}._dlq.${name}`)
    .map(([name]) => name)
    .sort();
}

/** Deletes them. Their topics, dead letters and warehouse tables stay. */
export async function pruneConnectors(connect: ConnectClient, names: readonly string[]): Promise<void> {
  for (const name of names) await connect.delete(name);
}
