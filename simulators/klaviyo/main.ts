import { parseArgs } from 'node:util';
import { startKlaviyoSimulator, ALL_SCOPES, DEFAULT_KEY, type KlaviyoSimulator } from './simulator.ts';

const HELP = `Runs the Klaviyo simulator until SIGTERM or SIGINT and prints {"url","controlUrl"} as one line.

  --profiles N            default 1000
  --events N              default 5000
  --metrics N             default 460
  --seed N                default 1
  --history-days N        default 365
  --visibility V          instant (default) or documented
  --port N                default 0, a free one
  --control-port N        default 0
  --key KEY               default ${DEFAULT_KEY}
  --no-limits             without the documented rate limits
  --changes-per-minute N  changes data while it runs: inserts, updates, new and late events, deletes
`;

const { values } = parseArgs({
  options: {
    profiles: { type: 'string', default: '1000' },
    events: { type: 'string', default: '5000' },
    metrics: { type: 'string', default: '460' },
    seed: { type: 'string', default: '1' },
    'history-days': { type: 'string', default: '365' },
    visibility: { type: 'string', default: 'instant' },
    port: { type: 'string', default: '0' },
    'control-port': { type: 'string', default: '0' },
    key: { type: 'string', default: DEFAULT_KEY },
    'no-limits': { type: 'boolean', default: false },
    'changes-per-minute': { type: 'string', default: '0' },
    help: { type: 'boolean', default: false },
  },
});

/** Makes one small change; the kinds take turns, and deletes are the rarest. */
function change(simulator: KlaviyoSimulator, turn: number): void {
  const { change: make } = simulator;
  const hour = 3_600_000;
  const turns = [
    () => make.updateProfiles({ count: 1 }),
    () => make.addEvents({ count: 1, touch: true }),
    () => make.insertProfiles({ count: 1 }),
    () => make.addEvents({ count: 1 }),
    () => make.updateProfiles({ count: 1 }),
    () => make.addLateEvents({ count: 1, howLateMs: 2 * hour }),
    () => make.addEvents({ count: 1 }),
    () => make.deleteProfiles({ count: 1 }),
  ];
  turns[turn % turns.length]?.();
}

async function main(): Promise<void> {
  if (values.help) return void process.stdout.write(HELP);
  const whole = (
    name: 'profiles' | 'events' | 'metrics' | 'seed' | 'history-days' | 'port' | 'control-port' | 'changes-per-minute',
  ): number => {
    const number = Number(values[name]);
    if (!Number.isSafeInteger(number) || number < 0) throw new RangeError(`--${name} needs a whole number, got "${values[name]}".`);
    return number;
  };
  const simulator = await startKlaviyoSimulator({
    seed: whole('seed'),
    profiles: whole('profiles'),
    events: whole('events'),
    metrics: whole('metrics'),
    historyDays: whole('history-days'),
    visibility: values.visibility === 'documented' ? 'documented' : 'instant',
    limits: !values['no-limits'],
    keys: { [values.key]: ALL_SCOPES },
    port: whole('port'),
    controlPort: whole('control-port'),
  });
  process.stdout.write(`${JSON.stringify({ url: simulator.url, controlUrl: simulator.controlUrl })}\n`);

  const perMinute = whole('changes-per-minute');
  let turn = 0;
  const timer = perMinute > 0 ? setInterval(() => change(simulator, turn++), 60_000 / perMinute) : undefined;
  const stop = (): void => {
    clearInterval(timer);
    void simulator.close();
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
});
