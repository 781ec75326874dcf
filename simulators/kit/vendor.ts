import { simClock } from './clock.ts';
import { faultInjection, type Faults } from './faults.ts';
import { json, type Routes } from './http-server.ts';
import { requestLog, type RequestLog } from './request-log.ts';
import { startVendorServer } from './vendor-server.ts';

/** A vendor under the control of a test. */
export interface Vendor {
  readonly url: string;
  /** Rules that spoil answers. */
  readonly faults: Faults;
  readonly requests: RequestLog;
  close(): Promise<void>;
}

/** A vendor's API on a loopback socket: `startSimulator` without limits, control interface and clock. */
export async function startVendor(routes: Routes): Promise<Vendor> {
  const faults = faultInjection();
  const requests = requestLog();
  const server = await startVendorServer({
    routes,
    notFound: ({ method, path }) => json(404, { error: `There is no route ${method} ${path}.` }),
    throttled: (seconds) => json(429, { error: 'Too many requests.' }, seconds === undefined ? {} : { 'retry-after': String(seconds) }),
    clock: simClock('real'),
    faults,
    requests,
  });
  return { ...server, faults, requests };
}
