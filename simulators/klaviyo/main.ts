import { PORTS, runAsProcess } from '../kit/process.ts';
import { startKlaviyoSimulator, ALL_SCOPES, DEFAULT_KEY, type KlaviyoSimulator } from './simulator.ts';

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

await runAsProcess(
  'Klaviyo',
  {
    ...PORTS,
    seed: { whole: 1, help: 'what the data are made from' },
    profiles: { whole: 1_000, help: 'profiles' },
    events: { whole: 5_000, help: 'events' },
    metrics: { whole: 460, help: 'metrics' },
    'history-days': { whole: 365, help: 'days of history' },
    visibility: { choice: ['instant', 'documented'], help: 'when events become visible' },
    key: { text: DEFAULT_KEY, help: 'the private API key' },
    'no-limits': { flag: true, help: 'without the documented rate limits' },
    'changes-per-minute': { whole: 0, help: 'changes while it runs: inserts, updates, new and late events, deletes' },
  },
  async (values) => {
    const {
      'control-port': controlPort,
      'history-days': historyDays,
      'changes-per-minute': perMinute,
      'no-limits': unlimited,
      key,
      ...size
    } = values;
    const simulator = await startKlaviyoSimulator({ ...size, controlPort, historyDays, limits: !unlimited, keys: { [key]: ALL_SCOPES } });
    let turn = 0;
    const timer = perMinute > 0 ? setInterval(() => change(simulator, turn++), 60_000 / perMinute) : undefined;
    return {
      says: { url: simulator.url, controlUrl: simulator.controlUrl, key },
      close() {
        clearInterval(timer);
        return simulator.close();
      },
    };
  },
);
