import { parseArgs } from 'node:util';

/** An option on the command line of a simulator: its value where none is given, and what it means. */
export type Option =
  | { readonly whole: number | undefined; readonly help: string }
  | { readonly text: string; readonly help: string }
  /** `real`: the machine's clock; else a time at which the clock stands still, e.g. 2026-03-01T12:00Z. */
  | { readonly clock: 'real'; readonly help: string }
  | { readonly choice: readonly [string, ...string[]]; readonly help: string }
  | { readonly flag: true; readonly help: string };

type Value<O extends Option> = O extends { whole: infer N }
  ? N extends undefined
    ? number | undefined
    : number
  : O extends { clock: 'real' }
    ? number | 'real'
    : O extends { flag: true }
      ? boolean
      : O extends { choice: readonly (infer C)[] }
        ? C
        : string;

export type Values<O extends Readonly<Record<string, Option>>> = { readonly [Name in keyof O]: Value<O[Name]> };

/** Every simulator listens at these. */
export const PORTS = {
  port: { whole: 0, help: 'port of the API; 0 is a free one' },
  'control-port': { whole: 0, help: 'port of the control server; 0 is a free one' },
} as const;

/** A simulator that runs: what it prints, and how it ends. */
export interface Running {
  readonly says: object;
  close(): Promise<void>;
}

/**
 * Runs a simulator as a process: prints one line of JSON when it is ready, and ends on SIGINT or SIGTERM. `--help` prints the
 * options. What is typed wrong and what cannot be started ends the process with 2 and a sentence on stderr.
 */
export async function runAsProcess<const O extends Readonly<Record<string, Option>>>(
  title: string,
  options: O,
  start: (values: Values<O>) => Promise<Running>,
): Promise<void> {
  try {
    const values = read(options);
    if (values === undefined) {
      process.stdout.write(usage(title, options));
      return;
    }
    const running = await start(values);
    process.stdout.write(`${JSON.stringify(running.says)}\n`);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void running.close().then(() => process.exit(0)));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\nSee --help.\n`);
    process.exitCode = 2;
  }
}

/** Undefined when help is asked for. */
function read<O extends Readonly<Record<string, Option>>>(options: O): Values<O> | undefined {
  const values: Readonly<Record<string, string | boolean | undefined>> = parseArgs({
    options: {
      ...Object.fromEntries(
        Object.entries(options).map(([name, option]) => [name, { type: 'flag' in option ? 'boolean' : 'string' } as const]),
      ),
      help: { type: 'boolean', short: 'h' },
    },
  }).values;
  if (values.help === true) return undefined;
  return Object.fromEntries(Object.entries(options).map(([name, option]) => [name, valueOf(name, option, values[name])])) as Values<O>;
}

function valueOf(name: string, option: Option, given: string | boolean | undefined): unknown {
  if ('flag' in option) return given === true;
  const typed = typeof given === 'string' ? given : undefined;
  if ('whole' in option) {
    if (typed === undefined) return option.whole;
    const number = Number(typed);
    if (!Number.isSafeInteger(number) || number < 0 || typed.trim() === '')
      throw new RangeError(`--${name} needs a whole number, got "${typed}".`);
    return number;
  }
  if ('clock' in option) {
    if (typed === undefined || typed === 'real') return 'real';
    const moment = Date.parse(typed);
    if (Number.isNaN(moment)) throw new RangeError(`--${name} needs "real" or a time like 2026-03-01T12:00Z, got "${typed}".`);
    return moment;
  }
  if ('choice' in option) {
    const chosen = typed ?? option.choice[0];
    if (!option.choice.includes(chosen)) throw new RangeError(`--${name} needs one of ${option.choice.join(', ')}, got "${typed}".`);
    return chosen;
  }
  return typed ?? option.text;
}

function usage(title: string, options: Readonly<Record<string, Option>>): string {
  const lines = Object.entries(options).map(
    ([name, option]) => [`--${name}${operandOf(option)}`, `${option.help}${unless(option)}`] as const,
  );
  const width = Math.max(...lines.map(([name]) => name.length));
  return [
    `Runs the simulator of ${title} until SIGTERM or SIGINT. Prints one line of JSON with its addresses when it is ready.`,
    '',
    ...lines.map(([name, help]) => `  ${name.padEnd(width)}  ${help}`),
    '',
  ].join('\n');
}

const operandOf = (option: Option): string => ('flag' in option ? '' : 'whole' in option ? ' N' : ' TEXT');

function unless(option: Option): string {
  if ('flag' in option || ('whole' in option && option.whole === undefined)) return '';
  if ('choice' in option) return ` (${option.choice.join(', ')}; default ${option.choice[0]})`;
  return ` (default ${'whole' in option ? option.whole : 'clock' in option ? option.clock : option.text})`;
}
