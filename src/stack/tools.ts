import { execFile } from 'node:child_process';
import { javaCommand } from '../config/env.ts';
import { TributaryError } from '../core/errors.ts';
import { privately } from '../core/local-folder.ts';

export interface ToolResult {
  failed: boolean;
  missing: boolean;
  output: string;
}

/** Maven writes colour codes even to a file. */
// eslint-disable-next-line no-control-regex
const COLOURS = /\u001b\[[\d;]*m/g;

export interface ToolOptions {
  cwd?: string;
  env?: Record<string, string>;
  signal?: AbortSignal;
  uid?: number;
  gid?: number;
  /** Files it writes are accessible to the owner only. */
  privately?: boolean;
}

/** Runs a command to its end; never throws. The output is plain text. */
export function runTool(
  command: string,
  args: readonly string[],
  { privately: own = false, ...options }: ToolOptions = {},
): Promise<ToolResult> {
  return new Promise((resolve) => {
    const start = () =>
      execFile(command, args, { ...options, maxBuffer: 16 * 1024 * 1024, encoding: 'utf8' }, (error, stdout, stderr) => {
        const missing = (error as NodeJS.ErrnoException | null)?.code === 'ENOENT';
        resolve({ failed: error !== null, missing, output: `${stdout}${stderr}`.replaceAll(COLOURS, '') });
      });
    if (own) privately(start);
    else start();
  });
}

const INSTALL_JAVA =
  'Install a Java runtime 17 or newer: Debian and Ubuntu `apt install openjdk-17-jre-headless`, macOS `brew install openjdk@17`.';

/** Returns the Java command when it is version 17 or newer, otherwise throws a `config` error that says what to install. */
export async function requireJava(): Promise<string> {
  const command = javaCommand();
  const result = await runTool(command, ['-version']);
  const version = /version "(\d+)(?:\.(\d+))?/.exec(result.output);
  if (result.failed || version === null) {
    throw new TributaryError(`Java is missing: the local stack needs Java 17 or newer, and \`${command} -version\` does not run.`, {
      kind: 'config',
      remedy: command === 'java' ? INSTALL_JAVA : `${INSTALL_JAVA} Or correct JAVA_HOME.`,
      detail: result.output,
      code: 'stack:java_missing',
    });
  }
  const major = version[1] === '1' ? Number(version[2]) : Number(version[1]);
  if (major < 17) {
    throw new TributaryError(`Java ${major} is too old: the local stack needs Java 17 or newer.`, {
      kind: 'config',
      remedy: INSTALL_JAVA,
      code: 'stack:java_old',
    });
  }
  return command;
}

/** Returns Maven's version, otherwise throws a `config` error that says what to install. */
export async function requireMaven(): Promise<string> {
  const { failed, output } = await runTool('mvn', ['-B', '-v']);
  if (failed) throw mavenMissing();
  return output.split('\n')[0] ?? 'there';
}

export function mavenMissing(): TributaryError {
  return new TributaryError('Maven is missing: the local stack fetches its servers with `mvn` on the first start.', {
    kind: 'config',
    remedy: 'Install it: Debian and Ubuntu `apt install maven`, macOS `brew install maven`.',
    code: 'stack:maven_missing',
  });
}
