import { cutText } from '../../core/cut.ts';
import type { Verdict } from '../http/errors.ts';
import type { RawAnswer } from '../http/attempt.ts';
import { asObject } from '../readers/resume.ts';
import type { Json, JsonObject, Row } from '../../core/types.ts';
import { NotAsDescribed, decodeResponse } from './schema.ts';
import type { SoapSchema } from './schema.ts';
import { childrenNamed, parseXmlInTurns } from './xml.ts';
import type { XmlElement } from './xml.ts';

/** A fault the service answered with. */
export interface SoapFault {
  readonly code: string;
  /** All texts of the fault, its detail included. */
  readonly text: string;
  /** HTTP status of the answer; services send faults with 200 as well. */
  readonly status: number;
}

/** Attempts of a call whose answer is SOAP but broken. */
const TRIES = 5;
const FORBIDDEN = /&#(?:x([0-9a-f]+)|([0-9]+));/gi;

/**
 * Some servers write character references that XML 1.0 forbids, which make the whole answer unreadable. They are replaced by
 * U+FFFD; `count` says how many there were.
 */
function repairs(): { readonly count: () => number; readonly mend: (xml: string) => string } {
  let count = 0;
  const mend = (xml: string): string =>
    xml.replace(FORBIDDEN, (reference, hex: string | undefined, decimal: string | undefined) => {
      const point = hex === undefined ? Number.parseInt(decimal as string, 10) : Number.parseInt(hex, 16);
      if (isXmlCharacter(point)) return reference;
      count += 1;
      return '\uFFFD';
    });
  return { count: () => count, mend: (xml) => (xml.includes('&#') ? mend(xml) : xml) };
}

function isXmlCharacter(point: number): boolean {
  return (
    point === 9 ||
    point === 10 ||
    point === 13 ||
    (point >= 0x20 && point <= 0xd7ff) ||
    (point >= 0xe000 && point <= 0xfffd) ||
    (point >= 0x10000 && point <= 0x10ffff)
  );
}

const ENVELOPES = ['http://schemas.xmlsoap.org/soap/envelope/', 'http://www.w3.org/2003/05/soap-envelope'];

const isEnvelope = (root: XmlElement | undefined): boolean => root?.name === 'Envelope' && ENVELOPES.includes(root.namespace);

/** What an answer turned out to be, and how many forbidden character references were replaced in it. */
export type SoapAnswer = { readonly repaired: number } & (
  | { readonly result: JsonObject | null }
  | { readonly fault: SoapFault }
  /** Why it cannot be used. */
  | {
      readonly unusable: string;
      /** It is SOAP, of the service itself. */
      readonly envelope: boolean;
    }
);

/**
 * Checks an answer against the service description: an envelope whose body holds a fault or the operation's response, and
 * nothing else.
 */
export async function readAnswer(schema: SoapSchema, operation: string, answer: RawAnswer): Promise<SoapAnswer> {
  const repair = repairs();
  const { root, fault: malformed } = await parseXmlInTurns(answer.text, repair.mend);
  const count = repair.count();
  if (!isEnvelope(root)) return { repaired: 0, unusable: malformed ?? 'it is no envelope', envelope: false };
  const unusable = (why: string): SoapAnswer => ({ repaired: count, unusable: why, envelope: true });
  if (malformed !== undefined) return unusable(malformed);
  const bodies = childrenNamed(root, 'Body');
  const [body] = bodies;
  const [content] = body?.children ?? [];
  if (bodies.length !== 1 || body === undefined || content === undefined) return unusable('it has no body');
  if (content.name === 'Fault' && ENVELOPES.includes(content.namespace)) return { repaired: count, fault: faultOf(content, answer.status) };
  if (body.children.length > 1 || body.text.trim() !== '') return unusable('its body holds more than a response');
  if (content.name !== `${operation}Response` || content.namespace !== schema.namespace) return unusable(`it answers with ${content.name}`);
  try {
    return { repaired: count, result: await decodeResponse(schema, content) };
  } catch (error) {
    if (error instanceof NotAsDescribed) return unusable(error.message);
    throw error;
  }
}

/** A fault of SOAP 1.1 or 1.2; the two versions name its parts differently. */
function faultOf(fault: XmlElement, status: number): SoapFault {
  const part = (...names: readonly string[]): string => {
    const found = fault.children.find(({ name }) => names.includes(name));
    return found === undefined ? '' : textOf(found);
  };
  const said = part('faultstring', 'Reason');
  const detail = part('detail', 'Detail');
  return { code: part('faultcode', 'Code'), text: detail === '' ? said : `${said} ${detail}`, status };
}

/** Limits of what is read from a fault: levels and characters. */
const DEEPEST_FAULT = 10;
const LONGEST_FAULT = 4_000;

function textOf(element: XmlElement, levels = DEEPEST_FAULT): string {
  let text = element.text.slice(0, LONGEST_FAULT).trim();
  if (levels === 0) return text;
  for (const child of element.children) {
    if (text.length > LONGEST_FAULT) break;
    const part = textOf(child, levels - 1);
    if (part !== '') text += text === '' ? part : ` ${part}`;
  }
  return text;
}

/** The verdict on an answer that is not SOAP; undefined where the HTTP status alone says what is wrong. */
export function notSoap(
  { status, text }: RawAnswer,
  what: string,
  vendor: string,
  { unusable: why, envelope }: { readonly unusable: string; readonly envelope: boolean },
): Verdict | undefined {
  if (status < 200 || status >= 300) return undefined;
  const seen =
    text.trim() === ''
      ? 'an empty body'
      : /<(!doctype\s+html|html)/i.test(text.slice(0, 2_000))
        ? 'a web page'
        : 'something that is not SOAP';
  if (envelope) {
    // The service itself answered. If it sends the same broken answer every time, waiting does not help, so attempts are
    // limited.
    return {
      kind: 'transient',
      tries: TRIES,
      code: `${vendor}:broken_xml`,
      message: `${what} sent a SOAP answer that cannot be read.`,
      remedy: 'The request is repeated a few times; nothing was deleted and the position stays. Report it to the vendor if this persists.',
      detail: `${cutText(why, 300)}: ${cutText(text, 500)}`,
    };
  }
  return {
    kind: 'transient',
    code: `${vendor}:invalid_xml`,
    message: `${what} was answered ${status} with ${seen} instead of data.`,
    remedy: 'The request is repeated. If this persists, check base_url in the settings and any proxy in between.',
    detail: cutText(text, 500),
  };
}

/**
 * The rows of an answer. A service may write "no rows" as a missing list, an empty list or a list of one nil; one row counts as
 * a list of one. A nil or empty row beside other rows is a row without members.
 */
export function rowsOf(result: JsonObject | null, list: string, row: string): Row[] {
  const inner = asObject(result?.[list])?.[row];
  const rows = (Array.isArray(inner) ? (inner as readonly Json[]) : [inner]).map((one) => asObject(one));
  return rows.some((one) => one !== undefined) ? rows.map((one) => one ?? {}) : [];
}
