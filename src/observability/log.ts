import type { Writable } from 'node:stream';
import { pino, type Logger } from 'pino';
import type { Redactor } from '../core/redact.ts';
import { isSecretName } from '../core/secret-names.ts';
import { shown, shownJson } from '../core/shown.ts';
import { clockSeconds, painted } from './text.ts';

export type { Logger } from 'pino';
export type LogFormat = 'pretty' | 'json';

export interface LogOptions {
  readonly format: LogFormat;
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  readonly stream: Writable;
  readonly redactor: Redactor;
  readonly colours: boolean;
}

/** Creates the log. Every line is redacted, whatever it contains, and no text in it can begin another line. */
export function createLog(options: LogOptions): Logger {
  const { redactor, stream } = options;
  return pino(
    { level: options.level, base: null, timestamp: () => `,"time":${Date.now()}`, serializers: { err: pino.stdSerializers.err } },
    {
      write(line: string) {
        const entry = clean(JSON.parse(line), redactor) as LogEntry;
        stream.write(
          `${options.format === 'json' ? shownJson(JSON.stringify(entry)) : redactor.redact(prettyLine(entry, options.colours))}\n`,
        );
      },
    },
  );
}

type LogEntry = { readonly level: number; readonly time: number; readonly msg?: string } & Readonly<Record<string, unknown>>;

const levels: Readonly<Record<number, readonly [name: string, colour: number]>> = {
  20: ['debug', 90],
  30: ['info', 36],
  40: ['warn', 33],
  50: ['error', 31],
  60: ['fatal', 31],
};

function prettyLine(entry: LogEntry, colours: boolean): string {
  const { level, time, msg, err, ...rest } = entry;
  const [name, colour] = levels[level] ?? ['log', 0];
  const label = colours ? painted(colour, name) : name;
  const facts = Object.entries(rest).map(
    ([key, value]) => `${key}=${typeof value === 'string' && !/\s/.test(value) ? value : JSON.stringify(value)}`,
  );
  const stack = errorText(err);
  return [clockSeconds(time), label.padEnd(5 + label.length - name.length), shown(msg ?? ''), ...facts.map(shown)].join(' ') + stack;
}

function errorText(err: unknown): string {
  if (typeof err !== 'object' || err === null) return '';
  const { stack, message } = err as { stack?: string; message?: string };
  const text = stack ?? message;
  // Lines of a stack trace are indented, so that none looks like the beginning of an entry.
  return text === undefined
    ? ''
    : text
        .split('\n')
        .map((line) => `\n  ${shown(line)}`)
        .join('');
}

/** Redacts texts only, so that a JSON line stays valid JSON. */
function clean(value: unknown, redactor: Redactor): unknown {
  if (typeof value === 'string') return redactor.redact(value);
  if (Array.isArray(value)) return value.map((item) => clean(item, redactor));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      redactor.redact(key),
      isSecretName(key) && typeof item === 'string' ? '***' : clean(item, redactor),
    ]),
  );
}
