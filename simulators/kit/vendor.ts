import { simClock } from './clock.ts';
import { faultInjection, type Faults } from './faults.ts';
import { json, type Routes } from './http-server.ts';
import { requestLog, type RequestLog } from './request-log.ts';
import { startVendorServer } from './vendor-server.ts';

/** A vendor in the hands of a test. */
export interface Vendor {
  readonly url: string;
  /** Spoils answers. */
  readonly faults: Faults;
  readonly requests: RequestLog;
  close(): Promise<void>;
}

/** A vendor's API on a loopback socket: the plain form of `startSimulator`, without limits, controls or a clock of its own. */
export async function startVendor(routes: Routes): Promise<Vendor> {
  const faults = faultInjection();
  const requests = requestLog();
  const server = await startVendorServer({
    routes,
    notFound: ({ method, path }) => json(404, { error: `There is nothing at ${method} ${path}.` }),
    throttled: (seconds) => json(429, { error: 'Too many requests.' }, seconds === undefined ? {} : { 'retry-after': String(seconds) }),
    clock: simClock('real'),
    faults,
    requests,
  });
  return { ...server, faults, requests };
}
