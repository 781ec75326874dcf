import type { Answer } from '../kit/http-server.ts';
import { envelope, fault, response } from './xml.ts';

/** Faults that only a SOAP service has; those of any HTTP server are in the kit. */
export const SOAP_FAULTS = [
  'invalid-logon',
  'login-attempts',
  'prohibited-ip',
  'no-access',
  'server-fault',
  'fault-200',
  'ws-exception',
  'iis-404',
  'iis-404-broken',
  'bad-gateway',
  'unavailable',
  'bad-gateway-empty',
  'html-200',
  'truncated-xml',
  'illegal-char',
  'unknown-action',
  'notice',
  'result-text',
  'result-nil',
  'result-twice',
  'result-commented',
  'result-cdata',
  'other-response',
  'two-responses',
] as const;

export interface SoapFaultRule {
  readonly name: (typeof SOAP_FAULTS)[number];
  readonly operation?: string;
  /** Only calls for this message or list. */
  readonly id?: number;
  readonly after?: number;
  readonly times?: number;
  /** 0..1; default: every call. */
  readonly probability?: number;
}

export interface SoapFaults {
  add(rule: SoapFaultRule): number;
  clear(id?: number): void;
  match(operation: string, about: number | undefined): SoapFaultRule | undefined;
}

export function soapFaults(random: () => number): SoapFaults {
  let rules: { readonly number: number; readonly rule: SoapFaultRule; seen: number; hits: number }[] = [];
  let next = 1;
  return {
    add(rule) {
      if (!SOAP_FAULTS.includes(rule.name)) throw new Error(`There is no fault "${String(rule.name)}".`);
      rules.push({ number: next, rule, seen: 0, hits: 0 });
      return next++;
    },
    clear(number) {
      rules = number === undefined ? [] : rules.filter((one) => one.number !== number);
    },
    match(operation, about) {
      for (const one of rules) {
        const { rule } = one;
        if ((rule.operation !== undefined && rule.operation !== operation) || (rule.id !== undefined && rule.id !== about)) continue;
        if (one.seen++ < (rule.after ?? 0) || one.hits >= (rule.times ?? Infinity) || random() >= (rule.probability ?? 1)) continue;
        one.hits += 1;
        return rule;
      }
      return undefined;
    },
  };
}

const web = (status: number, body: string, type = 'text/html'): Answer => ({ status, headers: { 'content-type': type }, body });
const server = (text: string): string => `Server was unable to process request. ---> ${text}`;
const PAGE =
  '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>404 - File or directory not found.</title></head><body><h2>404 - File or directory not found.</h2></body></html>';

export const refusals = {
  'invalid-logon': () => fault(server('Logon failed. [InvalidLogonAttempt] The name or the password is wrong.')),
  'login-attempts': () => fault(server('Logon failed. [LoginAttemptsExceeded] The user is locked.')),
  'prohibited-ip': () => fault(server('Access denied. [ProhibitedIPAddress] The address is not on the list.')),
  'no-access': () => fault(server('The user may not do this.')),
} as const;

/** The answer a fault sends instead of the real one. */
export function spoilt(name: SoapFaultRule['name'], operation: string, real: () => Answer): Answer {
  switch (name) {
    case 'invalid-logon':
    case 'login-attempts':
    case 'prohibited-ip':
    case 'no-access':
      return refusals[name]();
    case 'server-fault':
      return fault(server('Something went wrong.'));
    case 'fault-200':
      return fault(server('Something went wrong.'), 'soap:Server', 200);
    case 'unknown-action':
      return fault(`Server did not recognize the value of HTTP Header SOAPAction: ${operation}.`, 'soap:Client');
    case 'ws-exception':
      return response(
        operation,
        `<WSException><SoapMethod>${operation}</SoapMethod><DateTime>2026-01-01T00:00:00</DateTime><Description>The report is not ready.</Description></WSException>`,
      );
    case 'iis-404':
      return web(404, PAGE);
    case 'iis-404-broken':
      return web(404, '<!DOCTYPE html><html><br><h2>404 - File or directory not found.</h2>');
    case 'bad-gateway':
      return web(502, '<html><body><h1>502 Bad Gateway</h1></body></html>');
    case 'bad-gateway-empty':
      return web(502, '');
    case 'unavailable':
      return web(503, 'Service Unavailable', 'text/plain');
    case 'html-200':
      return web(200, '<html><body>Please wait</body></html>');
    case 'truncated-xml': {
      const body = String(real().body);
      return { ...envelope(''), body: body.slice(0, Math.floor(body.length * 0.6)) };
    }
    case 'notice':
      return response(operation, '<Notice>moved</Notice>');
    case 'result-text':
      return response(operation, `<${operation}Result>moved</${operation}Result>`);
    case 'result-nil':
      return response(operation, `<${operation}Result xsi:nil="true" />`);
    case 'result-twice':
      return response(operation, `<${operation}Result /><${operation}Result />`);
    case 'result-commented':
      return edited(real(), (text) =>
        text.replace(`<${operation}Result`, `<!--<${operation}Result`).replace(/(Result>|Result \/>)(?!.*Result>)/, '$1-->'),
      );
    case 'result-cdata':
      return response(operation, `<${operation}Result><![CDATA[<Row />]]></${operation}Result>`);
    case 'other-response':
      return edited(real(), (text) => text.replaceAll(`${operation}Response`, 'OtherResponse'));
    case 'two-responses':
      return edited(response(operation, ''), (text) =>
        text.replace('</soap:Body>', `<${operation}Response xmlns="urn:other"/></soap:Body>`),
      );
    case 'illegal-char': {
      const answer = real();
      return { ...answer, body: String(answer.body).replace(/<(Subject|EmailAddress|ListName)>/, '<$1>&#x1F;') };
    }
  }
}

const edited = (answer: Answer, edit: (text: string) => string): Answer => ({ ...answer, body: edit(String(answer.body)) });
