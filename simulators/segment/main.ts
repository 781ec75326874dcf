import { parseArgs } from 'node:util';
import { startSegmentSimulator } from './segment-simulator.ts';

/**
 * The simulator as a process: one workspace per region, each on its own port. Prints one line of JSON with
 * the addresses and tokens when ready, and ends on SIGINT or SIGTERM.
 */
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    'control-port': { type: 'string', default: '0' },
    'eu-port': { type: 'string' },
    'eu-control-port': { type: 'string', default: '0' },
    seed: { type: 'string', default: '7' },
    clock: { type: 'string', default: 'real' },
    sources: { type: 'string', default: '60' },
    destinations: { type: 'string', default: '180' },
    'audit-events': { type: 'string', default: '10000' },
    'usage-months': { type: 'string', default: '3' },
    unlimited: { type: 'boolean', default: false },
  },
});

const size = {
  seed: Number(values.seed),
  clock: values.clock === 'real' ? ('real' as const) : Date.parse(values.clock),
  sources: Number(values.sources),
  destinations: Number(values.destinations),
  auditEvents: Number(values['audit-events']),
  usageMonths: Number(values['usage-months']),
  limits: { enabled: !values.unlimited },
};
const us = await startSegmentSimulator({ ...size, region: 'us', port: Number(values.port), controlPort: Number(values['control-port']) });
const eu =
  values['eu-port'] === undefined
    ? undefined
    : await startSegmentSimulator({
        ...size,
        region: 'eu',
        port: Number(values['eu-port']),
        controlPort: Number(values['eu-control-port']),
      });
const shown = ({ url, controlUrl, tokens }: typeof us) => ({ url, controlUrl, tokens });
process.stdout.write(`${JSON.stringify({ us: shown(us), ...(eu && { eu: shown(eu) }) })}\n`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void Promise.all([us.close(), eu?.close()]).then(() => process.exit(0)));
}
