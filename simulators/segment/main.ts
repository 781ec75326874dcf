import { PORTS, runAsProcess } from '../kit/process.ts';
import { startSegmentSimulator } from './segment-simulator.ts';

/** One workspace per region, each on its own port. */
await runAsProcess(
  'Segment',
  {
    ...PORTS,
    'eu-port': { whole: undefined, help: 'port of a second workspace in the region eu; there is none without it' },
    'eu-control-port': { whole: 0, help: 'port of its control server' },
    seed: { whole: 7, help: 'what the data are made from' },
    clock: { clock: 'real', help: 'the vendor\'s clock, "real" or a time' },
    sources: { whole: 60, help: 'sources' },
    destinations: { whole: 180, help: 'destinations' },
    'audit-events': { whole: 10_000, help: 'audit events' },
    'usage-months': { whole: 3, help: 'months of usage figures' },
    unlimited: { flag: true, help: 'without the documented rate limits' },
  },
  async (values) => {
    const { port, 'control-port': controlPort, 'eu-port': euPort, 'eu-control-port': euControlPort } = values;
    const { seed, clock, sources, destinations, 'audit-events': auditEvents, 'usage-months': usageMonths, unlimited } = values;
    const size = { seed, clock, sources, destinations, auditEvents, usageMonths, limits: { enabled: !unlimited } };
    const us = await startSegmentSimulator({ ...size, region: 'us', port, controlPort });
    const eu =
      euPort === undefined ? undefined : await startSegmentSimulator({ ...size, region: 'eu', port: euPort, controlPort: euControlPort });
    const shown = ({ url, controlUrl, tokens }: typeof us) => ({ url, controlUrl, tokens });
    return {
      says: { us: shown(us), ...(eu && { eu: shown(eu) }) },
      close: async () => void (await Promise.all([us.close(), eu?.close()])),
    };
  },
);
