import { parseArgs } from 'node:util';
import { DEFAULT_KEY, startPendoSimulator } from './simulator.ts';

/** The simulator as a process. Prints one line of JSON with the addresses and the key when ready; ends on SIGINT or SIGTERM. */
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    'control-port': { type: 'string', default: '0' },
    seed: { type: 'string', default: '7' },
    now: { type: 'string', default: 'real' },
    'time-zone': { type: 'string', default: 'America/New_York' },
    days: { type: 'string', default: '30' },
    visitors: { type: 'string', default: '2000' },
    'lag-hours': { type: 'string', default: '0' },
    unlimited: { type: 'boolean', default: false },
  },
});

const simulator = await startPendoSimulator({
  seed: Number(values.seed),
  now: values.now === 'real' ? 'real' : Date.parse(values.now),
  timeZone: values['time-zone'],
  days: Number(values.days),
  visitors: Number(values.visitors),
  lagHours: Number(values['lag-hours']),
  limits: { enabled: !values.unlimited },
  port: Number(values.port),
  controlPort: Number(values['control-port']),
});
process.stdout.write(`${JSON.stringify({ url: simulator.url, controlUrl: simulator.controlUrl, key: DEFAULT_KEY })}\n`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void simulator.close().then(() => process.exit(0)));
