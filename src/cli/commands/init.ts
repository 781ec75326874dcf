import { existsSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { shapeOf, type JsonSchema } from '../../config/json-schema.ts';
import { defaultsOf } from '../../config/source-defaults.ts';
import { hint } from '../../config/suggest.ts';
import { TributaryError } from '../../core/errors.ts';
import type { Source } from '../../sdk/source.ts';
import type { Register } from '../app.ts';

export function addInit(program: Command, run: Register): void {
  program
    .command('init')
    .description('write a commented tributary.yaml to start from')
    .argument('[source...]', 'sources to connect (default: the first one known)')
    .addHelpText('after', '\nExample:\n  $ tributary init klaviyo\n  $ export KLAVIYO_API_KEY=...\n  $ tributary check')
    .action(
      run((cli, names: string[]) => {
        const { sources } = cli.deps;
        const chosen = names.length === 0 ? sources.slice(0, 1) : names.map((name) => sourceCalled(name, sources));
        if (existsSync(cli.settingsFile)) {
          throw new TributaryError(`${cli.settingsFile} exists already and is not changed.`, {
            kind: 'config',
            remedy: 'Write another file with --config, or remove this one first.',
          });
        }
        writeFileSync(cli.settingsFile, settingsTemplate(chosen), { flag: 'wx' });
        cli.say(`Wrote ${cli.settingsFile}.`);
        const variables = chosen.flatMap((source) => secretsOf(source).map(({ variable }) => variable));
        if (variables.length > 0) {
          cli.say(
            `It takes secrets from the environment. Set them, or put them into a file .env beside it (and keep that out of version control):\n${variables.map((name) => `  ${name}=...`).join('\n')}`,
          );
        }
        cli.say('Then: tributary check');
      }),
    );
}

function sourceCalled(name: string, sources: readonly Source[]): Source {
  const found = sources.find((source) => source.name === name);
  if (found) return found;
  throw new TributaryError(
    `No source is called ${name}${hint(
      name,
      sources.map((source) => source.name),
    )}`,
    { kind: 'config', remedy: 'Run `tributary discover` to see the sources.' },
  );
}

function secretsOf(source: Source): { key: string; variable: string }[] {
  return Object.entries(shapeOf(source.settings).properties ?? {})
    .filter(([, shape]) => shape.secret === true)
    .map(([key]) => ({ key, variable: `${source.name}_${key}`.toUpperCase() }));
}

export function settingsTemplate(sources: readonly Source[]): string {
  return `# Settings of Tributary. Secrets come from the environment (\${NAME}) or from files (\${file:/path}).
# Help for editors: tributary schemas settings > tributary.schema.json

# First part of every topic name: <prefix>.<connection>.<table>
prefix: tributary

connections:
${sources.map(connectionTemplate).join('\n')}
# Your own Kafka and schema registry. Without them a local stack is started and keeps its data in .tributary/.
# kafka:
#   brokers: [broker-1:9092, broker-2:9092]
#   tls: true
#   sasl: { mechanism: scram-sha-512, username: tributary, password: "\${KAFKA_PASSWORD}" }
# registry:
#   url: https://registry:8081
#   username: tributary
#   password: \${REGISTRY_PASSWORD}

# Where Kafka Connect lands the topics. The local stack has a PostgreSQL of its own:
# landings:
#   postgres: embedded

# Prometheus metrics, health and status.
# metrics: { port: 9464, host: 127.0.0.1 }
`;
}

function connectionTemplate(source: Source): string {
  const shape = shapeOf(source.settings);
  const secrets = new Map(secretsOf(source).map(({ key, variable }) => [key, variable]));
  const lines = Object.entries(shape.properties ?? {}).map(([key, field]) => {
    const doc = field['description'] === undefined ? '' : `  # ${String(field['description'])}`;
    const variable = secrets.get(key);
    if (variable !== undefined) return `      ${key}: \${${variable}}${doc}`;
    return `      # ${key}: ${exampleOf(field)}${doc}`;
  });
  return `  # ${source.title}
  ${source.name}:
    settings:
${lines.length === 0 ? '      {}' : lines.join('\n')}
    # How far back the first read goes: 30d, 90d, 1y or all (or start_date: MM/DD/YYYY).
    history: all
    # When the tables are read; default: hourly.
    # schedule: "0 * * * *"
    # Only these tables (or all but those named by exclude:).
    # tables: [${source
      .tables(defaultsOf(source))
      .slice(0, 3)
      .map((table) => table.name)
      .join(', ')}]
`;
}

function exampleOf(field: JsonSchema): string {
  if ('default' in field) return JSON.stringify(field['default']);
  const choices = field['enum'];
  return Array.isArray(choices) ? choices.join(' | ') : '...';
}
