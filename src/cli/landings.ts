import { kafkaSettings, type Settings } from '../config/settings.ts';
import { meantOr } from '../config/suggest.ts';
import { TributaryError } from '../core/errors.ts';
import { requireKeptNames } from '../engine/moved-tables.ts';
import { tlsMaterial } from '../core/tls.ts';
import type { KafkaAccess } from '../kafka/client.ts';
import { ensureTopics } from '../kafka/topics.ts';
import type { KafkaSettings } from '../kafka/types.ts';
import { applyLanding, planLanding } from '../landing/apply.ts';
import { connectClient, type ConnectClient, type ConnectLogin, type ConnectOptions } from '../landing/connect-client.ts';
import type { ConnectorDiff } from '../landing/diff.ts';
import { renderLanding } from '../landing/render.ts';
import { postgresLanding, type LandingSettings } from '../landing/settings.ts';
import type { SqlPlace } from '../landing/newest-rows.ts';
import { setUpPostgres, type PostgresAdmin } from '../landing/setup-postgres.ts';
import { deadLetterTopics } from '../landing/status.ts';
import { STRIMZI_FILE } from '../landing/strimzi.ts';
import type { ConverterSettings, Landing, RenderedLanding } from '../landing/types.ts';
import { plural } from '../observability/text.ts';
import { recall } from '../stack/memory.ts';
import type { Cli } from './app.ts';
import { remembered, stackFolder, type KafkaSession } from './session/kafka-session.ts';

/** A landing of the settings, ready to be rendered and applied. */
export interface OpenLanding {
  readonly landing: Landing;
  readonly rendered: RenderedLanding;
  /** Client of its Connect worker; undefined when the settings name none. */
  readonly connect: ConnectClient | undefined;
  /** Where the landed rows can be queried; undefined when the settings do not say. */
  readonly sqlPlace?: SqlPlace | undefined;
}

/** What a landing is rendered from, in addition to the settings. */
export interface LandingPlace {
  readonly kafka: KafkaSettings;
  /** Address of the local stack's Connect. */
  readonly connectUrl: string | undefined;
  /** Log-in of the local stack's Connect and registry. */
  readonly login?: ConnectLogin | undefined;
  /** The local stack's PostgreSQL. */
  readonly postgres: PostgresAdmin | undefined;
  /** Aborts every call to Connect. */
  readonly signal?: AbortSignal;
}

export function placeOf({ access, connectUrl, login, stack, postgres, stop }: KafkaSession): LandingPlace {
  return { kafka: access.settings, connectUrl: stack?.connectUrl ?? connectUrl, login, postgres, signal: stop };
}

/** The addresses, without contacting or starting anything. Throws `config` when a local stack has never run here. */
export async function rememberedPlace(cli: Cli, settings: Settings): Promise<LandingPlace> {
  if (settings.kafka) return { kafka: kafkaSettings(settings, undefined), connectUrl: undefined, postgres: undefined };
  const memory = await recall(stackFolder(settings));
  cli.redactor.add(memory.password);
  if (memory.ports.kafka === 0) {
    throw new TributaryError('The local stack has not run yet, so its addresses are not known.', {
      kind: 'config',
      remedy: 'Start it once with `tributary run`, or set your own kafka: and registry: in the settings.',
    });
  }
  const { connectUrl, postgres, ...addresses } = remembered(memory);
  return { kafka: kafkaSettings(settings, addresses), connectUrl, login: addresses.login, postgres };
}

const nothing: RenderedLanding = { connectors: [], files: [] };

/** Every landing of the settings. One whose connections do not exist yet has no tables and no connectors. */
export function openLandings(settings: Settings, place: LandingPlace): OpenLanding[] {
  return Object.keys(settings.landings).map((name) => openLanding(settings, place, name, true));
}

/** The settings of a landing. Throws `config` when there is none of that name. */
export function requireLanding(settings: Settings, name: string): Settings['landings'][string] {
  const names = Object.keys(settings.landings);
  const of = Object.hasOwn(settings.landings, name) ? settings.landings[name] : undefined;
  if (of === undefined) {
    throw new TributaryError(`No landing is called ${name}${meantOr(name, names)}`, {
      kind: 'config',
      remedy:
        names.length === 0
          ? 'The settings have no landings: section; sink-configs has a page for each kind.'
          : `There are ${names.join(', ')}.`,
    });
  }
  return of;
}

