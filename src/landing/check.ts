import type { ConnectClient } from './connect-client.ts';
import { lintConnector } from './lint.ts';
import type { LintFinding } from './lint.ts';
import type { Landing, RenderedLanding } from './types.ts';

/**
 * Lints every connector, and asks the worker's own validation where the worker has the class.
 * An empty list means: can be applied.
 */
export async function checkLanding(landing: Landing, rendered: RenderedLanding, connect?: ConnectClient): Promise<LintFinding[]> {
  const findings = rendered.connectors.flatMap((connector) => [
    ...lintConnector(connector.name, connector.config),
    ...replication(connector.name, connector.config, landing.replicationFactor),
  ]);
  if (connect === undefined) return findings;
  const known = new Set(await connect.plugins());
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
      ...problems.map(({ key, errors }) => ({
        connector: connector.name,
        key,
        problem: `the worker says: ${errors.join('; ')}`,
        remedy: 'Correct the landing in tributary.yaml.',
      })),
    );
  }
  return findings;
}

function replication(connector: string, config: Readonly<Record<string, string>>, factor: number): LintFinding[] {
  const key = 'errors.deadletterqueue.topic.replication.factor';
  if (config[key] === undefined || config[key] === String(factor)) return [];
  return [{ connector, key, problem: `is ${config[key]}, the other topics have ${factor}`, remedy: `Set it to ${factor}.` }];
}
