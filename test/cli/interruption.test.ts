import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { createCli, type Cli } from '../../src/cli/app.ts';
import { stepStopped, TributaryError } from '../../src/core/errors.ts';

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
  expect(said()).toBe('Stopping. Press Ctrl-C again to stop at once.\n');
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

test('only a command that has positions says that it saves them, whoever asked for the signal first and last', () => {
  const { cli, signal, said } = listening();
  cli.interruption();
  cli.interruption({ savesPositions: true });
  cli.interruption();
  signal();
  expect(said()).toBe('Stopping; positions are being saved. Press Ctrl-C again to stop at once.\n');
});

describe('an interrupted command ends in words about itself', () => {
  const step = stepStopped('GET /api/profiles');
  const unreachable = new TributaryError('The webhook of notify did not answer.', { kind: 'transient' });
  const wrong = new TributaryError('The key is wrong.', { kind: 'config' });
  const own = new TributaryError('The import was stopped; nothing was sent.', { kind: 'stopped' });

  test('and not about the step it happened to be in', () => {
    const { cli, signal } = listening();
    cli.interruption({ what: 'The verification' });
    cli.interruption();
    for (const error of [step, unreachable, wrong, own]) expect(cli.ending(error)).toBe(error);
    signal();
    for (const error of [step, unreachable])
      expect(cli.ending(error)).toMatchObject({ message: 'The verification was interrupted.', kind: 'stopped', detail: error.message });
    for (const error of [wrong, own]) expect(cli.ending(error)).toBe(error);
  });

  test('whichever it is; what could not be saved is told', () => {
    const { cli, signal } = listening();
    cli.interruption({ savesPositions: true });
    signal();
    expect(cli.ending(step).message).toBe('The command was interrupted.');
    expect(cli.ending(unreachable)).toBe(unreachable);
  });
});
