import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../src/core/clock.ts';
import { keepHeapSmall } from '../src/engine/small-heap.ts';
import { checkFile } from '../src/import/check-file.ts';
import { ownKey, ownKeyFile, privateKey } from '../src/import/keys.ts';
import { noMapping } from '../src/import/mapping.ts';
import { uploadParts } from '../src/import/upload.ts';
import { startSftp } from '../simulators/klaviyo/sftp.ts';

/**
 * What an import takes of memory, by hand: each file is checked and sent by a process of its own, whose peak the kernel tells.
 * `npx tsx bench/import-memory.ts --rows 10000,5000000 --line`. The address of the first row stands in the last one again; `--line`
 * tries a file with a line of 1 GB too.
 */
const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '10000,5000000' },
    file: { type: 'string' },
    port: { type: 'string' },
    data: { type: 'string' },
    line: { type: 'boolean', default: false },
  },
});

async function measured(file: string, port: number, data: string): Promise<void> {
  const [began, signal] = [performance.now(), new AbortController().signal];
  const outcome = await checkFile({
    ...{ kind: 'profiles', file, mapping: noMapping, consent: false, now: Date.now(), folder: join(data, 'work'), signal },
  }).then(
    async (checked) => {
      const seconds = ((performance.now() - began) / 1_000).toFixed(1);
      const access = {
        host: '127.0.0.1',
        port,
        user: 'sim_user',
        key: privateKey(ownKeyFile(data), undefined),
        knownHosts: join(data, 'known.json'),
      };
      let sent = 0;
      await uploadParts({
        access,
        kind: 'profiles',
        parts: checked.parts,
        clock: systemClock,
        signal,
        onSent: ({ rows }) => (sent += rows),
      });
      return {
        rows: checked.rows,
        refused: checked.refused,
        fault: checked.faults[0],
        parts: checked.parts.length,
        checkedInSeconds: seconds,
        sent,
      };
    },
    ({ message }: Error) => ({ message }),
  );
  const peak = process.resourceUsage().maxRSS / 1_024;
  console.log(JSON.stringify({ peakMiB: Math.round(peak), seconds: ((performance.now() - began) / 1_000).toFixed(1), ...outcome }));
}

async function all(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'tributary-memory-'));
  const sftp = await startSftp({ users: { sim_user: ownKey(dir).text }, ingest: () => undefined });
  const measure = (file: string): Promise<void> =>
    new Promise((resolve) => {
      const args = ['--import', 'tsx', fileURLToPath(import.meta.url), '--file', file, '--port', String(sftp.port), '--data', dir];
      spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] }).on('close', () => resolve());
    });
  try {
    for (const rows of values.rows.split(',').map(Number)) {
      const file = join(dir, `${rows}.csv`);
      const out = createWriteStream(file);
      out.write('Email,First Name,City,Birthday,Shoe Size\n');
      for (let n = 0; n < rows; n += 1) {
        const id = n === rows - 1 ? 0 : n;
        if (!out.write(`person.${id}@import.test,"Anna ${n}",Łódź,1980-02-${10 + (n % 18)},${n % 50}\n`)) await once(out, 'drain');
      }
      out.end();
      await once(out, 'finish');
      await measure(file);
      rmSync(file);
    }
    if (!values.line) return;
    const file = join(dir, 'line.csv');
    writeFileSync(file, 'Email,City\nok@import.test,x\nb@import.test,');
    truncateSync(file, 2 ** 30);
    await measure(file);
  } finally {
    await sftp.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

// As bin/tributary.ts does.
keepHeapSmall();
await (values.file === undefined ? all() : measured(values.file, Number(values.port), values.data ?? ''));
