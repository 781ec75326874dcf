import type { Cluster } from 'kafkajs';
import { TributaryError } from '../core/errors.ts';
import { passes } from './errors.ts';

/** Requests of kafkajs's broker that are missing in its types. */
export interface RawBroker {
  produce(request: object): Promise<unknown>;
  fetch(request: object): Promise<unknown>;
  heartbeat(request: object): Promise<unknown>;
  findGroupCoordinator(request: object): Promise<{ coordinator: { nodeId: string | number } }>;
  addPartitionsToTxn(request: object): Promise<unknown>;
  describeConfigs(request: object): Promise<{
    resources: readonly {
      readonly resourceName: string;
      readonly configEntries: readonly { readonly configName: string; readonly configValue: string | null }[];
    }[];
  }>;
}

/** A connected broker of the cluster, for requests that every broker answers. @throws TributaryError `transient` when there is none. */
export async function anyBroker(cluster: Cluster): Promise<RawBroker> {
  // Not at each call: it asks for all topics of the cluster, or all that this object has met.
  await cluster.refreshMetadataIfNecessary();
  let away: unknown;
  for (const nodeId of cluster.getNodeIds()) {
    try {
      return (await cluster.findBroker({ nodeId: String(nodeId) })) as unknown as RawBroker;
    } catch (error) {
      // The metadata names a broker for seconds after it has gone.
      if (!passes(error)) throw error;
      away = error;
    }
  }
  if (away !== undefined) throw away;
  throw new TributaryError('Kafka reports no broker.', {
    kind: 'transient',
    reach: 'connection',
    code: 'kafka:no-broker',
    remedy: 'Check the state of the brokers.',
  });
}
