import { Client, WSDL } from 'soap';
import type { IHttpClient } from 'soap';
import { TributaryError } from '../../core/errors.ts';
import type { RawAnswer } from '../http/attempt.ts';
import type { Verdict } from '../http/errors.ts';
import type { HttpClient } from '../http/client.ts';
import { notSoap, readAnswer } from './answer.ts';
import type { SoapFault } from './answer.ts';
import { schemaOf } from './schema.ts';
import type { JsonObject } from '../../core/types.ts';

export { rowsOf } from './answer.ts';
export type { SoapFault } from './answer.ts';

export interface SoapOptions {
  /** Sends every call: its budget, retries, time-outs and redaction apply to SOAP as to any request. */
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
  /** The meaning of a fault; undefined: the HTTP status decides. */
  readonly fault: (fault: SoapFault, operation: string) => Verdict | undefined;
  /** Judges each result before it is returned, for services that report errors inside a result; undefined: it is good. */
  readonly judge?: (result: JsonObject | null, operation: string) => Verdict | undefined;
  /** Called with the number of forbidden character references that were replaced in an answer. */
  readonly onRepaired?: (operation: string, count: number) => void;
}

/** Argument values as text or plain values; a Date would be sent as an empty element. `null` is sent as nil. */
export type SoapArguments = Readonly<Record<string, string | number | boolean | null>>;

export interface SoapAsk {
  readonly signal: AbortSignal;
  readonly timeoutMs?: number;
  readonly maxTries?: number;
  readonly maxTimeouts?: number;
}

export interface SoapClient {
  /**
   * Calls an operation and returns the content of its response element: numbers, decimals and times as the text the service
   * wrote, strings untrimmed, nil as null, repeatable elements as arrays. Null when the response is empty.
   */
  call(operation: string, args: SoapArguments, ask: SoapAsk): Promise<JsonObject | null>;
}

export function createSoapClient(options: SoapOptions): SoapClient {
  let opened: Promise<Writer> | undefined;
  const schema = schemaOf(options.wsdl);

  return {
    async call(operation, args, { signal, ...limits }) {
      opened ??= openWriter(options);
      const { envelope, headers } = (await opened)(operation, args);
      let result: JsonObject | null = null;
      const decode = async (answer: RawAnswer): Promise<Verdict | undefined> => {
        const read = await readAnswer(schema, operation, answer);
        if (read.repaired > 0) options.onRepaired?.(operation, read.repaired);
        const what = `${options.title} ${operation}`;
        if ('fault' in read)
          return (
            options.fault(read.fault, operation) ?? notSoap(answer, what, options.vendor, { unusable: 'it is a fault', envelope: true })
          );
        if ('unusable' in read) return notSoap(answer, what, options.vendor, read);
        result = read.result;
        return options.judge?.(result, operation);
      };
      await options.http.post(options.path, envelope, { endpoint: operation, signal, ...limits, expect: 'text', decode, headers });
      return result;
    },
  };
}

/** Builds the request of a call. */
type Writer = (operation: string, args: SoapArguments) => { readonly envelope: string; readonly headers: Readonly<Record<string, string>> };

/** The client of the package `soap` only builds requests: a fake HTTP client captures what it would send. */
async function openWriter(options: SoapOptions): Promise<Writer> {
  const wsdl = await new Promise<WSDL>((resolve, reject) => {
    const parsed = new WSDL(options.wsdl, 'own.wsdl', {});
    parsed.onReady((error: unknown) => (error ? reject(error instanceof Error ? error : new Error(String(error))) : resolve(parsed)));
  });
  let written: ReturnType<Writer> | undefined;
  const httpClient: IHttpClient = {
    request(_url, envelope: string, _callback, headers) {
      written = {
        envelope,
        headers: { accept: 'text/xml', 'content-type': String(headers?.['Content-Type']), SOAPAction: String(headers?.['SOAPAction']) },
      };
      return undefined as never;
    },
  };
  const client = new Client(wsdl, `http://localhost${options.path}`, { httpClient });
  if (options.header !== undefined) client.addSoapHeader(options.header.content, '', 'tns', options.header.namespace);
  const parameters = parametersOf(client);

  return (operation, args) => {
    const names = parameters.get(operation);
    if (names === undefined) throw new TributaryError(`${options.title} has no operation ${operation}.`, { kind: 'internal' });
    try {
      client[operation](ordered(names, args, operation), () => undefined);
      return written as ReturnType<Writer>;
    } finally {
      // These hold the password.
      written = undefined;
      delete client.lastRequest;
      delete client.lastMessage;
    }
  };
}

function parametersOf(client: Client): ReadonlyMap<string, readonly string[]> {
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
  return parameters;
}

/** Arguments in the order of the schema, because the client writes them in the order of the object's keys. */
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
