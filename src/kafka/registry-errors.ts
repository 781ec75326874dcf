import { TributaryError } from '../core/errors.ts';
import { tlsFault } from '../core/tls.ts';
import { FEW_TRIES } from './protocol-errors.ts';
import type { KafkaSettings } from './types.ts';

/** A response of the registry with any status. */
export interface RegistryAnswer {
  readonly status: number;
  readonly data: unknown;
  /** Target of a redirect. */
  readonly location?: string;
}

/** The URL without its log-in, because a registry URL may contain a password. */
export function placeOf(url: string): string {
  try {
    const { protocol, host, pathname } = new URL(url);
    return `${protocol}//${host}${pathname === '/' ? '' : pathname}`;
  } catch {
    return 'the given address';
  }
}

const isAnswer = (value: unknown): value is RegistryAnswer => typeof (value as { status?: unknown } | null)?.status === 'number';

/** The one place that turns a response of the registry, or a missing one, into an error for people. */
export function registryError(doing: string, where: string, settings: KafkaSettings['registry'], happened: unknown): TributaryError {
  if (happened instanceof TributaryError) return happened;
  return isAnswer(happened) ? refused(doing, where, settings, happened) : silent(doing, where, settings, happened);
}

/** Confluent's code for "Operation not permitted" (Schema Registry API Reference, mode); it comes with status 422. */
const READ_ONLY = 42205;

function refused(
  doing: string,
  where: string,
  settings: KafkaSettings['registry'],
  { status, data, location }: RegistryAnswer,
): TributaryError {
  const said = (data as { message?: unknown } | null | undefined)?.message;
  const reason = typeof said === 'string' && said !== '' ? said : undefined;
  const common = { code: `registry:${status}`, ...(reason === undefined ? {} : { detail: reason }) } as const;
  const because = reason === undefined ? '' : ` It says: ${reason}`;
  if (status === 401 || status === 403) {
    return new TributaryError(`${doing} failed: the schema registry at ${where} refused the login (${status}).`, {
      ...common,
      kind: 'config',
      reach: 'connection',
      remedy:
        settings.token === undefined
          ? `Check registry.username and registry.password${settings.username === undefined ? ', or registry.token where it wants one' : ''}.`
          : 'Check registry.token.',
    });
  }
  if (status === 409) {
    return new TributaryError(
      `${doing} failed: it does not fit the versions already registered. The registry says: ${reason ?? 'nothing more'}`,
      {
        ...common,
        kind: 'config',
        remedy: 'Columns may only be added or removed as nullable with default null; a type or key change needs a new topic.',
      },
    );
  }
  if ((data as { error_code?: unknown } | null | undefined)?.error_code === READ_ONLY) {
    return new TributaryError(`${doing} failed: the schema registry at ${where} is read-only, or the subject is.${because}`, {
      ...common,
      code: 'registry:readonly',
      kind: 'config',
      remedy:
        'Set the mode of the registry, and of the subject, to READWRITE (PUT /mode); only new or changed tables need to be registered.',
    });
  }
  if (status === 422) {
    return new TributaryError(`${doing} failed: the registry does not accept the schema.${because}`, {
      ...common,
      kind: 'config',
      remedy: "Correct the table's definition.",
    });
  }
  if (status >= 300 && status < 400) {
    return new TributaryError(
      `${doing} failed: the server at ${where} redirects (${status}${location === undefined ? '' : `, to ${placeOf(location)}`}).`,
      {
        ...common,
        kind: 'config',
        reach: 'connection',
        remedy: 'Set registry.url to the address of the registry itself.',
      },
    );
  }
  if (status === 404 || status === 405 || (status === 200 && reason === undefined) || (status === 400 && reason === undefined)) {
    return new TributaryError(
      `${doing} failed: the server at ${where} is not a Confluent-compatible schema registry (${status}).${because}`,
      {
        ...common,
        // Not the code for an unknown schema, which means something else.
        code: 'registry:none',
        kind: 'config',
        reach: 'connection',
        remedy: `Correct registry.url; for Apicurio it ends in /apis/ccompat/v7${where.startsWith('http://') && status === 400 ? '; where the port speaks TLS it begins with https://' : ''}.`,
      },
    );
  }
  const passing = status >= 500 || status === 429 || status === 408;
  return new TributaryError(`${doing} failed: the schema registry at ${where} answered ${status}.${because}`, {
    ...common,
    kind: 'transient',
    reach: 'connection',
    remedy: passing ? "If this persists, check the registry's log." : 'Check registry.url and what the registry allows.',
    ...(passing ? {} : { tries: FEW_TRIES }),
  });
}

function silent(doing: string, where: string, settings: KafkaSettings['registry'], error: unknown): TributaryError {
  const { code, message } =
    error instanceof Error ? (error as NodeJS.ErrnoException) : (new Error('no reason given') as NodeJS.ErrnoException);
  const fault = tlsFault(error);
  if (fault !== undefined) {
    const plain = fault.includes('does not speak TLS');
    return new TributaryError(`${doing} failed: the TLS connection to the schema registry at ${where} could not be made: ${fault}.`, {
      kind: 'config',
      reach: 'connection',
      code: 'registry:tls',
      detail: message,
      remedy: plain
        ? 'Write http:// in registry.url, or name the port that speaks TLS.'
        : settings.tls?.ca === undefined
          ? 'Give the authority that signed it as registry.tls.ca: ${file:/path/ca.pem}.'
          : 'Check registry.tls: ca must have signed its certificate, and cert and key must be ones it accepts.',
    });
  }
  if (code === 'timeout') {
    return new TributaryError(`${doing} failed: the schema registry at ${where} hangs: ${message}.`, {
      kind: 'transient',
      reach: 'connection',
      code: 'registry:timeout',
      remedy: "Check the registry's log and load.",
    });
  }
  const unreachable = /^E[A-Z_]+$/.test(code ?? '') && code?.startsWith('ERR_') === false;
  return new TributaryError(`${doing} failed: the schema registry at ${where} cannot be reached (${unreachable ? code : message}).`, {
    kind: 'transient',
    reach: 'connection',
    code: 'registry:unreachable',
    detail: message,
    remedy: `Check registry.url and that the registry is up${where.startsWith('http://') && code === 'ECONNRESET' ? '; where the port speaks TLS the address begins with https://' : ''}.`,
    ...(unreachable ? {} : { tries: FEW_TRIES }),
  });
}
