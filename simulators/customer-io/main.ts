import { PORTS, runAsProcess } from '../kit/process.ts';
import { startCustomerIoSimulator } from './simulator.ts';

await runAsProcess(
  'Customer.io',
  {
    ...PORTS,
    seed: { whole: 7, help: 'what the data are made from' },
    region: { choice: ['us', 'eu'], help: 'region of the account' },
    clock: { clock: 'real', help: 'the vendor\'s clock, "real" or a time' },
    people: { whole: 1_250, help: 'people' },
    deliveries: { whole: 2_600, help: 'deliveries (messages)' },
    'delivery-days': { whole: 200, help: 'days over which they are spread' },
    activities: { whole: 450, help: 'activities' },
    newsletters: { whole: 205, help: 'newsletters' },
    bounces: { whole: 1_100, help: 'bounced addresses' },
    unlimited: { flag: true, help: 'without the documented rate limits' },
  },
  async ({ 'delivery-days': deliveryDays, 'control-port': controlPort, unlimited, ...size }) => {
    const simulator = await startCustomerIoSimulator({ ...size, deliveryDays, controlPort, limits: { enabled: !unlimited } });
    return { says: { url: simulator.baseUrl, controlUrl: simulator.controlUrl, keys: simulator.keys }, close: () => simulator.close() };
  },
);
