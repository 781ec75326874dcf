import type { Source } from '../src/sdk/source.ts';
import { customerIo } from './customer_io/index.ts';
import { klaviyo } from './klaviyo/index.ts';
import { listrak } from './listrak/index.ts';
import { pendo } from './pendo/index.ts';
import { segment } from './segment/index.ts';

/** All sources. The only place that names them. */
export const sources: readonly Source[] = [customerIo, klaviyo, listrak, pendo, segment];
