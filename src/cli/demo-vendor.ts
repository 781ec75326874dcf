import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { TributaryError } from '../core/errors.ts';
import { startGuardian } from '../stack/guardian.ts';

/** The simulator of the vendor, running as a process of its own. */
export interface DemoVendor {
  readonly url: string;
  readonly key: string;
  stop(): Promise<void>;
}

const key = 'pk_demo_account';
const startWithinMs = 30_000;
const stopWithinMs = 2_000;

/** Starts the Klaviyo simulator with a seeded account that changes `changesPerMinute` times a minute. */
export async function startDemoVendor(changesPerMinute: number, signal: AbortSignal): Promise<DemoVendor> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const script = fileURLToPath(new URL(`../../simulators/klaviyo/main.${extension}`, import.meta.url));
  if (!existsSync(script)) {
    throw new TributaryError('The simulator of the demo is not part of this installation.', {
      kind: 'config',
      remedy: 'Run the demo from a checkout: npm run demo.',
    });
  }
  // In its own process group, so that a Ctrl-C reaches the engine first and ends the simulator after it.
  const child = spawn(
    process.execPath,
    [
      ...process.execArgv,
      script,
      '--key',
      key,
      '--profiles',
      '2000',
      '--events',
      '20000',
      '--changes-per-minute',
      String(changesPerMinute),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  );
  if (child.pid !== undefined) startGuardian().watch([child.pid]);
  try {
    const { url } = await firstLine(child, signal);
    return { url, key, stop: () => end(child) };
  } catch (error) {
    await end(child);
    throw error;
  }
}

function firstLine(child: ChildProcess, signal: AbortSignal): Promise<{ url: string }> {
  return new Promise((resolve, reject) => {
    let complaint = '';
    const fail = (what: string): void =>
      reject(
        new TributaryError(`The simulated account did not start: ${what}`, {
          kind: signal.aborted ? 'stopped' : 'internal',
          ...(complaint === '' ? {} : { detail: complaint }),
        }),
      );
    const timer = setTimeout(() => fail('it took too long.'), startWithinMs);
    signal.addEventListener('abort', () => fail('it was interrupted.'), { once: true });
    child.stderr?.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-2_000)));
    child.once('error', (error) => fail(error.message));
    child.once('exit', (code) => fail(`it ended with ${code ?? 'a signal'}.`));
    if (!child.stdout) return fail('it has no output.');
    createInterface({ input: child.stdout }).once('line', (line) => {
      clearTimeout(timer);
      try {
        resolve(JSON.parse(line) as { url: string });
      } catch {
        fail('its address could not be read.');
      }
    });
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((done) => {
    const force = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
    child.once('exit', () => {
      clearTimeout(force);
      done();
    });
    child.kill('SIGTERM');
  });
}
