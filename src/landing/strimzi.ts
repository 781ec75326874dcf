import { stringify } from 'yaml';
import type { Connector } from './types.ts';

/** Which of Strimzi's Connect clusters runs the connectors. */
export interface StrimziPlace {
  /** Name of the KafkaConnect resource. */
  readonly cluster: string;
  /** Namespace it is in; default is the one `kubectl` applies to. */
  readonly namespace?: string | undefined;
}

/** The file that holds the resources of a landing. */
export const STRIMZI_FILE = 'kafka-connectors.yaml';

/**
 * A connector's name is its resource's, so it has to be one for Kubernetes: lower-case letters, digits and hyphens. (Strimzi: KafkaConnector
 * has no other field for it.)
 */
export const kubernetesName = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');

/**
 * The connectors as KafkaConnector resources. Class and tasks have fields of their own there and are refused in `config` (Strimzi:
 * AbstractConnectorSpec.FORBIDDEN_PARAMETERS). Failed tasks are started again by `tributary run`, with a back-off and a word in the log, so the
 * operator's own restarts stay off.
 */
export function kafkaConnectors(connectors: readonly Connector[], { cluster, namespace }: StrimziPlace): string {
  return connectors
    .map(({ name, config }) => {
      const { 'connector.class': className, 'tasks.max': tasks, ...rest } = config;
      return stringify(
        {
          apiVersion: 'kafka.strimzi.io/v1beta2',
          kind: 'KafkaConnector',
          metadata: { name, ...(namespace === undefined ? {} : { namespace }), labels: { 'strimzi.io/cluster': cluster } },
          spec: { class: className, tasksMax: Number(tasks), config: rest },
        },
        { lineWidth: 0 },
      );
    })
    .join('---\n');
}
