import { PORTS, runAsProcess } from '../kit/process.ts';
import { DEFAULT_KEY, startPendoSimulator } from './simulator.ts';

await runAsProcess(
  'Pendo',
  {
    ...PORTS,
    seed: { whole: 7, help: 'what the data are made from' },
    now: { clock: 'real', help: 'the vendor\'s clock, "real" or a time' },
    'time-zone': { text: 'America/New_York', help: 'time zone of the subscription' },
    days: { whole: 30, help: 'days of history' },
    visitors: { whole: 2_000, help: 'visitors' },
    'lag-hours': { whole: 0, help: 'hours by which events come late' },
    unlimited: { flag: true, help: 'without the documented rate limits' },
  },
  async ({ 'time-zone': timeZone, 'lag-hours': lagHours, 'control-port': controlPort, unlimited, ...size }) => {
    const simulator = await startPendoSimulator({ ...size, timeZone, lagHours, controlPort, limits: { enabled: !unlimited } });
    return { says: { url: simulator.url, controlUrl: simulator.controlUrl, key: DEFAULT_KEY }, close: () => simulator.close() };
  },
);
