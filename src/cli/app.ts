import { setMaxListeners } from 'node:events';
import { resolve } from 'node:path';
import { Writable } from 'node:stream';
import { followSettings, type FollowedSettings } from '../config/follow-settings.ts';
import { loadSettings } from '../config/load.ts';
import type { OwnSources } from '../config/own-sources.ts';
import type { Settings } from '../config/settings.ts';
import { interruptedAs, type TributaryError } from '../core/errors.ts';
import type { Clock } from '../core/clock.ts';
import { createLog, type Logger, type LogFormat } from '../observability/log.ts';
import { createRedactor, type Redactor } from '../core/redact.ts';
import { shownJson } from '../core/shown.ts';
import { createPaint, terminalText, type Paint } from '../observability/text.ts';
import { exitCodes } from './exit-codes.ts';
import type { Source } from '../sdk/source.ts';
import { endingMs } from './session/ending.ts';

type Terminal = Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };

/** The environment of the command; tests pass their own. */
export interface CliDeps {
  readonly sources: readonly Source[];
  readonly version: string;
  /** Commit the program was built from, where known. */
  readonly revision?: string | undefined;
  /** For data. */
  readonly stdout: Terminal;
  /** For messages and logs. */
  readonly stderr: Terminal;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly noColours: boolean;
  readonly cwd: string;
  readonly clock: Clock;
  readonly random: () => number;
  /** Calls back at SIGINT and SIGTERM; returns a function that stops listening. */
  readonly onSignal: (callback: () => void) => () => void;
  /** Calls back at SIGHUP, when the settings are to be read again; returns a function that stops listening. */
  readonly onReload?: (callback: () => void) => () => void;
  /** Ends the process at once. */
  readonly exitNow: (code: number) => void;
}

export interface GlobalOptions {
  config: string;
  verbose?: boolean;
  quiet?: boolean;
  logFormat?: LogFormat;
}

/** What every command works with. Everything it prints is redacted. */
export interface Cli {
  readonly deps: CliDeps;
  readonly redactor: Redactor;
  readonly log: Logger;
  /** For standard output. */
  readonly paint: Paint;
  /** For standard error. */
  readonly talkPaint: Paint;
  readonly verbose: boolean;
  /** Show only warnings and errors. */
  readonly quiet: boolean;
  /** Path of the settings file. */
  readonly settingsFile: string;
  /** All sources, including those of the settings file. Throws `config` when one of them cannot be loaded. */
  readonly sources: readonly Source[];
  /** Returns the settings; the first call reads them. Throws like `loadSettings`. */
  settings(how?: { readonly orEmpty?: boolean }): Settings;
  /** Follows changes of the settings file, starting from these settings. */
  followSettings(first: Settings): FollowedSettings;
  /** Prints a line of data to standard output. */
  print(text: string): void;
  json(value: unknown): void;
  /** Prints a message to standard error; a log entry when the log is JSON, so that all lines there are JSON. */
  say(text: string): void;
  /** Prints the error that ended the command. */
  complain(error: TributaryError): void;
  /** Whether messages are written as JSON. */
  readonly talksJson: boolean;
  /** Sends messages through `printer` from now on, for example above a progress block; undefined ends that. */
  talkThrough(printer: ((text: string) => void) | undefined): void;
  /**
   * Fires at the first SIGINT or SIGTERM. A second one ends the process at once, and so does a time limit when the command hangs
   * after the first.
   */
  interruption(as?: Interrupted): AbortSignal;
  /** The error that a command ends with, in words about the command once it was interrupted. */
  ending(error: TributaryError): TributaryError;
  close(): void;
}

/** What an interrupted command says of itself. */
export interface Interrupted {
  /** Such as `The verification`; `The command` when absent. */
  readonly what?: string;
  /** It saves positions before it ends. */
  readonly savesPositions?: boolean;
}

export { exitCodes } from './exit-codes.ts';

/** Adds a command to the program. `action` receives the {@link Cli} and returns the exit code; undefined means 0. */
export type Register = <A extends unknown[]>(
  action: (cli: Cli, ...args: A) => Promise<number | void> | number | void,
) => (...args: A) => Promise<void>;

/** One Ctrl-C may arrive twice within this time (ms): from the terminal, and from npm, which forwards the signal to its child. */
const echoMs = 1_000;

