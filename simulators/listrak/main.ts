import { PORTS, runAsProcess } from '../kit/process.ts';
import { PASSWORD, startListrakSimulator, USER } from './simulator.ts';

await runAsProcess(
  'Listrak',
  {
    ...PORTS,
    seed: { whole: 1, help: 'what the data are made from' },
    clock: { clock: 'real', help: 'the vendor\'s clock, "real" or a time' },
    lists: { whole: 5, help: 'lists' },
    messages: { whole: 60, help: 'messages' },
    days: { whole: 1_095, help: 'days of history' },
    contacts: { whole: 10_000, help: 'contacts' },
    events: { whole: 20_000, help: 'opens, clicks, bounces and the like' },
    sends: { whole: 20_000, help: 'sends' },
    'page-size': { whole: 2_500, help: 'rows of a page' },
  },
  async ({ 'control-port': controlPort, 'page-size': pageSize, ...size }) => {
    const simulator = await startListrakSimulator({ ...size, controlPort, switches: { pageSize } });
    return {
      says: { url: simulator.url, controlUrl: simulator.controlUrl, user: USER, password: PASSWORD },
      close: () => simulator.close(),
    };
  },
);
