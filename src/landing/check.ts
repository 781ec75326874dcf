import type { ConnectClient } from './connect-client.ts';
import { lintConnector } from './lint.ts';
import type { LintFinding } from './lint.ts';
import type { Landing, RenderedLanding } from './types.ts';

/**
 * Checks every connector by our rules, and by the worker's own validation when the worker has the connector class.
 * An empty list means that the landing can be applied.
 */
export async function checkLanding(landing: Landing, rendered: RenderedLanding, connect?: ConnectClient): Promise<LintFinding[]> {
  const findings = rendered.connectors.flatMap((connector) => [
    ...lintConnector(connector.name, connector.config),
    ...replication(connector.name, connector.config, landing.replicationFactor),
  ]);
  if (connect === undefined) return findings;
  const known = new Set(await connect.plugins());
  const converter = await wrongConverter(landing, rendered, connect);
  if (converter !== undefined) findings.push(converter);
  for (const connector of rendered.connectors) {
    const type = connector.config['connector.class'] ?? '';
    if (!known.has(type)) {
      findings.push({
        connector: connector.name,
        key: 'connector.class',
        problem: `the worker at ${connect.url} does not have ${type}`,
        remedy: `Put the connector into the worker's plugin.path; sink-configs/${landing.settings.kind}/README.md says where it comes from.`,
      });
      continue;
    }
    const problems = await connect.validate({ name: connector.name, ...connector.config });
    findings.push(
      ...problems
        .filter(({ key }) => converter === undefined || !CONVERTER_KEYS.includes(key))
        .map(({ key, errors }) => ({
          connector: connector.name,
          key,
          problem: `the worker says: ${errors.join('; ')}`,
          remedy: 'Correct the landing in tributary.yaml.',
        })),
    );
  }
  return findings;
}

const CONVERTER_KEYS = ['key.converter', 'value.converter'];
const CONVERTERS: Readonly<Record<Landing['converter']['kind'], { readonly type: string; readonly title: string }>> = {
  apicurio: { type: 'io.apicurio.registry.utils.converter.AvroConverter', title: "Apicurio's" },
  confluent: { type: 'io.confluent.connect.avro.AvroConverter', title: "Confluent's" },
};

/** One finding for all connectors when the worker lacks the converter they name, with the setting to use instead. */
async function wrongConverter(landing: Landing, { connectors }: RenderedLanding, connect: ConnectClient): Promise<LintFinding | undefined> {
  const wanted = connectors[0]?.config['value.converter'];
  const has = await connect.converters();
  // Workers before Kafka 3.2 list connector plugins only, so an empty list says nothing.
  if (wanted === undefined || has.length === 0 || has.includes(wanted)) return undefined;
  const other = (Object.keys(CONVERTERS) as (keyof typeof CONVERTERS)[]).find((kind) => has.includes(CONVERTERS[kind].type));
  const { title } = CONVERTERS[landing.converter.kind];
  return {
    connector: landing.name,
    key: 'value.converter',
    problem: `the worker at ${connect.url} does not have ${title} Avro converter (${wanted})${other === undefined ? '' : `, but ${CONVERTERS[other].title}`}`,
    remedy:
      other === undefined
        ? `Put an Avro converter into the worker's plugin.path; docker/connect shows how.`
        : `Write \`converter: ${other}\` below landings.${landing.name} in tributary.yaml.`,
  };
}

function replication(connector: string, config: Readonly<Record<string, string>>, factor: number): LintFinding[] {
  const key = 'errors.deadletterqueue.topic.replication.factor';
  if (config[key] === undefined || config[key] === String(factor)) return [];
  return [{ connector, key, problem: `is ${config[key]}, the other topics have ${factor}`, remedy: `Set it to ${factor}.` }];
}
