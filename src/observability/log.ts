import type { Writable } from 'node:stream';
import { pino, type Logger } from 'pino';
import type { Redactor } from './redact.ts';
import { clockSeconds } from './text.ts';

export type { Logger } from 'pino';
export type LogFormat = 'pretty' | 'json';

export interface LogOptions {
  readonly format: LogFormat;
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  readonly stream: Writable;
  readonly redactor: Redactor;
  readonly colours: boolean;
}

/** The log. Every line passes the redactor, whatever was put into it. */
export function createLog(options: LogOptions): Logger {
  const { redactor, stream } = options;
  return pino(
    { level: options.level, base: null, timestamp: () => `,"time":${Date.now()}`, serializers: { err: pino.stdSerializers.err } },
    {
      write(line: string) {
        const entry = clean(JSON.parse(line), redactor) as LogEntry;
        stream.write(`${options.format === 'json' ? JSON.stringify(entry) : redactor.redact(prettyLine(entry, options.colours))}\n`);
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
  const label = colours ? `\u001b[${colour}m${name}\u001b[0m` : name;
  const facts = Object.entries(rest).map(
    ([key, value]) => `${key}=${typeof value === 'string' && !/\s/.test(value) ? value : JSON.stringify(value)}`,
  );
  const stack = errorText(err);
  return [clockSeconds(time), label.padEnd(5 + label.length - name.length), msg ?? '', ...facts].join(' ') + stack;
}

function errorText(err: unknown): string {
  if (typeof err !== 'object' || err === null) return '';
  const { stack, message } = err as { stack?: string; message?: string };
  const text = stack ?? message;
  return text === undefined ? '' : `\n  ${text.replaceAll('\n', '\n  ')}`;
}

/** Redacts texts only, so that a JSON line stays one. */
function clean(value: unknown, redactor: Redactor): unknown {
  if (typeof value === 'string') return redactor.redact(value);
  if (Array.isArray(value)) return value.map((item) => clean(item, redactor));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      redactor.redact(key),
      isCredentialField(key) && typeof item === 'string' ? '***' : clean(item, redactor),
    ]),
  );
}

function isCredentialField(key: string): boolean {
  return /^(proxy-)?authorization$|^(set-)?cookie$|api[-_]?key|integration-key|password|secret|token$/i.test(key);
}
