import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endAll, startWorker, until } from './fleet.ts';
import { startShopServer } from '../support/shop-server.ts';
import type { Figures, Place } from './run.ts';

/** Where Debian puts it. */
const libraries = ['/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1', '/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1'];

/** The environment of a process whose clock is `file`'s offset (seconds) from this machine's. */
function otherClock(file: string): Record<string, string> {
  const library = libraries.find((path) => existsSync(path));
  if (library === undefined) throw new Error('libfaketime is not installed');
  return { LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1' };
}

/** A worker whose clock is set wrong for a while, and right again: its table is read within a minute of each change. */
export async function clock(place: Place, { prefix }: { readonly prefix: string }): Promise<Figures> {
  const vendor = await startShopServer(20, 10, 0);
  const dir = mkdtempSync(join(tmpdir(), 'clock-'));
  const file = join(dir, 'offset');
  writeFileSync(file, '+0');
  const worker = startWorker(
    { ...place, prefix, dataDir: dir, vendorUrl: vendor.url, connections: 1, schedule: '*/10 * * * * *', mode: 'worker' },
    otherClock(file),
  );
  const runs = (): number => worker.lines.filter((line) => line.type === 'run-ended' && line.outcome === 'succeeded').length;
  /** Seconds until the next run has ended well, by this machine's clock. */
  const next = async (what: string): Promise<number> => {
    const before = runs();
    // The first may have begun before the change.
    const seconds = await until(what, () => runs() > before + 1, 120);
    console.error(what, Math.round(seconds));
    return Math.round(seconds);
  };
  const found: string[] = [];
  try {
    await until('the first run', () => runs() > 0, 120);
    for (const offset of ['+3600', '-3600', '+86400', '-86400']) {
      writeFileSync(file, offset);
      found.push(`${offset} s: ${await next(`the clock is ${offset} s off`)}`);
      await sleep(5_000);
      writeFileSync(file, '+0');
      found.push(`right again: ${await next('the clock is right again')}`);
    }
    const [end] = await endAll([worker]);
    return {
      'two runs within so many seconds': found,
      'runs that failed': worker.lines.filter((line) => line.type === 'run-ended' && line.outcome === 'failed').length,
      ended: end?.signal ?? end?.code ?? 0,
    };
  } finally {
    worker.signal('SIGKILL');
    await vendor.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

/**
 * A night on which clocks change, as cron's manual has it: what is due in the skipped hour runs right after it, a fixed time in the
 * repeated hour runs once, any other time in both. `quiet`: moments at which nothing may run.
 */
interface Night {
  readonly timezone: string;
  readonly schedule: string;
  readonly due: readonly string[];
  readonly quiet?: readonly string[];
}

const nights: readonly Night[] = [
  { timezone: 'America/New_York', schedule: '30 2 * * *', due: ['2027-03-14T07:00Z', '2027-03-15T06:30Z'], quiet: ['2027-03-14T07:30Z'] },
  { timezone: 'America/New_York', schedule: '30 1 * * *', due: ['2027-11-07T05:30Z', '2027-11-08T06:30Z'], quiet: ['2027-11-07T06:30Z'] },
  { timezone: 'America/New_York', schedule: '*/30 * * * *', due: ['2027-11-07T05:30Z', '2027-11-07T06:00Z', '2027-11-07T06:30Z'] },
  { timezone: 'Europe/Berlin', schedule: '0 2 * * *', due: ['2027-03-28T01:00Z', '2027-03-29T00:00Z'], quiet: ['2027-03-28T00:00Z'] },
  { timezone: 'Europe/Berlin', schedule: '30 2 * * *', due: ['2027-10-31T00:30Z', '2027-11-01T01:30Z'], quiet: ['2027-10-31T01:30Z'] },
  { timezone: 'America/Santiago', schedule: '0 0 * * *', due: ['2027-09-05T04:00Z', '2027-09-06T03:00Z'], quiet: ['2027-09-05T03:00Z'] },
];

/** A worker a night; its clock is put to half a minute before each moment in turn, and runs from there. */
export async function clockChanges(place: Place, { prefix }: { readonly prefix: string }): Promise<Figures> {
  const vendor = await startShopServer(20, 10, 0);
  const found = await Promise.all(
    nights.map(async ({ timezone, schedule, due, quiet = [] }, at) => {
      const dir = mkdtempSync(join(tmpdir(), 'clock-'));
      const file = join(dir, 'offset');
      const moments = [...due, ...quiet].map((text) => Date.parse(text)).sort((a, b) => a - b);
      const setBefore = (moment: number): void => writeFileSync(file, `+${Math.round((moment - 30_000 - Date.now()) / 1_000)}`);
      // Well before the first moment, so that the first reading is over by then.
      setBefore((moments[0] as number) - 20 * 60_000);
      const worker = startWorker(
        { ...place, prefix: `${prefix}${at}`, dataDir: dir, vendorUrl: vendor.url, connections: 1, schedule, timezone, mode: 'worker' },
        otherClock(file),
      );
      const runs = (): number[] => worker.lines.flatMap((line) => (line.type === 'run-started' ? [line.at] : []));
      const wrong: string[] = [];
      const lates: number[] = [];
      try {
        await until(`${timezone}: the first run`, () => worker.lines.some((line) => line.type === 'run-ended'), 120);
        for (const moment of moments) {
          const before = runs().length;
          setBefore(moment);
          // Half a minute to the moment, one after it.
          await sleep(90_000);
          const started = runs().slice(before);
          const expected = due.some((text) => Date.parse(text) === moment);
          const right = expected ? started.length === 1 && Math.abs((started[0] as number) - moment) < 60_000 : started.length === 0;
          if (expected && started.length === 1) lates.push(((started[0] as number) - moment) / 1_000);
          if (!right)
            wrong.push(
              `${timezone} ${schedule} at ${new Date(moment).toISOString()}: ${started.map((run) => new Date(run).toISOString()).join(', ') || 'no run'}`,
            );
        }
        const [end] = await endAll([worker]);
        if (end?.code !== 0) wrong.push(`${timezone} ${schedule}: ended with ${end?.signal ?? end?.code} ${end?.errors}`);
      } catch (error) {
        wrong.push(`${timezone} ${schedule}: ${String(error)}`);
      } finally {
        worker.signal('SIGKILL');
        rmSync(dir, { recursive: true, force: true });
      }
      return { wrong, lates, failed: worker.lines.filter((line) => line.type === 'run-ended' && line.outcome === 'failed').length };
    }),
  );
  await vendor.close();
  const lates = found.flatMap((night) => night.lates);
  return {
    nights: nights.length,
    'runs at their moment': lates.length,
    'latest, s': Math.max(...lates),
    'runs that failed': found.reduce((sum, night) => sum + night.failed, 0),
    wrong: found.flatMap((night) => night.wrong),
  };
}
