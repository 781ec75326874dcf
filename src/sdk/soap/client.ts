import { Client, WSDL } from 'soap';
import type { IHttpClient } from 'soap';
import { TributaryError } from '../../core/errors.ts';
import type { RawAnswer } from '../http/attempt.ts';
import type { Verdict } from '../http/errors.ts';
import type { HttpClient } from '../http/client.ts';
import { faultOf, isEnvelope, notSoap, repaired } from './answer.ts';
import type { SoapFault } from './answer.ts';
import type { JsonObject } from '../../core/types.ts';

export { rowsOf } from './answer.ts';
export type { SoapFault } from './answer.ts';

export interface SoapOptions {
  /** Carries every call: its budget, retries, time-outs and redaction hold for SOAP as for any request. */
  readonly http: HttpClient;
  /** Name for people and prefix of error codes, as given to `http`. */
  readonly title: string;
  readonly vendor: string;
  /** Path of the service below the base URL of `http`. */
  readonly path: string;
  /** The service description: our own text, never fetched. One port, SOAP 1.1, document/literal. */
  readonly wsdl: string;
  /** Header block sent with each call. */
  readonly header?: { readonly content: JsonObject; readonly namespace: string };
  /** What a fault means; undefined: what its HTTP status means. */
  readonly fault: (fault: SoapFault, operation: string) => Verdict | undefined;
  /** Hears of each result before it is given back, for services that put errors into it; undefined: it is good. */
  readonly judge?: (result: JsonObject | null, operation: string) => Verdict | undefined;
  /** Hears how many forbidden character references of an answer had to be replaced. */
  readonly onRepaired?: (operation: string, count: number) => void;
}

/** Argument values as text or plain values: a Date would be written as nothing. `null` is written as nil. */
export type SoapArguments = Readonly<Record<string, string | number | boolean | null>>;

export interface SoapAsk {
  readonly signal: AbortSignal;
  readonly timeoutMs?: number;
  readonly maxTries?: number;
  readonly maxTimeouts?: number;
}

export interface SoapClient {
  /**
   * Calls an operation and gives what its response element holds: numbers, decimals and times as the text the
   * service wrote, strings untrimmed, nil as null, what may repeat as an array. Null when the response is empty.
   */
  call(operation: string, args: SoapArguments, ask: SoapAsk): Promise<JsonObject | null>;
}

const asWritten = (text: string): string => text;
const truth = (text: string): boolean | string =>
  text === 'true' || text === '1' ? true : text === 'false' || text === '0' ? false : text;

/** Types whose text says more than a JavaScript value could: zone-less times, long decimals, wide integers. */
const DESERIALIZERS = {
  dateTime: asWritten,
  date: asWritten,
  decimal: asWritten,
  double: asWritten,
  float: asWritten,
  int: asWritten,
  integer: asWritten,
  long: asWritten,
  short: asWritten,
  boolean: truth,
  bool: truth,
};

export function createSoapClient(options: SoapOptions): SoapClient {
  let opened: Promise<{ readonly client: Client; readonly parameters: ReadonlyMap<string, readonly string[]> }> | undefined;

  return {
    async call(operation, args, ask) {
      opened ??= open(options);
      const { client, parameters } = await opened;
      const names = parameters.get(operation);
      if (names === undefined) throw new TributaryError(`${options.title} has no operation ${operation}.`, { kind: 'internal' });
      return new Promise((resolve, reject) => {
        const one: Call = { operation, ask, outcome: undefined, fail: reject, done: resolve };
        try {
          // The client calls back for each answer that `carry` hands it, within that very call.
          client[operation](
            ordered(names, args, operation),
            (error: unknown, result: unknown) => {
              one.outcome = { error, result };
            },
            { call: one },
          );
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        } finally {
          // They hold the password.
          delete client.lastRequest;
          delete client.lastMessage;
        }
      });
    },
  };
}

