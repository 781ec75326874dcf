// Writes docs/openapi.json from the routes. A test holds the two together.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { apiOf, openapiOf } from '../src/web/api/routes.ts';
import type { Site } from '../src/web/app.tsx';
import type { ImportWork } from '../src/web/imports/work.ts';

// The routes are described without being asked, so nothing behind them is needed.
const document = openapiOf(apiOf({ board: undefined, context: undefined } as unknown as Site, undefined as unknown as ImportWork));
writeFileSync(join(import.meta.dirname, '..', 'docs', 'openapi.json'), `${JSON.stringify(document, null, 2)}\n`);
