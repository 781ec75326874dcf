// Who may import whom. `node scripts/import-rules.mjs` checks the tree; the test feeds it small bad ones.
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, posix, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOTS = ['src', 'producers', 'exports'];
const KAFKA_PACKAGES = /^(kafkajs|@kafkajs\/.*)$/;
const inside =
  (...folders) =>
  (path) =>
    folders.some((folder) => path === folder || path.startsWith(`${folder}/`));

/**
 * The rooms of `src` from the bottom up. A room imports only itself and the rooms it names here, so that every
 * arrow points down. `bin/tributary.ts` puts the list of sources and the rooms together.
 */
const ROOMS = {
  core: [],
  record: ['core'],
  sdk: ['core', 'record'],
  state: ['core', 'record'],
  kafka: ['core', 'record'],
  landing: ['core', 'record', 'sdk', 'kafka'],
  consumer: ['core', 'record', 'kafka'],
  config: ['core', 'sdk', 'kafka', 'landing'],
  engine: ['core', 'record', 'sdk', 'state', 'kafka', 'config'],
  observability: ['core', 'kafka', 'engine', 'landing'],
  stack: ['core', 'config'],
  import: ['core', 'sdk', 'kafka', 'config'],
  web: ['core', 'record', 'sdk', 'kafka', 'engine', 'landing', 'observability', 'config', 'import'],
  cli: ['core', 'record', 'sdk', 'state', 'kafka', 'engine', 'landing', 'observability', 'config', 'stack', 'import', 'web'],
};
const room = (path) => /^src\/([^/]+)\//.exec(path)?.[1];

/** Each rule answers the reason why `from` must not import `to`, or undefined. `to` is a path in the tree or a package. */
const RULES = [
  (from, to, isPackage) => {
    if (!inside('producers')(from)) return undefined;
    if (isPackage) return to === 'zod' || to.startsWith('node:') ? undefined : `producers import no package but zod`;
    if (inside('src/core', 'src/sdk', 'src/record')(to)) return undefined;
    const own = from.split('/')[1];
    if (from === 'producers/index.ts') {
      return /^producers\/[^/]+\/index\.ts$/.test(to) ? undefined : `the list of sources imports only each source's index.ts`;
    }
    if (inside(`producers/${own}`)(to)) return undefined;
    return inside('producers')(to) ? 'one producer never imports another' : 'producers import only src/core, src/sdk and src/record';
  },
  (from, to) => (inside('src')(from) && inside('producers')(to) ? 'src never imports producers: the list is passed in' : undefined),
  (from, to) =>
    inside('src', 'producers')(from) && inside('exports', 'tributary')(to)
      ? 'what is exported is made of the rooms, never the other way round'
      : undefined,
  (from, to) => (inside('src')(from) && inside('test', 'scripts', 'bench')(to) ? 'src imports nothing that is not shipped' : undefined),
  (from, to, isPackage) =>
    isPackage && inside('src/core', 'src/sdk', 'src/record', 'src/state')(from) && KAFKA_PACKAGES.test(to)
      ? 'core, sdk, record and state know no Kafka'
      : undefined,
  (from, to, isPackage) => {
    const [own, other] = [room(from), room(to)];
    if (isPackage || own === undefined || other === undefined || own === other) return undefined;
    const below = ROOMS[own];
    if (below === undefined) return `the room src/${own} is not in the list of rooms`;
    return below.includes(other) ? undefined : `src/${own} may import only ${below.map((name) => `src/${name}`).join(', ')}`;
  },
];

const IMPORT = /(?:\bfrom\s*|\bimport\s*\(\s*|^\s*import\s+|\brequire\s*\(\s*)(['"])([^'"\n]+)\1/gm;

/** All forbidden imports below `root`, as `file: imports x: reason`. */
export function importViolations(root) {
  const found = [];
  for (const file of ROOTS.flatMap((folder) => sources(join(root, folder)))) {
    const from = relative(root, file).split(sep).join('/');
    for (const [, , name] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
      const isPackage = !name.startsWith('.');
      const to = isPackage ? name : posix.join(posix.dirname(from), name);
      for (const rule of RULES) {
        const reason = rule(from, to, isPackage);
        if (reason !== undefined) found.push(`${from}: imports ${name}: ${reason}`);
      }
    }
  }
  return found;
}

function sources(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((path) => /\.[cm]?[jt]sx?$/.test(path) && statSync(path).isFile());
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const violations = importViolations(dirname(dirname(fileURLToPath(import.meta.url))));
  for (const line of violations) console.error(line);
  process.exitCode = violations.length === 0 ? 0 : 1;
}
