import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Version of this program, found from the sources as well as from the build. */
export const VERSION = packageVersion();

/** The commit this program was built from; undefined when it runs from its sources, or was built without git. */
export const REVISION = builtFrom();

/** Version and revision, for people. */
export const RELEASE = REVISION === undefined ? VERSION : `${VERSION} (${REVISION})`;

/** How this program names itself in every request: product and comment, as RFC 9110 has it. */
export const USER_AGENT = `tributary/${RELEASE}`;

/** The build leaves it beside the compiled sources (scripts/build.mjs). */
function builtFrom(): string | undefined {
  const file = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'REVISION');
  const text = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  return /^[0-9A-Za-z.-]{4,64}$/.test(text) ? text : undefined;
}

function packageVersion(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const path = join(folder, 'package.json');
    if (existsSync(path)) return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
    if (folder === dirname(folder)) return 'unknown';
  }
}
