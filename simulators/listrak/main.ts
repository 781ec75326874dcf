import { parseArgs } from 'node:util';
import { PASSWORD, startListrakSimulator, USER } from './simulator.ts';

/** The simulator as a process. Prints one line of JSON with addresses and login when ready; ends on SIGINT or SIGTERM. */
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    'control-port': { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    clock: { type: 'string', default: 'real' },
    lists: { type: 'string', default: '5' },
    messages: { type: 'string', default: '60' },
    days: { type: 'string', default: '1095' },
    contacts: { type: 'string', default: '10000' },
    events: { type: 'string', default: '20000' },
    sends: { type: 'string', default: '20000' },
    'page-size': { type: 'string', default: '2500' },
  },
});

const simulator = await startListrakSimulator({
  port: Number(values.port),
  controlPort: Number(values['control-port']),
  seed: Number(values.seed),
  clock: values.clock === 'real' ? 'real' : Date.parse(values.clock),
  lists: Number(values.lists),
  messages: Number(values.messages),
  days: Number(values.days),
  contacts: Number(values.contacts),
  events: Number(values.events),
  sends: Number(values.sends),
  switches: { pageSize: Number(values['page-size']) },
});
process.stdout.write(`${JSON.stringify({ url: simulator.url, controlUrl: simulator.controlUrl, user: USER, password: PASSWORD })}\n`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void simulator.close().then(() => process.exit(0)));
