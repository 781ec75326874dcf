import type { SimClock } from './clock.ts';
import { startControl, type Operations, type Streams } from './control.ts';
import { faultInjection, type FaultMatcher, type FaultRule, type Faults } from './faults.ts';
import { requestLog, type RequestFilter, type RequestLog, type RequestRecorder } from './request-log.ts';
import type { RateWindows } from './rate-windows.ts';
import { startVendorServer, type VendorServerOptions } from './vendor-server.ts';

/** What every simulator offers to a test in the same process. */
export interface Simulator<Truth> {
  /** Base URL of the vendor's API. */
  url: string;
  /** Base URL of the control interface. */
  controlUrl: string;
  clock: SimClock;
  faults: Faults;
  requests: RequestLog;
  /** The vendor's documented rate limits; a test of anything else switches them off. */
  limits: { enabled: boolean };
  /** The vendor's current data. */
  truth: Truth;
  close(): Promise<void>;
}

export interface SimulatorParts<Truth, Limits extends { enabled: boolean }> {
  clock: SimClock;
  limits: Limits;
  /** When given, `rates.advance` is offered over HTTP as well. */
  rates?: RateWindows;
  truth: Truth;
  /** The vendor's own controls, added to the common ones. */
  operations: Operations;
  streams: Streams;
  port?: number;
  controlPort?: number;
  /** The API. It gets a function for its own URL, because vendors' answers contain links to themselves. */
  server(url: () => string): Pick<VendorServerOptions, 'routes' | 'notFound' | 'throttled' | 'secretParameters'>;
}

/** Starts a simulator on two sockets: the vendor's API and the control interface. */
export async function startSimulator<Truth, Limits extends { enabled: boolean }>(
  parts: SimulatorParts<Truth, Limits>,
): Promise<Simulator<Truth> & { limits: Limits }> {
  const { clock, limits, truth } = parts;
  const faults = faultInjection();
  const requests = requestLog();
  let url = '';
  const api = await startVendorServer({
    ...parts.server(() => url),
    clock,
    faults,
    requests,
    ...(parts.port === undefined ? {} : { port: parts.port }),
  });
  url = api.url;
  const control = await startControl(
    { ...commonOperations(clock, faults, requests, limits, parts.rates), ...parts.operations },
    parts.streams,
    parts.controlPort,
  ).catch(async (error: unknown) => {
    await api.close();
    throw error;
  });
  return {
    url,
    controlUrl: control.url,
    clock,
    faults,
    requests,
    limits,
    truth,
    close: async () => void (await Promise.all([api.close(), control.close()])),
  };
}

function commonOperations(
  clock: SimClock,
  faults: FaultMatcher,
  requests: RequestRecorder,
  limits: object,
  rates: RateWindows | undefined,
): Operations {
  return {
    'clock.now': () => clock.now(),
    'clock.advance': ({ ms }: { ms: number }) => (clock.advance(ms), clock.now()),
    'faults.add': (rule: FaultRule) => faults.add(rule),
    'faults.clear': ({ id }: { id?: number }) => faults.clear(id),
    'faults.list': () => faults.list(),
    'faults.compression': ({ mode }: { mode: Faults['compression'] }) => void (faults.compression = mode),
    'requests.list': (filter: RequestFilter) => requests.list(filter),
    'requests.counts': () => requests.counts(),
    'requests.reset': () => requests.reset(),
    'limits.set': (changes: object) => Object.assign(limits, changes),
    ...(rates && { 'rates.advance': ({ ms }: { ms: number }) => rates.advance(ms) }),
  };
}
