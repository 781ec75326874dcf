/**
 * Errors, sorted by who has to act:
 * - `config`: settings, key or permissions are wrong; the user has to act, a retry cannot help.
 * - `transient`: time-outs, 5xx, resets; retried with back-off, without a limit unless the error sets `tries`.
 * - `rate_limit`: the vendor asks to wait until `retryAt`.
 * - `data`: this row or page cannot be used.
 * - `fenced`: another instance has taken over this connection's writer; stop.
 * - `stopped`: a shutdown, pause or deploy interrupted the work; the position is saved.
 * - `internal`: a bug in Tributary; never retried silently.
 */
export type ErrorKind = 'config' | 'transient' | 'rate_limit' | 'data' | 'fenced' | 'stopped' | 'internal';

/** What a failure stops: a 403 for a table outside the plan stops that table, a refused key stops the whole connection. */
export type ErrorReach = 'table' | 'connection';

export interface TributaryErrorOptions {
  kind: ErrorKind;
  /** What to do about it: one sentence for the person who reads `status` at 3 a.m. */
  remedy?: string;
  /** Text for the log only (response excerpt, vendor code). The log redacts it like everything else. */
  detail?: string;
  /** Short stable code, e.g. `klaviyo:401` or `kafka:INVALID_PRODUCER_EPOCH`. */
  code?: string;
  reach?: ErrorReach;
  /** Earliest time at which a retry makes sense, epoch milliseconds. */
  retryAt?: number;
  /**
   * How often in a row this error may occur before the work fails with it: for unclassified errors, and for errors that a
   * retry rarely cures. Undefined: retried without a limit.
   */
  tries?: number;
  cause?: unknown;
}

/**
 * The only error type that reaches a user. `message` says what happened and where, without a secret
 * and without a stack trace.
 */
export class TributaryError extends Error {
  override readonly name = 'TributaryError';
  readonly kind: ErrorKind;
  readonly remedy: string | undefined;
  readonly detail: string | undefined;
  readonly code: string | undefined;
  readonly reach: ErrorReach;
  readonly retryAt: number | undefined;
  readonly tries: number | undefined;

  constructor(message: string, options: TributaryErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = options.kind;
    this.remedy = options.remedy;
    this.detail = options.detail;
    this.code = options.code;
    this.reach = options.reach ?? 'table';
    this.retryAt = options.retryAt;
    this.tries = options.tries;
  }
}

const STEP_STOPPED = 'stopped:step';

/** The error of a single step that a stop signal has ended. A person is told of the whole instead: {@link interruptedAs}. */
export function stepStopped(step: string, cause?: unknown): TributaryError {
  return new TributaryError(`${step} was stopped.`, { kind: 'stopped', code: STEP_STOPPED, cause });
}

/** The error that ends `what` after a stop signal: a step that was stopped, or that failed because of it, does not matter any more. */
export function interruptedAs(what: string, error: TributaryError): TributaryError {
  if (error.kind !== 'transient' && error.code !== STEP_STOPPED) return error;
  return new TributaryError(`${what} was interrupted.`, { kind: 'stopped', detail: error.message, cause: error });
}

/** Wraps anything thrown into a {@link TributaryError}; an unknown error becomes `internal`. */
export function asTributaryError(error: unknown, where: string): TributaryError {
  if (error instanceof TributaryError) return error;
  if (error instanceof Error && error.name === 'AbortError') {
    return stepStopped(where, error);
  }
  const text = error instanceof Error ? error.message : String(error);
  return new TributaryError(`${where} failed: ${text}`, {
    kind: 'internal',
    remedy: 'This is a bug in Tributary. Please report it with the log lines around this time.',
    detail: error instanceof Error ? (error.stack ?? text) : text,
    cause: error,
  });
}
