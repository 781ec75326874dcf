import lock from './artifacts.lock.json' with { type: 'json' };

/** One download by Maven, kept in the cache under `folder`, whose name contains its version. */
export type Artifact = JarSet | Archive;

interface Pinned {
  title: string;
  folder: string;
  /** SHA-256 of every file, by its path in the folder; stored in `artifacts.lock.json`. */
  files: Readonly<Record<string, string>> | undefined;
}

/** A class path: the named artifacts and all their dependencies. */
export interface JarSet extends Pinned {
  kind: 'jars';
  /** Subfolder for the jars, where a program expects one folder per class path. */
  within?: string;
  /** `group:artifact:version` */
  coordinates: readonly string[];
  /** Classes of plugins, by the interface they implement, that no manifest of the jars names: a jar of their manifests is added. */
  services?: Readonly<Record<string, readonly string[]>>;
}

/** A tar.gz archive, unpacked. */
export interface Archive extends Pinned {
  kind: 'archive';
  /** `group:artifact:version:tar.gz:classifier` */
  coordinate: string;
  sha256: string;
}

const KAFKA = '4.3.1';

function filesOf(folder: string): Readonly<Record<string, string>> | undefined {
  return (lock as Readonly<Record<string, Readonly<Record<string, string>>>>)[folder];
}

export const kafkaJars: JarSet = {
  kind: 'jars',
  title: `Kafka ${KAFKA} (54 MB)`,
  // A changed set of jars needs another folder name, because a running stack of an older release may be using this one.
  folder: `kafka-${KAFKA}-r2`,
  files: filesOf(`kafka-${KAFKA}-r2`),
  coordinates: [
    `org.apache.kafka:kafka_2.13:${KAFKA}`,
    `org.apache.kafka:kafka-tools:${KAFKA}`,
    `org.apache.kafka:connect-runtime:${KAFKA}`,
    `org.apache.kafka:connect-basic-auth-extension:${KAFKA}`,
    // Kafka includes the logging interface only; without an implementation its log files stay empty.
    'org.slf4j:slf4j-simple:1.7.36',
  ],
};

export const registryApp: Archive = {
  kind: 'archive',
  title: 'schema registry Apicurio 3.0.9 (109 MB)',
  folder: 'apicurio-registry-3.0.9-r2',
  files: filesOf('apicurio-registry-3.0.9-r2'),
  coordinate: 'io.apicurio:apicurio-registry-app:3.0.9:tar.gz:all',
  sha256: '2b28181501a20cbf6efcd77f9b7153908fc01f3d3a7c32024c0bd9e1b04c8a43',
};

// The last version on Maven Central whose dependencies can be resolved; it reads our message format (see its settings in the landing).
export const avroConverter: JarSet = {
  kind: 'jars',
  within: 'converter',
  title: 'Avro converter for Kafka Connect (26 MB)',
  folder: 'apicurio-converter-2.6.13-r3',
  files: filesOf('apicurio-converter-2.6.13-r3'),
  coordinates: [
    'io.apicurio:apicurio-registry-utils-converter:2.6.13.Final',
    'io.apicurio:apicurio-registry-serdes-avro-serde:2.6.13.Final',
  ],
  services: { 'org.apache.kafka.connect.storage.Converter': ['io.apicurio.registry.utils.converter.AvroConverter'] },
};

export const jdbcSink: Archive = {
  kind: 'archive',
  title: 'JDBC sink for Kafka Connect, Debezium 3.6.0 (58 MB)',
  folder: 'debezium-jdbc-3.6.0-r2',
  files: filesOf('debezium-jdbc-3.6.0-r2'),
  coordinate: 'io.debezium:debezium-connector-jdbc:3.6.0.Final:tar.gz:plugin',
  sha256: 'c23af8d416f0f801ffb0271b1a8fd9b5360ff8d66b0dd650e066bb56ecfddc05',
};

export const artifacts: readonly Artifact[] = [kafkaJars, registryApp, avroConverter, jdbcSink];
