import { cutText } from '../../src/core/cut.ts';
import { TributaryError } from '../../src/core/errors.ts';
import type { PartFault } from '../../src/sdk/readers/partial-failure.ts';
import type { HttpAnswer, Verdict } from '../../src/sdk/http/client.ts';
import { asObject, asText } from '../../src/sdk/readers/resume.ts';
import type { SoapFault } from '../../src/sdk/soap/client.ts';
import type { JsonObject } from '../../src/core/types.ts';
import { HOUR } from '../../src/core/time.ts';

/** Attempts of a call the service itself refuses, before its message or list is skipped in this run. */
const TRIES = 5;

/** Refusals that a retry makes worse: the meaning, what to do, and for how long no request is sent (`cooldown`, ms). */
const FATAL = {
  InvalidLogonAttempt: {
    message: 'Listrak did not accept the user or the password',
    remedy:
      'Correct username and password in the settings of this connection and start it again. Until then no request is sent, because a few more failed logins would lock the user.',
    cooldown: Number.POSITIVE_INFINITY,
  },
  LoginAttemptsExceeded: {
    message: 'Listrak has locked the user after too many failed logins',
    remedy:
      'Have the user unlocked in Listrak, check username and password in the settings, and start the connection again. It is tried again after an hour.',
    cooldown: HOUR,
  },
  ProhibitedIPAddress: {
    message: 'Listrak does not answer calls from this address',
    remedy:
      'Add the address of this machine in Listrak under Manage, Accounts, SOAP API IP Authorization. It is tried again after 15 minutes.',
    cooldown: HOUR / 4,
  },
} as const;

/** The service writes the code in brackets, but it is recognised without them as well, to be safe. */
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
    detail: cutText(text, 500),
  };
}

/** Time in which no request may be sent after this error, ms; undefined when it is not one of these refusals. */
export function cooldownAfter(error: unknown): number | undefined {
  const code = error instanceof TributaryError ? error.code?.replace('listrak:', '') : undefined;
  return code !== undefined && Object.hasOwn(FATAL, code) ? FATAL[code as keyof typeof FATAL].cooldown : undefined;
}

const said = (text: string): string => (text === '' ? '' : ` (${cutText(text.replace(/\s+/g, ' ').trim(), 300).replace(/\.$/, '')})`);

/** A fatal code counts wherever it stands in a fault's text; every other fault may be temporary. */
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
      'The call is repeated a few times. If this persists, check that the user has the permissions Analytics Access and API Access and sees the list.',
  };
}

const refused = (status: number, text: string): Verdict => ({
  kind: 'config',
  reach: 'connection',
  code: `listrak:${status}`,
  detail: cutText(text, 500),
  message: `Listrak answered ${status}: the user may not do this.`,
  remedy: "Check username and password in the settings, the user's permissions, and the addresses allowed in Listrak.",
});

/** Two operations report errors in a `WSException` inside a successful answer. */
export function exceptionVerdict(result: JsonObject | null, operation: string): Verdict | undefined {
  const exception = asObject(result?.WSException);
  if (exception === undefined) return undefined;
  const text = asText(exception.Description) ?? '';
  return (
    fatal(text) ?? {
      kind: 'data',
      code: 'listrak:exception',
      message: `Listrak could not answer ${operation}${said(text)}.`,
      remedy: 'It is read again in the next run; report it to the vendor if this persists.',
    }
  );
}

/** Answers that are not SOAP: the service shows a "not found" page for some messages, sometimes or always. */
export function classify(answer: HttpAnswer): Verdict | undefined {
  const stop = answer.status >= 400 ? fatal(answer.text, '') : undefined;
  if (stop !== undefined) return stop;
  if (answer.status === 401 || answer.status === 403) return refused(answer.status, answer.text);
  if (answer.status !== 404) return undefined;
  return {
    kind: 'transient',
    tries: TRIES,
    code: 'listrak:404',
    detail: cutText(answer.text, 500),
    message: 'Listrak answered 404 instead of data.',
    remedy: 'The call is repeated a few times. If every call ends like this, check base_url in the settings.',
  };
}

/** Refusals by the service, which some messages always get: such a message has no report. */
const REFUSED = new Set(['listrak:fault', 'listrak:404', 'listrak:exception']);
/** Answers whose data cannot be read. */
const UNREADABLE = new Set(['listrak:endless', 'listrak:broken_xml']);

/** What an error means that concerns only one message or list; undefined for every other error. */
export function partFault({ code = '' }: TributaryError): PartFault | undefined {
  if (UNREADABLE.has(code)) return 'unreadable';
  return REFUSED.has(code) ? 'refused' : undefined;
}
