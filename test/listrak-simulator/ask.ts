import { onTestFinished } from 'vitest';
import type { ListrakOptions } from '../../simulators/listrak/options.ts';
import { PASSWORD, startListrakSimulator, USER, type ListrakSimulator } from '../../simulators/listrak/simulator.ts';
import { escapeXml, NAMESPACE } from '../../simulators/listrak/xml.ts';

export interface Answered {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  /** Texts of an element, wherever it stands. */
  all(element: string): string[];
}

export interface Asked {
  readonly action?: string;
  readonly user?: string;
  readonly password?: string;
  /** The whole body of the envelope instead of the plain one. */
  readonly body?: string;
  readonly query?: string;
}

export async function service(options: ListrakOptions = {}): Promise<{
  simulator: ListrakSimulator;
  ask(operation: string, parameters?: Record<string, string | number>, how?: Asked): Promise<Answered>;
}> {
  const simulator = await startListrakSimulator({ messages: 6, contacts: 60, events: 400, sends: 60, ...options });
  onTestFinished(() => simulator.close());
  return {
    simulator,
    async ask(
      operation,
      parameters = {},
      { action = `"${NAMESPACE}${operation}"`, user = USER, password = PASSWORD, body, query = '' } = {},
    ) {
      const inner = Object.entries(parameters)
        .map(([name, value]) => `<${name}>${value}</${name}>`)
        .join('');
      const envelope = `<?xml version="1.0"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Header><WSUser xmlns="${NAMESPACE}"><UserName>${user}</UserName><Password>${escapeXml(password)}</Password></WSUser></soap:Header><soap:Body>${body ?? `<${operation} xmlns="${NAMESPACE}">${inner}</${operation}>`}</soap:Body></soap:Envelope>`;
      const answer = await fetch(`${simulator.url}/v31/IntegrationService.asmx${query}`, {
        method: 'POST',
        headers: { 'content-type': 'text/xml', SOAPAction: action },
        body: envelope,
      });
      const text = await answer.text();
      return {
        status: answer.status,
        type: answer.headers.get('content-type') ?? '',
        text,
        all: (element) => [...text.matchAll(new RegExp(`<${element}>([^<]*)<`, 'g'))].map(([, found]) => found as string),
      };
    },
  };
}

export const EVER = { StartDate: '2000-01-01', EndDate: '2100-01-01' };
