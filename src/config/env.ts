import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where fetched artifacts are kept: outside the checkout, shared by all checkouts of this user. */
export function cacheFolder(): string {
  const { TRIBUTARY_CACHE, XDG_CACHE_HOME } = process.env;
  if (TRIBUTARY_CACHE) return TRIBUTARY_CACHE;
  return join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'tributary');
}

/** The `java` command: the one of JAVA_HOME when that is set, else the one on the PATH. */
export function javaCommand(): string {
  const { JAVA_HOME } = process.env;
  return JAVA_HOME ? join(JAVA_HOME, 'bin', 'java') : 'java';
}

const HARMLESS = ['PATH', 'HOME', 'JAVA_HOME', 'TMPDIR', 'TZ', 'LANG', 'SystemRoot'];

/** Environment for servers we start: what they need to run, and none of the user's secrets. */
export function serverEnvironment(extra: Record<string, string> = {}): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const name of HARMLESS) {
    const value = process.env[name];
    if (value !== undefined) environment[name] = value;
  }
  return { ...environment, ...extra };
}

/** The variables `${NAME}` in the settings may name. */
export function userEnvironment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}

/** Whether the user asked for no colours (https://no-color.org). */
export function colourRefused(): boolean {
  const { NO_COLOR, TERM } = process.env;
  return (NO_COLOR !== undefined && NO_COLOR !== '') || TERM === 'dumb';
}

/** File with the addresses of a running stack (first line JSON, as `scripts/dev-stack.ts` prints it) that tests use instead of one of their own. */
export function runningStackFile(): string | undefined {
  return process.env['TRIBUTARY_TEST_STACK'];
}
