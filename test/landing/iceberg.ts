import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import files from './iceberg.lock.json' with { type: 'json' };
import type { JarSet } from '../../src/stack/artifacts.ts';
import { pythonWithPackages } from '../setup/python.mjs';

/** Apache Iceberg's sink with what it needs for a catalog in PostgreSQL and tables in a folder. */
export const icebergSink: JarSet = {
  kind: 'jars',
  title: "Apache Iceberg's sink for Kafka Connect 1.9.2 (86 MB)",
  within: 'iceberg',
  folder: 'iceberg-sink-1.9.2',
  files,
  coordinates: [
    'org.apache.iceberg:iceberg-kafka-connect:1.9.2',
    'org.apache.iceberg:iceberg-parquet:1.9.2',
    'org.apache.hadoop:hadoop-client-api:3.4.1',
    'org.apache.hadoop:hadoop-client-runtime:3.4.1',
    'org.postgresql:postgresql:42.7.7',
  ],
};

export interface IcebergRead {
  /** Types by column. */
  readonly columns: Readonly<Record<string, string>>;
  /** Rows of the log. */
  readonly versions: number;
  /** What the view over it shows. */
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

/** Reads a log with PyIceberg and runs the rendered view over it on DuckDB. */
export function readIceberg(asked: { readonly metadata: string; readonly log: string; readonly sql: string }): IcebergRead {
  const script = fileURLToPath(new URL('read_iceberg.py', import.meta.url));
  return JSON.parse(execFileSync(pythonWithPackages(), [script], { input: JSON.stringify(asked), encoding: 'utf8' })) as IcebergRead;
}