/** Names of all landings of the settings. Throws `config` when there is none. */
export function requireLandings(settings: Settings): readonly string[] {
  const names = Object.keys(settings.landings);
  if (names.length > 0) return names;
  throw new TributaryError('The settings have no landing.', {
    kind: 'config',
    remedy: 'Add a landings: section; sink-configs has a page for each kind.',
  });
}

/** Throws like {@link requireLanding}, and `config` when its names do not fit its warehouse. */
export function openLanding(settings: Settings, place: LandingPlace, name: string, orEmpty = false): OpenLanding {
  const of = requireLanding(settings, name);
  const own = of === 'embedded' ? embeddedPostgres(name, place.postgres) : of;
  const url = own.connect_url ?? place.connectUrl;
  const landing: Landing = {
    name,
    settings: own,
    prefix: settings.prefix,
    ...(settings.topics === undefined ? {} : { topics: settings.topics }),
    replicationFactor: place.kafka.replicationFactor,
    converter: converterOf(settings, place, name, own),
    connections: settings.connections.filter((connection) => own.connections?.includes(connection.name) ?? true),
  };
  return {
    landing,
    rendered: orEmpty && landing.connections.every(({ tables }) => tables.length === 0) ? nothing : renderLanding(landing),
    connect: url === undefined ? undefined : connectClient(url, connectOptions(own, place)),
    sqlPlace: sqlPlaceOf(own, of === 'embedded' ? place.postgres : undefined),
  };
}

/** The local stack's PostgreSQL may always be queried, any other only with the log-in from the settings. */
function sqlPlaceOf(own: LandingSettings, embedded: PostgresAdmin | undefined): SqlPlace | undefined {
  if (own.kind !== 'postgres') return undefined;
  if (embedded !== undefined) return { ...embedded, schema: own.schema };
  if (own.look === undefined) return undefined;
  const { user, password, host = own.host, port = own.port } = own.look;
  const ssl = own.sslmode === 'disable' ? false : { rejectUnauthorized: own.sslmode === 'verify-full' };
  return { host, port, user, password, database: own.database, schema: own.schema, ssl };
}

function connectOptions(own: LandingSettings, place: LandingPlace): ConnectOptions {
  const { connect_tls: tls } = own;
  return {
    login: connectLogin(own, place),
    ...(place.signal === undefined ? {} : { signal: place.signal }),
    ...(tls === undefined ? {} : { tls: tlsMaterial(tls) }),
  };
}

/** Names of all connectors that the settings define. */
export function allConnectorNames(settings: Settings, place: LandingPlace): ReadonlySet<string> {
  return new Set(openLandings(settings, place).flatMap(({ rendered }) => rendered.connectors.map(({ name }) => name)));
}

/** The landing's Connect worker. Throws `config` when the settings name none. */
export function requireConnect({ landing, connect }: OpenLanding): ConnectClient {
  if (connect) return connect;
  throw new TributaryError(`The landing ${landing.name} has no Connect worker.`, {
    kind: 'config',
    remedy: `Set landings.${landing.name}.connect_url, or, to use the local stack's own, keep \`tributary run\` running.`,
  });
}

/** Throws `config` when the settings name other topics than those that hold the landed rows: sinks of topics that no worker writes to would wait without an error. */
export async function requireLandedNames(settings: Settings, { rendered }: OpenLanding, access: KafkaAccess): Promise<void> {
  await requireKeptNames(
    access,
    settings,
    settings.connections.filter(({ name }) => rendered.connectors.some(({ connection }) => connection === name)),
  );
}

/**
 * Creates the Kafka topics of a landing, and the tables of an embedded one, and applies its connectors to Connect.
 * Returns the changes.
 */
export async function applyOpenLanding(
  settings: Settings,
  opened: OpenLanding,
  access: KafkaAccess,
  postgres: PostgresAdmin | undefined,
  now: () => number,
  signal: AbortSignal,
): Promise<ConnectorDiff[]> {
  const { landing, rendered } = opened;
  await requireLandedNames(settings, opened, access);
  await ensureTopics(access, deadLetterTopics(rendered));
  if (settings.landings[landing.name] === 'embedded' && landing.settings.kind === 'postgres' && postgres) {
    await setUpPostgres(rendered, landing.settings, postgres, postgres.password);
  }
  if (landing.settings.strimzi !== undefined) await requireApplied(opened);
  return applyLanding(rendered, requireConnect(opened), { now, signal });
}

