import { homedir } from 'node:os';
import { join } from 'node:path';

/** Cache folder for downloaded artifacts: outside the checkout, shared by all checkouts of this user. */
export function cacheFolder(): string {
  const { TRIBUTARY_CACHE, XDG_CACHE_HOME } = process.env;
  if (TRIBUTARY_CACHE) return TRIBUTARY_CACHE;
  return join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'tributary');
}

/** The `java` command: from JAVA_HOME when that is set, otherwise from the PATH. */
export function javaCommand(): string {
  const { JAVA_HOME } = process.env;
  return JAVA_HOME ? join(JAVA_HOME, 'bin', 'java') : 'java';
}

const HARMLESS = ['PATH', 'HOME', 'JAVA_HOME', 'TMPDIR', 'TZ', 'LANG', 'SystemRoot'];

/** Environment for servers that we start: what they need to run, and none of the user's secrets. */
export function serverEnvironment(extra: Record<string, string> = {}): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const name of HARMLESS) {
    const value = process.env[name];
    if (value !== undefined) environment[name] = value;
  }
  return { ...environment, ...extra };
}

/** The variables that `${NAME}` in the settings may refer to. */
export function userEnvironment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}

/** Whether the user asked for no colours (https://no-color.org). */
export function colourRefused(): boolean {
  const { NO_COLOR, TERM } = process.env;
  return (NO_COLOR !== undefined && NO_COLOR !== '') || TERM === 'dumb';
}

/** For tests: file with the addresses of a running stack (first line JSON, as `scripts/dev-stack.ts` prints it), to use instead of starting one. */
export function runningStackFile(): string | undefined {
  return process.env['TRIBUTARY_TEST_STACK'];
}
