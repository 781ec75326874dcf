import { stringify } from 'yaml';
import type { Connector } from './types.ts';

/** The Strimzi Connect cluster that runs the connectors. */
export interface StrimziPlace {
  /** Name of the KafkaConnect resource. */
  readonly cluster: string;
  /** Namespace of the resource; default: the one `kubectl` uses. */
  readonly namespace?: string | undefined;
}

/** File with the resources of a landing. */
export const STRIMZI_FILE = 'kafka-connectors.yaml';

/**
 * A connector's name is the name of its resource, so it must be valid in Kubernetes: lower-case letters, digits and hyphens.
 * (Strimzi: KafkaConnector has no other field for it.)
 */
export const kubernetesName = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');

/**
 * The connectors as KafkaConnector resources. Class and number of tasks have fields of their own, and `config` must not
 * contain them (Strimzi: AbstractConnectorSpec.FORBIDDEN_PARAMETERS). The operator's automatic restarts stay off, because
 * `tributary run` restarts failed tasks with a back-off and logs it.
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