/** With Strimzi the operator would revert our changes, so the resources must already be as rendered. Throws `config` when they are not. */
async function requireApplied(opened: OpenLanding): Promise<void> {
  const { name } = opened.landing;
  const differs = (await planLanding(opened.rendered, requireConnect(opened))).filter(({ kind }) => kind !== 'same');
  if (differs.length === 0) return;
  throw new TributaryError(
    `The connectors of ${name} belong to Strimzi's operator, and ${plural(differs.length, 'connector')} of it ${differs.length === 1 ? 'differs' : 'differ'}.`,
    {
      kind: 'config',
      remedy: `Apply the resources: \`tributary landing render ${name} ${STRIMZI_FILE} | kubectl apply -f -\`.`,
    },
  );
}

/** Throws `config` for connectors that Strimzi's operator would make again: their resources have to be deleted. */
export function requireOurs({ landing }: OpenLanding, left: readonly string[]): void {
  if (landing.settings.strimzi === undefined || left.length === 0) return;
  const { namespace } = landing.settings.strimzi;
  throw new TributaryError(
    `${left.join(', ')} ${left.length === 1 ? 'belongs' : 'belong'} to Strimzi's operator, which would create ${left.length === 1 ? 'it' : 'them'} again.`,
    {
      kind: 'config',
      remedy: `Delete the resources: \`kubectl delete kafkaconnector ${left.join(' ')}${namespace === undefined ? '' : ` -n ${namespace}`}\`.`,
    },
  );
}

/** {@link applyOpenLanding} of every landing of the settings. */
export async function applyLandings(
  settings: Settings,
  kafka: KafkaSession,
  now: () => number,
  signal: AbortSignal,
): Promise<OpenLanding[]> {
  const opened = openLandings(settings, placeOf(kafka));
  for (const one of opened)
    if (one.rendered.connectors.length > 0) await applyOpenLanding(settings, one, kafka.access, kafka.postgres, now, signal);
  return opened;
}

function embeddedPostgres(name: string, postgres: PostgresAdmin | undefined): LandingSettings {
  if (!postgres) {
    throw new TributaryError(`The landing ${name} is embedded, but the settings define your own Kafka.`, {
      kind: 'config',
      remedy: 'Describe the warehouse: kind, host and so on.',
    });
  }
  const { host, port, database } = postgres;
  return postgresLanding.parse({
    kind: 'postgres',
    host,
    port,
    database,
    password_ref: 'env:TRIBUTARY_WAREHOUSE_PASSWORD',
    sslmode: 'disable',
  });
}

/** The log-in of the landing's own Connect worker, otherwise that of the local stack. */
function connectLogin(
  { connect_url: url, connect_username: username, connect_password: password }: LandingSettings,
  place: LandingPlace,
): ConnectLogin | undefined {
  if (username !== undefined) return { username, password: password ?? '' };
  return url === undefined ? place.login : undefined;
}

function converterOf(
  { registry }: Settings,
  { kafka: { registry: known }, login }: LandingPlace,
  name: string,
  of: LandingSettings,
): ConverterSettings {
  const url = of.registry_url ?? known.url;
  const kind = of.converter ?? (registry ? 'confluent' : 'apicurio');
  const ref = of.registry_credentials_ref;
  if (registry?.username !== undefined && ref === undefined) {
    const what = kind === 'apicurio' ? 'the password' : 'user:password';
    throw new TributaryError(`The registry requires a log-in, and the landing ${name} does not say where the Connect worker finds one.`, {
      kind: 'config',
      remedy: `Set landings.${name}.registry_credentials_ref to a reference to ${what}, e.g. env:REGISTRY_CREDENTIALS.`,
    });
  }
  const registryUrl = kind === 'apicurio' ? url.replace(/\/ccompat\/v7\/?$/, '/registry/v2') : url;
  // Apicurio's converter takes user and password separately: the user is the registry's, the reference names the password.
  if (kind === 'apicurio' && registry?.username !== undefined && ref !== undefined)
    return { kind, registryUrl, login: { username: registry.username, passwordRef: ref } };
  return {
    kind,
    registryUrl,
    ...(ref === undefined ? {} : { credentialsRef: ref }),
    ...(kind === 'apicurio' && login !== undefined && of.registry_url === undefined
      ? { login: { username: login.username, passwordRef: 'env:TRIBUTARY_REGISTRY_PASSWORD' } }
      : {}),
  };
}
