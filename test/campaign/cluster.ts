import { setTimeout as sleep } from 'node:timers/promises';
import type { LineFaults } from '../support/faulty-line.ts';
import type { Figures, Place, Wanted } from './run.ts';
import { allReadAgain, longestStall, openTrial, whileChanging } from './trial.ts';

/*
 * Trials on three brokers with RF 3. At the end of each everything the vendor holds is in the topics, row by row, and
 * one more pass publishes nothing.
 */

const size = { profiles: 400, events: 1_500 };
const round = (seconds: number): number => Math.round(seconds * 10) / 10;

/** Brokers are killed, or end in good order, one after the other, while one worker reads an account that changes. */
export async function brokerRestarts(place: Place, { count, seed, random }: Wanted): Promise<Figures> {
  const trial = await openTrial(place, { seed, ...size });
  const { cluster, account, vendor } = trial;
  const stalls: number[] = [];
  try {
    const worker = trial.spawn();
    await trial.begin(worker);
    await allReadAgain(trial, worker, 180);
    await whileChanging(account.grow, 2_000, async () => {
      for (let at = 0; at < count; at += 1) {
        const signal = at % 2 === 0 ? 'SIGKILL' : 'SIGTERM';
        const from = vendor.clock.now();
        await cluster.restart(signal === 'SIGKILL' ? Math.floor(random() * 3) : (at >> 1) % 3, signal, random() * 3_000);
        await allReadAgain(trial, worker, 180);
        stalls.push(longestStall(worker, from, vendor.clock.now()));
        console.error(at, signal, `longest stall ${round(stalls.at(-1) ?? 0)} s`);
        if (at % 5 === 4) account.shrink();
      }
    });
    worker.signal('SIGTERM');
    await worker.gone(60);
    const { passes, lastPublished } = await trial.settle();
    return {
      restarts: stalls.length,
      'longest stalls, s': [...stalls]
        .sort((a, b) => b - a)
        .slice(0, 5)
        .map((stall) => String(round(stall))),
      'faults of ours': trial.ownFaults(),
      'equal after passes': passes,
      'published by the last pass': lastPublished,
    };
  } finally {
    await trial.close();
  }
}

const faults: Readonly<Record<string, LineFaults>> = {
  'random resets': { resets: 0.02 },
  'black holes': { blackHoles: 0.01 },
  '300 ms latency': { latencyMs: 300 },
  'one byte a second': { bytesPerSecond: 1 },
};

/** Each fault on each line for a while, one after the other; the worker starts anew in each of them, since the registry is asked only then. */
export async function sickLines(place: Place, { seed, lines = ['vendor', 'broker', 'registry'] }: Wanted): Promise<Figures> {
  const trial = await openTrial(place, { seed, ...size });
  const { account } = trial;
  const recoveries: Record<string, number> = {};
  try {
    let worker = trial.spawn();
    await trial.begin(worker);
    await allReadAgain(trial, worker, 180);
    for (const line of lines) {
      for (const [name, suffered] of Object.entries(faults)) {
        const next = trial.spawn();
        await next.line('loaded', ({ type }) => type === 'loaded');
        trial.lines[line].forEach((one) => one.suffer(suffered));
        await whileChanging(account.grow, 3_000, async () => {
          await sleep(10_000);
          worker.signal('SIGTERM');
          await worker.gone(90);
          worker = next;
          await trial.begin(worker);
          await sleep(20_000);
          account.shrink();
        });
        trial.lines[line].forEach((one) => one.suffer({}));
        recoveries[`${line}, ${name}`] = round(await allReadAgain(trial, worker, 240));
        console.error(line, name, `all read ${recoveries[`${line}, ${name}`]} s after the line was mended`);
      }
    }
    worker.signal('SIGTERM');
    await worker.gone(60);
    const { passes, lastPublished } = await trial.settle();
    return {
      'all read so many seconds after the line was mended': Object.entries(recoveries).map(([what, seconds]) => `${what} ${seconds}`),
      'faults of ours': trial.ownFaults(),
      'equal after passes': passes,
      'published by the last pass': lastPublished,
    };
  } finally {
    await trial.close();
  }
}

/** The worker is killed again and again at random moments while rows come, change, go, merge and come late. */
export async function kills(place: Place, { count, seed, random }: Wanted): Promise<Figures> {
  const trial = await openTrial(place, { seed, ...size });
  const { account, vendor } = trial;
  let reading = 0;
  try {
    // Loading takes longer than most lives do, so the next process loads meanwhile.
    let next = trial.spawn();
    await whileChanging(account.grow, 1_500, async () => {
      for (let life = 0; life < count; life += 1) {
        const worker = next;
        next = trial.spawn();
        await trial.begin(worker);
        await worker.line('opened', ({ type }) => type === 'opened');
        // Some die while they open, most in their work, however long a busy machine takes to come to it.
        const dice = random();
        const awaited = dice < 0.2 ? undefined : dice < 0.5 ? 'page-read' : 'batch-committed';
        if (awaited !== undefined) await worker.line(awaited, ({ type }) => type === awaited).catch(() => undefined);
        await sleep(random() * 2_000);
        worker.signal('SIGKILL');
        await worker.ended;
        if (worker.lines.some(({ type }) => type === 'batch-committed')) reading += 1;
        if (life % 4 === 3) account.shrink();
        vendor.clock.advance(30_000);
        if (life % 10 === 9) console.error(`${life + 1} kills, ${reading} lives that committed`);
      }
    });
    next.signal('SIGKILL');
    const { passes, lastPublished } = await trial.settle();
    return {
      kills: count,
      'lives that committed something': reading,
      'faults of ours': trial.ownFaults(),
      'equal after passes': passes,
      'published by the last pass': lastPublished,
    };
  } finally {
    await trial.close();
  }
}