interface Call {
  readonly operation: string;
  readonly ask: SoapAsk;
  /** What the client made of the answer handed to it last. */
  outcome: { readonly error: unknown; readonly result: unknown } | undefined;
  done(result: JsonObject | null): void;
  fail(error: unknown): void;
}

/** Sends the client's envelopes over our own HTTP client, and has it parse each answer before that is judged. */
function carrier(options: SoapOptions): IHttpClient {
  const { http, title, vendor, path } = options;
  return {
    request(_url, envelope: string, parse, headers, exoptions) {
      const call = exoptions?.['call'] as Call;
      const { operation, ask } = call;
      const what = `${title} ${operation}`;
      let result: JsonObject | null = null;

      const decode = (answer: RawAnswer): Verdict | undefined => {
        const { xml, count } = repaired(answer.text);
        if (!isEnvelope(xml)) return notSoap(answer, what, vendor);
        if (count > 0) options.onRepaired?.(operation, count);
        call.outcome = undefined;
        parse(null, { status: answer.status, headers: answer.headers, data: xml }, xml);
        const { error, result: found } = call.outcome ?? { error: new Error('no outcome'), result: undefined };
        if (error !== undefined && error !== null) {
          const fault = faultOf(error, answer.status);
          return (fault === undefined ? undefined : options.fault(fault, operation)) ?? notSoap(answer, what, vendor);
        }
        // Without the response element the client gives back whatever there was.
        if (!new RegExp(`<(?:[\\w.-]+:)?${operation}Response[\\s/>]`).test(xml)) return notSoap(answer, what, vendor);
        result = (found ?? null) as JsonObject | null;
        return options.judge?.(result, operation);
      };

      const { signal, ...limits } = ask;
      const sent = http.post(path, envelope, {
        endpoint: operation,
        signal,
        ...limits,
        expect: 'text',
        decode,
        headers: { accept: 'text/xml', 'content-type': String(headers?.['Content-Type']), SOAPAction: String(headers?.['SOAPAction']) },
      });
      sent.then(
        () => call.done(result),
        (error: unknown) => call.fail(error),
      );
      return undefined as never;
    },
  };
}

async function open(options: SoapOptions): Promise<{ client: Client; parameters: Map<string, readonly string[]> }> {
  const reading = { handleNilAsNull: true, preserveWhitespace: true, customDeserializer: DESERIALIZERS };
  const wsdl = await new Promise<WSDL>((resolve, reject) => {
    const parsed = new WSDL(options.wsdl, 'own.wsdl', reading);
    parsed.onReady((error: unknown) => (error ? reject(error instanceof Error ? error : new Error(String(error))) : resolve(parsed)));
  });
  const client = new Client(wsdl, `http://localhost${options.path}`, { ...reading, httpClient: carrier(options) });
  if (options.header !== undefined) client.addSoapHeader(options.header.content, '', 'tns', options.header.namespace);
  const parameters = new Map<string, readonly string[]>();
  for (const service of Object.values(client.describe() as Record<string, Record<string, Record<string, { input?: object }>>>)) {
    for (const port of Object.values(service)) {
      for (const [operation, { input }] of Object.entries(port))
        parameters.set(
          operation,
          Object.keys(input ?? {}).filter((name) => !/^(targetNSAlias|targetNamespace)$/.test(name)),
        );
    }
  }
  return { client, parameters };
}

/** Arguments in the order of the schema: the client writes them in the order of the object's keys. */
function ordered(names: readonly string[], args: SoapArguments, operation: string): SoapArguments {
  for (const [name, value] of Object.entries(args)) {
    const known = names.includes(name);
    if (!known || (value !== null && !['string', 'number', 'boolean'].includes(typeof value))) {
      throw new TributaryError(`${operation} ${known ? `cannot send the value of ${name}` : `has no parameter ${name}`}.`, {
        kind: 'internal',
      });
    }
  }
  return Object.fromEntries(names.filter((name) => args[name] !== undefined).map((name) => [name, args[name] ?? null]));
}
