import { TributaryError } from '../core/errors.ts';
import { tableTopicPattern } from '../kafka/meta/topic-names.ts';
import { dbtSources } from './dbt.ts';
import { KINDS } from './kinds/index.ts';
import type { Kind } from './kinds/kind.ts';
import type { LandingSettings } from './settings.ts';
import { kafkaConnectors, kubernetesName, STRIMZI_FILE } from './strimzi.ts';
import { landedTables, requireNamesFit } from './tables.ts';
import { fill, fillSql, readTemplate } from './template.ts';
import type { Values } from './template.ts';
import type { Connector, LandedTable, Landing, RenderedFile, RenderedLanding } from './types.ts';

/**
 * Renders the connectors and the SQL of a landing: one connector per connection, or per table where the settings say so. A
 * connector that stops, is paused or re-reads its topics does not affect the others.
 * Throws `config` when a name does not fit the warehouse.
 */
export function renderLanding(landing: Landing): RenderedLanding {
  const kind = KINDS[landing.settings.kind];
  const tables = landedTables(landing, landing.connections);
  if (tables.length === 0) {
    throw new TributaryError(`The landing ${landing.name} has no tables.`, {
      kind: 'config',
      remedy: 'List connections in it that exist and have tables.',
    });
  }
  if (kind.dialect !== undefined) requireNamesFit(tables, kind.dialect, kind.longestSuffix);
  const { strimzi } = landing.settings;
  const named = (...parts: readonly string[]): string => connectorName(landing.settings, ...parts);
  const connectors = landing.connections.flatMap(({ name }) => {
    const own = tables.filter((table) => table.connection === name);
    if (landing.settings.connectors === 'per_connection') return [renderConnector(landing, kind, named(landing.name, name), name, own)];
    return own.map((table) => renderConnector(landing, kind, named(landing.name, name, table.table), name, [table]));
  });
  if (strimzi !== undefined) requireOneNameEach(connectors);
  const files: RenderedFile[] = [
    ...kind.sql(landing).map((file) => ({ path: file, text: renderSql(landing, kind, file, tables) })),
    ...(kind.dialect === undefined ? [] : [{ path: 'dbt/sources.yml', text: dbtSources(landing, tables, kind.dialect) }]),
    ...(strimzi === undefined
      ? connectors.map((connector) => ({
          path: `connectors/${connector.name}.json`,
          text: `${JSON.stringify(connector.config, null, 2)}\n`,
        }))
      : [{ path: STRIMZI_FILE, text: kafkaConnectors(connectors, strimzi) }]),
  ];
  return { connectors, files };
}

function connectorName({ strimzi }: LandingSettings, ...parts: readonly string[]): string {
  return strimzi === undefined ? parts.join('-') : kubernetesName(parts.join('-'));
}

/** Names of the connectors that a landing of this name makes for a connection. */
export function connectorNames(landing: string, settings: LandingSettings, connection: string, tables: readonly string[]): string[] {
  return settings.connectors === 'per_connection'
    ? [connectorName(settings, landing, connection)]
    : tables.map((table) => connectorName(settings, landing, connection, table));
}

/** Kubernetes allows fewer names than a connection may have. Throws `config` when two connectors would get the same name. */
function requireOneNameEach(connectors: readonly Connector[]): void {
  const taken = new Map<string, string>();
  for (const { name, connection } of connectors) {
    const other = taken.get(name);
    if (other !== undefined || name.length > 253 || name === '')
      throw new TributaryError(
        other === undefined
          ? `${name || connection} is not a valid name for a KafkaConnector.`
          : `The connectors of ${other} and ${connection} would both be the KafkaConnector ${name}.`,
        { kind: 'config', remedy: 'Rename one of the connections: Kubernetes allows lower-case letters, digits and hyphens only.' },
      );
    taken.set(name, connection);
  }
}

function renderConnector(landing: Landing, kind: Kind, name: string, connection: string, tables: readonly LandedTable[]): Connector {
  const deadLetterTopic = `${landing.prefix}._dlq.${name}`;
  const controlTopic = `${landing.prefix}._iceberg.${name}`;
  const values: Values = {
    landing: landing.name,
    connector: name,
    connection,
    topics: tables.map((table) => table.topic).join(','),
    topic_pattern: tableTopicPattern(landing, connection),
    dead_letter_topic: deadLetterTopic,
    control_topic: controlTopic,
    tasks: String(landing.settings.tasks),
    replication_factor: String(landing.replicationFactor),
    registry_url: landing.converter.registryUrl,
    ...kind.values(landing),
    ...kind.connectionValues(landing, tables),
  };
  const templates = [...kind.connector(landing), 'common/connector.json', `common/converter-${landing.converter.kind}.json`];
  const config = Object.assign({}, ...templates.map((path) => fillJson(path, values)), converterCredentials(landing)) as Record<
    string,
    string
  >;
  Object.assign(config, kind.extraConfig?.(landing, tables, config));
  const talks = landing.settings.kind === 'iceberg' ? { controlTopic } : {};
  return { name, connection, config, deadLetterTopic, ...talks, tables };
}

function fillJson(path: string, values: Values): Record<string, string> {
  const template = JSON.parse(readTemplate(path)) as Record<string, string>;
  return Object.fromEntries(Object.entries(template).map(([key, value]) => [key, fill(value, values, path)]));
}

function converterCredentials(landing: Landing): Record<string, string> {
  const { kind, credentialsRef, login } = landing.converter;
  if (login !== undefined) {
    return Object.fromEntries(
      ['key', 'value'].flatMap((side) => [
        [`${side}.converter.apicurio.auth.username`, login.username],
        [`${side}.converter.apicurio.auth.password`, `\${${login.passwordRef}}`],
      ]),
    );
  }
  if (credentialsRef === undefined) return {};
  if (kind === 'apicurio') {
    throw new TributaryError(`The landing ${landing.name} cannot give Apicurio's converter a user and password in one.`, {
      kind: 'config',
      remedy: 'Use the Confluent converter with this registry; Apicurio supports it under /apis/ccompat/v7.',
    });
  }
  return Object.fromEntries(
    ['key', 'value'].flatMap((side) => [
      [`${side}.converter.basic.auth.credentials.source`, 'USER_INFO'],
      [`${side}.converter.basic.auth.user.info`, `\${${credentialsRef}}`],
    ]),
  );
}

function renderSql(landing: Landing, kind: Kind, file: string, tables: readonly LandedTable[]): string {
  const path = `${landing.settings.kind}/${file}`;
  const { dialect } = kind;
  if (dialect === undefined)
    throw new TributaryError(`The landing kind ${landing.settings.kind} has SQL but no dialect.`, { kind: 'internal' });
  const perTable = tables.map((table) => ({ topic: table.topic, ...kind.tableValues(landing, table) }));
  return fillSql(readTemplate(path), { landing: landing.name, ...kind.sqlValues(landing) }, perTable, path);
}
