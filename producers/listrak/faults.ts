import { TributaryError } from '../../src/core/errors.ts';
import type { HttpAnswer, Verdict } from '../../src/sdk/http/client.ts';
import { asObject, asText } from '../../src/sdk/readers/resume.ts';
import type { SoapFault } from '../../src/sdk/soap/client.ts';
import type { JsonObject } from '../../src/core/types.ts';

/** Tries of a call that the service itself refuses, before its message or list is left out of the run. */
const TRIES = 5;
const HOUR = 3_600_000;

/** Refusals that retrying makes worse: what they mean, what to do, and how long nothing is asked, ms. */
const FATAL = {
  InvalidLogonAttempt: {
    message: 'Listrak did not accept the user or the password',
    remedy:
      'Correct username and password in the settings of this connection and start it again. Until then nothing is asked: a few more failures would lock the user out.',
    rest: Number.POSITIVE_INFINITY,
  },
  LoginAttemptsExceeded: {
    message: 'Listrak has locked the user after too many failed logins',
    remedy:
      'Have the user unlocked in Listrak, check username and password in the settings, and start the connection again. It asks again by itself after an hour.',
    rest: HOUR,
  },
  ProhibitedIPAddress: {
    message: 'Listrak does not answer calls from this address',
    remedy:
      'Add the address of this machine in Listrak under Manage, Accounts, SOAP API IP Authorization. The connection asks again after a quarter of an hour.',
    rest: HOUR / 4,
  },
} as const;

/** The service writes it in brackets; whoever reads it without any still must not go on. */
const codeOf = (text: string): keyof typeof FATAL | undefined =>
  (Object.keys(FATAL) as (keyof typeof FATAL)[]).find((code) => text.includes(code));

function fatal(text: string, words = text): Verdict | undefined {
  const code = codeOf(text);
  if (code === undefined) return undefined;
  const { message, remedy } = FATAL[code];
  return {
    kind: 'config',
    reach: 'connection',
    code: `listrak:${code}`,
    message: `${message}${said(words)}.`,
    remedy,
    detail: text.slice(0, 500),
  };
}

/** How long nothing may be asked after this error, ms; undefined when it is none of the kind. */
export function restAfter(error: unknown): number | undefined {
  const code = error instanceof TributaryError ? error.code?.replace('listrak:', '') : undefined;
  return code !== undefined && Object.hasOwn(FATAL, code) ? FATAL[code as keyof typeof FATAL].rest : undefined;
}

const said = (text: string): string => (text === '' ? '' : ` (${text.replace(/\s+/g, ' ').trim().slice(0, 300).replace(/\.$/, '')})`);

/** The fatal codes decide, wherever they stand in a fault's text; whatever else a fault says may pass. */
export function faultVerdict({ text, status }: SoapFault, operation: string): Verdict | undefined {
  const stop = fatal(text);
  if (stop !== undefined) return stop;
  if (status === 429) return undefined;
  if (status === 401 || status === 403) return refused(status, text);
  if (status >= 501)
    return {
      kind: 'transient',
      code: `listrak:${status}`,
      message: `Listrak answered ${status} to ${operation}${said(text)}.`,
      remedy: 'The call is repeated until it succeeds.',
      detail: text,
    };
  return {
    kind: 'transient',
    tries: TRIES,
    code: 'listrak:fault',
    detail: text,
    message: `Listrak refused ${operation}${said(text)}.`,
    remedy:
      'The call is repeated a few times. If it stays, check that the user has the permissions Analytics Access and API Access and sees the list.',
  };
}

const refused = (status: number, text: string): Verdict => ({
  kind: 'config',
  reach: 'connection',
  code: `listrak:${status}`,
  detail: text.slice(0, 500),
  message: `Listrak answered ${status}: the user may not do this.`,
  remedy: "Check username and password in the settings, the user's permissions, and the addresses allowed in Listrak.",
});

/** The two operations that can tell of an error inside a good answer do it with a `WSException`. */
export function exceptionVerdict(result: JsonObject | null, operation: string): Verdict | undefined {
  const exception = asObject(result?.WSException);
  if (exception === undefined) return undefined;
  const text = asText(exception.Description) ?? '';
  return (
    fatal(text) ?? {
      kind: 'data',
      code: 'listrak:exception',
      message: `Listrak could not answer ${operation}${said(text)}.`,
      remedy: 'It is asked for again with the next run; report it to the vendor if it stays.',
    }
  );
}

/** Answers that are no SOAP: for some messages the service shows a "not found" page, now and then or always. */
export function classify(answer: HttpAnswer): Verdict | undefined {
  const stop = answer.status >= 400 ? fatal(answer.text, '') : undefined;
  if (stop !== undefined) return stop;
  if (answer.status === 401 || answer.status === 403) return refused(answer.status, answer.text);
  if (answer.status !== 404) return undefined;
  return {
    kind: 'transient',
    tries: TRIES,
    code: 'listrak:404',
    detail: answer.text.slice(0, 500),
    message: 'Listrak answered 404 instead of data.',
    remedy: 'The call is repeated a few times. If every call ends like this, check base_url in the settings.',
  };
}

/** In its own words, and for some messages always: such a message has no report. */
const REFUSED = new Set(['listrak:fault', 'listrak:404', 'listrak:exception']);
/** Answers that hold data nobody can read. */
const UNREADABLE = new Set(['listrak:endless', 'listrak:broken_xml']);

/** Whether the error concerns one message or list alone, which the run can do without. */
export function concernsOne(error: unknown): error is TributaryError {
  return error instanceof TributaryError && (REFUSED.has(error.code ?? '') || UNREADABLE.has(error.code ?? ''));
}

/** Whether the answer held data that could not be read: the others are read all the same, but the run has then failed. */
export function failsTheRun(error: TributaryError): boolean {
  return UNREADABLE.has(error.code ?? '');
}
