import { avroConverter, kafkaJars } from '../../src/stack/artifacts.ts';
import { jarsOf, runJava } from './java.ts';

export interface ConnectRecord {
  readonly topic: string;
  /** Avro schema of the value. */
  readonly schema: string;
  /** The value's Avro bytes in hex; null for a tombstone. */
  readonly avro: string | null;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
}

/**
 * The JSON line a file sink writes for each record under this configuration, by Kafka Connect's own classes; empty for a record that a
 * transform drops.
 */
export async function connectLines(config: Readonly<Record<string, string>>, records: readonly ConnectRecord[]): Promise<string[]> {
  const libraries = [...(await jarsOf(kafkaJars)), ...(await jarsOf(avroConverter))];
  return (await runJava('ConnectLines', libraries, { config, records })).split('\n').slice(0, -1);
}
