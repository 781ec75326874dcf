import files from './operators.lock.json' with { type: 'json' };
import type { JarSet } from '../../src/stack/artifacts.ts';
import { jarsOf, runJava } from './java.ts';

/** Strimzi's own classes, and those of the Prometheus operator as fabric8 makes them of its definitions. */
export const operatorModels: JarSet = {
  kind: 'jars',
  title: 'Classes of the custom resources (22 MB)',
  folder: 'operators-0.48.0',
  files,
  coordinates: ['io.strimzi:api:0.48.0', 'io.fabric8:openshift-model-monitoring:7.4.0'],
};

const CLASSES: Readonly<Record<string, string>> = {
  KafkaConnector: 'io.strimzi.api.kafka.model.connector.KafkaConnector',
  PodMonitor: 'io.fabric8.openshift.api.model.monitoring.v1.PodMonitor',
  PrometheusRule: 'io.fabric8.openshift.api.model.monitoring.v1.PrometheusRule',
};

export interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
}

/** Whether somebody's class reads this kind of resource. */
export const isCustom = ({ kind }: Resource): boolean => kind in CLASSES;

/** For each resource what its operator's class does not know of it, or cannot read. */
export async function customResourceFaults(resources: readonly Resource[]): Promise<readonly (readonly string[])[]> {
  const asked = resources.map((document) => ({ type: CLASSES[document.kind], document }));
  const out = await runJava('CustomResource', await jarsOf(operatorModels), { resources: asked });
  const answer = out.split('\n').find((line) => line.startsWith('ANSWER '));
  if (answer === undefined) throw new Error(`no answer: ${out}`);
  return JSON.parse(answer.slice('ANSWER '.length)) as string[][];
}
