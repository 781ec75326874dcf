import { parseArgs } from 'node:util';
import { startCustomerIoSimulator } from './simulator.ts';

/** The simulator as a process. Prints one line of JSON with its addresses and keys when ready, and ends on SIGINT or SIGTERM. */
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    'control-port': { type: 'string', default: '0' },
    seed: { type: 'string', default: '7' },
    region: { type: 'string', default: 'us' },
    clock: { type: 'string', default: 'real' },
    people: { type: 'string', default: '1250' },
    deliveries: { type: 'string', default: '2600' },
    'delivery-days': { type: 'string', default: '200' },
    activities: { type: 'string', default: '450' },
    newsletters: { type: 'string', default: '205' },
    bounces: { type: 'string', default: '1100' },
    unlimited: { type: 'boolean', default: false },
  },
});

const simulator = await startCustomerIoSimulator({
  seed: Number(values.seed),
  region: values.region === 'eu' ? 'eu' : 'us',
  clock: values.clock === 'real' ? 'real' : Date.parse(values.clock),
  people: Number(values.people),
  deliveries: Number(values.deliveries),
  deliveryDays: Number(values['delivery-days']),
  activities: Number(values.activities),
  newsletters: Number(values.newsletters),
  bounces: Number(values.bounces),
  limits: { enabled: !values.unlimited },
  port: Number(values.port),
  controlPort: Number(values['control-port']),
});
process.stdout.write(`${JSON.stringify({ url: simulator.baseUrl, controlUrl: simulator.controlUrl, keys: simulator.keys })}\n`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void simulator.close().then(() => process.exit(0)));