export function createCli(deps: CliDeps, options: GlobalOptions, own: OwnSources = { sources: [] }): Cli {
  const redactor = createRedactor();
  let loaded: Settings | undefined;
  let printer: ((text: string) => void) | undefined;
  let interrupted: AbortController | undefined;
  let told: Interrupted = {};
  let unlisten: () => void = () => undefined;
  let force: NodeJS.Timeout | undefined;
  const colours = (stream: Terminal) => stream.isTTY === true && !deps.noColours;
  const settingsFile = resolve(deps.cwd, options.config);

  const talksJson = options.logFormat === 'json';
  const talkPaint = createPaint(colours(deps.stderr) && !talksJson);
  const line = (text: string): void => {
    if (printer) printer(text);
    else deps.stderr.write(`${terminalText(text, colours(deps.stderr))}\n`);
  };
  const talk = new Writable({
    write(chunk: Buffer, _, done) {
      line(chunk.toString('utf8').trimEnd());
      done();
    },
  });
  const log = createLog({
    format: options.logFormat ?? 'pretty',
    level: options.verbose ? 'debug' : options.quiet ? 'warn' : 'info',
    stream: talk,
    redactor,
    colours: colours(deps.stderr),
  });
  const tell = (text: string): void => line(redactor.redact(text));
  const say = (text: string): void => {
    if (talksJson) log.info(text.trim());
    else if (!options.quiet) tell(text);
  };

  const sources = (): readonly Source[] => {
    if (own.problem !== undefined) throw own.problem;
    return [...deps.sources, ...own.sources];
  };

  const load = (orEmpty: boolean): Settings =>
    loadSettings(settingsFile, {
      sources: sources(),
      variables: deps.variables,
      onSecret: (secret) => redactor.add(secret),
      orEmpty,
    });

  return {
    deps,
    redactor,
    log,
    paint: createPaint(colours(deps.stdout)),
    talkPaint,
    talksJson,
    verbose: options.verbose ?? false,
    quiet: options.quiet ?? false,
    settingsFile,
    get sources() {
      return sources();
    },
    settings({ orEmpty = false } = {}) {
      loaded ??= load(orEmpty);
      return loaded;
    },
    followSettings(first) {
      const followed = followSettings(first, {
        file: settingsFile,
        load: () => load(true),
        onChange: () => log.info('The settings have changed and are applied.'),
        onProblem: ({ message }) => log.error(`The settings have changed but are not valid, so the earlier ones stay in use: ${message}`),
        onWaiting: (text) => log.warn(`Settings: ${text}`),
      });
      const unheard = deps.onReload?.(() => {
        const before = followed.problem();
        void followed.reload().then((problem) => {
          if (problem === undefined) log.info('The settings were read again.');
          // A new problem is logged by the callbacks above.
          else if (problem === before) log.warn(`The settings were read again, and the problem remains: ${problem}`);
        });
      });
      return {
        ...followed,
        stop() {
          unheard?.();
          followed.stop();
        },
      };
    },
    print: (text) => void deps.stdout.write(`${terminalText(redactor.redact(text), colours(deps.stdout))}\n`),
    json: (value) => void deps.stdout.write(`${shownJson(redactor.redact(JSON.stringify(value, bigints, 2)))}\n`),
    say,
    complain({ message, remedy, code, kind, detail }) {
      if (talksJson) {
        log.error({ code, remedy, ...(options.verbose ? { detail } : {}) }, message);
        return;
      }
      tell(`${kind === 'stopped' ? '' : `${talkPaint.bad('error:')} `}${message}`);
      if (remedy !== undefined) tell(remedy);
      if (options.verbose && detail !== undefined) tell(talkPaint.faint(detail));
      else if (kind === 'internal') tell('More with --verbose.');
    },
    talkThrough(next) {
      printer = next;
    },
    interruption(as = {}) {
      told = { ...told, ...as };
      if (interrupted) return interrupted.signal;
      const controller = (interrupted = new AbortController());
      // Every client of the process listens to this signal, so Node's warning about many listeners is turned off.
      setMaxListeners(0, controller.signal);
      let at = 0;
      unlisten = deps.onSignal(() => {
        const now = deps.clock.now();
        if (controller.signal.aborted) {
          if (now - at > echoMs) deps.exitNow(exitCodes.interrupted);
          return;
        }
        at = now;
        say(`Stopping${told.savesPositions ? '; positions are being saved' : ''}. Press Ctrl-C again to stop at once.`);
        force = setTimeout(() => {
          const kept = told.savesPositions ? ' What was committed is kept.' : '';
          say(`Something still hangs ${endingMs / 1000} s after the signal, so the process ends now.${kept}`);
          deps.exitNow(exitCodes.interrupted);
        }, endingMs);
        force.unref();
        controller.abort();
      });
      return controller.signal;
    },
    ending(error) {
      // Of a command that saves positions, what could not be saved is told.
      if (!interrupted?.signal.aborted || (told.savesPositions && error.kind === 'transient')) return error;
      return interruptedAs(told.what ?? 'The command', error);
    },
    close() {
      clearTimeout(force);
      unlisten();
    },
  };
}

function bigints(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
