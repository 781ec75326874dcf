/** Told by every test file (./file-told.ts). `worker` is the process that runs it, which runs one file at a time. */
export interface TopicSweep {
  began(worker: string): void;
  ended(worker: string): void;
  /** Resolves when nothing is being deleted any more. */
  idle(): Promise<void>;
}

export interface Topics {
  list(): Promise<readonly string[]>;
  delete(names: readonly string[]): Promise<void>;
}

/**
 * Deletes the topics of test files that have ended. A broker with thousands of topics answers slowly, and every opening of a
 * connection asks it for all their names. Nobody says whose a topic is: it goes when every file that ran while it was made has ended.
 */
export function sweepTopics(topics: Topics): TopicSweep {
  const running = new Map<string, symbol>();
  let endedSince: symbol[] = [];
  const makers = new Map<string, readonly symbol[]>();
  let again = false;
  let sweeping: Promise<void> | undefined;

  async function sweep(): Promise<void> {
    // Kafka's own topics and Connect's begin with an underscore.
    const names = (await topics.list()).filter((name) => !name.startsWith('_'));
    const possible = [...running.values(), ...endedSince];
    endedSince = [];
    for (const name of names) if (!makers.has(name)) makers.set(name, possible);
    const alive = new Set(running.values());
    const left = names.filter((name) => !makers.get(name)?.some((file) => alive.has(file)));
    if (left.length > 0) await topics.delete(left);
    for (const name of left) makers.delete(name);
  }

  function start(): void {
    if (sweeping !== undefined) {
      again = true;
      return;
    }
    // A sweep that fails leaves its topics to the next one.
    sweeping = sweep()
      .catch(() => undefined)
      .finally(() => {
        sweeping = undefined;
        if (again) {
          again = false;
          start();
        }
      });
  }

  function ended(worker: string): void {
    const file = running.get(worker);
    if (file === undefined) return;
    running.delete(worker);
    endedSince.push(file);
    start();
  }

  return {
    began(worker) {
      // A process that was lost has said nothing.
      ended(worker);
      running.set(worker, Symbol(worker));
    },
    ended,
    async idle() {
      while (sweeping !== undefined) await sweeping;
    },
  };
}
