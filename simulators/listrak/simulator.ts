import { simClock } from '../kit/clock.ts';
import type { Operations } from '../kit/control.ts';
import { randomStream } from '../kit/random.ts';
import { startSimulator, type Simulator } from '../kit/simulator.ts';
import { listrakMutations, type ListrakMutations } from './mutations.ts';
import { DEFAULT_SWITCHES, type ListrakOptions, type Switches } from './options.ts';
import { soapService, type Account, type Call } from './service.ts';
import { soapFaults, type SoapFaultRule, type SoapFaults } from './soap-faults.ts';
import { listrakTruth, type ListrakTruth } from './truth.ts';
import { buildWorld, type World } from './world.ts';
import { wsdl } from './xml.ts';

export interface ListrakSimulator extends Simulator<ListrakTruth> {
  readonly switches: Switches;
  /** Faults that only a SOAP service has; `faults` has those of any HTTP server. */
  readonly soapFaults: SoapFaults;
  readonly mutate: ListrakMutations;
  /** Calls the service accepted, oldest first. */
  readonly calls: Call[];
  readonly account: Readonly<Account>;
  readonly world: World;
}

export const USER = 'sync-user';
export const PASSWORD = 's3cret&<listrak>';
const PATH = '/v31/IntegrationService.asmx';
const START = Date.UTC(2026, 5, 10, 12);

/** Listrak's SOAP service over one generated account. The same options give the same account, down to the last event. */
export async function startListrakSimulator(options: ListrakOptions = {}): Promise<ListrakSimulator> {
  const clock = typeof options.clock === 'object' ? options.clock : simClock(options.clock ?? START);
  const world = buildWorld(options, clock);
  const switches: Switches = { ...DEFAULT_SWITCHES, ...options.switches };
  const account: Account = { user: USER, password: PASSWORD, badLogins: 0 };
  const calls: Call[] = [];
  const odd = soapFaults(randomStream(options.seed ?? 1));
  const truth = listrakTruth(world, switches);
  const mutate = listrakMutations(world, account);
  const service = soapService({ world, switches, account, faults: odd, calls });

  const simulator = await startSimulator({
    clock,
    truth,
    limits: { enabled: false },
    operations: {
      ...(mutate as Operations),
      'switches.set': (changes: Partial<Switches>) => Object.assign(switches, changes),
      'soap-faults.add': (rule: SoapFaultRule) => odd.add(rule),
      'soap-faults.clear': ({ id }: { id?: number }) => odd.clear(id),
      'calls.list': () => calls,
      'calls.reset': () => void calls.splice(0),
    },
    streams: Object.fromEntries(
      truth.tables.map((table) => [
        `truth/${table}`,
        function* lines() {
          for (const row of truth.rows(table)) yield JSON.stringify(row);
        },
      ]),
    ),
    ...(options.port !== undefined && { port: options.port }),
    ...(options.controlPort !== undefined && { controlPort: options.controlPort }),
    server: (url) => ({
      routes: {
        [`POST ${PATH}`]: service,
        [`GET ${PATH}`]: ({ query }) =>
          [...query.keys()].some((name) => name.toLowerCase() === 'wsdl')
            ? { status: 200, headers: { 'content-type': 'text/xml; charset=utf-8' }, body: wsdl(`${url()}${PATH}`) }
            : { status: 200, headers: { 'content-type': 'text/html' }, body: '<html><body>IntegrationService</body></html>' },
      },
      notFound: () => ({
        status: 404,
        headers: { 'content-type': 'text/html' },
        body: '<html><body>404 - File or directory not found.</body></html>',
      }),
      throttled: (seconds) => ({
        status: 429,
        headers: { 'content-type': 'text/plain', ...(seconds === undefined ? {} : { 'retry-after': String(seconds) }) },
        body: 'Too many requests',
      }),
    }),
  });
  return { ...simulator, switches, soapFaults: odd, mutate, calls, account, world };
}
