// node scripts/sbom.mjs: writes a CycloneDX bill of materials to stdout: the npm packages a release runs (npm's own list, from
// the lock file) and every file of the local stack with its SHA-256 (src/stack/artifacts.lock.json).
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** `name-1.2.3.Final.jar` as its name and version; a jar without a version has none. */
function nameAndVersion(file) {
  const stem = basename(file, '.jar');
  const mark = stem.search(/-\d/);
  return mark < 0 ? { name: stem } : { name: stem.slice(0, mark), version: stem.slice(mark + 1) };
}

/**
 * The Java parts as components, and what each consists of. Files that are no jar (licences) are left out.
 * Jars tell neither group nor publisher, so a jar is named by its file and its hash.
 */
export function javaParts(lock) {
  const components = [];
  const dependencies = [];
  for (const [folder, files] of Object.entries(lock)) {
    // `kafka-4.3.1-r2`: ours is the last number.
    const part = nameAndVersion(`${folder.replace(/-r\d+$/, '')}.jar`);
    const ref = `java:${folder}`;
    const jars = Object.entries(files).filter(([path]) => path.endsWith('.jar'));
    components.push({ type: 'application', 'bom-ref': ref, ...part });
    for (const [path, hash] of jars) {
      const { name, version } = nameAndVersion(path);
      components.push({
        type: 'library',
        'bom-ref': `${ref}/${path}`,
        name,
        ...(version === undefined ? {} : { version }),
        scope: 'optional',
        hashes: [{ alg: 'SHA-256', content: hash }],
        purl: `pkg:generic/${encodeURIComponent(name)}${version === undefined ? '' : `@${encodeURIComponent(version)}`}?checksum=sha256:${hash}&file_name=${encodeURIComponent(basename(path))}`,
        properties: [{ name: 'tributary:file', value: `${folder}/${path}` }],
      });
    }
    dependencies.push({ ref, dependsOn: jars.map(([path]) => `${ref}/${path}`) });
  }
  return { components, dependencies };
}

function withoutDevelopment(bill) {
  const dropped = new Set(
    bill.components
      .filter(({ properties = [] }) => properties.some(({ name, value }) => name === 'cdx:npm:package:development' && value === 'true'))
      .map((component) => component['bom-ref']),
  );
  const kept = (ref) => !dropped.has(ref);
  return {
    ...bill,
    components: bill.components.filter((component) => kept(component['bom-ref'])),
    dependencies: bill.dependencies
      .filter(({ ref }) => kept(ref))
      .map((entry) => ({ ...entry, dependsOn: (entry.dependsOn ?? []).filter(kept) })),
  };
}

/** The whole bill. Throws when npm cannot list its packages. */
export function billOfMaterials() {
  // Not with `--omit dev`: npm then leaves out what development uses as well, such as zod and yaml.
  const args = ['sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'application', '--package-lock-only'];
  const asked = spawnSync('npm', args, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, shell: process.platform === 'win32' });
  if (asked.status !== 0) throw new Error(`npm sbom failed: ${asked.stderr || asked.error?.message}`);
  const bill = withoutDevelopment(JSON.parse(asked.stdout));
  const java = javaParts(JSON.parse(readFileSync(join(root, 'src/stack/artifacts.lock.json'), 'utf8')));
  const own = bill.metadata.component['bom-ref'];
  const parts = java.dependencies.map(({ ref }) => ref);
  const { name } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return {
    ...bill,
    // npm calls the project by its folder.
    metadata: { ...bill.metadata, component: { ...bill.metadata.component, name } },
    components: [...bill.components, ...java.components],
    dependencies: [
      ...bill.dependencies.map((entry) => (entry.ref === own ? { ...entry, dependsOn: [...(entry.dependsOn ?? []), ...parts] } : entry)),
      ...java.dependencies,
    ],
  };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.stdout.write(`${JSON.stringify(billOfMaterials(), null, 2)}\n`);
}
