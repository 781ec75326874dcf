import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Version of this program; works from the sources and from the build. */
export const VERSION = packageVersion();

/** The commit from which this program was built; undefined when it runs from the sources or was built without git. */
export const REVISION = builtFrom();

/** Version and revision for display. */
export const RELEASE = REVISION === undefined ? VERSION : `${VERSION} (${REVISION})`;

/** The User-Agent of every request: product and comment as in RFC 9110. */
export const USER_AGENT = `tributary/${RELEASE}`;

/** Reads the file that scripts/build.mjs writes beside the compiled sources. */
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
