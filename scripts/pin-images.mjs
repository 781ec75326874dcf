// node scripts/pin-images.mjs [--check]: writes behind every image of the Dockerfiles and of docker-compose.yml the digest its
// registry has for that tag, so that a tag that is moved changes nothing. --check only compares, and fails on a difference.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const FILES = ['Dockerfile', 'docker/connect/Dockerfile', 'docker-compose.yml'];

/** `FROM image` and `image: image`, not those built here. A stage has no colon in its name. */
const IMAGE =
  /^(?<before>[ \t]*(?:FROM|image:)[ \t]+)(?<image>(?!tributary)[a-z0-9][a-z0-9./_-]*:[A-Za-z0-9._-]+)(?:@(?<digest>sha256:[0-9a-f]{64}))?/gm;

/** All images of a text, with the digest that stands behind each. */
export function imagesIn(text) {
  return [...text.matchAll(IMAGE)].map(({ groups }) => ({ image: groups.image, digest: groups.digest }));
}

/** The text with the digest of each image behind it. */
export function pinned(text, digests) {
  return text.replace(IMAGE, (whole, before, image) => `${before}${image}@${digests.get(image)}`);
}

const MANIFESTS = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/** The digest Docker Hub has for a tag: of the list of all platforms, where there is one. Throws when it cannot tell. */
export async function digestOf(image, ask = fetch) {
  const [name, tag] = image.split(':');
  const repository = name.includes('/') ? name : `library/${name}`;
  const login = await ask(`https://auth.docker.io/token?service=registry.docker.io&scope=repository:${repository}:pull`);
  if (!login.ok) throw new Error(`${image}: Docker Hub gives no token (${login.status})`);
  const { token } = await login.json();
  const answer = await ask(`https://registry-1.docker.io/v2/${repository}/manifests/${tag}`, {
    method: 'HEAD',
    headers: { accept: MANIFESTS, authorization: `Bearer ${token}` },
  });
  const digest = answer.headers.get('docker-content-digest');
  if (!answer.ok || !/^sha256:[0-9a-f]{64}$/.test(digest ?? '')) throw new Error(`${image}: Docker Hub names no digest (${answer.status})`);
  return digest;
}

async function main(check) {
  const texts = new Map(FILES.map((file) => [file, readFileSync(join(root, file), 'utf8')]));
  const images = [...texts].flatMap(([file, text]) => imagesIn(text).map((found) => ({ file, ...found })));
  const digests = new Map();
  for (const { image } of images) if (!digests.has(image)) digests.set(image, await digestOf(image));
  for (const [image, digest] of digests) console.log(`${image}@${digest}`);
  if (check) {
    const wrong = images.filter(({ image, digest }) => digest !== digests.get(image));
    for (const { file, image, digest } of wrong)
      console.error(
        `${file}: ${image} ${digest === undefined ? 'has no digest' : `is pinned to ${digest}, and its tag is another one now`}`,
      );
    return wrong.length === 0 ? 0 : 1;
  }
  for (const [file, text] of texts) writeFileSync(join(root, file), pinned(text, digests));
  return 0;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = await main(process.argv.includes('--check'));
}
