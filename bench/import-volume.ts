import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { roundTrip } from '../test/import/round-trip.ts';

/**
 * The round trip of an import in full, by hand, against a stack that runs:
 * `npx tsx bench/import-volume.ts --stack /tmp/stack.json --profiles 200000 --events 1000000`
 */
const { values } = parseArgs({
  options: {
    stack: { type: 'string' },
    profiles: { type: 'string', default: '200000' },
    events: { type: 'string', default: '1000000' },
  },
});
if (values.stack === undefined) throw new Error('--stack names the JSON that scripts/dev-stack.ts prints');
const { brokers, registryUrl, login } = JSON.parse(readFileSync(values.stack, 'utf8')) as {
  brokers: string[];
  registryUrl: string;
  login?: { username: string; password: string };
};
const dir = mkdtempSync(join(tmpdir(), 'tributary-volume-'));
try {
  const found = await roundTrip({
    brokers,
    registryUrl,
    ...(login === undefined ? {} : { login }),
    prefix: `volume${randomBytes(4).toString('hex')}`,
    dir,
    profiles: Number(values.profiles),
    events: Number(values.events),
    say: (text) => console.error(text),
  });
  console.log(JSON.stringify(found, null, 2));
} finally {
  rmSync(dir, { recursive: true, force: true });
}
