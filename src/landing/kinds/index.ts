import type { LandingKind } from '../settings.ts';
import { bigquery } from './bigquery.ts';
import { iceberg } from './iceberg.ts';
import type { Kind } from './kind.ts';
import { postgres } from './postgres.ts';
import { redshift } from './redshift.ts';
import { s3 } from './s3.ts';
import { snowflake } from './snowflake.ts';
import { synapse } from './synapse.ts';

export const KINDS: Readonly<Record<LandingKind, Kind>> = { postgres, redshift, s3, bigquery, synapse, snowflake, iceberg };
