import type { Verdict } from '../http/errors.ts';
import type { RawAnswer } from '../http/attempt.ts';
import { asObject } from '../readers/resume.ts';
import type { Json, JsonObject, Row } from '../../core/types.ts';

/** What a service says when it refuses a call. */
export interface SoapFault {
  readonly code: string;
  /** All the words of the fault, its detail included. */
  readonly text: string;
  /** HTTP status it came with; services send faults with 200, too. */
  readonly status: number;
}

/** Tries of a call whose answer is SOAP, but broken. */
const TRIES = 5;
const FORBIDDEN = /&#(?:x([0-9a-f]+)|([0-9]+));/gi;

/**
 * Character references to what XML 1.0 cannot hold make a whole answer unreadable, and some servers write them.
 * They become U+FFFD; the count tells how many there were.
 */
export function repaired(xml: string): { readonly xml: string; readonly count: number } {
  if (!xml.includes('&#')) return { xml, count: 0 };
  let count = 0;
  const fixed = xml.replace(FORBIDDEN, (reference, hex: string | undefined, decimal: string | undefined) => {
    const point = hex === undefined ? Number.parseInt(decimal as string, 10) : Number.parseInt(hex, 16);
    if (isXmlCharacter(point)) return reference;
    count += 1;
    return '\uFFFD';
  });
  return { xml: fixed, count };
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

/** Whether an answer is worth parsing: an envelope, and no document type, whose entities nobody should follow. */
export function isEnvelope(xml: string): boolean {
  const root = /^\uFEFF?(?:\s|<\?[^>]*\?>|<!--[\s\S]*?-->)*<(?:[\w.-]+:)?(\w+)[\s>]/.exec(xml);
  return root?.[1] === 'Envelope';
}

/** The fault in what the SOAP client rejects with, whichever of its many shapes that has; undefined when it is none. */
export function faultOf(rejection: unknown, status: number): SoapFault | undefined {
  const root = (rejection as { root?: { Envelope?: { Body?: { Fault?: unknown } } } } | undefined)?.root;
  const fault = asObject(root?.Envelope?.Body?.Fault as Json | undefined);
  if (fault === undefined) return undefined;
  const code = textOf(fault.faultcode ?? asObject(fault.Code)?.Value);
  const said = textOf(fault.faultstring ?? asObject(fault.Reason)?.Text);
  const detail = textOf(fault.detail ?? fault.Detail);
  return { code, text: detail === '' ? said : `${said} ${detail}`, status };
}

function textOf(value: Json | undefined): string {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'object') return String(value).trim();
  return Object.entries(value)
    .filter(([name]) => name !== 'attributes')
    .map(([, part]) => textOf(part as Json))
    .filter((part) => part !== '')
    .join(' ');
}

/** An answer that is not SOAP where SOAP was due; undefined where the status alone says what is wrong. */
export function notSoap({ status, text }: RawAnswer, what: string, vendor: string): Verdict | undefined {
  if (status < 200 || status >= 300) return undefined;
  const seen =
    text.trim() === ''
      ? 'an empty body'
      : /<(!doctype\s+html|html)/i.test(text.slice(0, 2_000))
        ? 'a web page'
        : 'something that is no SOAP answer';
  if (isEnvelope(text)) {
    // Of the service itself: should it write the same each time, no waiting helps.
    return {
      kind: 'transient',
      tries: TRIES,
      code: `${vendor}:broken_xml`,
      message: `${what} gave a SOAP answer that cannot be read.`,
      remedy: 'The request is repeated a few times. Report it to the vendor if it stays.',
      detail: text.slice(-500),
    };
  }
  return {
    kind: 'transient',
    code: `${vendor}:invalid_xml`,
    message: `${what} was answered ${status} with ${seen} instead of data.`,
    remedy: 'The request is repeated. If it stays, check base_url in the settings and any proxy in between.',
    detail: text.slice(0, 500),
  };
}

/**
 * The rows of an answer: whichever of "nothing there", "nothing in it" and "nothing but nil" a service writes for
 * no rows, and one row as well as many. Among others, one that is nil or holds nothing is a row without members.
 */
export function rowsOf(result: JsonObject | null, list: string, row: string): Row[] {
  const inner = asObject(result?.[list])?.[row];
  const rows = (Array.isArray(inner) ? (inner as readonly Json[]) : [inner]).map((one) => asObject(one));
  return rows.some((one) => one !== undefined) ? rows.map((one) => one ?? {}) : [];
}
