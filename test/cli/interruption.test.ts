import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { createCli, type Cli } from '../../src/cli/app.ts';

function listening(): { cli: Cli; signal: () => void; at: (ms: number) => void; said: () => string; exits: number[] } {
  let now = 1_000_000;
  let text = '';
  let raise: () => void = () => undefined;
  const exits: number[] = [];
  const stream = () =>
    new Writable({
      write(chunk, _, done) {
        text += String(chunk);
        done();
      },
    });
  const cli = createCli(
    {
      sources: [],
      version: '0',
      stdout: stream(),
      stderr: stream(),
      variables: {},
      noColours: true,
      cwd: '/',
      random: Math.random,
      clock: { now: () => now, timer: () => () => undefined },
      onSignal: (callback) => {
        raise = callback;
        return () => undefined;
      },
      exitNow: (code) => void exits.push(code),
    },
    { config: 'tributary.yaml' },
  );
  return { cli, signal: () => raise(), at: (ms) => void (now = 1_000_000 + ms), said: () => text, exits };
}

test('the first signal stops in good order, a later one at once', () => {
  const { cli, signal, at, said, exits } = listening();
  const stop = cli.interruption();
  signal();
  expect(stop.aborted).toBe(true);
  expect(said()).toMatch(/Stopping; positions are being saved/);
  at(5_000);
  signal();
  expect(exits).toEqual([130]);
});

test('one Ctrl-C that comes twice, from the terminal and from npm, stops in good order', () => {
  const { cli, signal, at, said, exits } = listening();
  const stop = cli.interruption();
  signal();
  at(20);
  signal();
  expect(stop.aborted).toBe(true);
  expect(exits).toEqual([]);
  expect(said().match(/Stopping/g)).toHaveLength(1);
});
